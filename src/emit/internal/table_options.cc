#include "emit/internal/table_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "emit/internal/keywords.h"
#include "emit/internal/rewriter.h"

namespace mr::emit {
namespace {

/// Flink's transactions last up to an hour unless told otherwise, Kafka allows a quarter of one.
constexpr const char* kTransactionTimeout = "900000";

class Mapper {
  public:
    Mapper(const TextOptions& ours, const TableRole& role, const FlinkOptions& options)
        : ours_(ours), role_(role), options_(options) {}

    MappedOptions run() {
        const std::string connector = ours("connector");
        if (connector == "kafka") {
            kafka("kafka");
        } else if (connector == "upsert-kafka") {
            kafka("upsert-kafka");
        } else if (connector == "iceberg" && !options_.lake.empty()) {
            iceberg();
        } else if (connector == "iceberg" || connector == "warehouse") {
            to_topic(connector);
        } else {
            set("connector", connector);
            for (const auto& [key, value] : ours_) {
                if (!is_ours(key)) set(key, value);
            }
            const bool outside = connector == "nexmark" || connector == "jdbc" || connector == "clickhouse";
            if (outside)
                out_.notes.push_back(
                    fmt::format("needs the connector '{}' on Flink's class path", connector));
        }
        return std::move(out_);
    }

  private:
    [[nodiscard]] std::string ours(std::string_view key) const {
        const auto it = std::ranges::find(ours_, key, &TextOptions::value_type::first);
        return it == ours_.end() ? "" : it->second;
    }
    [[nodiscard]] bool has(std::string_view key) const {
        return std::ranges::find(out_.options, key, &TextOptions::value_type::first) != out_.options.end();
    }
    void set(const std::string& key, const std::string& value) {
        if (!has(key)) out_.options.emplace_back(key, value);
    }

    /// Options of a format nobody uses are unknown to Flink.
    [[nodiscard]] static bool is_format_option(std::string_view key) {
        static constexpr std::string_view kFormats[] = {
            "json.",     "csv.",           "avro.", "avro-confluent.",
            "protobuf.", "debezium-json.", "raw.",  "debezium-avro-confluent."};
        return std::ranges::any_of(kFormats, [&](std::string_view f) { return key.starts_with(f); });
    }

    /// One format: 'json' under "value." or "key." or neither, with its options.
    void format(const std::string& part, const std::string& name) {
        if (name.empty()) return;
        set(part + "format", name);
        for (const auto& [key, value] : ours_) {
            std::string_view rest = key;
            if (rest.starts_with("value.") && part != "key.") rest.remove_prefix(6);
            if (rest.starts_with("key.") && part == "key.") rest.remove_prefix(4);
            if (!is_format_option(rest) || !rest.starts_with(name + ".")) continue;
            if (part == "key." && !key.starts_with("key.")) continue;
            // Flink has a class that was generated of it.
            if (rest == "protobuf.schema") continue;
            set(part + std::string(rest), value);
        }
        if (name == "protobuf") java_class(part);
        if (name.find("confluent") != std::string::npos && !options_.registry.empty())
            set(part + name + ".url", options_.registry);
        if (name == "json" && role_.sink) set(part + "json.encode.decimal-as-plain-number", "true");
    }

    void java_class(const std::string& part) {
        const std::string key = part + "protobuf.message-class-name";
        const auto it = std::ranges::find(out_.options, key, &TextOptions::value_type::first);
        if (it != out_.options.end()) {
            out_.notes.push_back(fmt::format("needs the class {} on Flink's class path", it->second));
            return;
        }
        out_.error = "Flink reads protobuf with a class that protoc generates";
        out_.help = fmt::format("name the class of the message: '{}' = 'com.acme.Shop$Order'", key);
    }

    void formats(bool upsert) {
        const std::string value = ours("value.format").empty() ? ours("format") : ours("value.format");
        format("key.", ours("key.format"));
        format(upsert || !ours("value.format").empty() ? "value." : "", value);
    }

    void startup(bool upsert) {
        const std::string mode = ours("scan.startup.mode");
        if (!upsert) {
            if (role_.source) set("scan.startup.mode", mode.empty() ? "earliest-offset" : mode);
            return;
        }
        if (mode.empty() || mode == "earliest-offset" || !role_.source) return;
        out_.error =
            fmt::format("Flink reads an 'upsert-kafka' table from its beginning, not from '{}'", mode);
        out_.help = "leave 'scan.startup.mode' out: the last row of each key is what the table means";
    }

    void as_source() {
        if (!role_.source) return;
        set("properties.group.id", options_.project);
        // A record of a transaction is there once the transaction is, as here.
        set("properties.isolation.level", "read_committed");
        if (!role_.watermark) return;
        set("scan.watermark.emit.strategy", "on-event");
        const std::string idle = ours("idle-timeout");
        if (ours("strict") != "true" || !idle.empty())
            set("scan.watermark.idle-timeout",
                idle.empty() ? fmt::format("{} ms", options_.silence_ms) : idle);
    }

    void as_sink() {
        if (!role_.sink) return;
        const std::string semantic = ours("sink.semantic");
        if (!semantic.empty()) set("sink.delivery-guarantee", semantic);
        set("sink.delivery-guarantee", options_.exactly_once ? "exactly-once" : "at-least-once");
        const auto guarantee =
            std::ranges::find(out_.options, "sink.delivery-guarantee", &TextOptions::value_type::first);
        if (guarantee->second != "exactly-once") return;
        set("sink.transactional-id-prefix", fmt::format("{}.{}", options_.project, role_.name));
        set("properties.transaction.timeout.ms", kTransactionTimeout);
    }

    void kafka(const std::string& connector) {
        const bool upsert = connector == "upsert-kafka";
        set("connector", connector);
        set("topic", ours("topic").empty() || ours("topic") == "none" ? role_.name : ours("topic"));
        const std::string bootstrap = ours("properties.bootstrap.servers");
        set("properties.bootstrap.servers", bootstrap.empty() ? options_.bootstrap : bootstrap);
        formats(upsert);
        startup(upsert);
        for (const auto& [key, value] : ours_) {
            std::string_view rest = key;
            if (rest.starts_with("value.")) rest.remove_prefix(6);
            if (rest.starts_with("key.")) rest.remove_prefix(4);
            const bool known = is_ours(key) || is_format_option(rest) || key == "format" ||
                               key == "value.format" || key == "key.format" || key == "sink.semantic" ||
                               key.starts_with("view.") || (upsert && key.starts_with("scan.startup."));
            if (!known) set(key, value);
        }
        as_source();
        as_sink();
    }

    /// The lake and the warehouse are ours: Flink writes what they would read.
    void to_topic(const std::string& connector) {
        const bool upsert = role_.primary_key;
        const std::string topic = ours("topic").empty() ? role_.name : ours("topic");
        set("connector", upsert ? "upsert-kafka" : "kafka");
        set("topic", topic);
        set("properties.bootstrap.servers", options_.bootstrap);
        if (upsert) set("key.format", "json");
        const std::string part = upsert ? "value." : "";
        set(part + "format", "json");
        set(part + "json.timestamp-format.standard", "ISO-8601");
        set(part + "json.encode.decimal-as-plain-number", "true");
        as_sink();
        out_.notes.push_back(
            fmt::format("connector '{}' of millrace: the rows go to the topic {}", connector, topic));
        out_.elsewhere =
            fmt::format("rows of \"{}\" ('{}') go to the topic \"{}\"", role_.name, connector, topic);
        out_.help = connector == "iceberg"
                        ? "--lake names an Iceberg catalog that Flink writes itself; or let a "
                          "connector take them from there"
                        : "let a connector take them from there into the warehouse you have";
    }

    void iceberg() {
        set("connector", "iceberg");
        const auto take = [&](const char* key, const std::string& fallback) {
            set(key, ours(key).empty() ? fallback : ours(key));
        };
        take("catalog-name", "lake");
        take("catalog-type", "hadoop");
        take("warehouse", options_.lake);
        take("catalog-database", "default");
        take("catalog-table", role_.name);
        if (role_.primary_key) {
            set("format-version", "2");
            set("write.upsert.enabled", "true");
        }
        for (const auto& [key, value] : ours_) {
            const bool not_flinks =
                is_ours(key) || key == "partition-by" || key == "commit-interval" || key == "topic";
            if (!not_flinks) set(key, value);
        }
        out_.notes.push_back(
            "Flink makes the table unpartitioned if it is not there; needs the Iceberg runtime on its class "
            "path");
    }

    const TextOptions& ours_;
    const TableRole& role_;
    const FlinkOptions& options_;
    MappedOptions out_;
};

}  // namespace

MappedOptions map_options(const TextOptions& ours, const TableRole& role, const FlinkOptions& options) {
    return Mapper(ours, role, options).run();
}

std::string with_clause(const TextOptions& options) {
    std::string out = "WITH (";
    for (std::size_t i = 0; i < options.size(); ++i) {
        out += fmt::format("{}\n  {} = {}", i == 0 ? "" : ",", literal(options[i].first),
                           literal(options[i].second));
    }
    return out + "\n)";
}

}  // namespace mr::emit
