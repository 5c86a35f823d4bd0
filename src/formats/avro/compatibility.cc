#include "formats/avro/compatibility.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

namespace mr::formats::avro {
namespace {

class Checker {
  public:
    std::vector<Incompatibility> found;

    void check(const Schema& reader, const Schema& writer, const std::string& path) {
        if (++*steps_ > kStepsMax) {
            if (found.empty()) add("TOO_COMPLEX", path, "the schemas nest unions too deeply to be compared");
            return;
        }
        // Records that contain themselves: a pair under examination counts as fine.
        if (!open_.insert({&reader, &writer}).second) return;
        if (writer.type == Type::union_of) {
            // A union the reader has as well is compared branch by branch.
            for (std::size_t i = 0; i < writer.parts.size(); ++i) {
                if (reader.type == Type::union_of) {
                    check_branch(reader, *writer.parts[i], path + "/" + std::to_string(i));
                } else {
                    check(reader, *writer.parts[i], path);
                }
            }
            return;
        }
        if (reader.type == Type::union_of) return check_branch(reader, writer, path);
        if (reader.type != writer.type) {
            if (!promotes(writer.type, reader.type)) {
                add("TYPE_MISMATCH", path,
                    fmt::format("reader type: {} not compatible with writer type: {}", upper(reader.type),
                                upper(writer.type)));
            }
            return;
        }
        switch (reader.type) {
            case Type::array:
                return check(*reader.parts.front(), *writer.parts.front(), path + "/items");
            case Type::map:
                return check(*reader.parts.front(), *writer.parts.front(), path + "/values");
            case Type::fixed:
                check_name(reader, writer, path);
                if (reader.size != writer.size) {
                    add("FIXED_SIZE_MISMATCH", path + "/size",
                        fmt::format("expected: {}, found: {}", writer.size, reader.size));
                }
                return;
            case Type::enumeration:
                return check_enum(reader, writer, path);
            case Type::record:
                return check_record(reader, writer, path);
            default:
                return;
        }
    }

  private:
    static std::string upper(Type type) {
        std::string out(to_string(type));
        std::transform(out.begin(), out.end(), out.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
        return out;
    }
    void add(std::string type, std::string path, std::string message) {
        found.push_back({std::move(type), path.empty() ? "/" : std::move(path), std::move(message)});
    }

    bool reads(const Schema& reader, const Schema& writer) const {
        Checker attempt;
        attempt.open_ = open_;
        attempt.steps_ = steps_;
        attempt.check(reader, writer, "");
        return attempt.found.empty();
    }

    void check_branch(const Schema& reader, const Schema& writer, const std::string& path) {
        const bool any = std::any_of(reader.parts.begin(), reader.parts.end(),
                                     [&](const Schema* branch) { return reads(*branch, writer); });
        if (any) return;
        // With exactly one branch of the same name, its differences say more than "no branch".
        for (const Schema* branch : reader.parts) {
            if (branch->type == writer.type && branch->is_named() &&
                branch->full_name() == writer.full_name()) {
                return check(*branch, writer, path);
            }
        }
        add("MISSING_UNION_BRANCH", path,
            fmt::format("reader union lacking writer type: {}",
                        writer.is_named() ? writer.full_name() : upper(writer.type)));
    }

    /// Unqualified names count (Avro's Java checker), and the reader's aliases.
    void check_name(const Schema& reader, const Schema& writer, const std::string& path) {
        if (reader.name == writer.name) return;
        if (std::find(reader.aliases.begin(), reader.aliases.end(), writer.full_name()) !=
            reader.aliases.end())
            return;
        add("NAME_MISMATCH", path + "/name", fmt::format("expected: {}", writer.full_name()));
    }

    void check_enum(const Schema& reader, const Schema& writer, const std::string& path) {
        check_name(reader, writer, path);
        if (reader.enum_default) return;
        std::string missing;
        for (const auto& symbol : writer.symbols) {
            if (std::find(reader.symbols.begin(), reader.symbols.end(), symbol) != reader.symbols.end())
                continue;
            missing += (missing.empty() ? "" : ", ") + symbol;
        }
        if (!missing.empty()) add("MISSING_ENUM_SYMBOLS", path + "/symbols", "[" + missing + "]");
    }

    static const Field* writer_field(const Schema& writer, const Field& reader) {
        const auto named = [&](std::string_view name) {
            const auto it = std::find_if(writer.fields.begin(), writer.fields.end(),
                                         [&](const Field& f) { return f.name == name; });
            return it == writer.fields.end() ? nullptr : &*it;
        };
        if (const Field* found = named(reader.name)) return found;
        for (const auto& alias : reader.aliases) {
            if (const Field* found = named(alias)) return found;
        }
        return nullptr;
    }

    void check_record(const Schema& reader, const Schema& writer, const std::string& path) {
        check_name(reader, writer, path);
        for (std::size_t i = 0; i < reader.fields.size(); ++i) {
            const Field& field = reader.fields[i];
            const std::string place = path + "/fields/" + std::to_string(i);
            if (const Field* written = writer_field(writer, field)) {
                check(*field.type, *written->type, place + "/type");
            } else if (!field.default_json &&
                       !(field.type->type == Type::enumeration && field.type->enum_default)) {
                add("READER_FIELD_MISSING_DEFAULT_VALUE", place, field.name);
            }
        }
    }

    /// Trying union branches is exponential in the worst case; schemas people write need a few hundred steps.
    static constexpr std::size_t kStepsMax = 100'000;
    std::set<std::pair<const Schema*, const Schema*>> open_;
    std::shared_ptr<std::size_t> steps_ = std::make_shared<std::size_t>(0);
};

}  // namespace

std::vector<Incompatibility> check_can_read(const Schema& reader, const Schema& writer) {
    Checker checker;
    checker.check(reader, writer, "");
    return std::move(checker.found);
}

}  // namespace mr::formats::avro
