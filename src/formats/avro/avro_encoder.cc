#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "columnar/decimal.h"
#include "formats/avro/avro_format.h"
#include "formats/avro/default_datum.h"
#include "formats/avro/logical_type.h"

namespace mr::formats::avro {
namespace {

enum class Op : std::uint8_t {
    boolean,
    integer,
    ticks,  ///< times `multiply`, divided by `divide`
    float32,
    float64,
    text,
    fixed,
    uuid,
    decimal,
    decimal_fixed,
    symbol,
    array,
    map,
    record,
};

struct Node {
    Op op{};
    int null_branch = -1;   ///< of the union around it; -1: NULL cannot be said
    int value_branch = -1;  ///< of the union around it; -1: there is none
    int scale = 0;
    std::int64_t multiply = 1;
    std::int64_t divide = 1;
    std::int64_t size = 0;
    std::string name{};                  ///< of the schema, for messages
    std::vector<std::string> symbols{};  ///< enum
    struct Part {
        int column = -1;      ///< -1: `datum` is written
        std::string datum{};  ///< the default of a field without column
        std::string name{};
    };
    std::vector<Part> parts{};     ///< record
    std::vector<Node> children{};  ///< of parts with a column, in order; the element of arrays and maps
};

class Maker {
  public:
    static Result<Node> value(const mr::DataType& t, const Schema& schema) {
        if (schema.type != Type::union_of) return bare(t, schema);
        int null_branch = -1;
        for (std::size_t i = 0; i < schema.parts.size(); ++i) {
            if (schema.parts[i]->type == Type::null) null_branch = static_cast<int>(i);
        }
        for (std::size_t i = 0; i < schema.parts.size(); ++i) {
            auto node = bare(t, *schema.parts[i]);
            if (!node) continue;
            node->null_branch = null_branch;
            node->value_branch = static_cast<int>(i);
            return node;
        }
        return fail(Code::invalid_argument, "{} fits no branch of the schema's union", t.to_string());
    }

    static Result<Node> record(const std::vector<mr::Field>& fields, const Schema& schema) {
        Node node{.op = Op::record, .name = schema.full_name()};
        std::vector<bool> used(fields.size(), false);
        for (const Field& f : schema.fields) {
            const auto at = std::ranges::find(fields, f.name, &mr::Field::name);
            Node::Part part{.column = -1, .datum = {}, .name = f.name};
            if (at == fields.end()) {
                if (!f.default_json) {
                    return fail(Code::invalid_argument,
                                "field `{}` of the schema has neither a column nor a default", f.name);
                }
                MR_TRY(part.datum, encode_default(*f.default_json, *f.type));
            } else {
                part.column = static_cast<int>(at - fields.begin());
                used[static_cast<std::size_t>(part.column)] = true;
                auto child = value(at->type, *f.type);
                if (!child) return annotate(child.error(), fmt::format("field `{}`", f.name));
                node.children.push_back(std::move(*child));
            }
            node.parts.push_back(std::move(part));
        }
        const auto unused = std::ranges::find(used, false);
        if (unused != used.end()) {
            const auto i = static_cast<std::size_t>(unused - used.begin());
            return fail(Code::invalid_argument, "the schema has no field `{}`", fields[i].name);
        }
        return node;
    }

  private:
    static std::unexpected<Error> misfit(const mr::DataType& t, const Schema& schema) {
        return fail(Code::invalid_argument, "{} cannot be written as {}", t.to_string(),
                    schema.is_named() ? schema.full_name() : std::string(to_string(schema.type)));
    }

    static Result<Node> bare(const mr::DataType& t, const Schema& schema) {
        switch (t.kind) {
            case TypeKind::array:
            case TypeKind::map: {
                const Type wanted = t.kind == TypeKind::array ? Type::array : Type::map;
                if (schema.type != wanted) return misfit(t, schema);
                if (wanted == Type::map && t.child(0).type.kind != TypeKind::string) return misfit(t, schema);
                Node node{.op = wanted == Type::array ? Op::array : Op::map};
                MR_TRY(auto child, value(t.child(wanted == Type::array ? 0 : 1).type, *schema.parts.front()));
                node.children.push_back(std::move(child));
                return node;
            }
            case TypeKind::row:
                if (schema.type != Type::record) return misfit(t, schema);
                return record(*t.children, schema);
            default:
                return scalar(t, schema);
        }
    }

    static Result<Node> scalar(const mr::DataType& t, const Schema& schema) {
        const LogicalType logical = logical_type(schema);
        const Type s = schema.type;
        switch (t.kind) {
            case TypeKind::boolean:
                if (s == Type::boolean) return Node{.op = Op::boolean};
                break;
            case TypeKind::tinyint:
            case TypeKind::smallint:
            case TypeKind::integer:
                if (s == Type::int32 || s == Type::int64) return Node{.op = Op::integer};
                break;
            case TypeKind::bigint:
                if (s == Type::int64) return Node{.op = Op::integer};
                break;
            case TypeKind::float_:
            case TypeKind::double_:
                if (s == Type::float64) return Node{.op = Op::float64};
                if (s == Type::float32 && t.kind == TypeKind::float_) return Node{.op = Op::float32};
                break;
            case TypeKind::string:
                if (s == Type::string || s == Type::bytes) return Node{.op = Op::text};
                if (s == Type::enumeration)
                    return Node{.op = Op::symbol, .name = schema.full_name(), .symbols = schema.symbols};
                if (logical.kind == Logical::uuid) return Node{.op = Op::uuid};
                break;
            case TypeKind::bytes:
                if (s == Type::bytes) return Node{.op = Op::text};
                if (s == Type::fixed)
                    return Node{.op = Op::fixed, .size = schema.size, .name = schema.full_name()};
                break;
            case TypeKind::decimal:
                if (logical.kind == Logical::decimal && logical.scale >= t.scale) {
                    const bool fixed = s == Type::fixed;
                    return Node{.op = fixed ? Op::decimal_fixed : Op::decimal,
                                .scale = logical.scale,
                                .size = schema.size,
                                .name = schema.full_name()};
                }
                break;
            default:
                return temporal(t, schema, logical);
        }
        return misfit(t, schema);
    }

    static Result<Node> temporal(const mr::DataType& t, const Schema& schema, const LogicalType& logical) {
        const Logical kind = logical.kind;
        if (t.kind == TypeKind::date && schema.type == Type::int32 &&
            (kind == Logical::date || kind == Logical::none))
            return Node{.op = Op::integer};
        if (t.kind == TypeKind::time && schema.type == Type::int32 &&
            (kind == Logical::time_millis || kind == Logical::none))
            return Node{.op = Op::integer};
        if (t.kind == TypeKind::time && kind == Logical::time_micros)
            return Node{.op = Op::ticks, .multiply = 1'000};
        const bool stamp = kind == Logical::timestamp || kind == Logical::local_timestamp ||
                           (kind == Logical::none && schema.type == Type::int64);
        if (t.is_timestamp() && stamp) {
            const std::int64_t from = t.time_unit();
            const std::int64_t to = kind == Logical::none ? from : logical.units_a_second;
            return Node{.op = Op::ticks,
                        .multiply = std::max<std::int64_t>(to / from, 1),
                        .divide = std::max<std::int64_t>(from / to, 1)};
        }
        return misfit(t, schema);
    }
};

/// The shortest two's complement, big-endian.
std::string_view decimal_bytes(Int128 v, char (&buffer)[16]) {
    for (int i = 15; i >= 0; --i) {
        buffer[i] = static_cast<char>(v & 0xff);
        v >>= 8;
    }
    std::size_t from = 0;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(buffer[i]); };
    while (from < 15 &&
           ((byte(from) == 0 && byte(from + 1) < 0x80) || (byte(from) == 0xff && byte(from + 1) >= 0x80)))
        ++from;
    return {buffer + from, 16 - from};
}

class Encoder final : public RowEncoder {
  public:
    Encoder(Node root, std::optional<std::int32_t> id) : root_(std::move(root)), id_(id) {}

    Result<bool> encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) override {
        const std::size_t before = out.size();
        ByteWriter to(out, Endian::big);
        if (id_) {
            to.u8(0);
            to.i32(*id_);
        }
        ByteWriter body(out);
        Status status = write_parts(body, root_, columns, row);
        if (status) return true;
        out.resize(before);
        return std::unexpected(std::move(status).error());
    }

  private:
    static Status write_parts(ByteWriter& out, const Node& node, std::span<const ColumnPtr> columns,
                              std::size_t row) {
        if (node.value_branch >= 0) out.varint(node.value_branch);
        std::size_t child = 0;
        for (const Node::Part& part : node.parts) {
            if (part.column < 0) {
                out.raw(part.datum);
                continue;
            }
            const Status status =
                write(out, node.children[child++], *columns[static_cast<std::size_t>(part.column)], row);
            if (!status) return annotate(status.error(), fmt::format("field `{}`", part.name));
        }
        return {};
    }

    static Status write(ByteWriter& out, const Node& node, const Column& c, std::size_t row) {
        if (c.type().kind == TypeKind::null || c.is_null(row)) {
            if (node.null_branch < 0)
                return fail(Code::invalid_argument, "is NULL, and the schema has no null there");
            out.varint(node.null_branch);
            return {};
        }
        if (node.op == Op::record) return write_record(out, node, c, row);
        if (node.value_branch >= 0) out.varint(node.value_branch);
        switch (node.op) {
            case Op::boolean:
                out.u8(c.boolean(row) ? 1 : 0);
                return {};
            case Op::integer:
                out.varint(c.integer(row));
                return {};
            case Op::ticks:
                return write_ticks(out, node, c.integer(row));
            case Op::float32:
                out.f32(static_cast<float>(c.real(row)));
                return {};
            case Op::float64:
                out.f64(c.real(row));
                return {};
            case Op::text:
                out.varint(static_cast<std::int64_t>(c.text(row).size()));
                out.raw(c.text(row));
                return {};
            case Op::array:
            case Op::map:
                return write_list(out, node, c, row);
            default:
                return write_rarer(out, node, c, row);
        }
    }

    static Status write_record(ByteWriter& out, const Node& node, const Column& c, std::size_t row) {
        std::vector<ColumnPtr> children;
        for (std::size_t i = 0; i < c.child_count(); ++i) children.push_back(c.child(i));
        return write_parts(out, node, children, row);
    }

    static Status write_list(ByteWriter& out, const Node& node, const Column& c, std::size_t row) {
        const std::uint32_t begin = c.list_begin(row), end = c.list_end(row);
        if (end > begin) out.varint(end - begin);
        for (std::uint32_t i = begin; i < end; ++i) {
            if (node.op == Op::map) {
                out.varint(static_cast<std::int64_t>(c.child(0)->text(i).size()));
                out.raw(c.child(0)->text(i));
            }
            const std::size_t child = node.op == Op::map ? 1 : 0;
            MR_TRY_VOID(write(out, node.children[0], *c.child(child), i));
        }
        out.varint(0);
        return {};
    }

    static Status write_ticks(ByteWriter& out, const Node& node, std::int64_t v) {
        std::int64_t scaled = 0;
        if (__builtin_mul_overflow(v, node.multiply, &scaled))
            return fail(Code::invalid_argument, "the time is out of range for the schema's unit");
        if (node.divide > 1) scaled = scaled / node.divide - (scaled % node.divide < 0 ? 1 : 0);
        out.varint(scaled);
        return {};
    }

    static Status write_rarer(ByteWriter& out, const Node& node, const Column& c, std::size_t row) {
        if (node.op == Op::decimal || node.op == Op::decimal_fixed) return write_decimal(out, node, c, row);
        const std::string_view text = c.text(row);
        if (node.op == Op::fixed) {
            if (static_cast<std::int64_t>(text.size()) != node.size)
                return fail(Code::invalid_argument, "{} bytes, and {} has {}", text.size(), node.name,
                            node.size);
            out.raw(text);
            return {};
        }
        if (node.op == Op::symbol) {
            const auto at = std::ranges::find(node.symbols, text);
            if (at == node.symbols.end())
                return fail(Code::invalid_argument, "`{}` is no symbol of {}", text.substr(0, 60), node.name);
            out.varint(at - node.symbols.begin());
            return {};
        }
        return write_uuid(out, text);
    }

    static Status write_uuid(ByteWriter& out, std::string_view text) {
        std::string raw;
        int high = -1;
        for (const char c : text) {
            if (c == '-') continue;
            const char lower = static_cast<char>(c | 32);
            const int digit = c >= '0' && c <= '9'           ? c - '0'
                              : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                                             : -1;
            if (digit < 0) return fail(Code::invalid_argument, "`{}` is no UUID", text.substr(0, 60));
            if (high < 0) {
                high = digit;
            } else {
                raw.push_back(static_cast<char>(high * 16 + digit));
                high = -1;
            }
        }
        if (raw.size() != 16 || high >= 0)
            return fail(Code::invalid_argument, "`{}` is no UUID", text.substr(0, 60));
        out.raw(raw);
        return {};
    }

    static Status write_decimal(ByteWriter& out, const Node& node, const Column& c, std::size_t row) {
        const auto v = decimal_rescale({c.decimal(row), c.type().scale}, {38, node.scale});
        char buffer[16];
        const std::string_view bytes = v ? decimal_bytes(*v, buffer) : std::string_view();
        if (!v || (node.op == Op::decimal_fixed && static_cast<std::int64_t>(bytes.size()) > node.size))
            return fail(Code::invalid_argument, "the decimal does not fit the schema");
        if (node.op == Op::decimal) {
            out.varint(static_cast<std::int64_t>(bytes.size()));
        } else {
            const char sign = *v < 0 ? '\xff' : '\0';
            out.raw(std::string(static_cast<std::size_t>(node.size) - bytes.size(), sign));
        }
        out.raw(bytes);
        return {};
    }

    const Node root_;
    const std::optional<std::int32_t> id_;
};

}  // namespace

Result<std::unique_ptr<RowEncoder>> encoder(const mr::Schema& columns, const DocumentPtr& schema,
                                            std::optional<std::int32_t> id) {
    const Schema* root = &schema->root();
    int branch = -1;
    if (root->type == Type::union_of) {
        for (std::size_t i = 0; i < root->parts.size() && branch < 0; ++i) {
            if (root->parts[i]->type == Type::record) branch = static_cast<int>(i);
        }
        if (branch >= 0) root = root->parts[static_cast<std::size_t>(branch)];
    }
    if (root->type != Type::record) return fail(Code::invalid_argument, "the schema is no record");
    MR_TRY(auto node, Maker::record(columns.fields, *root));
    node.value_branch = branch;
    return std::make_unique<Encoder>(std::move(node), id);
}

}  // namespace mr::formats::avro
