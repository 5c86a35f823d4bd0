// ReadPlan: how a writer's schema is resolved. Following it is in read_run.cc.
#include "formats/avro/read_plan.h"

#include <algorithm>
#include <map>
#include <optional>

#include "formats/avro/default_datum.h"
#include "formats/avro/logical_type.h"

namespace mr::formats::avro {

namespace {

using Op = ReadPlan::Op;
using Node = ReadPlan::Node;

/// Unions of records of unions multiply; schemas people write need a few hundred nodes.
constexpr std::size_t kNodesMax = 200'000;

std::string name_of(const Schema& schema) {
    if (schema.is_named()) return std::string(to_string(schema.type)) + " " + schema.full_name();
    return std::string(to_string(schema.type));
}

bool same_name(const Schema& writer, const Schema& reader) {
    return writer.name == reader.name ||
           std::ranges::find(reader.aliases, writer.full_name()) != reader.aliases.end();
}

/// Of the same type, and of the same name where that counts (records are matched by their fields).
bool matches(const Schema& writer, const Schema& reader) {
    if (writer.type != reader.type) return false;
    switch (writer.type) {
        case Type::fixed:
            return writer.size == reader.size && same_name(writer, reader);
        case Type::enumeration:
            return same_name(writer, reader);
        default:
            return true;
    }
}

/// The branch of the reader's union a writer's value goes to: of its name, of its type, one it promotes to.
const Schema* choose_branch(const Schema& reader, const Schema& writer) {
    for (const Schema* part : reader.parts) {
        if (matches(writer, *part) && (!writer.is_named() || same_name(writer, *part))) return part;
    }
    for (const Schema* part : reader.parts) {
        if (matches(writer, *part)) return part;
    }
    for (const Schema* part : reader.parts) {
        if (promotes(writer.type, part->type)) return part;
    }
    return nullptr;
}

const Field* field_of(const Schema& record, std::string_view name) {
    const auto at = std::ranges::find(record.fields, name, &Field::name);
    return at == record.fields.end() ? nullptr : &*at;
}

/// Where the writer put what the reader calls `field`.
const Field* written_field(const Schema& writer, const Field& field) {
    if (const Field* same = field_of(writer, field.name)) return same;
    for (const std::string& alias : field.aliases) {
        if (const Field* renamed = field_of(writer, alias)) return renamed;
    }
    return nullptr;
}

std::pair<std::int64_t, std::int64_t> range_of(TypeKind kind) {
    switch (kind) {
        case TypeKind::tinyint:
            return {INT8_MIN, INT8_MAX};
        case TypeKind::smallint:
            return {INT16_MIN, INT16_MAX};
        case TypeKind::bigint:
            return {INT64_MIN, INT64_MAX};
        default:
            return {INT32_MIN, INT32_MAX};
    }
}

}  // namespace

class PlanMaker {
  public:
    explicit PlanMaker(ReadPlan& plan) : plan_(plan) {}

    std::optional<Error> failed;

    std::uint32_t root(const Schema& writer, const Schema* reader) {
        if (writer.type == Type::union_of) {
            Node node{.op = Op::branch};
            for (const Schema* part : writer.parts) node.children.push_back(root(*part, reader));
            return add(std::move(node));
        }
        if (writer.type == Type::null) return add({.op = Op::null});
        if (writer.type == Type::record) return value(writer, reader, plan_.row_);
        const auto& fields = *plan_.row_.children;
        if (fields.size() > 1)
            return fail(writer, fmt::format("a table of {} columns", fields.size()), "a record is needed");
        if (fields.empty()) return skip(writer);
        Node node{.op = Op::single};
        node.children.push_back(value(writer, reader, fields[0].type));
        return add(std::move(node));
    }

  private:
    std::uint32_t add(Node node) {
        if (plan_.nodes_.size() >= kNodesMax && !failed) {
            failed = Error{Code::resource_exhausted,
                           fmt::format("the schema needs more than {} reading steps", kNodesMax)};
        }
        if (failed && !plan_.nodes_.empty()) return 0;
        plan_.nodes_.push_back(std::move(node));
        return static_cast<std::uint32_t>(plan_.nodes_.size() - 1);
    }
    std::uint32_t fail(const Schema& writer, std::string_view target, std::string_view more = {}) {
        return add({.op = Op::fail,
                    .text = fmt::format("the writer's {} cannot be read as {}{}{}", name_of(writer), target,
                                        more.empty() ? "" : ": ", more)});
    }

    /// A value of `writer`, resolved against `reader` if there is one, into a column of type `t`.
    std::uint32_t value(const Schema& writer, const Schema* reader, const DataType& t) {
        if (failed) return 0;
        if (writer.type == Type::union_of) {
            Node node{.op = Op::branch};
            for (const Schema* part : writer.parts) node.children.push_back(value(*part, reader, t));
            return add(std::move(node));
        }
        if (reader != nullptr && reader->type == Type::union_of) {
            const Schema* branch = choose_branch(*reader, writer);
            if (branch == nullptr) return fail(writer, "any branch of the reader's union");
            reader = branch;
        }
        if (reader != nullptr && !matches(writer, *reader) && !promotes(writer.type, reader->type))
            return fail(writer, "the reader's " + name_of(*reader));
        if (writer.type == Type::null) return add({.op = Op::null});
        switch (t.kind) {
            case TypeKind::array:
            case TypeKind::map:
            case TypeKind::row:
                return nested(writer, reader, t);
            default:
                return scalar(writer, reader, t);
        }
    }

    std::uint32_t scalar(const Schema& writer, const Schema* reader, const DataType& t) {
        LogicalType logical = logical_type(writer);
        if (logical.kind == Logical::none && reader != nullptr) logical = logical_type(*reader);
        const bool whole = writer.type == Type::int32 || writer.type == Type::int64;
        switch (t.kind) {
            case TypeKind::boolean:
                if (writer.type == Type::boolean) return add({.op = Op::boolean});
                break;
            case TypeKind::tinyint:
            case TypeKind::smallint:
            case TypeKind::integer:
            case TypeKind::bigint:
                if (writer.type == Type::int32 || (whole && t.kind == TypeKind::bigint)) {
                    const auto [low, high] = range_of(t.kind);
                    return add({.op = Op::integer, .low = low, .high = high});
                }
                break;
            case TypeKind::float_:
            case TypeKind::double_:
                if (whole) return add({.op = Op::integer_to_real});
                if (writer.type == Type::float32) return add({.op = Op::float32});
                if (writer.type == Type::float64 && t.kind == TypeKind::double_)
                    return add({.op = Op::float64});
                break;
            case TypeKind::decimal:
                return decimal(writer, logical, t);
            case TypeKind::string:
                return text(writer, reader, logical);
            case TypeKind::bytes:
                if (writer.type == Type::fixed) return add({.op = Op::fixed, .low = writer.size});
                if (writer.type == Type::bytes || writer.type == Type::string) return add({.op = Op::text});
                break;
            default:
                return temporal(writer, logical, t);
        }
        return fail(writer, t.to_string());
    }

    std::uint32_t decimal(const Schema& writer, const LogicalType& logical, const DataType& t) {
        // Bytes without the logical type: the column says what they mean, as in Flink.
        const int scale = logical.kind == Logical::decimal ? logical.scale : t.scale;
        if (writer.type == Type::bytes) return add({.op = Op::decimal, .scale = scale});
        if (writer.type == Type::fixed)
            return add({.op = Op::decimal_fixed, .scale = scale, .low = writer.size});
        return fail(writer, t.to_string());
    }

    std::uint32_t text(const Schema& writer, const Schema* reader, const LogicalType& logical) {
        if (writer.type == Type::string || writer.type == Type::bytes) return add({.op = Op::text, .low = 1});
        if (writer.type == Type::fixed && logical.kind == Logical::uuid) return add({.op = Op::uuid});
        if (writer.type != Type::enumeration) return fail(writer, "STRING");
        Node node{.op = Op::symbol};
        for (const std::string& symbol : writer.symbols) {
            const bool known =
                reader == nullptr || std::ranges::find(reader->symbols, symbol) != reader->symbols.end();
            node.symbols.push_back(known ? symbol : reader->enum_default.value_or(""));
        }
        return add(std::move(node));
    }

    std::uint32_t temporal(const Schema& writer, const LogicalType& logical, const DataType& t) {
        const Logical kind = logical.kind;
        const bool whole = writer.type == Type::int32 || writer.type == Type::int64;
        constexpr std::int64_t kDayMs = 86'400'000;
        if (t.kind == TypeKind::date && writer.type == Type::int32 &&
            (kind == Logical::date || kind == Logical::none))
            return add({.op = Op::integer, .low = INT32_MIN, .high = INT32_MAX});
        if (t.kind == TypeKind::time && writer.type == Type::int32 &&
            (kind == Logical::time_millis || kind == Logical::none))
            return add({.op = Op::integer, .low = 0, .high = kDayMs - 1});
        if (t.kind == TypeKind::time && kind == Logical::time_micros)
            return add({.op = Op::ticks, .low = 1, .high = 1'000});
        if (t.is_timestamp() && whole &&
            (kind == Logical::timestamp || kind == Logical::local_timestamp || kind == Logical::none)) {
            const std::int64_t to = t.time_unit();
            const std::int64_t from = kind == Logical::none ? to : logical.units_a_second;
            return add({.op = Op::ticks,
                        .low = std::max<std::int64_t>(to / from, 1),
                        .high = std::max<std::int64_t>(from / to, 1)});
        }
        return fail(writer, t.to_string());
    }

    std::uint32_t nested(const Schema& writer, const Schema* reader, const DataType& t) {
        const Schema* part = reader == nullptr || reader->parts.empty() ? nullptr : reader->parts.front();
        if (t.kind == TypeKind::array && writer.type == Type::array) {
            Node node{.op = Op::array};
            node.children.push_back(value(*writer.parts.front(), part, t.child(0).type));
            return add(std::move(node));
        }
        if (t.kind == TypeKind::map && writer.type == Type::map) {
            if (t.child(0).type.kind != TypeKind::string)
                return fail(writer, t.to_string(), "its keys are strings");
            Node node{.op = Op::map};
            node.children.push_back(value(*writer.parts.front(), part, t.child(1).type));
            return add(std::move(node));
        }
        if (t.kind == TypeKind::row && writer.type == Type::record) return record(writer, reader, t);
        return fail(writer, t.to_string());
    }

    std::uint32_t record(const Schema& writer, const Schema* reader, const DataType& t) {
        Node node{.op = Op::record};
        node.slots.assign(writer.fields.size(), {.node = 0, .target = -1});
        for (std::size_t i = 0; i < t.children->size(); ++i) {
            const mr::Field& column = t.child(i);
            const int target = static_cast<int>(i);
            const Field* wanted = reader == nullptr ? nullptr : field_of(*reader, column.name);
            if (reader != nullptr && wanted == nullptr) {
                if (!failed) {
                    failed = Error{Code::invalid_argument,
                                   fmt::format("{} has no field `{}`", name_of(*reader), column.name)};
                }
                return 0;
            }
            const Field* written =
                wanted == nullptr ? field_of(writer, column.name) : written_field(writer, *wanted);
            const auto at = written == nullptr ? writer.fields.size()
                                               : static_cast<std::size_t>(written - writer.fields.data());
            if (written != nullptr && node.slots[at].target < 0) {
                const std::uint32_t child =
                    value(*written->type, wanted == nullptr ? nullptr : wanted->type, column.type);
                node.slots[at] = {.node = child, .target = target};
            } else {
                node.fills.push_back(fill(target, wanted, writer, column));
            }
        }
        for (std::size_t i = 0; i < writer.fields.size(); ++i) {
            if (node.slots[i].target < 0) node.slots[i].node = skip(*writer.fields[i].type);
        }
        return add(std::move(node));
    }

    /// What stands for a field the writer does not have: the reader's default, else NULL.
    ReadPlan::Fill fill(int target, const Field* wanted, const Schema& writer, const mr::Field& column) {
        ReadPlan::Fill out{.target = target, .node = -1, .datum = {}};
        if (wanted == nullptr) return out;
        if (!wanted->default_json) {
            const std::uint32_t node = add(
                {.op = Op::fail,
                 .text = fmt::format("is missing in the writer's {} and has no default", name_of(writer))});
            out.node = static_cast<int>(node);
            return out;
        }
        auto datum = encode_default(*wanted->default_json, *wanted->type);
        if (!datum) {
            if (!failed)
                failed = Error{datum.error().code,
                               fmt::format("field `{}`: {}", column.name, datum.error().message)};
            return out;
        }
        out.datum = std::move(*datum);
        out.node = static_cast<int>(value(*wanted->type, nullptr, column.type));
        return out;
    }

    /// Skipping is the same wherever a schema stands, and records may contain themselves.
    std::uint32_t skip(const Schema& writer) {
        if (const auto known = skips_.find(&writer); known != skips_.end()) return known->second;
        const std::uint32_t at = add({.op = Op::null});
        skips_.emplace(&writer, at);
        Node node;
        switch (writer.type) {
            case Type::null:
                node.op = Op::skip_fixed;
                break;
            case Type::boolean:
                node = {.op = Op::skip_fixed, .low = 1};
                break;
            case Type::float32:
                node = {.op = Op::skip_fixed, .low = 4};
                break;
            case Type::float64:
                node = {.op = Op::skip_fixed, .low = 8};
                break;
            case Type::fixed:
                node = {.op = Op::skip_fixed, .low = writer.size};
                break;
            case Type::int32:
            case Type::int64:
            case Type::enumeration:
                node.op = Op::skip_varint;
                break;
            case Type::bytes:
            case Type::string:
                node.op = Op::skip_sized;
                break;
            case Type::array:
            case Type::map:
                node.op = writer.type == Type::array ? Op::skip_array : Op::skip_map;
                node.children.push_back(skip(*writer.parts.front()));
                break;
            case Type::union_of:
                node.op = Op::skip_branch;
                for (const Schema* part : writer.parts) node.children.push_back(skip(*part));
                break;
            case Type::record:
                node.op = Op::skip_record;
                for (const Field& field : writer.fields) node.children.push_back(skip(*field.type));
                break;
        }
        if (!failed) plan_.nodes_[at] = std::move(node);
        return at;
    }

    ReadPlan& plan_;
    std::map<const Schema*, std::uint32_t> skips_;
};

Result<ReadPlan> ReadPlan::make(const Schema& writer, const Schema* reader, const mr::Schema& columns) {
    ReadPlan plan;
    plan.row_ = DataType::row(columns.fields);
    for (const mr::Field& f : columns.fields) plan.names_.push_back(f.name);
    PlanMaker maker(plan);
    plan.root_ = maker.root(writer, reader);
    if (maker.failed) return std::unexpected(std::move(*maker.failed));
    return plan;
}

std::vector<std::string> ReadPlan::failures() const {
    std::vector<std::string> out;
    for (const Node& node : nodes_) {
        if (node.op == Op::fail) out.push_back(node.text);
    }
    return out;
}

}  // namespace mr::formats::avro
