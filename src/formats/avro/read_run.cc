// ReadPlan::read: one datum into columns.
#include <simdjson.h>

#include <bit>
#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "columnar/decimal.h"
#include "formats/avro/read_plan.h"

namespace mr::formats::avro {

namespace {

using Op = ReadPlan::Op;
using Node = ReadPlan::Node;

constexpr int kSkipDepthMax = 500;
/// Elements that need no bytes, a record.
constexpr std::int64_t kEmptyItemsMax = 100'000;

/// Reads forward, never past the end. After a failure every read gives zero.
class Cursor {
  public:
    explicit Cursor(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    std::int64_t varint() {
        std::uint64_t raw = 0;
        for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
            const auto byte = static_cast<unsigned char>(*at_++);
            raw |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return static_cast<std::int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
        }
        return bad_ = true, 0;
    }
    std::string_view raw(std::int64_t length) {
        if (length < 0 || length > end_ - at_) return bad_ = true, std::string_view();
        const std::string_view out(at_, static_cast<std::size_t>(length));
        at_ += length;
        return out;
    }
    std::string_view sized() { return raw(varint()); }
    [[nodiscard]] bool bad() const { return bad_; }
    [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

  private:
    const char* at_;
    const char* end_;
    bool bad_ = false;
};

/// Big-endian two's complement; false if it needs more than 128 bits.
bool to_int128(std::string_view bytes, Int128& out) {
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80) != 0;
    const auto sign = static_cast<unsigned char>(negative ? 0xff : 0);
    while (bytes.size() > 16 && static_cast<unsigned char>(bytes[0]) == sign) bytes.remove_prefix(1);
    if (bytes.size() > 16) return false;
    unsigned __int128 value = negative ? ~static_cast<unsigned __int128>(0) : 0;
    for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
    out = static_cast<Int128>(value);
    return bytes.size() < 16 || (out < 0) == negative;
}

std::string uuid_text(std::string_view raw) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
        const auto byte = static_cast<unsigned char>(raw[i]);
        out.push_back(kDigits[byte >> 4]);
        out.push_back(kDigits[byte & 15]);
    }
    return out;
}

}  // namespace

class PlanRun {
  public:
    PlanRun(const ReadPlan& plan, std::string_view datum) : plan_(plan), in_(datum) {}

    std::string why;

    bool run(std::span<ColumnBuilder> builders) {
        if (!root(plan_.root_, builders)) return false;
        if (in_.remaining() == 0) return true;
        return fail("{} bytes follow the value: it was not written with this schema", in_.remaining());
    }

  private:
    template <class... Args>
    bool fail(fmt::format_string<Args...> format, Args&&... args) {
        why = fmt::format(format, std::forward<Args>(args)...);
        return false;
    }
    bool ends() { return fail("the value ends too early: it was not written with this schema"); }

    bool root(std::uint32_t at, std::span<ColumnBuilder> builders) {
        const Node& node = plan_.nodes_[at];
        switch (node.op) {
            case Op::branch: {
                const Node* chosen = nullptr;
                if (!choose(node, chosen)) return false;
                return root(static_cast<std::uint32_t>(chosen - plan_.nodes_.data()), builders);
            }
            case Op::null:
                for (ColumnBuilder& b : builders) b.append_null();
                return true;
            case Op::record:
                return record(node, plan_.row_, builders);
            case Op::single:
                if (read(plan_.nodes_[node.children[0]], builders[0])) return true;
                return in_field(plan_.row_, 0);
            case Op::fail:
                why = node.text;
                return false;
            default:
                return skip(node, 0);
        }
    }

    bool choose(const Node& node, const Node*& chosen) {
        const std::int64_t index = in_.varint();
        if (in_.bad()) return ends();
        if (index < 0 || index >= static_cast<std::int64_t>(node.children.size()))
            return fail("branch {} of a union of {}", index, node.children.size());
        chosen = &plan_.nodes_[node.children[static_cast<std::size_t>(index)]];
        return true;
    }

    bool record(const Node& node, const DataType& type, std::span<ColumnBuilder> builders) {
        for (const ReadPlan::Slot& slot : node.slots) {
            const Node& child = plan_.nodes_[slot.node];
            if (slot.target < 0) {
                if (!skip(child, 0)) return false;
            } else if (!read(child, builders[static_cast<std::size_t>(slot.target)])) {
                return in_field(type, static_cast<std::size_t>(slot.target));
            }
        }
        for (const ReadPlan::Fill& fill : node.fills) {
            const auto target = static_cast<std::size_t>(fill.target);
            if (fill.node < 0) {
                builders[target].append_null();
                continue;
            }
            const Cursor before = std::exchange(in_, Cursor(fill.datum));
            const bool good = read(plan_.nodes_[static_cast<std::size_t>(fill.node)], builders[target]);
            in_ = before;
            if (!good) return in_field(type, target);
        }
        return true;
    }

    /// Puts the field before the reason: "field `a.b`: …".
    bool in_field(const DataType& type, std::size_t field) {
        const std::string& name = type.child(field).name;
        if (why.starts_with("field `")) {
            why = fmt::format("field `{}.{}", name, std::string_view(why).substr(7));
        } else {
            why = fmt::format("field `{}`: {}", name, why);
        }
        return false;
    }

    bool read(const Node& node, ColumnBuilder& builder) {
        switch (node.op) {
            case Op::null:
                builder.append_null();
                return true;
            case Op::boolean: {
                const std::string_view byte = in_.raw(1);
                if (in_.bad()) return ends();
                if (static_cast<unsigned char>(byte[0]) > 1)
                    return fail("{} is no boolean", static_cast<unsigned char>(byte[0]));
                builder.append_boolean(byte[0] != 0);
                return true;
            }
            case Op::integer: {
                const std::int64_t v = in_.varint();
                if (in_.bad()) return ends();
                if (v < node.low || v > node.high)
                    return fail("{} is out of range for {}", v, builder.type().to_string());
                builder.append_integer(v);
                return true;
            }
            case Op::ticks:
                return ticks(node, builder);
            case Op::text:
                return text(in_.sized(), node.low != 0, builder);
            case Op::fixed:
                return text(in_.raw(node.low), false, builder);
            case Op::branch: {
                const Node* chosen = nullptr;
                return choose(node, chosen) && read(*chosen, builder);
            }
            default:
                return read_rarer(node, builder);
        }
    }

    bool read_rarer(const Node& node, ColumnBuilder& builder) {
        switch (node.op) {
            case Op::integer_to_real: {
                const std::int64_t v = in_.varint();
                if (in_.bad()) return ends();
                builder.append_real(static_cast<double>(v));
                return true;
            }
            case Op::float32:
            case Op::float64:
                return real(node.op == Op::float32, builder);
            case Op::uuid: {
                const std::string_view raw = in_.raw(16);
                if (in_.bad()) return ends();
                builder.append_text(uuid_text(raw));
                return true;
            }
            case Op::decimal:
                return decimal(in_.sized(), node.scale, builder);
            case Op::decimal_fixed:
                return decimal(in_.raw(node.low), node.scale, builder);
            case Op::symbol: {
                const std::int64_t index = in_.varint();
                if (in_.bad()) return ends();
                if (index < 0 || index >= static_cast<std::int64_t>(node.symbols.size()))
                    return fail("symbol {} of an enum of {}", index, node.symbols.size());
                const std::string& symbol = node.symbols[static_cast<std::size_t>(index)];
                if (symbol.empty()) return fail("symbol {} is none of the reader's enum", index);
                builder.append_text(symbol);
                return true;
            }
            case Op::array:
            case Op::map:
                return list(node, builder);
            case Op::record: {
                const DataType& type = builder.type();
                const std::size_t count = type.children->size();
                if (!record(node, type,
                            count == 0 ? std::span<ColumnBuilder>()
                                       : std::span<ColumnBuilder>(&builder.child(0), count)))
                    return false;
                builder.append_row();
                return true;
            }
            default:
                why = node.text;
                return false;
        }
    }

    bool text(std::string_view bytes, bool check, ColumnBuilder& builder) {
        if (in_.bad()) return ends();
        if (check && !simdjson::validate_utf8(bytes.data(), bytes.size())) return fail("is not UTF-8");
        builder.append_text(bytes);
        return true;
    }

    bool ticks(const Node& node, ColumnBuilder& builder) {
        const std::int64_t v = in_.varint();
        if (in_.bad()) return ends();
        std::int64_t scaled = 0;
        if (__builtin_mul_overflow(v, node.low, &scaled))
            return fail("{} is out of range for {}", v, builder.type().to_string());
        if (node.high > 1) scaled = scaled / node.high - (scaled % node.high < 0 ? 1 : 0);
        constexpr std::int64_t kDayMs = 86'400'000;
        if (builder.type().kind == TypeKind::time && (scaled < 0 || scaled >= kDayMs))
            return fail("{} is no time of day", v);
        builder.append_integer(scaled);
        return true;
    }

    bool real(bool single, ColumnBuilder& builder) {
        const std::string_view raw = in_.raw(single ? 4 : 8);
        if (in_.bad()) return ends();
        if (single) {
            builder.append_real(
                std::bit_cast<float>(internal::load<std::uint32_t>(raw.data(), Endian::little)));
        } else {
            builder.append_real(
                std::bit_cast<double>(internal::load<std::uint64_t>(raw.data(), Endian::little)));
        }
        return true;
    }

    bool decimal(std::string_view raw, int scale, ColumnBuilder& builder) {
        if (in_.bad()) return ends();
        const DataType& t = builder.type();
        Int128 unscaled = 0;
        std::optional<Int128> fitted;
        if (to_int128(raw, unscaled)) {
            fitted = scale == t.scale ? std::optional(unscaled)
                                      : decimal_rescale({unscaled, scale}, {t.precision, t.scale});
        }
        if (!fitted || !fits_precision(*fitted, t.precision))
            return fail("a decimal of {} bytes at scale {} does not fit {}", raw.size(), scale,
                        t.to_string());
        builder.append_decimal(*fitted);
        return true;
    }

    /// The next block of an array or map: its number of items, 0 at the end.
    bool block(std::int64_t& count, std::int64_t* bytes) {
        count = in_.varint();
        if (count < 0) {
            if (count == std::numeric_limits<std::int64_t>::min()) return fail("a block without size");
            count = -count;
            const std::int64_t size = in_.varint();
            if (bytes != nullptr) *bytes = size;
        }
        return in_.bad() ? ends() : true;
    }

    /// Items may take no bytes: then only this bounds them.
    bool item(std::size_t left_before) {
        if (in_.remaining() < left_before || ++empty_items_ <= kEmptyItemsMax) return true;
        return fail("more than {} items without content", kEmptyItemsMax);
    }

    bool list(const Node& node, ColumnBuilder& builder) {
        const Node& child = plan_.nodes_[node.children[0]];
        const bool map = node.op == Op::map;
        std::size_t index = 0;
        for (std::int64_t count = 0;;) {
            if (!block(count, nullptr)) return false;
            if (count == 0) break;
            for (; count > 0; --count, ++index) {
                const std::size_t left = in_.remaining();
                if (map && !text(in_.sized(), true, builder.child(0))) return false;
                if (!read(child, builder.child(map ? 1 : 0)) || !item(left)) {
                    why = fmt::format("{} {}: {}", map ? "entry" : "element", index, why);
                    return false;
                }
            }
        }
        builder.append_list();
        return true;
    }

    bool skip(const Node& node, int depth) {
        if (depth > kSkipDepthMax) return fail("nested more than {} deep", kSkipDepthMax);
        switch (node.op) {
            case Op::skip_fixed:
                in_.raw(node.low);
                break;
            case Op::skip_varint:
                in_.varint();
                break;
            case Op::skip_sized:
                in_.sized();
                break;
            case Op::skip_array:
            case Op::skip_map:
                return skip_list(node, depth);
            case Op::skip_branch: {
                const Node* chosen = nullptr;
                return choose(node, chosen) && skip(*chosen, depth + 1);
            }
            case Op::skip_record:
                for (const std::uint32_t child : node.children) {
                    if (!skip(plan_.nodes_[child], depth + 1)) return false;
                }
                return true;
            default:
                break;
        }
        return in_.bad() ? ends() : true;
    }

    bool skip_list(const Node& node, int depth) {
        const Node& child = plan_.nodes_[node.children[0]];
        while (true) {
            std::int64_t count = 0, bytes = -1;
            if (!block(count, &bytes)) return false;
            if (count == 0) return true;
            if (bytes >= 0) {
                in_.raw(bytes);
                if (in_.bad()) return ends();
                continue;
            }
            for (; count > 0; --count) {
                const std::size_t left = in_.remaining();
                if (node.op == Op::skip_map) in_.sized();
                if (in_.bad()) return ends();
                if (!skip(child, depth + 1) || !item(left)) return false;
            }
        }
    }

    const ReadPlan& plan_;
    Cursor in_;
    std::int64_t empty_items_ = 0;
};

Status ReadPlan::read(std::string_view datum, std::span<ColumnBuilder> builders) const {
    const std::size_t before = builders.empty() ? 0 : builders[0].size();
    PlanRun run(*this, datum);
    if (run.run(builders)) return {};
    for (ColumnBuilder& b : builders) b.truncate(before);
    return std::unexpected(Error{Code::invalid_argument, std::move(run.why)});
}

}  // namespace mr::formats::avro
