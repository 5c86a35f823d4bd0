#include "engine/internal/rows.h"

#include <cstring>

#include "base/check.h"

namespace mr::engine::internal {
namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

}  // namespace

void append_ordered(std::string& out, std::uint64_t v) {
    char raw[8];
    mr::internal::store(raw, v, Endian::big);
    out.append(raw, sizeof raw);
}

void append_ordered(std::string& out, std::int64_t v) {
    append_ordered(out, static_cast<std::uint64_t>(v) ^ kSign);
}

std::uint64_t read_ordered_unsigned(std::string_view bytes) {
    MR_CHECK(bytes.size() >= 8, "{} bytes for a number", bytes.size());
    return mr::internal::load<std::uint64_t>(bytes.data(), Endian::big);
}

std::int64_t read_ordered(std::string_view bytes) {
    return static_cast<std::int64_t>(read_ordered_unsigned(bytes) ^ kSign);
}

void append_sort_column(std::string& out, const Column& column, std::size_t row, bool descending,
                        bool nulls_last) {
    const bool null = column.type().kind == TypeKind::null || column.is_null(row);
    out.push_back(null == nulls_last ? '\1' : '\0');
    if (!null) append_key(out, column, row, descending);
}

std::string find_row(state::OrderedTable& rows, std::string_view prefix, std::string_view encoded) {
    std::string found;
    rows.scan_prefix(prefix, [&](const state::OrderedTable::Entry& e) {
        if (e.value != encoded) return true;
        found.assign(e.key);
        return false;
    });
    return found;
}

std::int64_t load_i64(const char* from) {
    return mr::internal::load<std::int64_t>(from, Endian::little);
}

void store_i64(char* to, std::int64_t v) {
    mr::internal::store(to, v, Endian::little);
}

void copy_row(DeltaBuilder& out, std::size_t first, std::span<const ColumnPtr> columns, std::size_t row) {
    for (std::size_t i = 0; i < columns.size(); ++i) out.column(first + i).append_from(*columns[i], row);
}

void pad_row(DeltaBuilder& out, std::size_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out.column(first + i).append_null();
}

std::span<ColumnBuilder> builder_columns(DeltaBuilder& out, std::size_t first, std::size_t count) {
    if (count == 0) return {};
    return {&out.column(first), count};
}

void decode_row(DeltaBuilder& out, std::size_t first, std::string_view bytes, const Schema& schema) {
    const Status done = read_row_into(bytes, schema, builder_columns(out, first, schema.size()));
    MR_CHECK(done.has_value(), "a row in state: {}", done.error().message);
}

Delta take_rows(const Delta& delta, std::span<const std::uint32_t> rows) {
    Delta out;
    out.end_watermark = delta.end_watermark;
    out.columns.reserve(delta.columns.size());
    for (const ColumnPtr& c : delta.columns) out.columns.push_back(Column::take(c, rows));
    out.weight.reserve(rows.size());
    out.arrival.reserve(rows.size());
    out.wm.reserve(rows.size());
    for (const std::uint32_t row : rows) {
        out.weight.push_back(delta.weight[row]);
        out.arrival.push_back(delta.arrival[row]);
        out.wm.push_back(delta.wm[row]);
    }
    return out;
}

Status check_span(std::string_view what, std::int64_t ms) {
    if (ms <= kTimeMaxMs && ms >= -kTimeMaxMs) return {};
    return fail(Code::invalid_argument, "{} of {} ms is longer than 280,000 years", what, ms);
}

void Sequence::load() {
    const auto value = table_.get("");
    value_ = stored_ = value ? static_cast<std::uint64_t>(load_i64(value->data())) : 0;
}

void Sequence::store() {
    if (value_ == stored_) return;
    store_i64(table_.edit("", 8).value, static_cast<std::int64_t>(value_));
    stored_ = value_;
}

}  // namespace mr::engine::internal
