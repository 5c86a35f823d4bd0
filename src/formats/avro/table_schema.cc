#include "formats/avro/table_schema.h"

#include <algorithm>

#include "base/json_writer.h"

namespace mr::formats::avro {
namespace {

bool is_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (name.empty() || !letter(name.front())) return false;
    return std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

class Maker {
  public:
    Maker(JsonWriter& out, const TableSchemaOptions& options) : out_(out), options_(options) {}

    Status record(const std::vector<Field>& fields, const std::string& full_name) {
        out_.begin_object().member("type", "record");
        const std::size_t dot = full_name.rfind('.');
        if (dot == std::string::npos) {
            out_.member("name", full_name);
        } else {
            out_.member("name", full_name.substr(dot + 1)).member("namespace", full_name.substr(0, dot));
        }
        out_.key("fields").begin_array();
        for (const Field& f : fields) {
            if (!is_name(f.name)) {
                return fail(Code::invalid_argument,
                            "column `{}` cannot be an Avro field: names are letters, digits and _", f.name);
            }
            out_.begin_object().member("name", f.name).key("type");
            MR_TRY_VOID(nullable(f.type, full_name + "_" + f.name));
            if (f.type.nullable) out_.key("default").null();
            out_.end_object();
        }
        out_.end_array().end_object();
        return {};
    }

  private:
    Status nullable(const DataType& t, const std::string& name) {
        if (!t.nullable) return type(t, name);
        out_.begin_array().value("null");
        MR_TRY_VOID(type(t, name));
        out_.end_array();
        return {};
    }

    Status logical(std::string_view base, std::string_view name) {
        out_.begin_object().member("type", base).member("logicalType", name).end_object();
        return {};
    }
    Status plain(std::string_view name) {
        out_.value(name);
        return {};
    }

    Status timestamp(const DataType& t) {
        const bool local = t.kind == TypeKind::timestamp && !options_.legacy_timestamps;
        const std::int64_t unit = t.time_unit();
        const std::string_view suffix = unit == 1'000 ? "millis" : unit == 1'000'000 ? "micros" : "nanos";
        return logical("long", fmt::format("{}timestamp-{}", local ? "local-" : "", suffix));
    }

    Status type(const DataType& t, const std::string& name) {
        switch (t.kind) {
            case TypeKind::boolean:
                return plain("boolean");
            case TypeKind::tinyint:
            case TypeKind::smallint:
            case TypeKind::integer:
                return plain("int");
            case TypeKind::bigint:
                return plain("long");
            case TypeKind::float_:
                return plain("float");
            case TypeKind::double_:
                return plain("double");
            case TypeKind::string:
                return plain("string");
            case TypeKind::bytes:
                return plain("bytes");
            case TypeKind::date:
                return logical("int", "date");
            case TypeKind::time:
                return logical("int", "time-millis");
            case TypeKind::timestamp:
            case TypeKind::timestamp_ltz:
                return timestamp(t);
            case TypeKind::decimal:
                out_.begin_object().member("type", "bytes").member("logicalType", "decimal");
                out_.member("precision", static_cast<int>(t.precision));
                out_.member("scale", static_cast<int>(t.scale)).end_object();
                return {};
            case TypeKind::array:
                out_.begin_object().member("type", "array").key("items");
                MR_TRY_VOID(nullable(t.child(0).type, name));
                out_.end_object();
                return {};
            case TypeKind::map:
                if (t.child(0).type.kind != TypeKind::string)
                    return fail(Code::unsupported, "{}: keys of an Avro map are strings", t.to_string());
                out_.begin_object().member("type", "map").key("values");
                MR_TRY_VOID(nullable(t.child(1).type, name));
                out_.end_object();
                return {};
            case TypeKind::row:
                return record(*t.children, name);
            default:
                return fail(Code::unsupported, "Avro has no {}; cast it", t.to_string());
        }
    }

    JsonWriter& out_;
    const TableSchemaOptions& options_;
};

}  // namespace

Result<std::string> table_schema(const mr::Schema& columns, const TableSchemaOptions& options) {
    std::string text;
    JsonWriter out(text);
    MR_TRY_VOID(Maker(out, options).record(columns.fields, std::string(options.record_name)));
    return text;
}

}  // namespace mr::formats::avro
