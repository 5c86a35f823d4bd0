#include "warehouse/table_function.h"

#include <algorithm>

#include "warehouse/vectors.h"

namespace mr::warehouse {
namespace {

struct BindData {
    ScanTable table;
    Ranges ranges;
};

struct InitData {
    std::unique_ptr<Scan> scan;
    RowBatch batch;
    std::size_t at = 0;  ///< rows of `batch` already given out
};

template <class T>
void destroy(void* data) {
    const std::unique_ptr<T> owner(static_cast<T*>(data));
}

ScanContext& context_of(void* extra) {
    return *static_cast<ScanContext*>(extra);
}

void replacement(duckdb_replacement_scan_info info, const char* name, void* extra) {
    if (!context_of(extra).catalog().find(name)) return;
    duckdb_replacement_scan_set_function_name(info, "millrace_scan");
    duckdb_value value = duckdb_create_varchar(name);
    duckdb_replacement_scan_add_parameter(info, value);
    duckdb_destroy_value(&value);
}

void bind(duckdb_bind_info info) {
    duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
    char* name = duckdb_get_varchar(parameter);
    ScanContext& context = context_of(duckdb_bind_get_extra_info(info));
    auto table = context.catalog().find(name);
    Ranges ranges = context.ranges(name);
    const std::string missing = fmt::format("no view, topic or lake table named \"{}\"", name);
    duckdb_free(name);
    duckdb_destroy_value(&parameter);
    if (!table) return duckdb_bind_set_error(info, missing.c_str());
    for (const Field& f : table->schema.fields) {
        const TypeHandle type = to_duckdb(f.type);
        duckdb_bind_add_result_column(info, f.name.c_str(), type.get());
    }
    auto data = std::make_unique<BindData>(BindData{std::move(*table), std::move(ranges)});
    duckdb_bind_set_bind_data(info, data.release(), &destroy<BindData>);
}

void init(duckdb_init_info info) {
    const auto* bound = static_cast<const BindData*>(duckdb_init_get_bind_data(info));
    std::vector<int> columns;
    for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
        columns.push_back(static_cast<int>(duckdb_init_get_column_index(info, i)));
    }
    // COUNT(*) asks for a pseudo column beyond the real ones: any real one has as many rows.
    for (int& c : columns) {
        if (c < 0 || c >= static_cast<int>(bound->table.schema.size())) c = 0;
    }
    auto scan = bound->table.open(columns, bound->ranges);
    if (!scan) return duckdb_init_set_error(info, scan.error().message.c_str());
    auto data = std::make_unique<InitData>();
    data->scan = std::move(*scan);
    duckdb_init_set_max_threads(info, 1);
    duckdb_init_set_init_data(info, data.release(), &destroy<InitData>);
}

void run(duckdb_function_info info, duckdb_data_chunk chunk) {
    auto* data = static_cast<InitData*>(duckdb_function_get_init_data(info));
    while (data->at == data->batch.rows) {
        auto next = data->scan->next();
        if (!next) return duckdb_function_set_error(info, next.error().message.c_str());
        if (!*next) return duckdb_data_chunk_set_size(chunk, 0);
        data->batch = std::move(**next);
        data->at = 0;
    }
    const std::size_t count = std::min<std::size_t>(data->batch.rows - data->at, duckdb_vector_size());
    const std::size_t wanted =
        std::min<std::size_t>(duckdb_data_chunk_get_column_count(chunk), data->batch.columns.size());
    for (std::size_t i = 0; i < wanted; ++i) {
        write_vector(duckdb_data_chunk_get_vector(chunk, i), *data->batch.columns[i], data->at, count);
    }
    data->at += count;
    duckdb_data_chunk_set_size(chunk, count);
}

}  // namespace

Status register_scans(duckdb_database database, duckdb_connection connection, ScanContext& context) {
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_table_function_set_name(function, "millrace_scan");
    const TypeHandle text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
    duckdb_table_function_add_parameter(function, text.get());
    duckdb_table_function_set_extra_info(function, &context, nullptr);
    duckdb_table_function_set_bind(function, &bind);
    duckdb_table_function_set_init(function, &init);
    duckdb_table_function_set_function(function, &run);
    duckdb_table_function_supports_projection_pushdown(function, true);
    const bool registered = duckdb_register_table_function(connection, function) == DuckDBSuccess;
    duckdb_destroy_table_function(&function);
    if (!registered) return fail(Code::internal, "DuckDB refused the scan function");
    duckdb_add_replacement_scan(database, &replacement, &context, nullptr);
    return {};
}

}  // namespace mr::warehouse
