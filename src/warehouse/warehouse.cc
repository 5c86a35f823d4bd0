#include "warehouse/warehouse.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "warehouse/guard.h"
#include "warehouse/table_function.h"
#include "warehouse/vectors.h"

namespace mr::warehouse {

namespace {

/// What DuckDB says of a statement as an error of ours.
std::unexpected<Error> duckdb_error(std::string_view message) {
    if (message.contains("No space left on device")) {
        return fail(Code::resource_exhausted, "{}; make room on the disk of the warehouse", message);
    }
    if (message.starts_with("Permission Error")) return fail(Code::permission_denied, "{}", message);
    return fail(Code::invalid_argument, "{}", message);
}

}  // namespace

Status execute(duckdb_connection connection, const std::string& sql) {
    ResultHandle result;
    if (duckdb_query(connection, sql.c_str(), result.get()) == DuckDBSuccess) return {};
    return duckdb_error(duckdb_result_error(result.get()));
}

std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out.push_back(c);
        if (c == '\'') out.push_back('\'');
    }
    return out + "'";
}

std::string quote(std::string_view identifier) {
    std::string out = "\"";
    for (const char c : identifier) {
        out.push_back(c);
        if (c == '"') out.push_back('"');
    }
    return out + "\"";
}

namespace {

constexpr const char* kPositions =
    "CREATE TABLE IF NOT EXISTS _millrace_positions (sink VARCHAR, part INTEGER, next_offset BIGINT, PRIMARY "
    "KEY (sink, part))";

Status set_config(duckdb_config config, const char* name, const std::string& value) {
    if (duckdb_set_config(config, name, value.c_str()) == DuckDBSuccess) return {};
    return fail(Code::internal, "DuckDB refused the setting {} = {}", name, value);
}

/// Interrupts a connection when a query takes too long or nobody wants it any more. One thread for the life
/// of the query: queries are few and long.
class Deadline {
  public:
    Deadline(duckdb_connection connection, const QueryLimits& limits)
        : cancelled_(limits.cancelled), thread_([this, connection, timeout_ms = limits.timeout_ms] {
              constexpr auto kLook = std::chrono::milliseconds(50);
              const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
              std::unique_lock lock(mutex_);
              const auto next = [&] {
                  const auto look = std::chrono::steady_clock::now() + kLook;
                  return expired_ ? look : std::min(end, look);
              };
              while (!done_.wait_until(lock, next(), [&] { return finished_; })) {
                  if (!is_cancelled() && std::chrono::steady_clock::now() < end) continue;
                  expired_ = true;
                  // Again and again: one that comes between two steps of a query is forgotten.
                  duckdb_interrupt(connection);
              }
          }) {}
    ~Deadline() {
        {
            const std::lock_guard lock(mutex_);
            finished_ = true;
        }
        done_.notify_one();
        thread_.join();
    }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    [[nodiscard]] bool expired() const { return expired_; }
    [[nodiscard]] bool is_cancelled() const { return cancelled_ != nullptr && cancelled_->load(); }

  private:
    const std::shared_ptr<const std::atomic<bool>> cancelled_;
    std::mutex mutex_;
    std::condition_variable done_;
    bool finished_ = false;
    std::atomic<bool> expired_{false};
    std::thread thread_;
};

bool may_run(duckdb_statement_type type) {
    return type == DUCKDB_STATEMENT_TYPE_SELECT || type == DUCKDB_STATEMENT_TYPE_EXPLAIN ||
           type == DUCKDB_STATEMENT_TYPE_RELATION;
}

/// Appends all rows of `columns` to a (temporary) table.
Status append_rows(duckdb_connection connection, const char* table, const std::vector<ColumnPtr>& columns) {
    AppenderHandle appender;
    if (duckdb_appender_create(connection, nullptr, table, appender.out()) != DuckDBSuccess) {
        return fail(Code::internal, "DuckDB: {}", duckdb_appender_error(appender.get()));
    }
    std::vector<TypeHandle> owned;
    std::vector<duckdb_logical_type> types;
    for (const ColumnPtr& c : columns) {
        owned.push_back(to_duckdb(c->type()));
        types.push_back(owned.back().get());
    }
    const std::size_t rows = columns.empty() ? 0 : columns[0]->size();
    for (std::size_t from = 0; from < rows; from += duckdb_vector_size()) {
        const std::size_t count = std::min<std::size_t>(rows - from, duckdb_vector_size());
        ChunkHandle chunk(duckdb_create_data_chunk(types.data(), types.size()));
        for (std::size_t i = 0; i < columns.size(); ++i) {
            write_vector(duckdb_data_chunk_get_vector(chunk.get(), i), *columns[i], from, count);
        }
        duckdb_data_chunk_set_size(chunk.get(), count);
        if (duckdb_append_data_chunk(appender.get(), chunk.get()) != DuckDBSuccess) {
            return fail(Code::internal, "DuckDB: {}", duckdb_appender_error(appender.get()));
        }
    }
    if (duckdb_appender_close(appender.get()) != DuckDBSuccess) {
        return fail(Code::internal, "DuckDB: {}", duckdb_appender_error(appender.get()));
    }
    return {};
}

std::string column_list(const Schema& schema, const std::vector<int>& columns) {
    std::string out;
    for (const int c : columns)
        out += (out.empty() ? "" : ", ") + quote(schema[static_cast<std::size_t>(c)].name);
    return out;
}

std::string declarations(const Schema& schema, const std::vector<int>& key) {
    std::string out;
    for (const Field& f : schema.fields)
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", quote(f.name), duckdb_type_name(f.type));
    if (!key.empty()) out += fmt::format(", PRIMARY KEY ({})", column_list(schema, key));
    return out;
}

}  // namespace

class Warehouse::Impl {
  public:
    explicit Impl(ScanCatalog& catalog) : scans(catalog) {}
    ScanContext scans;
    DatabaseHandle database;
    ConnectionHandle keeper;  ///< holds the scan function's registration
    std::mutex writing;       ///< DuckDB's writers conflict rather than wait

    Result<ConnectionHandle> connect() {
        ConnectionHandle connection;
        if (duckdb_connect(database.get(), connection.out()) != DuckDBSuccess) {
            return fail(Code::internal, "cannot connect to the warehouse");
        }
        return connection;
    }

    Status commit(duckdb_connection connection, const WarehouseTable& table, const SinkBatch& batch) {
        const std::string name = quote(table.name);
        if (!batch.deleted.empty() && batch.deleted[0]->size() > 0) {
            Schema keys;
            for (const int k : table.key) keys.fields.push_back(table.schema[static_cast<std::size_t>(k)]);
            MR_TRY_VOID(execute(
                connection, fmt::format("CREATE OR REPLACE TEMP TABLE _gone ({})", declarations(keys, {}))));
            MR_TRY_VOID(append_rows(connection, "_gone", batch.deleted));
            std::string on;
            for (const Field& f : keys.fields) {
                on += fmt::format("{}t.{} IS NOT DISTINCT FROM g.{}", on.empty() ? "" : " AND ",
                                  quote(f.name), quote(f.name));
            }
            MR_TRY_VOID(
                execute(connection, fmt::format("DELETE FROM {} t USING _gone g WHERE {}", name, on)));
        }
        if (!batch.rows.empty() && batch.rows[0]->size() > 0) {
            MR_TRY_VOID(execute(connection, fmt::format("CREATE OR REPLACE TEMP TABLE _stage ({})",
                                                        declarations(table.schema, {}))));
            MR_TRY_VOID(append_rows(connection, "_stage", batch.rows));
            const char* verb = table.key.empty() ? "INSERT" : "INSERT OR REPLACE";
            MR_TRY_VOID(execute(connection, fmt::format("{} INTO {} SELECT * FROM _stage", verb, name)));
        }
        for (const SinkPosition& p : batch.positions) {
            MR_TRY_VOID(execute(connection,
                                fmt::format("INSERT OR REPLACE INTO _millrace_positions VALUES ({}, {}, {})",
                                            literal(table.name), p.partition, p.next_offset)));
        }
        return {};
    }
};

Result<std::unique_ptr<Warehouse>> Warehouse::open(const WarehouseOptions& options, ScanCatalog& catalog) {
    auto impl = std::make_unique<Impl>(catalog);
    duckdb_config config = nullptr;
    if (duckdb_create_config(&config) != DuckDBSuccess)
        return fail(Code::internal, "DuckDB: no configuration");
    const std::pair<const char*, std::string> settings[] = {
        {"enable_external_access", "false"},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"memory_limit", std::to_string(options.memory_bytes >> 20) + "MiB"},
        {"threads", std::to_string(options.threads)},
        {"allow_community_extensions", "false"},
        // Large sorts and groups spill beside the database file, but not without bound.
        {"max_temp_directory_size", std::to_string(options.spill_bytes >> 20) + "MiB"},
    };
    Status configured;
    for (const auto& [name, value] : settings) {
        if (configured) configured = set_config(config, name, value);
    }
    char* error = nullptr;
    const bool opened = configured && duckdb_open_ext(options.path.empty() ? nullptr : options.path.c_str(),
                                                      impl->database.out(), config, &error) == DuckDBSuccess;
    duckdb_destroy_config(&config);
    if (!configured) return std::unexpected(configured.error());
    if (!opened) {
        const std::string why = error != nullptr ? error : "unknown error";
        duckdb_free(error);
        return fail(Code::io_error, "cannot open the warehouse {}: {}", options.path, why);
    }
    MR_TRY(impl->keeper, impl->connect());
    MR_TRY_VOID(execute(impl->keeper.get(), kPositions));
    MR_TRY_VOID(execute(impl->keeper.get(), bounded_functions()));
    MR_TRY_VOID(register_scans(impl->database.get(), impl->keeper.get(), impl->scans));
    // Our TIMESTAMPs are UTC: now() and texts must mean the same wherever the machine stands.
    MR_TRY_VOID(execute(impl->keeper.get(), "SET GLOBAL TimeZone = 'UTC'"));
    MR_TRY_VOID(execute(impl->keeper.get(), "SET lock_configuration = true"));
    return std::make_unique<Warehouse>(std::move(impl));
}

Warehouse::Warehouse(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Warehouse::~Warehouse() = default;

namespace {

/// DuckDB's message as an error of ours.
std::unexpected<Error> refused(const char* message, const QueryLimits& limits, const Deadline& deadline) {
    const std::string text = message != nullptr ? message : "";
    if (deadline.is_cancelled()) return fail(Code::unavailable, "the query was cancelled");
    if (deadline.expired())
        return fail(Code::unavailable,
                    "the query took longer than {} ms: let it read less (a filter, a shorter span), or raise "
                    "sql.timeout",
                    limits.timeout_ms);
    if (text.starts_with("Out of Memory"))
        return fail(Code::resource_exhausted,
                    "the query needs more memory than warehouse.memory allows: let it read or group less\n{}",
                    text.substr(0, text.find('\n')));
    return duckdb_error(text);
}

/// Reads what a query gives, within its limits.
Result<QueryResult> read_result(ResultHandle& result, const QueryLimits& limits, const Deadline& deadline) {
    QueryResult out;
    std::vector<TypeHandle> types;
    std::vector<ColumnBuilder> builders;
    std::size_t bytes = 0;
    for (idx_t i = 0; i < duckdb_column_count(result.get()); ++i) {
        types.emplace_back(duckdb_column_logical_type(result.get(), i));
        out.schema.fields.push_back({duckdb_column_name(result.get(), i), from_duckdb(types.back().get())});
        builders.emplace_back(out.schema.fields.back().type);
    }
    while (!out.truncated && !deadline.expired()) {
        ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
        if (chunk.get() == nullptr) break;
        std::size_t rows = duckdb_data_chunk_get_size(chunk.get());
        if (out.rows + rows > limits.rows_max) {
            rows = limits.rows_max - out.rows;
            out.truncated = true;
        }
        // Counted before it is copied: 2,048 rows may hold gigabytes.
        for (std::size_t i = 0; i < builders.size(); ++i)
            bytes +=
                text_bytes(duckdb_data_chunk_get_vector(chunk.get(), i), types[i].get(), rows) + 8 * rows;
        if (bytes > limits.bytes_max)
            return fail(Code::resource_exhausted,
                        "the answer is larger than {} MiB: select fewer columns or rows (LIMIT)",
                        limits.bytes_max >> 20);
        for (std::size_t i = 0; i < builders.size(); ++i)
            read_vector(duckdb_data_chunk_get_vector(chunk.get(), i), types[i].get(), rows, builders[i]);
        out.rows += rows;
    }
    const char* error = duckdb_result_error(result.get());
    if (deadline.expired() || (error != nullptr && *error != '\0')) return refused(error, limits, deadline);
    for (ColumnBuilder& b : builders) out.columns.push_back(b.finish());
    return out;
}

}  // namespace

Result<QueryResult> Warehouse::query(const std::string& sql, const QueryLimits& limits) {
    MR_TRY_VOID(check_query(sql));
    MR_TRY(const ConnectionHandle connection, impl_->connect());
    StatementsHandle statements;
    const idx_t count = duckdb_extract_statements(connection.get(), sql.c_str(), statements.out());
    if (count == 0) {
        const char* error = duckdb_extract_statements_error(statements.get());
        return fail(Code::invalid_argument, "{}", error != nullptr ? error : "no statement");
    }
    if (count > 1) return fail(Code::invalid_argument, "one statement at a time, found {}", count);
    const ScanContext::Use use(impl_->scans, find_ranges(connection.get(), sql, impl_->scans.catalog()));
    // EXPLAIN ANALYZE runs what it explains: nothing may be written whatever the statement says it is.
    MR_TRY_VOID(execute(connection.get(), "BEGIN TRANSACTION READ ONLY"));
    const Deadline deadline(connection.get(), limits);
    PreparedHandle prepared;
    if (duckdb_prepare_extracted_statement(connection.get(), statements.get(), 0, prepared.out()) !=
        DuckDBSuccess)
        return refused(duckdb_prepare_error(prepared.get()), limits, deadline);
    if (!may_run(duckdb_prepared_statement_type(prepared.get()))) {
        return fail(Code::permission_denied,
                    "only queries are allowed here: SELECT, VALUES, EXPLAIN, DESCRIBE, SHOW, SUMMARIZE");
    }
    PendingHandle pending;
    if (duckdb_pending_prepared_streaming(prepared.get(), pending.out()) != DuckDBSuccess)
        return refused(duckdb_pending_error(pending.get()), limits, deadline);
    ResultHandle result;
    if (duckdb_execute_pending(pending.get(), result.get()) != DuckDBSuccess)
        return refused(duckdb_result_error(result.get()), limits, deadline);
    return read_result(result, limits, deadline);
}

Status Warehouse::create_table(const WarehouseTable& table) {
    const std::lock_guard lock(impl_->writing);
    MR_TRY(const ConnectionHandle connection, impl_->connect());
    MR_TRY_VOID(execute(connection.get(), fmt::format("CREATE TABLE IF NOT EXISTS {} ({})", quote(table.name),
                                                      declarations(table.schema, table.key))));
    // An existing table must have these columns; comparing what SELECT gives covers names and types.
    ResultHandle result;
    if (duckdb_query(connection.get(), fmt::format("SELECT * FROM {} LIMIT 0", quote(table.name)).c_str(),
                     result.get()) != DuckDBSuccess) {
        return fail(Code::internal, "{}", duckdb_result_error(result.get()));
    }
    const idx_t columns = duckdb_column_count(result.get());
    bool same = columns == table.schema.size();
    for (idx_t i = 0; same && i < columns; ++i)
        same = table.schema[i].name == duckdb_column_name(result.get(), i);
    if (!same) {
        return fail(Code::invalid_argument,
                    "warehouse table {} exists with other columns; give the new one another 'table' or "
                    "drop the old one",
                    table.name);
    }
    return {};
}

Result<std::vector<SinkPosition>> Warehouse::positions(const std::string& table) {
    MR_TRY(const ConnectionHandle connection, impl_->connect());
    PreparedHandle prepared;
    if (duckdb_prepare(connection.get(),
                       "SELECT part, next_offset FROM _millrace_positions WHERE sink = ? ORDER BY part",
                       prepared.out()) != DuckDBSuccess) {
        return fail(Code::internal, "{}", duckdb_prepare_error(prepared.get()));
    }
    duckdb_bind_varchar(prepared.get(), 1, table.c_str());
    ResultHandle result;
    if (duckdb_execute_prepared(prepared.get(), result.get()) != DuckDBSuccess) {
        return fail(Code::internal, "{}", duckdb_result_error(result.get()));
    }
    std::vector<SinkPosition> out;
    for (;;) {
        ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
        if (chunk.get() == nullptr) break;
        const auto* part = static_cast<const std::int32_t*>(
            duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
        const auto* next = static_cast<const std::int64_t*>(
            duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 1)));
        for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk.get()); ++i) out.push_back({part[i], next[i]});
    }
    return out;
}

Status Warehouse::commit(const WarehouseTable& table, const SinkBatch& batch) {
    const std::lock_guard lock(impl_->writing);
    MR_TRY(const ConnectionHandle connection, impl_->connect());
    MR_TRY_VOID(execute(connection.get(), "BEGIN TRANSACTION"));
    const Status done = impl_->commit(connection.get(), table, batch);
    if (!done) {
        const Status rolled_back = execute(connection.get(), "ROLLBACK");
        if (!rolled_back) log_warn("warehouse", "rollback: {}", rolled_back.error().message);
        return annotate(done.error(), "warehouse table " + table.name);
    }
    return execute(connection.get(), "COMMIT");
}

Result<std::int64_t> Warehouse::expire(const std::string& table, const std::string& column,
                                       std::int64_t now_us, std::int64_t retention_us) {
    const std::lock_guard lock(impl_->writing);
    MR_TRY(const ConnectionHandle connection, impl_->connect());
    ResultHandle result;
    const std::string sql = fmt::format(
        "DELETE FROM {0} WHERE {1} < (SELECT make_timestamp(least(epoch_us(max({1})), {2}) - {3}) FROM {0})",
        quote(table), quote(column), now_us, retention_us);
    if (duckdb_query(connection.get(), sql.c_str(), result.get()) != DuckDBSuccess) {
        return fail(Code::internal, "{}", duckdb_result_error(result.get()));
    }
    const auto removed = static_cast<std::int64_t>(duckdb_rows_changed(result.get()));
    if (removed == 0) return 0;
    log_info("warehouse", "{}: {} rows older than the retention dropped", table, removed);
    // Room comes back at a checkpoint; while somebody reads it must wait for the next one.
    if (const Status done = execute(connection.get(), "CHECKPOINT"); !done)
        log_debug("warehouse", "checkpoint: {}", done.error().message);
    return removed;
}

Status Warehouse::create_scan_view(const std::string& schema, const std::string& name,
                                   const std::string& scan) {
    const std::lock_guard lock(impl_->writing);
    MR_TRY(const ConnectionHandle connection, impl_->connect());
    MR_TRY_VOID(execute(connection.get(), fmt::format("CREATE SCHEMA IF NOT EXISTS {}", quote(schema))));
    return execute(connection.get(),
                   fmt::format("CREATE OR REPLACE VIEW {}.{} AS SELECT * FROM millrace_scan({})",
                               quote(schema), quote(name), literal(scan)));
}

Status Warehouse::create_alias(const std::string& alias, const std::string& table) {
    const std::lock_guard lock(impl_->writing);
    MR_TRY(const ConnectionHandle connection, impl_->connect());
    const Status made = execute(connection.get(), fmt::format("CREATE OR REPLACE VIEW {} AS SELECT * FROM {}",
                                                              quote(alias), quote(table)));
    if (!made) return annotate(made.error(), fmt::format("{} as a name of warehouse table {}", alias, table));
    return {};
}

std::vector<std::string> Warehouse::tables() {
    const auto result = query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' AND table_type = 'BASE "
        "TABLE' AND "
        "table_name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY 1",
        {});
    std::vector<std::string> out;
    if (!result) return out;
    for (std::size_t i = 0; i < result->rows; ++i) out.emplace_back(result->columns[0]->text(i));
    return out;
}

Status Warehouse::checkpoint() {
    const std::lock_guard lock(impl_->writing);
    MR_TRY(const ConnectionHandle connection, impl_->connect());
    return execute(connection.get(), "CHECKPOINT");
}

}  // namespace mr::warehouse
