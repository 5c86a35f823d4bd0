#include "lake/schema.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "lake/internal/json.h"

namespace mr::lake {
namespace {

void write_fields(JsonWriter& out, const std::vector<LakeField>& fields);

void write_type(JsonWriter& out, const LakeType& type) {
    if (!type.is_nested()) {
        out.value(type.name);
        return;
    }
    out.begin_object().member("type", type.name);
    if (type.name == "struct") {
        write_fields(out, type.fields);
    } else {
        for (const LakeField& f : type.fields) {
            out.member(f.name + "-id", f.id).key(f.name);
            write_type(out, f.type);
            if (f.name != "key") out.member(f.name + "-required", f.required);
        }
    }
    out.end_object();
}

void write_fields(JsonWriter& out, const std::vector<LakeField>& fields) {
    out.key("fields").begin_array();
    for (const LakeField& f : fields) {
        out.begin_object().member("id", f.id).member("name", f.name).member("required", f.required);
        out.key("type");
        write_type(out, f.type);
        out.end_object();
    }
    out.end_array();
}

Result<std::vector<LakeField>> read_fields(const Json& json);

Result<LakeType> read_type(const Json& json) {
    if (json.kind == Json::Kind::string) return LakeType{.name = json.text, .fields = {}};
    LakeType out{.name = std::string(json.string("type").value_or("")), .fields = {}};
    if (out.name == "struct") {
        MR_TRY(out.fields, read_fields(json));
        return out;
    }
    if (out.name != "list" && out.name != "map") return fail(Code::corrupt, "unknown type `{}`", out.name);
    for (const std::string_view part : {"element", "key", "value"}) {
        if ((part == "element") != (out.name == "list")) continue;
        const std::string name(part);
        const Json* type = json.find(name);
        const auto id = json.integer(name + "-id");
        if (type == nullptr || !id) return fail(Code::corrupt, "a {} without {}", out.name, name);
        const Json* required = json.find(name + "-required");
        LakeField f{.id = static_cast<int>(*id),
                    .name = name,
                    .required = part == "key" || (required != nullptr && required->flag),
                    .type = {}};
        MR_TRY(f.type, read_type(*type));
        out.fields.push_back(std::move(f));
    }
    return out;
}

Result<std::vector<LakeField>> read_fields(const Json& json) {
    std::vector<LakeField> out;
    for (const Json& item : json.array("fields")) {
        const auto id = item.integer("id");
        const auto name = item.string("name");
        const Json* type = item.find("type");
        if (!id || !name || type == nullptr) return fail(Code::corrupt, "a field without id, name or type");
        const Json* required = item.find("required");
        LakeField f{.id = static_cast<int>(*id),
                    .name = std::string(*name),
                    .required = required != nullptr && required->flag,
                    .type = {}};
        MR_TRY(f.type, read_type(*type));
        out.push_back(std::move(f));
    }
    return out;
}

/// Numbers a type's fields, level by level as Iceberg does for a new table.
void assign_ids(std::vector<LakeField>& fields, int& last) {
    for (LakeField& f : fields) f.id = ++last;
    for (LakeField& f : fields) assign_ids(f.type.fields, last);
}

int highest(const std::vector<LakeField>& fields) {
    int out = 0;
    for (const LakeField& f : fields) out = std::max({out, f.id, highest(f.type.fields)});
    return out;
}

struct DecimalType {
    int precision = 0;
    int scale = 0;
};
std::optional<DecimalType> as_decimal(std::string_view name) {
    if (!name.starts_with("decimal(") || !name.ends_with(")")) return std::nullopt;
    DecimalType out;
    name.remove_prefix(8);
    const auto first = std::from_chars(name.data(), name.data() + name.size(), out.precision);
    const char* at = first.ptr;
    while (at < name.data() + name.size() && (*at == ',' || *at == ' ')) ++at;
    std::from_chars(at, name.data() + name.size(), out.scale);
    return out;
}

/// Iceberg's promotions: what is written stays readable.
bool widens(const LakeType& from, const LakeType& to) {
    if (from.name == "int" && to.name == "long") return true;
    if (from.name == "float" && to.name == "double") return true;
    const auto a = as_decimal(from.name), b = as_decimal(to.name);
    return a && b && a->scale == b->scale && a->precision < b->precision;
}

}  // namespace

bool LakeType::is_nested() const {
    return !fields.empty() || name == "struct";
}

bool LakeType::same_as(const LakeType& other) const {
    const auto a = as_decimal(name), b = as_decimal(other.name);
    if (a && b) return a->precision == b->precision && a->scale == b->scale;
    return name == other.name && std::equal(fields.begin(), fields.end(), other.fields.begin(),
                                            other.fields.end(), [](const LakeField& x, const LakeField& y) {
                                                return x.name == y.name && x.type.same_as(y.type);
                                            });
}

const LakeField* LakeSchema::find(std::string_view name) const {
    for (const LakeField& f : fields)
        if (f.name == name) return &f;
    return nullptr;
}

int LakeSchema::last_id() const {
    return highest(fields);
}

std::string LakeSchema::to_json() const {
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("type", "struct").member("schema-id", id);
    write_fields(w, fields);
    w.end_object();
    return out;
}

Result<LakeSchema> LakeSchema::parse(std::string_view json) {
    MR_TRY(const Json document, parse_json(json));
    LakeSchema out;
    out.id = static_cast<int>(document.integer("schema-id").value_or(0));
    MR_TRY(out.fields, read_fields(document));
    return out;
}

Result<LakeType> lake_type(const DataType& type) {
    const auto primitive = [](std::string name) { return LakeType{.name = std::move(name), .fields = {}}; };
    const auto field = [](std::string name, const DataType& of, bool required) -> Result<LakeField> {
        LakeField f{.id = 0, .name = std::move(name), .required = required, .type = {}};
        MR_TRY(f.type, lake_type(of));
        return f;
    };
    switch (type.kind) {
        case TypeKind::boolean:
            return primitive("boolean");
        case TypeKind::tinyint:
        case TypeKind::smallint:
        case TypeKind::integer:
        case TypeKind::interval_month:
            return primitive("int");
        case TypeKind::bigint:
        case TypeKind::interval_day:
            return primitive("long");
        case TypeKind::float_:
            return primitive("float");
        case TypeKind::double_:
            return primitive("double");
        case TypeKind::decimal:
            return primitive(fmt::format("decimal({}, {})", type.precision, type.scale));
        case TypeKind::string:
            return primitive("string");
        case TypeKind::bytes:
            return primitive("binary");
        case TypeKind::date:
            return primitive("date");
        case TypeKind::time:
            return primitive("time");
        case TypeKind::timestamp:
            return primitive("timestamp");
        case TypeKind::timestamp_ltz:
            return primitive("timestamptz");
        case TypeKind::array: {
            LakeType out{.name = "list", .fields = {}};
            MR_TRY(auto element, field("element", type.child(0).type, false));
            out.fields.push_back(std::move(element));
            return out;
        }
        case TypeKind::map: {
            LakeType out{.name = "map", .fields = {}};
            MR_TRY(auto key, field("key", type.child(0).type, true));
            MR_TRY(auto value, field("value", type.child(1).type, false));
            out.fields.push_back(std::move(key));
            out.fields.push_back(std::move(value));
            return out;
        }
        case TypeKind::row: {
            LakeType out{.name = "struct", .fields = {}};
            for (const Field& f : *type.children) {
                MR_TRY(auto child, field(f.name, f.type, false));
                out.fields.push_back(std::move(child));
            }
            return out;
        }
        case TypeKind::null:
            break;
    }
    return fail(Code::unsupported, "Iceberg has no type for {}: CAST it", type.to_string());
}

Result<LakeSchema> lake_schema(const Schema& columns, bool keep_not_null) {
    LakeSchema out;
    for (const Field& column : columns.fields) {
        auto type = lake_type(column.type);
        if (!type) return annotate(std::move(type).error(), fmt::format("column `{}`", column.name));
        out.fields.push_back({.id = 0,
                              .name = column.name,
                              .required = keep_not_null && !column.type.nullable,
                              .type = std::move(*type)});
    }
    int last = 0;
    assign_ids(out.fields, last);
    return out;
}

Result<LakeSchema> evolve(const LakeSchema& current, const LakeSchema& wanted, int& last_id,
                          int new_schema_id) {
    LakeSchema out = current;
    bool changed = false;
    for (LakeField& have : out.fields) {
        const LakeField* want = wanted.find(have.name);
        if (want == nullptr) {
            if (!have.required) continue;
            return fail(Code::unsupported,
                        "column `{}` of the lake table is required but no longer written: make it optional "
                        "there, or write to another 'catalog-table'",
                        have.name);
        }
        if (have.type.same_as(want->type)) continue;
        if (!widens(have.type, want->type)) {
            return fail(Code::unsupported,
                        "column `{}` is {} in the lake table and {} here, which Iceberg cannot change in "
                        "place: CAST it, rename it, or write to another 'catalog-table'",
                        have.name, have.type.name, want->type.name);
        }
        have.type.name = want->type.name;
        changed = true;
    }
    std::vector<LakeField> added;
    for (const LakeField& want : wanted.fields)
        if (current.find(want.name) == nullptr) added.push_back(want);
    for (LakeField& f : added) f.required = false;
    assign_ids(added, last_id);
    changed = changed || !added.empty();
    for (LakeField& f : added) out.fields.push_back(std::move(f));
    if (changed) out.id = new_schema_id;
    return out;
}

}  // namespace mr::lake
