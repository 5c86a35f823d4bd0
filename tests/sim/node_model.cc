#include "node_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "columnar/value.h"

namespace mr::sim {

const char* const kStreams = R"(
CREATE TABLE orders (id BIGINT NOT NULL, k STRING NOT NULL, v BIGINT NOT NULL, ts TIMESTAMP(3) NOT NULL,
                     WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'json', 'strict' = 'true');
CREATE TABLE items (id BIGINT NOT NULL, ref BIGINT NOT NULL, v BIGINT NOT NULL)
WITH ('connector' = 'kafka', 'topic' = 'items', 'format' = 'json', 'strict' = 'true');
CREATE TABLE copied (id BIGINT, k STRING, v BIGINT) WITH ('connector' = 'kafka', 'topic' = 'copied', 'format' = 'json');
CREATE TABLE pairs (id BIGINT, item BIGINT) WITH ('connector' = 'kafka', 'topic' = 'pairs', 'format' = 'json');
)";

const std::vector<NamedText> kPipelines = {
    {"pipelines/totals.sql", R"(
CREATE MATERIALIZED VIEW by_key AS SELECT k, COUNT(*) AS n, SUM(v) AS total, MAX(v) AS top FROM orders GROUP BY k;
INSERT INTO copied SELECT id, k, v FROM orders;
)"},
    {"pipelines/joined.sql", R"(
CREATE MATERIALIZED VIEW sold AS
SELECT o.k, COUNT(*) AS n, SUM(i.v) AS total FROM orders AS o JOIN items AS i ON o.id = i.ref GROUP BY o.k;
INSERT INTO pairs SELECT o.id, i.id FROM orders AS o JOIN items AS i ON o.id = i.ref;
)"},
    {"pipelines/windows.sql", R"(
CREATE MATERIALIZED VIEW per_second AS
SELECT window_start, window_end, COUNT(*) AS n, SUM(v) AS total
FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, window_end;
)"},
    // Reads another pipeline's view: through its topic, across files.
    {"pipelines/overall.sql", R"(
CREATE MATERIALIZED VIEW overall AS SELECT n AS size, COUNT(*) AS ks, SUM(total) AS total FROM by_key GROUP BY n;
)"},
};
const std::vector<std::vector<std::string>> kViewsOf = {{"by_key"}, {"sold"}, {"per_second"}, {"overall"}};
const std::vector<std::vector<std::string>> kOutputsOf = {{"copied"}, {"pairs"}, {}, {}};

namespace {

struct Sums {
    std::int64_t n = 0;
    std::int64_t total = 0;
    std::optional<std::int64_t> top;
    void add(std::int64_t v) {
        ++n;
        total += v;
        top = std::max(top.value_or(v), v);
    }
};

std::map<std::string, Sums> by_key(std::span<const Event* const> log) {
    std::map<std::string, Sums> out;
    for (const Event* e : log) {
        if (e->is_order) out[e->k].add(e->v);
    }
    return out;
}

/// (order, item) of every match.
std::vector<std::pair<const Event*, const Event*>> matches(std::span<const Event* const> log) {
    std::map<std::uint64_t, const Event*> orders;
    for (const Event* e : log) {
        if (e->is_order) orders[e->id] = e;
    }
    std::vector<std::pair<const Event*, const Event*>> out;
    for (const Event* e : log) {
        const auto order = e->is_order ? orders.end() : orders.find(e->ref);
        if (order != orders.end()) out.emplace_back(order->second, e);
    }
    return out;
}

std::string time_text(std::int64_t ms) {
    return timestamp_to_string(ms, 1'000, 3);
}

/// A window comes out when the watermark passes its end; a row of a window that is out is late and not in it.
Rows windows(std::span<const Event* const> log) {
    constexpr std::int64_t kDelay = 1'000, kSize = 1'000;
    std::map<std::int32_t, std::int64_t> newest;  // by partition
    const auto watermark = [&]() -> std::optional<std::int64_t> {
        if (newest.size() < 2) return std::nullopt;
        return std::min(newest.begin()->second, newest.rbegin()->second) - kDelay;
    };
    std::map<std::int64_t, Sums> open;
    for (const Event* e : log) {
        if (!e->is_order) continue;
        const auto before = watermark();
        const std::int64_t start = e->ts_ms / kSize * kSize;
        if (!before || *before < start + kSize - 1) open[start].add(e->v);
        auto& newest_here = newest.try_emplace(e->partition, e->ts_ms).first->second;
        newest_here = std::max(newest_here, e->ts_ms);
    }
    Rows rows;
    for (const auto& [start, sums] : open) {
        const auto now = watermark();
        if (!now || *now < start + kSize - 1) continue;
        rows.push_back(
            fmt::format("{} {} {} {}", time_text(start), time_text(start + kSize), sums.n, sums.total));
    }
    return rows;
}

}  // namespace

std::string Event::json() const {
    if (!is_order) return fmt::format(R"({{"id":{},"ref":{},"v":{}}})", id, ref, v);
    return fmt::format(R"({{"id":{},"k":"{}","v":{},"ts":"{}"}})", id, k, v, time_text(ts_ms));
}

std::uint64_t number_in(std::string_view json, std::string_view field) {
    const std::string name = fmt::format("\"{}\":", field);
    const std::size_t at = json.find(name);
    std::uint64_t out = 0;
    if (at != std::string_view::npos)
        std::from_chars(json.data() + at + name.size(), json.data() + json.size(), out);
    return out;
}

Rows expected_rows(const std::string& name, std::span<const Event* const> log) {
    Rows rows;
    if (name == "by_key") {
        for (const auto& [k, s] : by_key(log))
            rows.push_back(fmt::format("{} {} {} {}", k, s.n, s.total, *s.top));
    } else if (name == "copied") {
        for (const Event* e : log) {
            if (e->is_order) rows.push_back(fmt::format("{}", e->id));
        }
    } else if (name == "sold") {
        std::map<std::string, Sums> sums;
        for (const auto& [order, item] : matches(log)) sums[order->k].add(item->v);
        for (const auto& [k, s] : sums) rows.push_back(fmt::format("{} {} {}", k, s.n, s.total));
    } else if (name == "pairs") {
        for (const auto& [order, item] : matches(log))
            rows.push_back(fmt::format("{} {}", order->id, item->id));
    } else if (name == "per_second") {
        rows = windows(log);
    } else if (name == "overall") {
        std::map<std::int64_t, Sums> sizes;
        for (const auto& [k, s] : by_key(log)) sizes[s.n].add(s.total);
        for (const auto& [n, s] : sizes) rows.push_back(fmt::format("{} {} {}", n, s.n, s.total));
    }
    std::ranges::sort(rows);
    return rows;
}

}  // namespace mr::sim
