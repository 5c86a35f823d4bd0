// JSON text as a flat list of values, for the JSON functions: validated as a whole, nothing copied, the
// list's memory reused from row to row. Nested at most 100 levels. Thread: one (a tape), any (a path).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/type.h"
#include "columnar/value.h"

namespace mr::engine::internal {

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

struct JsonNode {
    JsonKind kind = JsonKind::null;
    std::string_view text;    ///< string: between the quotes, still escaped; others: as written
    std::uint32_t after = 0;  ///< index of the node after this value's last
};

class JsonTape {
  public:
    /// False if the text is not one JSON value. The views of the nodes are into `json`.
    bool parse(std::string_view json);
    [[nodiscard]] const JsonNode& at(std::uint32_t i) const { return nodes_[i]; }
    /// Children of an array follow it, each `after` the other; of an object: name, value, name, value, …
    [[nodiscard]] std::uint32_t first_child(std::uint32_t i) const { return i + 1; }
    /// The value of a member (the last of that name); nothing if there is none.
    [[nodiscard]] std::optional<std::uint32_t> member(std::uint32_t object, std::string_view name) const;
    [[nodiscard]] std::uint32_t array_size(std::uint32_t array) const;
    /// REQUIRES: index < array_size().
    [[nodiscard]] std::uint32_t element(std::uint32_t array, std::uint32_t index) const;

    /// A string without its escapes; a number as Java's BigDecimal prints it; true, false.
    [[nodiscard]] std::string scalar_text(std::uint32_t i) const;
    /// Compact JSON of a value.
    void append_json(std::string& out, std::uint32_t i) const;

  private:
    bool value(int depth);
    bool string_body();
    bool number();
    bool literal(std::string_view word, JsonKind kind);
    void blanks();
    std::string_view json_;
    std::size_t at_ = 0;
    std::vector<JsonNode> nodes_;
};

/// Undoes JSON's escapes; unpaired surrogates become U+FFFD.
std::string json_unescape(std::string_view escaped);
/// "1.50" as it is, "1e3" as "1E+3": BigDecimal.toString of a JSON number.
std::string java_number(std::string_view json_number);

/// A SQL value as the JSON functions write it.
void append_json_value(std::string& out, const Value& v, const DataType& type);

/// The members of an object on their way out: in order of their names, of one name the last, as Flink writes
/// them.
class JsonMembers {
  public:
    /// The member's value, to be written to.
    std::string& add(std::string name);
    void write(std::string& out) const;

  private:
    std::map<std::string, std::string> members_;
};

/// A path as Flink's (Jayway's): "[lax|strict] $.a['b c'][0][*]..d".
class JsonPath {
  public:
    static Result<JsonPath> parse(std::string_view text);
    [[nodiscard]] bool strict() const { return strict_; }
    /// False if a step may lead to several values: then the answer is the array of what was found.
    [[nodiscard]] bool definite() const { return definite_; }
    /// The values the path leads to, in document order.
    void find(const JsonTape& tape, std::vector<std::uint32_t>& out) const;

    /// Does the path lead somewhere up to its first step of several values?
    [[nodiscard]] bool begins(const JsonTape& tape) const;

  private:
    enum class Step : std::uint8_t { member, index, every, deep };
    struct Part {
        Step step = Step::member;
        std::string name;  ///< member; deep: empty means every
        std::int64_t index = 0;
    };
    Status parse_step(std::string_view text, std::size_t& at);
    Status parse_bracket(std::string_view text, std::size_t& at);
    void walk(const JsonTape& tape, std::uint32_t node, std::size_t part,
              std::vector<std::uint32_t>& out) const;
    void descend(const JsonTape& tape, std::uint32_t node, std::size_t part,
                 std::vector<std::uint32_t>& out) const;
    std::vector<Part> parts_;
    bool strict_ = true;  ///< unless the path says lax: Flink's default
    bool definite_ = true;
};

}  // namespace mr::engine::internal
