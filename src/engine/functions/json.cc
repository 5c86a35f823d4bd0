// JSON_VALUE, JSON_QUERY, JSON_EXISTS, IS JSON: SQL/JSON over the paths Flink takes. In lax mode a path that
// leads nowhere is empty, in strict mode an error; JSON null counts as empty. A path that names no mode is
// strict, as in Flink. What is written has its members in order of their names.
#include <charconv>

#include "engine/internal/json_tape.h"
#include "engine/internal/registry.h"

namespace mr::engine::internal {
namespace {

/// A document parsed once a row, and the path of a literal or of each row.
class Navigator {
  public:
    static Result<Navigator> of(const plan::Expr& call) {
        Navigator n;
        if (const auto text = literal_text(call, 1)) {
            MR_TRY(n.fixed_, JsonPath::parse(*text));
        }
        return n;
    }

    enum class Outcome : std::uint8_t { value, empty, error };
    struct Answer {
        Outcome outcome = Outcome::error;
        bool strict = false;
        bool list = false;  ///< of an indefinite path: the array of what was found
    };

    /// Looks the path up; found() says where. A bad path fails the row and gives nothing.
    std::optional<Answer> look(RowCall& c) {
        const JsonPath* path = fixed_ ? &*fixed_ : nullptr;
        Result<JsonPath> made = fail(Code::internal, "no path");
        if (path == nullptr) {
            made = JsonPath::parse(c.text(1));
            if (!made) {
                c.fail(made.error().message);
                return std::nullopt;
            }
            path = &*made;
        }
        Answer a;
        a.strict = path->strict();
        if (!tape_.parse(c.text(0))) {
            // As Flink: in lax mode what is no JSON has nothing in it.
            a.outcome = a.strict ? Outcome::error : Outcome::empty;
            return a;
        }
        path->find(tape_, found_);
        if (!path->definite()) {
            a.list = true;
            a.outcome = a.strict && !path->begins(tape_) ? Outcome::error : Outcome::value;
        } else if (found_.empty()) {
            a.outcome = a.strict ? Outcome::error : Outcome::empty;
        } else {
            a.outcome = tape_.at(found_[0]).kind == JsonKind::null ? Outcome::empty : Outcome::value;
        }
        return a;
    }
    [[nodiscard]] const JsonTape& tape() const { return tape_; }
    [[nodiscard]] std::uint32_t node() const { return found_[0]; }
    [[nodiscard]] bool scalar() const {
        const JsonKind k = tape_.at(found_[0]).kind;
        return k != JsonKind::array && k != JsonKind::object;
    }
    [[nodiscard]] bool array() const { return tape_.at(found_[0]).kind == JsonKind::array; }
    /// The value, or the array of values.
    [[nodiscard]] std::string json(const Answer& a) const {
        std::string out;
        if (!a.list) {
            tape_.append_json(out, found_[0]);
            return out;
        }
        out += '[';
        for (std::size_t i = 0; i < found_.size(); ++i) {
            if (i > 0) out += ',';
            tape_.append_json(out, found_[i]);
        }
        return out += ']';
    }

  private:
    std::optional<JsonPath> fixed_;
    JsonTape tape_;
    std::vector<std::uint32_t> found_;
};
using Outcome = Navigator::Outcome;

/// A scalar as the type of RETURNING; a value of another kind fails the row, as Flink's job would fail.
void put_scalar(RowCall& c, const JsonNode& node, std::string text) {
    const DataType& type = c.out_type();
    switch (type.kind) {
        case TypeKind::string:
            return c.set(text);
        case TypeKind::boolean:
            if (node.kind == JsonKind::boolean) return c.set_boolean(node.text == "true");
            break;
        case TypeKind::double_:
        case TypeKind::float_:
            if (node.kind == JsonKind::number) {
                double v = 0;
                std::from_chars(node.text.data(), node.text.data() + node.text.size(), v);
                return c.set_real(v);
            }
            break;
        default:
            if (node.kind == JsonKind::number) {
                auto v = cast_value(Value::of(text), DataType::string(), type);
                const bool whole = !type.is_integer() || text.find_first_of(".E") == std::string::npos;
                if (v && whole) return c.set_value(*v);
            }
    }
    c.fail(fmt::format("JSON_VALUE: {} is not {}", text.substr(0, 100), type.to_string()));
}

/// What ON EMPTY or ON ERROR asks for.
void put_default(RowCall& c, std::size_t behaviour, const char* what) {
    const std::string_view mode = c.size() > behaviour && !c.is_null(behaviour) ? c.text(behaviour) : "NULL";
    if (mode == "ERROR") return c.fail(fmt::format("JSON_VALUE: {}", what));
    if (mode != "DEFAULT" || c.size() <= behaviour + 1 || c.is_null(behaviour + 1)) return c.null();
    auto v = cast_value(c.value(behaviour + 1), c.type(behaviour + 1), c.out_type());
    v ? c.set_value(*v) : c.fail(v.error().message);
}

Result<RowFunction> make_value(const plan::Expr& call) {
    MR_TRY(Navigator made, Navigator::of(call));
    return [n = std::move(made)](RowCall& c) mutable {
        if (c.is_null(0) || c.is_null(1)) return c.null();
        const auto answer = n.look(c);
        if (!answer) return;
        Outcome outcome = answer->outcome;
        if (outcome == Outcome::value && (answer->list || !n.scalar()))
            outcome = answer->strict ? Outcome::error : Outcome::empty;
        switch (outcome) {
            case Outcome::value:
                return put_scalar(c, n.tape().at(n.node()), n.tape().scalar_text(n.node()));
            case Outcome::empty:
                return put_default(c, 2, "no value at the path");
            case Outcome::error:
                return put_default(c, 4, "invalid JSON, or no scalar at the path");
        }
    };
}

void put_query_default(RowCall& c, std::size_t behaviour, const char* what) {
    const std::string_view mode = c.size() > behaviour && !c.is_null(behaviour) ? c.text(behaviour) : "NULL";
    if (mode == "EMPTY ARRAY") return c.set("[]");
    if (mode == "EMPTY OBJECT") return c.set("{}");
    if (mode == "ERROR") return c.fail(fmt::format("JSON_QUERY: {}", what));
    c.null();
}

Result<RowFunction> make_query(const plan::Expr& call) {
    MR_TRY(Navigator made, Navigator::of(call));
    return [n = std::move(made)](RowCall& c) mutable {
        if (c.is_null(0) || c.is_null(1)) return c.null();
        const auto answer = n.look(c);
        if (!answer) return;
        if (answer->outcome == Outcome::error)
            return put_query_default(c, 4, "invalid JSON, or nothing at the path");
        if (answer->outcome == Outcome::empty) return put_query_default(c, 3, "no value at the path");
        const std::string_view wrapper = c.size() > 2 && !c.is_null(2) ? c.text(2) : "WITHOUT";
        const bool collection = answer->list || !n.scalar();
        if (wrapper == "UNCONDITIONAL" || (wrapper == "CONDITIONAL" && !answer->list && !n.array()))
            return c.set("[" + n.json(*answer) + "]");
        if (!collection)
            return answer->strict ? put_query_default(c, 4, "a scalar at the path")
                                  : put_query_default(c, 3, "a scalar at the path");
        c.set(n.json(*answer));
    };
}

Result<RowFunction> make_exists(const plan::Expr& call) {
    MR_TRY(Navigator made, Navigator::of(call));
    return [n = std::move(made)](RowCall& c) mutable {
        const auto answer = n.look(c);
        if (!answer) return;
        if (answer->outcome != Outcome::error) return c.set_boolean(answer->outcome == Outcome::value);
        const std::string_view mode = c.size() > 2 ? c.text(2) : "FALSE";
        if (mode == "UNKNOWN") return c.null();
        if (mode == "ERROR") return c.fail("JSON_EXISTS: invalid JSON, or nothing at the path");
        c.set_boolean(mode == "TRUE");
    };
}

Result<RowFunction> make_is_json(const plan::Expr&) {
    return [tape = JsonTape()](RowCall& c) mutable {
        if (c.is_null(0) || !tape.parse(c.text(0))) return c.set_boolean(false);
        const std::string_view kind = c.size() > 1 ? c.text(1) : "VALUE";
        const JsonKind k = tape.at(0).kind;
        if (kind == "OBJECT") return c.set_boolean(k == JsonKind::object);
        if (kind == "ARRAY") return c.set_boolean(k == JsonKind::array);
        if (kind == "SCALAR") return c.set_boolean(k != JsonKind::object && k != JsonKind::array);
        c.set_boolean(true);
    };
}

}  // namespace

void add_json(Registry& r) {
    // Defaults may be NULL literals: the functions look at NULLs themselves.
    r.add_row_maker("JSON_VALUE", make_value, Strictness::lenient);
    r.add_row_maker("JSON_QUERY", make_query, Strictness::lenient);
    r.add_row_maker("JSON_EXISTS", make_exists);
    r.add_row_maker("IS JSON", make_is_json, Strictness::lenient);
}

}  // namespace mr::engine::internal
