#include "node/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

#include "base/suggest.h"

namespace mr::node {
namespace {

using Setter = std::function<Status(Config&, std::string_view)>;

struct Known {
    Setting setting;
    Setter set;
};

Status set_bool(bool& to, std::string_view v) {
    if (v != "true" && v != "false")
        return fail(Code::invalid_argument, "expected true or false, found `{}`", v);
    to = v == "true";
    return {};
}

Status set_count(int& to, std::string_view v) {
    int n = 0;
    const auto [end, error] = std::from_chars(v.data(), v.data() + v.size(), n);
    if (error != std::errc() || end != v.data() + v.size() || n < 1) {
        return fail(Code::invalid_argument, "expected a number above 0, found `{}`", v);
    }
    to = n;
    return {};
}

Known text(std::string key, std::string Config::* to, std::string help, std::string form = "text") {
    const std::string fallback = Config{}.*to;
    return {{std::move(key), std::move(form), fallback, std::move(help)},
            [to](Config& c, std::string_view v) -> Status {
                c.*to = v;
                return {};
            }};
}
Known address(std::string key, std::string Config::* to, std::string help) {
    const std::string fallback = Config{}.*to;
    return {{std::move(key), "host:port", fallback, std::move(help)},
            [to](Config& c, std::string_view v) -> Status {
                MR_TRY_VOID(parse_address(v));
                c.*to = v;
                return {};
            }};
}
Known flag(std::string key, bool Config::* to, std::string help) {
    return {{std::move(key), "true|false", Config{}.*to ? "true" : "false", std::move(help)},
            [to](Config& c, std::string_view v) { return set_bool(c.*to, v); }};
}
Known count(std::string key, int Config::* to, std::string help) {
    return {{std::move(key), "count", std::to_string(Config{}.*to), std::move(help)},
            [to](Config& c, std::string_view v) { return set_count(c.*to, v); }};
}
Known number(std::string key, std::int64_t Config::* to, std::string form, std::string help) {
    const auto parse = form == "bytes" ? parse_bytes : parse_duration_ms;
    return {{std::move(key), std::move(form), std::to_string(Config{}.*to), std::move(help)},
            [to, parse](Config& c, std::string_view v) -> Status {
                MR_TRY(c.*to, parse(v));
                return {};
            }};
}
Known list(std::string key, std::vector<std::string> Config::* to, std::string help) {
    return {{std::move(key), "list", "", std::move(help)}, [to](Config& c, std::string_view v) -> Status {
                (c.*to).clear();
                while (!v.empty()) {
                    const auto comma = std::min(v.find(','), v.size());
                    if (comma > 0) (c.*to).emplace_back(v.substr(0, comma));
                    v.remove_prefix(std::min(comma + 1, v.size()));
                }
                return {};
            }};
}

const std::vector<Known>& known() {
    using C = Config;
    static const std::vector<Known> all = {
        text("name", &C::name, "Name of the project, shown on the dashboard."),
        text("data-dir", &C::data_dir, "Where everything is kept; default .millrace/data in the project."),
        address("kafka.listen", &C::kafka_listen, "Kafka protocol; port 0 takes a free one."),
        text("kafka.advertise", &C::kafka_advertise, "Address told to Kafka clients, if not the bound one.",
             "host:port"),
        flag("kafka.auto-create-topics", &C::kafka_auto_create_topics,
             "Create a topic when a client first asks for it."),
        count("kafka.num-partitions", &C::kafka_num_partitions,
              "Partitions of a topic created without a number."),
        address("http.listen", &C::http_listen, "HTTP API, WebSocket and dashboard."),
        address("registry.listen", &C::registry_listen, "Schema registry (Confluent's REST API)."),
        flag("insecure", &C::insecure, "Allow listening beyond loopback without authentication."),
        number("journal.file-bytes", &C::journal_file_bytes, "bytes", "Size of one journal file."),
        number("journal.checkpoint-bytes", &C::journal_checkpoint_bytes, "bytes",
               "Journal written between checkpoints …"),
        number("journal.checkpoint-interval", &C::journal_checkpoint_interval_ms, "duration",
               "… or time, whichever is first."),
        number("broker.tail-bytes", &C::broker_tail_bytes, "bytes",
               "Newest records kept in memory for readers."),
        number("topics.retention", &C::topics_retention_ms, "duration", "Default retention.ms of topics."),
        number("pipeline.silence", &C::pipeline_silence_ms, "duration",
               "After this long without a record a source's watermark goes on with the wall clock."),
        number("pipeline.step-rows", &C::pipeline_step_rows, "bytes",
               "Most rows one step takes when behind."),
        flag("lake.enabled", &C::lake_enabled, "Write the Iceberg lake."),
        text("lake.path", &C::lake_path, "Directory of the lake; default lake/ in the data directory.",
             "path"),
        number("lake.commit-interval", &C::lake_commit_interval_ms, "duration", "Time between snapshots."),
        list("lake.archive", &C::lake_archive, "Raw topics to archive; * for all that no pipeline writes."),
        number("lake.retention", &C::lake_retention_ms, "duration", "How long raw events are kept."),
        flag("warehouse.enabled", &C::warehouse_enabled, "Run the embedded DuckDB warehouse."),
        text("warehouse.path", &C::warehouse_path,
             "Database file; default warehouse.duckdb in the data directory.", "path"),
        number("warehouse.memory", &C::warehouse_memory_bytes, "bytes", "Memory limit of DuckDB."),
        number("sql.rows-max", &C::sql_rows_max, "bytes", "Most rows an ad-hoc query returns."),
        number("sql.timeout", &C::sql_timeout_ms, "duration", "Longest an ad-hoc query may run."),
    };
    return all;
}

std::string scalar_text(const YAML::Node& node) {
    if (node.IsScalar()) return node.Scalar();
    std::string out;
    for (const auto& item : node) out += (out.empty() ? "" : ",") + item.Scalar();
    return out;
}

std::string place(std::string_view file, const YAML::Node& node) {
    return fmt::format("{}:{}:{}", file, node.Mark().line + 1, node.Mark().column + 1);
}

Status read_topics(Config& config, const YAML::Node& node, std::string_view file) {
    if (!node.IsMap())
        return fail(Code::invalid_argument, "{}: topics: expected a map of topic names", place(file, node));
    for (const auto& entry : node) {
        TopicSpec spec;
        const std::string name = entry.first.Scalar();
        if (entry.second.IsMap()) {
            for (const auto& item : entry.second) {
                const std::string key = item.first.Scalar();
                if (key == "partitions") {
                    auto set = set_count(spec.partitions, item.second.Scalar());
                    if (!set) return annotate(set.error(), place(file, item.second));
                } else {
                    spec.configs[key] = scalar_text(item.second);
                }
            }
        }
        config.topics[name] = std::move(spec);
    }
    return {};
}

Status read_map(Config& config, const YAML::Node& node, const std::string& prefix, std::string_view file) {
    for (const auto& entry : node) {
        const std::string key = prefix + entry.first.Scalar();
        if (key == "topics") {
            MR_TRY_VOID(read_topics(config, entry.second, file));
        } else if (entry.second.IsMap()) {
            MR_TRY_VOID(read_map(config, entry.second, key + ".", file));
        } else {
            MR_TRY_VOID(set_option(config, key, scalar_text(entry.second), place(file, entry.first)));
        }
    }
    return {};
}

Result<std::int64_t> parse_scaled(std::string_view text,
                                  std::initializer_list<std::pair<std::string_view, std::int64_t>> units,
                                  std::string_view example) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [name, factor] : units) {
        if (error == std::errc() && unit == name && n >= 0) return n * factor;
    }
    return fail(Code::invalid_argument, "expected something like {}, found `{}`", example, text);
}

}  // namespace

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = [] {
        std::vector<Setting> out;
        for (const Known& k : known()) out.push_back(k.setting);
        return out;
    }();
    return all;
}

Status set_option(Config& config, std::string_view key, std::string_view value, std::string_view where) {
    std::vector<std::string> names = {"topics"};
    for (const Known& k : known()) {
        names.push_back(k.setting.key);
        if (k.setting.key != key) continue;
        auto set = k.set(config, value);
        if (!set) return annotate(set.error(), fmt::format("{}: {}", where, key));
        return {};
    }
    return fail(Code::invalid_argument, "{}: unknown setting `{}`{}", where, key, did_you_mean(key, names));
}

Result<Config> parse_config(std::string_view text, std::string_view file) {
    Config config;
    YAML::Node root;
    try {
        root = YAML::Load(std::string(text));
        if (root.IsNull()) return config;
        if (!root.IsMap()) return fail(Code::invalid_argument, "{}:1:1: expected a map of settings", file);
        MR_TRY_VOID(read_map(config, root, "", file));
    } catch (const YAML::Exception& e) {
        return fail(Code::invalid_argument, "{}:{}:{}: {}", file, e.mark.line + 1, e.mark.column + 1, e.msg);
    }
    return config;
}

Result<std::int64_t> parse_duration_ms(std::string_view text) {
    return parse_scaled(text,
                        {{"ms", 1},
                         {"s", 1'000},
                         {"m", 60'000},
                         {"min", 60'000},
                         {"h", 3'600'000},
                         {"d", 86'400'000},
                         {"", 1}},
                        "250ms, 10s, 5m or 90d");
}

Result<std::int64_t> parse_bytes(std::string_view text) {
    return parse_scaled(text,
                        {{"", 1},
                         {"B", 1},
                         {"kB", 1'000},
                         {"KiB", 1 << 10},
                         {"MB", 1'000'000},
                         {"MiB", 1 << 20},
                         {"GB", 1'000'000'000},
                         {"GiB", 1 << 30}},
                        "65536, 64MiB or 1GB");
}

Result<std::pair<std::string, std::uint16_t>> parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    std::uint16_t port = 0;
    if (colon != std::string_view::npos && colon > 0) {
        const std::string_view digits = text.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (error == std::errc() && end == digits.data() + digits.size())
            return std::pair{std::string(text.substr(0, colon)), port};
    }
    return fail(Code::invalid_argument, "expected host:port, found `{}`", text);
}

}  // namespace mr::node
