#include "engine/internal/window_output.h"

#include "base/check.h"

namespace mr::engine::internal {

Result<WindowOutput> WindowOutput::create(const plan::Node& node, const plan::WindowAggregateNode& window) {
    WindowOutput out(node);
    out.columns_ = window.window_columns;
    for (const std::string& name : out.columns_) {
        if (name != "window_start" && name != "window_end" && name != "window_time") {
            return fail(Code::invalid_argument, "unknown window column: {}", name);
        }
    }
    for (const int key : window.keys) {
        out.key_types_.push_back(node.inputs[0]->schema[static_cast<std::size_t>(key)].type);
    }
    const std::size_t columns = window.keys.size() + window.calls.size() + out.columns_.size();
    if (columns != node.schema.size()) {
        return fail(Code::internal, "a window aggregate of {} columns in a schema of {}", columns,
                    node.schema.size());
    }
    return out;
}

void WindowOutput::emit(std::string_view group, const AggregateSet& set, const char* fixed,
                        EntryStore* entries, std::int64_t start, std::int64_t end, std::uint64_t arrival,
                        std::int64_t watermark) {
    ByteReader reader(group);
    std::size_t at = 0;
    for (const DataType& type : key_types_) {
        const Result<Value> value = read_key(reader, type);
        MR_CHECK(value.has_value(), "a group key in state: {}", value.error().message);
        out_.column(at++).append_value(*value);
    }
    set.result(fixed, entries, builder_columns(out_, at, set.size()));
    at += set.size();
    for (const std::string& name : columns_) {
        const std::int64_t ms = name == "window_start" ? start : name == "window_end" ? end : end - 1;
        const RowTime unit((*schema_)[at].type);
        out_.column(at++).append_integer(unit.ticks(ms));
    }
    out_.end_row(1, arrival, watermark);
}

}  // namespace mr::engine::internal
