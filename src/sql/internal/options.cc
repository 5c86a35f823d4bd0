#include "sql/internal/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/quantity.h"
#include "base/suggest.h"
#include "plan/datagen.h"

namespace mr::sql {
namespace {

using Names = std::vector<std::string>;

enum class Kind : std::uint8_t { text, boolean, integer, duration };

struct KnownOption {
    std::string_view key;
    Kind kind = Kind::text;
};

/// Options every table takes.
constexpr KnownOption kCommon[] = {
    {"connector"},       {"strict", Kind::boolean},     {"accept-async", Kind::boolean},
    {"time-column"},     {"retention", Kind::duration}, {"idle-timeout", Kind::duration},
    {"late", Kind::text}};

constexpr KnownOption kKafka[] = {{"topic"},
                                  {"topic-pattern"},
                                  {"format"},
                                  {"key.format"},
                                  {"key.fields"},
                                  {"key.fields-prefix"},
                                  {"value.format"},
                                  {"value.fields-include"},
                                  {"scan.startup.mode"},
                                  {"scan.startup.specific-offsets"},
                                  {"scan.startup.timestamp-millis", Kind::integer},
                                  {"scan.bounded.mode"},
                                  {"scan.bounded.specific-offsets"},
                                  {"scan.bounded.timestamp-millis", Kind::integer},
                                  {"scan.topic-partition-discovery.interval", Kind::duration},
                                  {"scan.watermark.emit.strategy"},
                                  {"scan.watermark.idle-timeout", Kind::duration},
                                  {"scan.watermark.alignment.group"},
                                  {"scan.parallelism", Kind::integer},
                                  {"sink.partitioner"},
                                  {"sink.delivery-guarantee"},
                                  {"sink.transactional-id-prefix"},
                                  {"sink.semantic"},
                                  {"sink.parallelism", Kind::integer},
                                  {"sink.buffer-flush.max-rows", Kind::integer},
                                  {"sink.buffer-flush.interval", Kind::duration},
                                  {"partitions", Kind::integer},
                                  {"replication-factor", Kind::integer}};

constexpr KnownOption kFilesystem[] = {{"path"},
                                       {"format"},
                                       {"partition.default-name"},
                                       {"source.monitor-interval", Kind::duration},
                                       {"source.path.regex-pattern"},
                                       {"source.report-statistics"},
                                       {"sink.rolling-policy.file-size"},
                                       {"sink.rolling-policy.rollover-interval", Kind::duration},
                                       {"sink.rolling-policy.check-interval", Kind::duration},
                                       {"sink.rolling-policy.inactivity-interval", Kind::duration},
                                       {"sink.partition-commit.trigger"},
                                       {"sink.partition-commit.delay", Kind::duration},
                                       {"sink.partition-commit.watermark-time-zone"},
                                       {"sink.partition-commit.policy.kind"},
                                       {"sink.partition-commit.success-file.name"},
                                       {"sink.shuffle-by-partition.enable", Kind::boolean},
                                       {"sink.parallelism", Kind::integer},
                                       {"partition.time-extractor.kind"},
                                       {"partition.time-extractor.timestamp-pattern"},
                                       {"partition.time-extractor.timestamp-formatter"},
                                       {"auto-compaction", Kind::boolean},
                                       {"compaction.file-size"}};

constexpr KnownOption kIceberg[] = {{"catalog-name"},
                                    {"catalog-type"},
                                    {"catalog-database"},
                                    {"catalog-table"},
                                    {"warehouse"},
                                    {"uri"},
                                    {"write-format"},
                                    {"write.upsert.enabled", Kind::boolean},
                                    {"partition-by"},
                                    {"commit-interval", Kind::duration},
                                    {"topic"}};

constexpr KnownOption kWarehouse[] = {{"table"}, {"schema"}, {"topic"}};

constexpr KnownOption kDatagen[] = {{"rows-per-second", Kind::integer},
                                    {"number-of-rows", Kind::integer},
                                    {"scan.parallelism", Kind::integer}};

constexpr KnownOption kPrint[] = {
    {"print-identifier"}, {"standard-error", Kind::boolean}, {"sink.parallelism", Kind::integer}};

/// Options of formats, without the "value." or "key." that may stand before them.
constexpr KnownOption kFormats[] = {{"json.fail-on-missing-field", Kind::boolean},
                                    {"json.ignore-parse-errors", Kind::boolean},
                                    {"json.timestamp-format.standard"},
                                    {"json.map-null-key.mode"},
                                    {"json.map-null-key.literal"},
                                    {"json.encode.decimal-as-plain-number", Kind::boolean},
                                    {"json.encode.ignore-null-fields", Kind::boolean},
                                    {"csv.field-delimiter"},
                                    {"csv.disable-quote-character", Kind::boolean},
                                    {"csv.quote-character"},
                                    {"csv.allow-comments", Kind::boolean},
                                    {"csv.ignore-parse-errors", Kind::boolean},
                                    {"csv.array-element-delimiter"},
                                    {"csv.escape-character"},
                                    {"csv.null-literal"},
                                    {"avro-confluent.url"},
                                    {"avro-confluent.subject"},
                                    {"avro-confluent.schema"},
                                    {"avro.codec"},
                                    {"avro.timestamp_mapping.legacy", Kind::boolean},
                                    {"avro.encoding"},
                                    {"protobuf.message-class-name"},
                                    {"protobuf.ignore-parse-errors", Kind::boolean},
                                    {"protobuf.schema"},
                                    {"protobuf.read-default-values", Kind::boolean},
                                    {"protobuf.write-null-string-literal"},
                                    {"debezium-json.schema-include", Kind::boolean},
                                    {"debezium-json.ignore-parse-errors", Kind::boolean},
                                    {"debezium-json.timestamp-format.standard"},
                                    {"debezium-json.map-null-key.mode"},
                                    {"debezium-json.map-null-key.literal"},
                                    {"debezium-json.encode.decimal-as-plain-number", Kind::boolean},
                                    {"debezium-json.encode.ignore-null-fields", Kind::boolean},
                                    {"raw.charset"},
                                    {"raw.endianness"}};

struct Connector {
    std::string_view name;
    std::span<const KnownOption> options;
    bool has_format = false;
    /// Keys that may start with this and go on freely.
    std::array<std::string_view, 3> open = {"", "", ""};
};
constexpr Connector kConnectors[] = {
    {"kafka", kKafka, true, {"properties.", "", ""}},
    {"upsert-kafka", kKafka, true, {"properties.", "", ""}},
    {"filesystem", kFilesystem, true, {"", "", ""}},
    {"iceberg", kIceberg, false, {"write.", "s3.", "catalog."}},
    {"warehouse", kWarehouse, false, {"", "", ""}},
    {"datagen", kDatagen, false, {"fields.", "", ""}},
    {"print", kPrint, false, {"", "", ""}},
    {"blackhole", {}, false, {"", "", ""}},
    {"nexmark", {}, false, {"", "", ""}},
    {"clickhouse", {}, false, {"clickhouse.", "", ""}},
    {"jdbc", {}, false, {"", "", ""}},
};
constexpr std::string_view kFormatNames[] = {
    "json", "csv", "avro", "avro-confluent", "protobuf", "debezium-json", "debezium-avro-confluent", "raw"};

constexpr KnownOption kViewOptions[] = {{"view.retention", Kind::duration},
                                        {"view.max-rows", Kind::integer},
                                        {"view.time-column"},
                                        {"topic"},
                                        {"partitions", Kind::integer},
                                        {"value.format"},
                                        {"key.format"},
                                        {"format"}};

class Checker {
  public:
    Checker(const SourceFile& file, Diagnostics& diagnostics) : file_(file), diagnostics_(diagnostics) {}

    bool good = true;

    void error(Span span, std::string_view code, std::string message, std::string note = {},
               std::string help = {}) {
        diagnostics_.error(file_, span, code, {std::move(message), std::move(note), std::move(help)});
        good = false;
    }

    void add(const ast::OptionItem& item, plan::Table& table) {
        const Place p = file_.place(item.key.span.begin);
        if (table.options.contains(item.key.text)) {
            error(item.key.span, code::kDuplicate, fmt::format("option '{}' is there twice", item.key.text));
            return;
        }
        table.options[item.key.text] = {item.value.text, p.line, p.col};
    }

    /// Is the value of the kind the option takes?
    void value(const ast::OptionItem& item, const KnownOption& option) {
        const std::string& v = item.value.text;
        switch (option.kind) {
            case Kind::text:
                return;
            case Kind::boolean:
                if (v != "true" && v != "false") {
                    error(item.value.span, code::kOptionValue,
                          fmt::format("option '{}' is 'true' or 'false'", option.key));
                }
                return;
            case Kind::integer: {
                std::int64_t n = 0;
                const auto [end, failed] = std::from_chars(v.data(), v.data() + v.size(), n);
                if (failed != std::errc{} || end != v.data() + v.size() || n < 0) {
                    error(item.value.span, code::kOptionValue,
                          fmt::format("option '{}' is a number", option.key));
                }
                return;
            }
            case Kind::duration:
                if (auto d = parse_duration_ms(v); !d) {
                    error(item.value.span, code::kOptionValue,
                          fmt::format("option '{}': {}", option.key, d.error().message));
                }
                return;
        }
    }

    void unknown(const ast::OptionItem& item, std::string_view of, const Names& names) {
        std::string note;
        if (const auto near = nearest_name(item.key.text, names))
            note = fmt::format("did you mean '{}'?", *near);
        std::string list;
        for (std::size_t i = 0; i < names.size() && i < 14; ++i) list += (i == 0 ? "" : ", ") + names[i];
        if (names.size() > 14) list += ", …";
        error(item.key.span, code::kOption, fmt::format("{} has no option '{}'", of, item.key.text), note,
              "options are " + list);
    }

    void choice(const ast::OptionItem& item, const Names& values) {
        if (std::ranges::find(values, item.value.text) != values.end()) return;
        std::string note;
        if (const auto near = nearest_name(item.value.text, values))
            note = fmt::format("did you mean '{}'?", *near);
        std::string list;
        for (const std::string& v : values) list += (list.empty() ? "'" : ", '") + v + "'";
        error(item.value.span, code::kOptionValue,
              fmt::format("option '{}' cannot be '{}'", item.key.text, item.value.text), note,
              "it is one of " + list);
    }

  private:
    const SourceFile& file_;
    Diagnostics& diagnostics_;
};

const KnownOption* find(std::span<const KnownOption> options, std::string_view key) {
    const auto it = std::ranges::find(options, key, &KnownOption::key);
    return it == options.end() ? nullptr : &*it;
}

std::string_view without_part(std::string_view key) {
    if (key.starts_with("value.")) key.remove_prefix(6);
    if (key.starts_with("key.")) key.remove_prefix(4);
    return key;
}

Names format_names() {
    return {std::begin(kFormatNames), std::end(kFormatNames)};
}

void check_known_values(Checker& check, const ast::OptionItem& item, bool files = false) {
    const std::string& k = item.key.text;
    if (k == "format" || k == "value.format" || k == "key.format")
        check.choice(item, files ? Names{"json", "csv", "raw", "parquet"} : format_names());
    if (k == "sink.partition-commit.policy.kind") check.choice(item, {"success-file"});
    if (k == "scan.startup.mode") {
        check.choice(item,
                     {"earliest-offset", "latest-offset", "group-offsets", "timestamp", "specific-offsets"});
    }
    if (k == "scan.bounded.mode") check.choice(item, {"unbounded"});
    if (k.ends_with("json.map-null-key.mode")) check.choice(item, {"FAIL", "DROP", "LITERAL"});
    if (k.ends_with("raw.endianness")) check.choice(item, {"big-endian", "little-endian"});
    if (k.ends_with("raw.charset")) check.choice(item, {"UTF-8", "US-ASCII", "ISO-8859-1"});
    if (k.ends_with("avro.encoding")) check.choice(item, {"binary"});
    if (k == "scan.watermark.emit.strategy") check.choice(item, {"on-event", "on-periodic"});
    if (k == "value.fields-include") check.choice(item, {"ALL", "EXCEPT_KEY"});
    if (k == "sink.delivery-guarantee") check.choice(item, {"exactly-once", "at-least-once", "none"});
    if (k.ends_with("json.timestamp-format.standard")) check.choice(item, {"SQL", "ISO-8601"});
}

const Connector* find_connector(std::string_view name) {
    const auto* it = std::ranges::find(kConnectors, name, &Connector::name);
    return it == std::end(kConnectors) ? nullptr : it;
}

void check_option(Checker& check, const ast::OptionItem& item, const Connector& c) {
    const std::string& key = item.key.text;
    if (c.options.empty() && c.open[0].empty() && c.name != "blackhole") return;  // not ours to know
    const KnownOption* option = find(kCommon, key);
    if (option == nullptr) option = find(c.options, key);
    if (option == nullptr && c.has_format) option = find(kFormats, without_part(key));
    if (option != nullptr) {
        check.value(item, *option);
        check_known_values(check, item, c.name == "filesystem");
        return;
    }
    for (const std::string_view open : c.open) {
        if (!open.empty() && key.starts_with(open)) return;
    }
    Names names;
    for (const KnownOption& o : c.options) names.emplace_back(o.key);
    for (const KnownOption& o : kCommon) names.emplace_back(o.key);
    if (c.has_format) {
        for (const KnownOption& o : kFormats) {
            names.emplace_back(o.key);
            if (key.starts_with("value.")) names.push_back("value." + std::string(o.key));
        }
    }
    check.unknown(item, fmt::format("connector '{}'", c.name), names);
}

/// 'scan.startup.mode' and what it needs.
void check_startup(Checker& check, const plan::Table& table, Span span) {
    const std::string_view mode = table.option("scan.startup.mode");
    const auto pair = [&](std::string_view wanted, std::string_view key) {
        if ((mode == wanted) == table.has_option(key)) return;
        check.error(span, code::kOptionMissing,
                    mode == wanted ? fmt::format("'scan.startup.mode' = '{}' needs '{}'", wanted, key)
                                   : fmt::format("'{}' needs 'scan.startup.mode' = '{}'", key, wanted));
    };
    pair("timestamp", "scan.startup.timestamp-millis");
    pair("specific-offsets", "scan.startup.specific-offsets");
    if (mode == "group-offsets" && !table.has_option("properties.group.id")) {
        check.error(span, code::kOptionMissing,
                    "'scan.startup.mode' = 'group-offsets' needs 'properties.group.id'", {},
                    "and 'properties.auto.offset.reset' = 'earliest' or 'latest' for partitions without a "
                    "committed offset");
    }
}

/// 'key.format' and 'key.fields' belong together.
void check_key(Checker& check, const plan::Table& table, Span span) {
    if (table.has_option("key.fields") && !table.has_option("key.format")) {
        check.error(span, code::kOptionMissing, fmt::format("table \"{}\" has no 'key.format'", table.name),
                    {}, "'key.fields' needs one: add 'key.format' = 'json'");
    }
    if (table.connector() == "kafka" && table.has_option("key.format") && !table.has_option("key.fields")) {
        check.error(span, code::kOptionMissing, fmt::format("table \"{}\" has no 'key.fields'", table.name),
                    {}, "'key.format' needs to know which columns a record's key holds");
    }
    if (table.has_option("key.fields-prefix") && table.option("value.fields-include") != "EXCEPT_KEY") {
        check.error(span, code::kOptionMissing,
                    "'key.fields-prefix' needs 'value.fields-include' = 'EXCEPT_KEY'");
    }
}

/// What a connector cannot do without.
void check_required(Checker& check, const plan::Table& table, Span span, const Connector& c) {
    const bool format = table.has_option("format") || table.has_option("value.format");
    if (c.has_format && !format) {
        check.error(span, code::kOptionMissing, fmt::format("table \"{}\" has no 'format'", table.name), {},
                    "add 'format' = 'json' to its WITH (…)");
    }
    for (const auto& [part, schema] :
         {std::pair("format", "protobuf.schema"), std::pair("value.format", "value.protobuf.schema"),
          std::pair("key.format", "key.protobuf.schema")}) {
        if (table.option(part) != "protobuf" || table.has_option(schema)) continue;
        // Without a prefix it is the value's.
        if (schema[0] == 'v' && table.has_option("protobuf.schema")) continue;
        check.error(span, code::kOptionMissing, fmt::format("table \"{}\" has no '{}'", table.name, schema),
                    {}, "give it the text of the .proto file: there are no Java classes here");
    }
    if (c.name == "upsert-kafka" && !table.has_option("key.format")) {
        check.error(span, code::kOptionMissing, fmt::format("table \"{}\" has no 'key.format'", table.name),
                    {}, "an upsert topic has keys: add 'key.format' = 'json' and 'value.format' = 'json'");
    }
    if (c.options.data() == kKafka) {
        check_startup(check, table, span);
        check_key(check, table, span);
    }
    if (c.name == "filesystem" && !table.has_option("path")) {
        check.error(span, code::kOptionMissing, fmt::format("table \"{}\" has no 'path'", table.name));
    }
}

/// Options of Flink's that would change the result and do nothing here must not pass in silence.
void refuse_unfinished(const SourceFile& file, const ast::OptionItem& item, Diagnostics& diagnostics,
                       bool& good) {
    const std::string& k = item.key.text;
    const std::string& v = item.value.text;
    if (k == "topic-pattern") {
        diagnostics.not_yet(file, item.key.span, "tables over several topics ('topic-pattern') are",
                            "declare one table a topic and read their UNION ALL");
        good = false;
    }
    if (k == "auto-compaction" && v == "true") {
        diagnostics.not_yet(file, item.value.span, "compaction of files ('auto-compaction') is",
                            "larger files come of 'sink.rolling-policy.rollover-interval' and 'file-size'");
        good = false;
    }
    const bool format = k == "format" || k == "value.format" || k == "key.format";
    if (format && v == "debezium-avro-confluent") {
        diagnostics.not_yet(file, item.value.span, fmt::format("format '{}' is", v),
                            "formats are json, csv, avro, avro-confluent, protobuf, raw and debezium-json");
        good = false;
    }
}

}  // namespace

bool table_options(const SourceFile& file, const std::vector<ast::OptionItem>& items, Span table_span,
                   Diagnostics& diagnostics, plan::Table& table) {
    Checker check(file, diagnostics);
    for (const ast::OptionItem& item : items) check.add(item, table);
    if (table.has_option("connector.type")) {
        diagnostics.not_yet(file, table_span, "tables of Flink's old form ('connector.type') are",
                            "write 'connector' = '…' and the options of today's Flink");
        return false;
    }
    if (!table.has_option("connector")) {
        check.error(table_span, code::kOptionMissing,
                    fmt::format("table \"{}\" has no 'connector'", table.name), {},
                    "add WITH ('connector' = 'kafka', 'topic' = '…', 'format' = 'json')");
        return false;
    }
    const Connector* c = find_connector(table.connector());
    if (c == nullptr) {
        Names names;
        for (const Connector& known : kConnectors) names.emplace_back(known.name);
        const auto it = std::ranges::find(items, "connector", [](const auto& i) { return i.key.text; });
        check.choice(*it, names);
        return false;
    }
    for (const ast::OptionItem& item : items) {
        check_option(check, item, *c);
        refuse_unfinished(file, item, diagnostics, check.good);
    }
    check_required(check, table, table_span, *c);
    return check.good;
}

bool connector_fits(const SourceFile& file, const std::vector<ast::OptionItem>& items,
                    Diagnostics& diagnostics, const plan::Table& table) {
    if (table.connector() != "datagen") return true;
    const auto spec = plan::datagen_spec(table);
    if (spec) return true;
    const plan::OptionProblem& p = spec.error();
    const auto it = std::ranges::find(items, p.key, [](const auto& i) { return i.key.text; });
    const Span span = it == items.end() ? items.front().key.span : it->key.span;
    diagnostics.error(file, span, code::kOptionValue, {p.message, p.note, p.help});
    return false;
}

bool view_options(const SourceFile& file, const std::vector<ast::OptionItem>& items, Diagnostics& diagnostics,
                  plan::Table& table) {
    Checker check(file, diagnostics);
    for (const ast::OptionItem& item : items) {
        check.add(item, table);
        const std::string& key = item.key.text;
        const KnownOption* option = find(kViewOptions, key);
        if (option == nullptr) option = find(kFormats, without_part(key));
        if (option != nullptr) {
            check.value(item, *option);
            check_known_values(check, item);
            continue;
        }
        Names names;
        for (const KnownOption& o : kViewOptions) names.emplace_back(o.key);
        check.unknown(item, "a materialized view", names);
    }
    return check.good;
}

bool sink_takes_updates(const plan::Table& table) {
    const std::string_view c = table.connector();
    if (c == "upsert-kafka" || c == "print" || c == "blackhole" || c == "jdbc" || c == "clickhouse")
        return true;
    if (c == "iceberg" || c == "warehouse") return !table.primary_key.empty();
    const std::string_view format = table.option("value.format", table.option("format"));
    return c == "kafka" && format.starts_with("debezium");
}

std::vector<MetadataKey> metadata_keys(const plan::Table& table) {
    const std::string_view c = table.connector();
    const auto not_null = [](DataType t) { return t.with_nullable(false); };
    if (c == "filesystem") {
        return {{"file.path", not_null(DataType::string()), false},
                {"file.name", not_null(DataType::string()), false},
                {"file.size", not_null(DataType::bigint()), false},
                {"file.modification-time", not_null(DataType::timestamp_ltz(3)), false}};
    }
    if (c != "kafka" && c != "upsert-kafka") return {};
    return {{"topic", not_null(DataType::string()), true},
            {"partition", not_null(DataType::integer()), true},
            {"headers", not_null(DataType::map(not_null(DataType::string()), DataType::bytes())), true},
            {"leader-epoch", DataType::integer(), false},
            {"offset", not_null(DataType::bigint()), false},
            {"timestamp", not_null(DataType::timestamp_ltz(3)), true},
            {"timestamp-type", not_null(DataType::string()), false}};
}

}  // namespace mr::sql
