#include "connect/datagen_rows.h"

#include <cmath>

#include "base/splitmix64.h"
#include "columnar/decimal.h"
#include "columnar/temporal.h"

namespace mr::connect {
namespace {

using plan::DatagenField;

constexpr std::int64_t kDayMs = 86'400'000;

/// Of one (column, row).
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() { return splitmix64(state_); }
    /// In [0, 1).
    double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
    /// In [least, most].
    Int128 between(Int128 least, Int128 most) {
        using Unsigned = unsigned __int128;
        const Unsigned span = static_cast<Unsigned>(most) - static_cast<Unsigned>(least) + 1;
        const Unsigned wide = (static_cast<Unsigned>(next()) << 64) | next();
        return static_cast<Int128>(static_cast<Unsigned>(least) + (span == 0 ? wide : wide % span));
    }

  private:
    std::uint64_t state_;
};

class Maker {
  public:
    Maker(std::int64_t row, TimestampMs now) : row_(row), now_(now) {}

    void append(const DatagenField& field, std::uint64_t salt, ColumnBuilder& out) const {
        Random random((salt + 1) * 0x632be59bd9b4e019ULL ^ static_cast<std::uint64_t>(row_));
        append(field, random, out);
    }

  private:
    void append(const DatagenField& field, Random& random, ColumnBuilder& out) const {
        if (field.null_rate > 0 && random.unit() < field.null_rate) return out.append_null();
        if (field.kind == DatagenField::Kind::sequence) return sequence(field, out);
        switch (field.type.kind) {
            case TypeKind::boolean:
                return out.append_boolean((random.next() & 1) != 0);
            case TypeKind::float_:
            case TypeKind::double_:
                // Halves, so that the whole range of DOUBLE does not overflow.
                return out.append_real(2 * (field.least_real / 2 +
                                            random.unit() * (field.most_real / 2 - field.least_real / 2)));
            case TypeKind::decimal:
                return out.append_decimal(random.between(field.least, field.most));
            case TypeKind::string:
            case TypeKind::bytes:
                return text(field, random, out);
            case TypeKind::date:
                return out.append_integer(floor_div(now_.value, kDayMs));
            case TypeKind::time:
                return out.append_integer(now_.value - floor_div(now_.value, kDayMs) * kDayMs);
            case TypeKind::timestamp:
            case TypeKind::timestamp_ltz: {
                const auto past = static_cast<std::int64_t>(random.between(0, field.max_past_ms));
                return out.append_integer((now_.value - past) * (field.type.time_unit() / 1'000));
            }
            case TypeKind::array:
            case TypeKind::map:
                return list(field, random, out);
            case TypeKind::row:
                for (std::size_t i = 0; i < field.children.size(); ++i)
                    append(field.children[i], random, out.child(i));
                return out.append_row();
            case TypeKind::null:
                return out.append_null();
            default:
                return out.append_integer(static_cast<std::int64_t>(random.between(field.least, field.most)));
        }
    }

    void sequence(const DatagenField& field, ColumnBuilder& out) const {
        const Int128 value = field.least + row_;
        if (field.type.is_character()) return out.append_text(decimal_to_string(value, 0));
        if (field.type.kind == TypeKind::decimal)
            return out.append_decimal(value * power_of_ten(field.type.scale));
        if (field.type.kind == TypeKind::float_ || field.type.kind == TypeKind::double_)
            return out.append_real(static_cast<double>(value));
        out.append_integer(static_cast<std::int64_t>(value));
    }

    /// Hexadecimal digits, as Flink's.
    static void text(const DatagenField& field, Random& random, ColumnBuilder& out) {
        static constexpr std::string_view kDigits = "0123456789abcdef";
        std::int64_t length = field.length;
        if (field.var_len && length > 1) length = static_cast<std::int64_t>(random.between(1, length));
        std::string made(static_cast<std::size_t>(length), '\0');
        const bool bytes = field.type.kind == TypeKind::bytes;
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < made.size(); ++i) {
            if (i % 8 == 0) bits = random.next();
            made[i] = bytes ? static_cast<char>(bits & 0xff) : kDigits[bits & 15];
            bits >>= 8;
        }
        out.append_text(made);
    }

    void list(const DatagenField& field, Random& random, ColumnBuilder& out) const {
        // A map with equal keys would be shorter: they are as they come, as in Flink.
        for (std::int64_t n = 0; n < field.length; ++n) {
            for (std::size_t i = 0; i < field.children.size(); ++i)
                append(field.children[i], random, out.child(i));
        }
        out.append_list();
    }

    const std::int64_t row_;
    const TimestampMs now_;
};

}  // namespace

std::vector<ColumnPtr> datagen_rows(const plan::DatagenSpec& spec, std::int64_t first, std::size_t count,
                                    TimestampMs now) {
    std::vector<ColumnPtr> out;
    for (std::size_t c = 0; c < spec.fields.size(); ++c) {
        ColumnBuilder builder(spec.fields[c].type);
        for (std::size_t i = 0; i < count; ++i)
            Maker(first + static_cast<std::int64_t>(i), now).append(spec.fields[c], c, builder);
        out.push_back(builder.finish());
    }
    return out;
}

}  // namespace mr::connect
