#include "formats/protobuf/protobuf_format.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "base/json_writer.h"
#include "formats/protobuf/message_plan.h"

namespace mr::formats {
namespace {

using protobuf::Encoding;
using protobuf::FieldPlan;
using protobuf::MessagePlan;
using protobuf::Wire;

constexpr int kDepthMax = 64;

// --- reading

class Bytes {
  public:
    explicit Bytes(std::string_view bytes) : rest_(bytes) {}
    [[nodiscard]] bool empty() const { return rest_.empty(); }

    std::optional<std::uint64_t> varint() {
        std::uint64_t out = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return out;
        }
        return std::nullopt;
    }
    template <class T>
    std::optional<std::uint64_t> fixed() {
        if (rest_.size() < sizeof(T)) return std::nullopt;
        T v;
        std::memcpy(&v, rest_.data(), sizeof v);
        rest_.remove_prefix(sizeof v);
        if constexpr (std::endian::native == std::endian::big) v = std::byteswap(v);
        return v;
    }
    std::optional<std::string_view> block() {
        const auto size = varint();
        if (!size || *size > rest_.size()) return std::nullopt;
        const std::string_view out = rest_.substr(0, *size);
        rest_.remove_prefix(*size);
        return out;
    }
    /// What a field of that encoding has behind its tag; nothing where the data are torn.
    std::optional<std::uint64_t> number(Wire wire) {
        if (wire == Wire::varint) return varint();
        if (wire == Wire::fixed64) return fixed<std::uint64_t>();
        return fixed<std::uint32_t>();
    }
    /// Passes over a field, groups with everything in them.
    bool skip(Wire wire, std::uint64_t tag_number, int depth = 0) {
        if (depth > kDepthMax) return false;
        switch (wire) {
            case Wire::varint:
            case Wire::fixed32:
            case Wire::fixed64:
                return number(wire).has_value();
            case Wire::bytes:
                return block().has_value();
            case Wire::group:
                while (true) {
                    const auto tag = varint();
                    if (!tag) return false;
                    const auto inner = static_cast<Wire>(*tag & 7);
                    if (inner == Wire::end_group) return *tag >> 3 == tag_number;
                    if (!skip(inner, *tag >> 3, depth + 1)) return false;
                }
            default:
                return false;
        }
    }

  private:
    std::string_view rest_;
};

/// A field's value where it stood in the data.
struct Occurrence {
    bool block = false;
    std::uint64_t number = 0;
    std::string_view bytes;
};
using Occurrences = std::vector<Occurrence>;

class Decoder final : public RowDecoder {
  public:
    Decoder(std::shared_ptr<const MessagePlan> plan, bool ignore_errors)
        : plan_(std::move(plan)), ignore_errors_(ignore_errors) {}

    Status decode(std::string_view bytes, Seq, std::span<ColumnBuilder> builders) override {
        std::vector<ColumnBuilder*> out;
        for (ColumnBuilder& b : builders) out.push_back(&b);
        const std::size_t before = builders.empty() ? 0 : builders[0].size();
        const Status read = row(*plan_, bytes, out, 0);
        if (read) return read;
        for (ColumnBuilder& b : builders) b.truncate(before);
        if (!ignore_errors_) return read;
        for (ColumnBuilder& b : builders) {
            if (!b.type().nullable)
                return fail(Code::invalid_argument, "a column is NOT NULL and could not be read");
            b.append_null();
        }
        return {};
    }

  private:
    static std::unexpected<Error> torn(const FieldPlan& f) {
        return fail(Code::invalid_argument, "protobuf: field `{}` is cut off or of another type", f.name);
    }

    static Status collect(const MessagePlan& plan, std::string_view text, std::vector<Occurrences>& out) {
        Bytes bytes(text);
        while (!bytes.empty()) {
            const auto tag = bytes.varint();
            if (!tag || *tag >> 3 == 0 || *tag > UINT32_MAX)
                return fail(Code::invalid_argument, "protobuf: what should be a field is none");
            const auto wire = static_cast<Wire>(*tag & 7);
            const auto number = static_cast<std::uint32_t>(*tag >> 3);
            const auto it = plan.by_number.find(number);
            if (it == plan.by_number.end()) {
                if (!bytes.skip(wire, number))
                    return fail(Code::invalid_argument, "protobuf: field {} is cut off", number);
                continue;
            }
            const FieldPlan& f = plan.fields[it->second];
            const Wire own = wire_of(f.encoding);
            Occurrence found;
            if (wire == Wire::bytes && (own == Wire::bytes || f.repeated)) {
                const auto block = bytes.block();
                if (!block) return torn(f);
                found = {.block = true, .number = 0, .bytes = *block};
            } else if (wire == own) {
                const auto value = bytes.number(wire);
                if (!value) return torn(f);
                found.number = *value;
            } else {
                return torn(f);
            }
            out[it->second].push_back(found);
        }
        return {};
    }

    Status row(const MessagePlan& plan, std::string_view text, const std::vector<ColumnBuilder*>& out,
               int depth) {
        if (depth > kDepthMax) return fail(Code::invalid_argument, "protobuf: messages nested too deeply");
        std::vector<Occurrences> found(plan.fields.size());
        MR_TRY_VOID(collect(plan, text, found));
        for (std::size_t i = 0; i < plan.fields.size(); ++i)
            MR_TRY_VOID(field(plan.fields[i], found[i], *out[i], depth));
        return {};
    }

    Status field(const FieldPlan& f, const Occurrences& found, ColumnBuilder& out, int depth) {
        if (f.is_map) return map(f, found, out, depth);
        if (f.repeated) return list(f, found, out, depth);
        if (f.encoding == Encoding::message) {
            if (found.empty()) return null(f, out);
            if (found.size() == 1) return message(f, found[0].bytes, out, depth);
            // Parts of one message.
            std::string all;
            for (const Occurrence& o : found) all += o.bytes;
            return message(f, all, out, depth);
        }
        if (found.empty() && f.presence) return null(f, out);
        return scalar(f, found.empty() ? Occurrence{} : found.back(), out);
    }

    static Status null(const FieldPlan& f, ColumnBuilder& out) {
        if (!out.type().nullable)
            return fail(Code::invalid_argument, "column `{}` is NOT NULL and its field is not there", f.name);
        out.append_null();
        return {};
    }

    Status message(const FieldPlan& f, std::string_view bytes, ColumnBuilder& out, int depth) {
        std::vector<ColumnBuilder*> children;
        for (std::size_t i = 0; i < f.message->fields.size(); ++i) children.push_back(&out.child(i));
        MR_TRY_VOID(row(*f.message, bytes, children, depth + 1));
        out.append_row();
        return {};
    }

    Status list(const FieldPlan& f, const Occurrences& found, ColumnBuilder& out, int depth) {
        ColumnBuilder& element = out.child(0);
        for (const Occurrence& o : found) {
            if (f.encoding == Encoding::message) {
                MR_TRY_VOID(message(f, o.bytes, element, depth));
                continue;
            }
            const Wire wire = wire_of(f.encoding);
            if (!o.block || wire == Wire::bytes) {
                MR_TRY_VOID(scalar(f, o, element));
                continue;
            }
            for (Bytes packed(o.bytes); !packed.empty();) {
                const auto value = packed.number(wire);
                if (!value) return torn(f);
                MR_TRY_VOID(scalar(f, {.block = false, .number = *value, .bytes = {}}, element));
            }
        }
        out.append_list();
        return {};
    }

    /// The last entry of a key counts.
    Status map(const FieldPlan& f, const Occurrences& found, ColumnBuilder& out, int depth) {
        const FieldPlan& key = f.message->fields[0];
        const FieldPlan& value = f.message->fields[1];
        std::vector<std::vector<Occurrences>> entries;
        std::map<std::pair<std::uint64_t, std::string_view>, std::size_t> last;
        for (const Occurrence& o : found) {
            std::vector<Occurrences> parts(2);
            MR_TRY_VOID(collect(*f.message, o.bytes, parts));
            const Occurrence k = parts[0].empty() ? Occurrence{} : parts[0].back();
            last[{k.number, k.bytes}] = entries.size();
            entries.push_back(std::move(parts));
        }
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const Occurrence k = entries[i][0].empty() ? Occurrence{} : entries[i][0].back();
            if (last[{k.number, k.bytes}] != i) continue;
            MR_TRY_VOID(field(key, entries[i][0], out.child(0), depth));
            MR_TRY_VOID(field(value, entries[i][1], out.child(1), depth));
        }
        out.append_list();
        return {};
    }

    static Status scalar(const FieldPlan& f, const Occurrence& o, ColumnBuilder& out) {
        switch (f.encoding) {
            case Encoding::bool_:
                out.append_boolean(o.number != 0);
                return {};
            case Encoding::float_:
                out.append_real(
                    static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(o.number))));
                return {};
            case Encoding::double_:
                out.append_real(std::bit_cast<double>(o.number));
                return {};
            case Encoding::string:
                if (!is_utf8(o.bytes))
                    return fail(Code::invalid_argument, "protobuf: field `{}` is not UTF-8", f.name);
                out.append_text(o.bytes);
                return {};
            case Encoding::bytes:
                out.append_text(o.bytes);
                return {};
            case Encoding::sint:
                out.append_integer(static_cast<std::int64_t>(o.number >> 1) ^
                                   -static_cast<std::int64_t>(o.number & 1));
                return {};
            case Encoding::enum_:
                return enumeration(f, static_cast<std::int32_t>(o.number), out);
            default:
                // Narrow ones wrap around, as in Java.
                out.append_integer(f.wide ? static_cast<std::int64_t>(o.number)
                                          : static_cast<std::int64_t>(static_cast<std::int32_t>(o.number)));
                return {};
        }
    }

    static Status enumeration(const FieldPlan& f, std::int32_t number, ColumnBuilder& out) {
        if (out.type().kind != TypeKind::string) {
            out.append_integer(number);
            return {};
        }
        const auto it = std::ranges::find(f.values, number, &protobuf::EnumValue::number);
        // A value of a later version of the schema has no name here.
        out.append_text(it == f.values.end() ? "UNRECOGNIZED" : it->name);
        return {};
    }

    const std::shared_ptr<const MessagePlan> plan_;
    const bool ignore_errors_;
};

// --- writing

void append_varint(std::string& out, std::uint64_t v) {
    while (v >= 0x80) {
        out += static_cast<char>(v | 0x80);
        v >>= 7;
    }
    out += static_cast<char>(v);
}

template <class T>
void append_fixed(std::string& out, T v) {
    if constexpr (std::endian::native == std::endian::big) v = std::byteswap(v);
    out.append(reinterpret_cast<const char*>(&v), sizeof v);
}

void append_tag(std::string& out, std::uint32_t number, Wire wire) {
    append_varint(out, (static_cast<std::uint64_t>(number) << 3) | static_cast<std::uint64_t>(wire));
}

void append_block(std::string& out, std::string_view bytes) {
    append_varint(out, bytes.size());
    out += bytes;
}

class Encoder final : public RowEncoder {
  public:
    Encoder(std::shared_ptr<const MessagePlan> plan, std::string null_string)
        : plan_(std::move(plan)), null_string_(std::move(null_string)) {}

    Result<bool> encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) override {
        const std::size_t before = out.size();
        const Status made = message(*plan_, columns, row, out);
        if (made) return true;
        out.resize(before);
        return std::unexpected(made.error());
    }

  private:
    Status message(const MessagePlan& plan, std::span<const ColumnPtr> columns, std::size_t row,
                   std::string& out) const {
        for (const std::size_t i : plan.in_order) {
            // NULL is a field that is not set.
            if (!columns[i]->is_null(row)) MR_TRY_VOID(field(plan.fields[i], *columns[i], row, out));
        }
        return {};
    }

    Status field(const FieldPlan& f, const Column& column, std::size_t row, std::string& out) const {
        if (f.is_map) {
            for (std::uint32_t i = column.list_begin(row); i < column.list_end(row); ++i) {
                std::string entry;
                MR_TRY_VOID(part(f.message->fields[0], *column.child(0), i, entry));
                MR_TRY_VOID(part(f.message->fields[1], *column.child(1), i, entry));
                append_tag(out, f.number, Wire::bytes);
                append_block(out, entry);
            }
            return {};
        }
        if (!f.repeated) return part(f, column, row, out);
        std::string packed;
        for (std::uint32_t i = column.list_begin(row); i < column.list_end(row); ++i) {
            if (f.packed) {
                MR_TRY_VOID(value(f, *column.child(0), i, packed));
            } else {
                MR_TRY_VOID(part(f, *column.child(0), i, out));
            }
        }
        if (packed.empty()) return {};
        append_tag(out, f.number, Wire::bytes);
        append_block(out, packed);
        return {};
    }

    /// Tag and value.
    Status part(const FieldPlan& f, const Column& column, std::size_t row, std::string& out) const {
        append_tag(out, f.number, wire_of(f.encoding));
        return value(f, column, row, out);
    }

    Status value(const FieldPlan& f, const Column& column, std::size_t row, std::string& out) const {
        const bool null = column.is_null(row);
        switch (f.encoding) {
            case Encoding::bool_:
                append_varint(out, !null && column.boolean(row) ? 1 : 0);
                return {};
            case Encoding::float_:
                append_fixed(
                    out, std::bit_cast<std::uint32_t>(null ? 0.0F : static_cast<float>(column.real(row))));
                return {};
            case Encoding::double_:
                append_fixed(out, std::bit_cast<std::uint64_t>(null ? 0.0 : column.real(row)));
                return {};
            case Encoding::string:
                append_block(out, null ? std::string_view(null_string_) : column.text(row));
                return {};
            case Encoding::bytes:
                append_block(out, null ? std::string_view() : column.text(row));
                return {};
            case Encoding::message: {
                std::string inner;
                std::vector<ColumnPtr> children;
                for (std::size_t i = 0; i < column.child_count(); ++i) children.push_back(column.child(i));
                if (!null) MR_TRY_VOID(message(*f.message, children, row, inner));
                append_block(out, inner);
                return {};
            }
            default:
                return number(f, column, row, out);
        }
    }

    static Status number(const FieldPlan& f, const Column& column, std::size_t row, std::string& out) {
        std::int64_t v = 0;
        if (!column.is_null(row)) {
            if (column.type().kind == TypeKind::string) {
                const auto it = std::ranges::find(f.values, column.text(row), &protobuf::EnumValue::name);
                if (it == f.values.end())
                    return fail(Code::invalid_argument, "'{}' is no value of the enum of field `{}`",
                                column.text(row), f.name);
                v = it->number;
            } else {
                v = column.integer(row);
            }
        }
        if (f.encoding == Encoding::fixed32) {
            append_fixed(out, static_cast<std::uint32_t>(v));
        } else if (f.encoding == Encoding::fixed64) {
            append_fixed(out, static_cast<std::uint64_t>(v));
        } else if (f.encoding == Encoding::sint) {
            append_varint(out, (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
        } else {
            append_varint(out, static_cast<std::uint64_t>(v));
        }
        return {};
    }

    const std::shared_ptr<const MessagePlan> plan_;
    const std::string null_string_;
};

}  // namespace

Result<std::unique_ptr<RowDecoder>> protobuf_decoder(const Schema& columns, const std::vector<bool>& wanted,
                                                     const ProtobufOptions& options) {
    std::vector<Field> row;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (wanted[i]) row.push_back(columns[i]);
    }
    // Of all columns, so that a mistake shows whoever reads the table.
    MR_TRY_VOID(protobuf::plan_message(options.schema, options.message, columns.fields, false));
    MR_TRY(auto plan,
           protobuf::plan_message(options.schema, options.message, row, options.read_default_values));
    return std::make_unique<Decoder>(std::move(plan), options.ignore_parse_errors);
}

Result<std::unique_ptr<RowEncoder>> protobuf_encoder(const Schema& columns, const ProtobufOptions& options) {
    MR_TRY(auto plan, protobuf::plan_message(options.schema, options.message, columns.fields, false));
    return std::make_unique<Encoder>(std::move(plan), options.null_string);
}

}  // namespace mr::formats
