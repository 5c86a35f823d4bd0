// COUNT, SUM, AVG, MIN, MAX, STDDEV, VAR, FIRST_VALUE, LAST_VALUE over fixed-width values: a plain struct a
// group, no allocation a row.
#include <cmath>
#include <limits>
#include <optional>

#include "columnar/decimal.h"
#include "engine/internal/aggregate_function.h"

namespace mr::engine::internal {
namespace {

using Unsigned = unsigned __int128;

/// Ties a state struct and a static add() into the interface; update_all() is one loop without virtual calls.
template <class Derived, class State>
class Fixed : public AggregateFunction {
  public:
    [[nodiscard]] std::size_t fixed_size() const final { return sizeof(State); }

    void update(char* state, EntryStore*, const AggregateRow& row) final {
        const auto* self = static_cast<const Derived*>(this);
        if (self->skips(row)) return;
        auto s = load_state<State>(state);
        self->add(s, row);
        store_state(state, s);
    }

    void update_all(std::span<char* const> groups, std::size_t offset, std::span<const ColumnPtr> args,
                    std::span<const std::int32_t> weights) final {
        const auto* self = static_cast<const Derived*>(this);
        for (std::size_t i = 0; i < groups.size(); ++i) {
            const AggregateRow row{args, i, weights[i], 0};
            if (groups[i] == nullptr || !passes(i) || self->skips(row)) continue;
            auto s = load_state<State>(groups[i] + offset);
            self->add(s, row);
            store_state(groups[i] + offset, s);
        }
    }

    void merge(char* state, EntryStore*, const char* other, EntryStore*) const final {
        auto s = load_state<State>(state);
        static_cast<const Derived*>(this)->join(s, load_state<State>(other));
        store_state(state, s);
    }

    void result(const char* state, EntryStore*, ColumnBuilder& out) const final {
        static_cast<const Derived*>(this)->finish(load_state<State>(state), out);
    }

    /// NULL arguments are not seen.
    [[nodiscard]] bool skips(const AggregateRow& row) const { return row.args[0]->is_null(row.row); }
};

struct CountState {
    std::int64_t count = 0;
};
class Count final : public Fixed<Count, CountState> {
  public:
    [[nodiscard]] bool skips(const AggregateRow& row) const {
        for (const ColumnPtr& c : row.args) {
            if (c->is_null(row.row)) return true;
        }
        return false;
    }
    void add(CountState& s, const AggregateRow& row) const { s.count += row.weight; }
    void join(CountState& s, const CountState& o) const { s.count += o.count; }
    void finish(const CountState& s, ColumnBuilder& out) const { out.append_integer(s.count); }
};

struct IntegerSum {
    std::uint64_t sum = 0;  ///< modulo 2^64: narrower sums are its low bits
    std::int64_t count = 0;
};
std::uint64_t times(std::int64_t v, std::int32_t weight) {
    return static_cast<std::uint64_t>(v) * static_cast<std::uint64_t>(static_cast<std::int64_t>(weight));
}
class SumInteger final : public Fixed<SumInteger, IntegerSum> {
  public:
    explicit SumInteger(bool mean) : mean_(mean) {}
    void add(IntegerSum& s, const AggregateRow& row) const {
        s.sum += times(row.args[0]->integer(row.row), row.weight);
        s.count += row.weight;
    }
    void join(IntegerSum& s, const IntegerSum& o) const {
        s.sum += o.sum;
        s.count += o.count;
    }
    void finish(const IntegerSum& s, ColumnBuilder& out) const {
        if (s.count == 0) return out.append_null();
        const auto sum = static_cast<std::int64_t>(s.sum);
        out.append_integer(mean_ ? sum / s.count : sum);
    }

  private:
    bool mean_;
};

struct DecimalSum {
    std::uint64_t low = 0;
    std::uint64_t middle = 0;
    std::int64_t high = 0;  ///< two's complement of 192 bits
    std::int64_t count = 0;
};
void add_wide(DecimalSum& s, Int128 v, std::int64_t high) {
    const Unsigned before = (static_cast<Unsigned>(s.middle) << 64) | s.low;
    const Unsigned after = before + static_cast<Unsigned>(v);
    s.low = static_cast<std::uint64_t>(after);
    s.middle = static_cast<std::uint64_t>(after >> 64);
    s.high += high + (after < before ? 1 : 0);
}
class SumDecimal final : public Fixed<SumDecimal, DecimalSum> {
  public:
    SumDecimal(bool mean, int scale) : mean_(mean), scale_(scale) {}
    void add(DecimalSum& s, const AggregateRow& row) const {
        Int128 v = row.args[0]->decimal(row.row);
        // Weights beyond ±1 come from folded neighbours; 38 digits times a few still fit 192 bits one by one.
        const std::int32_t times_left = row.weight < 0 ? -row.weight : row.weight;
        if (row.weight < 0) v = -v;
        for (std::int32_t i = 0; i < times_left; ++i) add_wide(s, v, v < 0 ? -1 : 0);
        s.count += row.weight;
    }
    void join(DecimalSum& s, const DecimalSum& o) const {
        add_wide(s, static_cast<Int128>((static_cast<Unsigned>(o.middle) << 64) | o.low), o.high);
        s.count += o.count;
    }
    void finish(const DecimalSum& s, ColumnBuilder& out) const {
        if (s.count == 0) return out.append_null();
        const auto v = static_cast<Int128>((static_cast<Unsigned>(s.middle) << 64) | s.low);
        const DataType& type = out.type();
        if (s.high != (v < 0 ? -1 : 0) || !fits_precision(v, 38)) return out.append_null();
        const auto r = mean_ ? decimal_divide({v, scale_}, {s.count, 0}, {type.precision, type.scale})
                             : decimal_rescale({v, scale_}, {type.precision, type.scale});
        r ? out.append_decimal(*r) : out.append_null();
    }

  private:
    bool mean_;
    int scale_;
};

/// A sum kept as value and error (Neumaier), with what is not finite counted apart so that it can be taken
/// back.
struct Pair {
    double sum = 0;
    double error = 0;
    void add(double v) {
        const double t = sum + v;
        error += std::fabs(sum) >= std::fabs(v) ? (sum - t) + v : (v - t) + sum;
        sum = t;
    }
    [[nodiscard]] double value() const { return sum + error; }
};
struct Specials {
    std::int32_t positive = 0;
    std::int32_t negative = 0;
    std::int32_t nan = 0;
    std::int32_t unused = 0;
    /// True if `v` is one of them.
    bool add(double v, std::int32_t weight) {
        if (std::isfinite(v)) return false;
        (std::isnan(v) ? nan : v > 0 ? positive : negative) += weight;
        return true;
    }
    void join(const Specials& o) {
        positive += o.positive;
        negative += o.negative;
        nan += o.nan;
    }
    [[nodiscard]] bool any() const { return positive > 0 || negative > 0 || nan > 0; }
    [[nodiscard]] double value() const {
        if (nan > 0 || (positive > 0 && negative > 0)) return std::numeric_limits<double>::quiet_NaN();
        return positive > 0 ? std::numeric_limits<double>::infinity()
                            : -std::numeric_limits<double>::infinity();
    }
};

struct PlainSum {
    double sum = 0;
    std::int64_t count = 0;
};
/// Without retraction: added up in order, as Flink does (FLOAT sums in float).
class SumReal final : public Fixed<SumReal, PlainSum> {
  public:
    SumReal(bool mean, bool single) : mean_(mean), single_(single && !mean) {}
    void add(PlainSum& s, const AggregateRow& row) const {
        for (std::int32_t i = 0; i < row.weight; ++i) step(s, row.args[0]->real(row.row));
        s.count += row.weight;
    }
    void join(PlainSum& s, const PlainSum& o) const {
        step(s, o.sum);
        s.count += o.count;
    }
    void finish(const PlainSum& s, ColumnBuilder& out) const {
        if (s.count == 0) return out.append_null();
        out.append_real(mean_ ? s.sum / static_cast<double>(s.count) : s.sum);
    }

  private:
    void step(PlainSum& s, double v) const {
        s.sum = single_ ? static_cast<double>(static_cast<float>(s.sum) + static_cast<float>(v)) : s.sum + v;
    }
    bool mean_;
    bool single_;
};

struct ExactSum {
    Pair sum;
    Specials specials;
    std::int64_t count = 0;
};
class SumRealRetracting final : public Fixed<SumRealRetracting, ExactSum> {
  public:
    explicit SumRealRetracting(bool mean) : mean_(mean) {}
    void add(ExactSum& s, const AggregateRow& row) const {
        const double v = row.args[0]->real(row.row);
        if (!s.specials.add(v, row.weight)) s.sum.add(v * row.weight);
        s.count += row.weight;
        if (s.count == 0) s = ExactSum{};
    }
    void join(ExactSum& s, const ExactSum& o) const {
        s.sum.add(o.sum.sum);
        s.sum.add(o.sum.error);
        s.specials.join(o.specials);
        s.count += o.count;
    }
    void finish(const ExactSum& s, ColumnBuilder& out) const {
        if (s.count == 0) return out.append_null();
        const double sum = s.specials.any() ? s.specials.value() : s.sum.value();
        out.append_real(mean_ ? sum / static_cast<double>(s.count) : sum);
    }

  private:
    bool mean_;
};

struct Moments {
    Pair sum;
    Pair squares;
    Specials specials;
    std::int64_t count = 0;
};
/// STDDEV and VAR from sum and sum of squares, both as error-free pairs.
class Deviation final : public Fixed<Deviation, Moments> {
  public:
    Deviation(DataType arg, bool sample, bool root) : arg_(std::move(arg)), sample_(sample), root_(root) {}
    void add(Moments& s, const AggregateRow& row) const {
        const double v = number(*row.args[0], row.row);
        if (!s.specials.add(v, row.weight)) {
            const double square = v * v;
            s.sum.add(v * row.weight);
            s.squares.add(square * row.weight);
            s.squares.error += std::fma(v, v, -square) * row.weight;
        }
        s.count += row.weight;
        if (s.count == 0) s = Moments{};
    }
    void join(Moments& s, const Moments& o) const {
        s.sum.add(o.sum.sum);
        s.sum.add(o.sum.error);
        s.squares.add(o.squares.sum);
        s.squares.add(o.squares.error);
        s.specials.join(o.specials);
        s.count += o.count;
    }
    void finish(const Moments& s, ColumnBuilder& out) const {
        if (s.count == 0 || (sample_ && s.count == 1)) return out.append_null();
        const auto n = static_cast<double>(s.count);
        double variance = std::numeric_limits<double>::quiet_NaN();
        if (!s.specials.any()) {
            const double divisor = sample_ ? n - 1 : n;
            if (const auto as_flink = plain_variance(s, n, divisor))
                return put(root_ ? std::sqrt(*as_flink) : *as_flink, out);
            // squares - sum^2 / n, the product's rounding taken back.
            const double sum = s.sum.value();
            const double product = sum * sum;
            const double rest = std::fma(sum, sum, -product) + 2 * sum * (s.sum.sum - sum + s.sum.error);
            const double quotient = product / n;
            const double quotient_rest = std::fma(-quotient, n, product) / n;
            double spread = (s.squares.sum - quotient) + (s.squares.error - quotient_rest - rest / n);
            if (spread < 0) spread = 0;
            variance = spread / divisor;
        }
        put(root_ ? std::sqrt(variance) : variance, out);
    }

  private:
    /// Flink's own sum, (squares - sum * sum / n) / divisor, to the last digit (of integers: each division
    /// cut off); nothing where the difference would have few digits left.
    [[nodiscard]] std::optional<double> plain_variance(const Moments& s, double n, double divisor) const {
        const double sum = s.sum.value();
        const double squares = s.squares.value();
        if (arg_.is_integer()) return std::trunc((squares - std::trunc(sum * sum / n)) / divisor);
        const double spread = squares - sum * sum / n;
        if (spread < squares * 1e-5) return std::nullopt;
        return spread / divisor;
    }
    [[nodiscard]] double number(const Column& c, std::size_t row) const {
        if (arg_.kind == TypeKind::decimal) return decimal_to_double({c.decimal(row), arg_.scale});
        if (arg_.is_integer()) return static_cast<double>(c.integer(row));
        return c.real(row);
    }
    static void put(double v, ColumnBuilder& out) {
        const DataType& t = out.type();
        if (t.kind == TypeKind::decimal) {
            const auto d = decimal_from_double(v, {t.precision, t.scale});
            return d ? out.append_decimal(*d) : out.append_null();
        }
        if (t.is_integer()) return out.append_integer(static_cast<std::int64_t>(v));
        out.append_real(v);
    }
    DataType arg_;
    bool sample_;
    bool root_;
};

/// How a fixed-width value lies in a state.
struct IntegerSlot {
    using Type = std::int64_t;
    static Type get(const Column& c, std::size_t row) { return c.integer(row); }
    static void put(Type v, ColumnBuilder& out) { out.append_integer(v); }
};
struct RealSlot {
    using Type = double;
    static Type get(const Column& c, std::size_t row) { return c.real(row); }
    static void put(Type v, ColumnBuilder& out) { out.append_real(v); }
};
struct DecimalSlot {
    using Type = Int128;
    static Type get(const Column& c, std::size_t row) { return c.decimal(row); }
    static void put(Type v, ColumnBuilder& out) { out.append_decimal(v); }
};
struct BooleanSlot {
    using Type = std::int64_t;
    static Type get(const Column& c, std::size_t row) { return c.boolean(row) ? 1 : 0; }
    static void put(Type v, ColumnBuilder& out) { out.append_boolean(v != 0); }
};

template <class Slot>
struct ExtremeState {
    typename Slot::Type value{};
    std::int64_t present = 0;
};
template <class Slot>
class Extreme final : public Fixed<Extreme<Slot>, ExtremeState<Slot>> {
  public:
    explicit Extreme(bool greatest) : greatest_(greatest) {}
    void add(ExtremeState<Slot>& s, const AggregateRow& row) const {
        take(s, Slot::get(*row.args[0], row.row));
    }
    void join(ExtremeState<Slot>& s, const ExtremeState<Slot>& o) const {
        if (o.present != 0) take(s, o.value);
    }
    void finish(const ExtremeState<Slot>& s, ColumnBuilder& out) const {
        s.present != 0 ? Slot::put(s.value, out) : out.append_null();
    }

  private:
    void take(ExtremeState<Slot>& s, typename Slot::Type v) const {
        if (s.present != 0 && !(greatest_ ? v > s.value : v < s.value)) return;
        s.value = v;
        s.present = 1;
    }
    bool greatest_;
};

template <class Slot>
struct EdgeState {
    typename Slot::Type value{};
    std::uint64_t arrival = 0;
    std::int64_t present = 0;
};
/// FIRST_VALUE and LAST_VALUE by arrival. update_all() gives no arrivals: rows are taken in their order.
template <class Slot>
class Edge final : public Fixed<Edge<Slot>, EdgeState<Slot>> {
  public:
    explicit Edge(bool last) : last_(last) {}
    void add(EdgeState<Slot>& s, const AggregateRow& row) const {
        take(s, Slot::get(*row.args[0], row.row), row.arrival);
    }
    void join(EdgeState<Slot>& s, const EdgeState<Slot>& o) const {
        if (o.present != 0) take(s, o.value, o.arrival);
    }
    void finish(const EdgeState<Slot>& s, ColumnBuilder& out) const {
        s.present != 0 ? Slot::put(s.value, out) : out.append_null();
    }

  private:
    void take(EdgeState<Slot>& s, typename Slot::Type v, std::uint64_t arrival) const {
        if (s.present != 0 && !(last_ ? arrival >= s.arrival : arrival < s.arrival)) return;
        s = {v, arrival, 1};
    }
    bool last_;
};

template <template <class> class Made>
AggregatePtr by_slot(const DataType& type, bool flag) {
    switch (type.kind) {
        case TypeKind::boolean:
            return std::make_unique<Made<BooleanSlot>>(flag);
        case TypeKind::float_:
        case TypeKind::double_:
            return std::make_unique<Made<RealSlot>>(flag);
        case TypeKind::decimal:
            return std::make_unique<Made<DecimalSlot>>(flag);
        case TypeKind::string:
        case TypeKind::bytes:
        case TypeKind::array:
        case TypeKind::map:
        case TypeKind::row:
        case TypeKind::null:
            return nullptr;
        default:
            return std::make_unique<Made<IntegerSlot>>(flag);
    }
}

AggregatePtr make_sum(const AggregateSpec& spec, bool mean) {
    const DataType& t = spec.args[0];
    if (t.is_integer()) return std::make_unique<SumInteger>(mean);
    if (t.kind == TypeKind::decimal) return std::make_unique<SumDecimal>(mean, t.scale);
    if (spec.retracting) return std::make_unique<SumRealRetracting>(mean);
    return std::make_unique<SumReal>(mean, t.kind == TypeKind::float_);
}

}  // namespace

AggregatePtr make_fixed_aggregate(const AggregateSpec& spec) {
    const std::string& f = spec.function;
    if (f == "COUNT") return std::make_unique<Count>();
    if (spec.args.empty()) return nullptr;
    const DataType& arg = spec.args[0];
    if (f == "SUM" || f == "AVG") return arg.is_numeric() ? make_sum(spec, f == "AVG") : nullptr;
    if (f.starts_with("STDDEV_") || f.starts_with("VAR_")) {
        if (!arg.is_numeric()) return nullptr;
        return std::make_unique<Deviation>(arg, f.ends_with("_SAMP"), f.starts_with("STDDEV"));
    }
    if (spec.retracting) return nullptr;
    if (f == "MIN" || f == "MAX") return by_slot<Extreme>(arg, f == "MAX");
    if (f == "FIRST_VALUE" || f == "LAST_VALUE") return by_slot<Edge>(arg, f == "LAST_VALUE");
    return nullptr;
}

}  // namespace mr::engine::internal
