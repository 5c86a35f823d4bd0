#include "formats/protobuf/message_plan.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/suggest.h"
#include "formats/protobuf/default_value.h"
#include "formats/protobuf/names.h"

namespace mr::formats::protobuf {
namespace {

/// What Google's own files define and others import.
constexpr std::string_view kWellKnown = R"(
syntax = "proto3";
package google.protobuf;
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
message DoubleValue { double value = 1; }
message FloatValue { float value = 1; }
message Int64Value { int64 value = 1; }
message UInt64Value { uint64 value = 1; }
message Int32Value { int32 value = 1; }
message UInt32Value { uint32 value = 1; }
message BoolValue { bool value = 1; }
message StringValue { string value = 1; }
message BytesValue { bytes value = 1; }
message FieldMask { repeated string paths = 1; }
message Any { string type_url = 1; bytes value = 2; }
message Empty {}
)";
constexpr int kDepthMax = 32;

struct Scalar {
    Encoding encoding;
    bool wide;
};

std::optional<Scalar> scalar_of(std::string_view type) {
    static const std::map<std::string_view, Scalar> known = {
        {"int32", {Encoding::int_, false}},       {"int64", {Encoding::int_, true}},
        {"uint32", {Encoding::int_, false}},      {"uint64", {Encoding::int_, true}},
        {"sint32", {Encoding::sint, false}},      {"sint64", {Encoding::sint, true}},
        {"fixed32", {Encoding::fixed32, false}},  {"fixed64", {Encoding::fixed64, true}},
        {"sfixed32", {Encoding::fixed32, false}}, {"sfixed64", {Encoding::fixed64, true}},
        {"float", {Encoding::float_, false}},     {"double", {Encoding::double_, true}},
        {"bool", {Encoding::bool_, false}},       {"string", {Encoding::string, false}},
        {"bytes", {Encoding::bytes, false}}};
    const auto it = known.find(type);
    return it == known.end() ? std::nullopt : std::optional(it->second);
}

/// As strict as Flink's.
bool fits(Encoding encoding, bool wide, const DataType& type) {
    switch (encoding) {
        case Encoding::int_:
        case Encoding::sint:
        case Encoding::fixed32:
        case Encoding::fixed64:
            return type.kind == (wide ? TypeKind::bigint : TypeKind::integer);
        case Encoding::float_:
            return type.kind == TypeKind::float_;
        case Encoding::double_:
            return type.kind == TypeKind::double_;
        case Encoding::bool_:
            return type.kind == TypeKind::boolean;
        case Encoding::string:
            return type.kind == TypeKind::string;
        case Encoding::bytes:
            return type.kind == TypeKind::bytes;
        case Encoding::enum_:
            return type.kind == TypeKind::string || type.is_integer();
        case Encoding::message:
        case Encoding::group:
            return type.kind == TypeKind::row;
    }
    return false;
}

bool is_message(Encoding encoding) {
    return encoding == Encoding::message || encoding == Encoding::group;
}

class Planner {
  public:
    Planner(const Names& names, bool defaults) : names_(names), defaults_(defaults) {}

    Result<std::shared_ptr<const MessagePlan>> message(const Names::Found& found,
                                                       const std::vector<mr::Field>& row, int depth) {
        if (depth > kDepthMax) return fail(Code::invalid_argument, "messages nested too deeply");
        auto out = std::make_shared<MessagePlan>();
        out->name = found.name;
        for (const mr::Field& column : row) {
            const auto it = std::ranges::find(found.message->fields, column.name, &Field::name);
            if (it == found.message->fields.end()) {
                std::vector<std::string> known;
                for (const Field& f : found.message->fields) known.push_back(f.name);
                return fail(Code::invalid_argument, "message {} has no field `{}`{}", found.name, column.name,
                            did_you_mean(column.name, known));
            }
            MR_TRY(FieldPlan plan, field(found, *it, column.type, depth));
            if (plan.message != nullptr && out->not_writable.empty())
                out->not_writable = plan.message->not_writable;
            out->fields.push_back(std::move(plan));
        }
        complete(*out, found);
        return out;
    }

  private:
    static std::unexpected<Error> misfit(const Names::Found& in, const Field& f, const DataType& type) {
        return fail(Code::invalid_argument, "field `{}` of message {} is {}{}, which cannot be {}", f.name,
                    in.name, f.repeated && !f.type.starts_with("map<") ? "repeated " : "", f.type,
                    type.to_string());
    }

    Result<FieldPlan> field(const Names::Found& in, const Field& f, const DataType& type, int depth) {
        FieldPlan out;
        out.name = f.name;
        out.number = static_cast<std::uint32_t>(f.number);
        out.type = type;
        out.repeated = f.repeated;
        const Features features = features_of(f, in.features);
        if (f.type.starts_with("map<")) return map(in, f, std::move(out), depth);
        if (f.repeated && type.kind != TypeKind::array) return misfit(in, f, type);
        const DataType& one = f.repeated ? type.child(0).type : type;
        if (const auto scalar = scalar_of(f.type)) {
            out.encoding = scalar->encoding;
            out.wide = scalar->wide;
            out.is_unsigned = f.type.starts_with('u');
        } else {
            MR_TRY_VOID(named(in, f, one, features, out, depth));
        }
        if (!fits(out.encoding, out.wide, one)) return misfit(in, f, type);
        const bool plain = !f.repeated && !is_message(out.encoding);
        out.required = features.required && !f.repeated;
        out.implicit = plain && features.implicit;
        // Flink asks what proto3's scalars are without asking whether they are there.
        out.defaults = defaults_ || (plain && (features.proto3 || features.implicit));
        const Wire wire = wire_of(out.encoding);
        out.packed = f.repeated && features.packed && wire != Wire::bytes && wire != Wire::group;
        if (plain) {
            auto value = default_value(out.encoding, out.wide, one, out.values, f.options);
            if (!value) {
                return fail(Code::invalid_argument, "field `{}` of message {}: {}", f.name, in.name,
                            value.error().message);
            }
            out.missing = std::move(*value);
        }
        return out;
    }

    /// A message, a group or an enum.
    Status named(const Names::Found& in, const Field& f, const DataType& one, const Features& features,
                 FieldPlan& out, int depth) {
        const auto found = f.type == "group" ? group(in, f) : names_.find(in.name, f.type);
        if (!found) {
            return fail(
                Code::invalid_argument,
                "field `{}` of message {}: there is no {}; put what is imported into the schema itself",
                f.name, in.name, f.type);
        }
        if (found->enumeration != nullptr) {
            out.encoding = Encoding::enum_;
            out.values = found->enumeration->values;
            out.closed = found->features.closed;
            return {};
        }
        out.encoding = f.type == "group" || features.delimited ? Encoding::group : Encoding::message;
        if (one.kind != TypeKind::row) return std::unexpected(misfit(in, f, out.type).error());
        MR_TRY(out.message, message(*found, *one.children, depth + 1));
        return {};
    }

    /// The message that a group declares: of the field's name with a capital.
    [[nodiscard]] std::optional<Names::Found> group(const Names::Found& in, const Field& f) const {
        for (const Message& m : in.message->messages) {
            const auto lower = [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            };
            if (std::ranges::equal(m.name, f.name, {}, lower)) return names_.at(in.name + "." + m.name);
        }
        return std::nullopt;
    }

    Result<FieldPlan> map(const Names::Found& in, const Field& f, FieldPlan out, int depth) {
        if (out.type.kind != TypeKind::map) return misfit(in, f, out.type);
        const std::string_view inner = std::string_view(f.type).substr(4, f.type.size() - 5);
        const std::size_t comma = inner.find(',');
        out.is_map = true;
        out.defaults = defaults_;
        out.encoding = Encoding::message;
        auto entry = std::make_shared<MessagePlan>();
        entry->name = f.name;
        for (std::size_t i = 0; i < 2; ++i) {
            Field part;
            part.name = i == 0 ? "key" : "value";
            part.type = i == 0 ? inner.substr(0, comma) : inner.substr(comma + 1);
            part.number = static_cast<std::int32_t>(i) + 1;
            auto made = field(in, part, out.type.child(i).type, depth);
            if (!made) return misfit(in, f, out.type);
            // An entry always has both, as they are or by default.
            made->defaults = true;
            made->implicit = made->required = false;
            if (made->encoding == Encoding::group) made->encoding = Encoding::message;
            if (made->message != nullptr) entry->not_writable = made->message->not_writable;
            entry->fields.push_back(std::move(*made));
        }
        complete(*entry, {});
        out.message = std::move(entry);
        return out;
    }

    /// What follows from the fields with a column and from the others.
    void complete(MessagePlan& out, const Names::Found& found) const {
        out.in_order.resize(out.fields.size());
        std::iota(out.in_order.begin(), out.in_order.end(), std::size_t{0});
        std::ranges::sort(out.in_order, {}, [&](std::size_t i) { return out.fields[i].number; });
        out.slots = static_cast<std::uint32_t>(out.fields.size());
        for (std::uint32_t i = 0; i < out.slots; ++i) {
            const FieldPlan& f = out.fields[i];
            const Wire wire = wire_of(f.encoding);
            out.known.push_back({.number = f.number,
                                 .wire = wire,
                                 .packable = f.repeated && wire != Wire::bytes && wire != Wire::group,
                                 .slot = i,
                                 .oneof = -1});
            if (f.required) out.required.push_back({i, f.name});
        }
        if (found.message != nullptr) {
            without_column(out, found);
            oneofs(out, *found.message);
        }
        std::ranges::sort(out.known, {}, &KnownField::number);
    }

    void without_column(MessagePlan& out, const Names::Found& found) const {
        for (const Field& f : found.message->fields) {
            if (std::ranges::find(out.fields, f.name, &FieldPlan::name) != out.fields.end()) continue;
            const Features features = features_of(f, found.features);
            const bool required = features.required && !f.repeated;
            if (!required && f.oneof.empty()) continue;
            out.known.push_back({.number = static_cast<std::uint32_t>(f.number),
                                 .wire = wire_without_column(found, f, features),
                                 .packable = false,
                                 .slot = out.slots,
                                 .oneof = -1});
            if (required) {
                out.required.push_back({out.slots, f.name});
                if (out.not_writable.empty()) out.not_writable = fmt::format("{}.{}", found.name, f.name);
            }
            ++out.slots;
        }
    }

    [[nodiscard]] Wire wire_without_column(const Names::Found& in, const Field& f,
                                           const Features& features) const {
        if (const auto scalar = scalar_of(f.type)) return wire_of(scalar->encoding);
        if (f.type == "group") return Wire::group;
        const auto found = names_.find(in.name, f.type);
        if (found && found->enumeration != nullptr) return Wire::varint;
        return features.delimited ? Wire::group : Wire::bytes;
    }

    static void oneofs(MessagePlan& out, const Message& message) {
        for (std::size_t o = 0; o < message.oneofs.size(); ++o) {
            std::vector<std::uint32_t> slots;
            for (const Field& f : message.fields) {
                if (f.oneof != message.oneofs[o]) continue;
                const auto it =
                    std::ranges::find(out.known, static_cast<std::uint32_t>(f.number), &KnownField::number);
                if (it == out.known.end()) continue;
                it->oneof = static_cast<int>(o);
                if (it->slot < out.fields.size()) {
                    out.fields[it->slot].oneof = static_cast<int>(o);
                    slots.push_back(it->slot);
                }
            }
            out.oneofs.push_back(std::move(slots));
        }
    }

    const Names& names_;
    const bool defaults_;
};

}  // namespace

Wire wire_of(Encoding encoding) {
    switch (encoding) {
        case Encoding::fixed32:
        case Encoding::float_:
            return Wire::fixed32;
        case Encoding::fixed64:
        case Encoding::double_:
            return Wire::fixed64;
        case Encoding::string:
        case Encoding::bytes:
        case Encoding::message:
            return Wire::bytes;
        case Encoding::group:
            return Wire::group;
        default:
            return Wire::varint;
    }
}

Result<std::shared_ptr<const MessagePlan>> plan_message(std::string_view schema, std::string_view message,
                                                        const std::vector<mr::Field>& row, bool defaults) {
    MR_TRY(const File file, parse_file(schema));
    MR_TRY(const File well_known, parse_file(kWellKnown));
    Names own;
    own.add(file);
    Names names;
    names.add(well_known);
    names.add(file);
    std::vector<std::string> found;
    if (!message.empty()) {
        found = own.messages_named(message);
    } else if (file.messages.size() == 1) {
        found = {(file.package.empty() ? "" : file.package + ".") + file.messages[0].name};
    }
    if (found.size() != 1) {
        std::string list;
        for (const Message& m : file.messages) list += (list.empty() ? "" : ", ") + m.name;
        return fail(Code::invalid_argument, "{}; messages are {}",
                    message.empty() ? "'protobuf.message-class-name' does not say which message a record is"
                    : found.empty() ? fmt::format("there is no message {}", message)
                                    : fmt::format("there are several messages {}", message),
                    list);
    }
    return Planner(names, defaults).message(*names.at(found[0]), row, 0);
}

}  // namespace mr::formats::protobuf
