#include "formats/protobuf/message_plan.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/suggest.h"

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

bool fits(Encoding encoding, bool wide, const DataType& type) {
    switch (encoding) {
        case Encoding::int_:
        case Encoding::sint:
        case Encoding::fixed32:
        case Encoding::fixed64:
            return type.kind == TypeKind::bigint || (!wide && type.kind == TypeKind::integer);
        case Encoding::float_:
            return type.kind == TypeKind::float_ || type.kind == TypeKind::double_;
        case Encoding::double_:
            return type.kind == TypeKind::double_;
        case Encoding::bool_:
            return type.kind == TypeKind::boolean;
        case Encoding::string:
            return type.kind == TypeKind::string;
        case Encoding::bytes:
            return type.kind == TypeKind::bytes;
        case Encoding::enum_:
            return type.kind == TypeKind::string || type.kind == TypeKind::integer ||
                   type.kind == TypeKind::bigint;
        case Encoding::message:
            return type.kind == TypeKind::row;
    }
    return false;
}

/// Messages and enums by full name.
class Names {
  public:
    void add(const File& file) {
        const std::string scope = file.package.empty() ? "" : file.package + ".";
        add(file.messages, file.enums, scope, file.syntax == "proto2");
    }
    struct Found {
        const Message* message = nullptr;
        const Enum* enumeration = nullptr;
        std::string name;
        bool proto2 = false;
    };
    /// A name as it stands in a message: looked for from the inside out, with a leading dot as it is.
    [[nodiscard]] std::optional<Found> find(std::string scope, std::string_view type) const {
        if (type.starts_with('.')) return at(std::string(type.substr(1)));
        while (true) {
            if (auto found = at(scope.empty() ? std::string(type) : scope + "." + std::string(type)))
                return found;
            if (scope.empty()) return std::nullopt;
            const std::size_t dot = scope.rfind('.');
            scope.resize(dot == std::string::npos ? 0 : dot);
        }
    }
    /// "Order", "shop.Order" or a Java class, "com.acme.Shop$Order": by as much of its end as there is.
    [[nodiscard]] std::vector<std::string> messages_named(std::string_view wanted) const {
        std::string name(wanted);
        std::ranges::replace(name, '$', '.');
        std::vector<std::string> out;
        while (out.empty() && !name.empty()) {
            for (const auto& [full, found] : all_) {
                if (found.message != nullptr && (full == name || full.ends_with("." + name)))
                    out.push_back(full);
            }
            const std::size_t dot = name.find('.');
            name = dot == std::string::npos ? "" : name.substr(dot + 1);
        }
        return out;
    }
    [[nodiscard]] std::optional<Found> at(const std::string& full) const {
        const auto it = all_.find(full);
        return it == all_.end() ? std::nullopt : std::optional(it->second);
    }

  private:
    void add(const std::vector<Message>& messages, const std::vector<Enum>& enums, const std::string& scope,
             bool proto2) {
        for (const Enum& e : enums) all_[scope + e.name] = {nullptr, &e, scope + e.name, proto2};
        for (const Message& m : messages) {
            all_[scope + m.name] = {&m, nullptr, scope + m.name, proto2};
            add(m.messages, m.enums, scope + m.name + ".", proto2);
        }
    }
    std::map<std::string, Found> all_;
};

class Planner {
  public:
    Planner(const Names& names, bool defaults) : names_(names), defaults_(defaults) {}

    Result<std::shared_ptr<const MessagePlan>> message(const Names::Found& found,
                                                       const std::vector<mr::Field>& row, int depth) {
        if (depth > kDepthMax) return fail(Code::invalid_argument, "messages nested too deeply");
        auto out = std::make_shared<MessagePlan>();
        for (const mr::Field& column : row) {
            const auto it = std::ranges::find(found.message->fields, column.name, &Field::name);
            if (it == found.message->fields.end()) {
                std::vector<std::string> known;
                for (const Field& f : found.message->fields) known.push_back(f.name);
                return fail(Code::invalid_argument, "message {} has no field `{}`{}", found.name, column.name,
                            did_you_mean(column.name, known));
            }
            MR_TRY(FieldPlan plan, field(found, *it, column.type, depth));
            out->by_number[plan.number] = out->fields.size();
            out->fields.push_back(std::move(plan));
        }
        out->in_order.resize(out->fields.size());
        std::iota(out->in_order.begin(), out->in_order.end(), std::size_t{0});
        std::ranges::sort(out->in_order, {}, [&](std::size_t i) { return out->fields[i].number; });
        return out;
    }

  private:
    static std::unexpected<Error> misfit(const Names::Found& in, const Field& f, const DataType& type) {
        return fail(Code::invalid_argument, "field `{}` of message {} is {}{}, which cannot be {}", f.name,
                    in.name, f.repeated ? "repeated " : "", f.type, type.to_string());
    }

    Result<FieldPlan> field(const Names::Found& in, const Field& f, const DataType& type, int depth) {
        FieldPlan out;
        out.name = f.name;
        out.number = static_cast<std::uint32_t>(f.number);
        out.type = type;
        out.repeated = f.repeated;
        if (f.type.starts_with("map<")) return map(in, f, std::move(out), depth);
        if (f.repeated && type.kind != TypeKind::array) return misfit(in, f, type);
        const DataType& one = f.repeated ? type.child(0).type : type;
        if (const auto scalar = scalar_of(f.type)) {
            out.encoding = scalar->encoding;
            out.wide = scalar->wide;
        } else {
            MR_TRY_VOID(named(in, f, one, out, depth));
        }
        if (!fits(out.encoding, out.wide, one)) return misfit(in, f, type);
        const bool is_message = out.encoding == Encoding::message;
        out.presence = is_message || (in.proto2 && !defaults_);
        const bool numeric =
            !is_message && out.encoding != Encoding::string && out.encoding != Encoding::bytes;
        out.packed = f.repeated && numeric && !in.proto2;
        return out;
    }

    /// A message or an enum.
    Status named(const Names::Found& in, const Field& f, const DataType& one, FieldPlan& out, int depth) {
        const auto found = names_.find(in.name, f.type);
        if (!found) {
            return fail(
                Code::invalid_argument,
                "field `{}` of message {}: there is no {}; put what is imported into the schema itself",
                f.name, in.name, f.type);
        }
        if (found->enumeration != nullptr) {
            out.encoding = Encoding::enum_;
            out.values = found->enumeration->values;
            return {};
        }
        out.encoding = Encoding::message;
        if (one.kind != TypeKind::row) return std::unexpected(misfit(in, f, out.type).error());
        MR_TRY(out.message, message(*found, *one.children, depth + 1));
        return {};
    }

    Result<FieldPlan> map(const Names::Found& in, const Field& f, FieldPlan out, int depth) {
        if (out.type.kind != TypeKind::map) return misfit(in, f, out.type);
        const std::string_view inner = std::string_view(f.type).substr(4, f.type.size() - 5);
        const std::size_t comma = inner.find(',');
        const auto trimmed = [](std::string_view t) {
            while (t.starts_with(' ')) t.remove_prefix(1);
            while (t.ends_with(' ')) t.remove_suffix(1);
            return std::string(t);
        };
        out.is_map = true;
        out.repeated = true;
        out.encoding = Encoding::message;
        auto entry = std::make_shared<MessagePlan>();
        for (std::size_t i = 0; i < 2; ++i) {
            const Field part{.name = i == 0 ? "key" : "value",
                             .type = trimmed(i == 0 ? inner.substr(0, comma) : inner.substr(comma + 1)),
                             .number = static_cast<std::int32_t>(i) + 1,
                             .repeated = false,
                             .required = false,
                             .oneof = {}};
            auto made = field(in, part, out.type.child(i).type, depth);
            if (!made) return misfit(in, f, out.type);
            // An entry without its key or value has the default.
            made->presence = made->encoding == Encoding::message;
            entry->by_number[made->number] = i;
            entry->fields.push_back(std::move(*made));
            entry->in_order.push_back(i);
        }
        out.message = std::move(entry);
        return out;
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
        default:
            return Wire::varint;
    }
}

Result<std::shared_ptr<const MessagePlan>> plan_message(std::string_view schema, std::string_view message,
                                                        const std::vector<mr::Field>& row, bool defaults) {
    MR_TRY(const File file, parse_file(schema));
    MR_TRY(const File well_known, parse_file(kWellKnown));
    Names names;
    names.add(well_known);
    names.add(file);
    std::vector<std::string> found;
    if (message.empty() && file.messages.size() == 1) {
        found = names.messages_named(file.messages[0].name);
    } else if (!message.empty()) {
        found = names.messages_named(message);
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
