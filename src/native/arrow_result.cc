#include "native/arrow_result.h"

#include <cstring>

#include "base/json_writer.h"
#include "columnar/decimal.h"

namespace mr::native {
namespace {

/// More text or elements than a batch of ours ever has, and far below what an offset can say.
constexpr std::int64_t kMostOffset = 1 << 30;
// Years 1 to 9999.
constexpr std::int64_t kFirstDay = -719'162;
constexpr std::int64_t kLastDay = 2'932'896;
constexpr std::int64_t kDaySeconds = 86'400;

bool is_text(TypeKind kind) {
    return kind == TypeKind::string || kind == TypeKind::bytes;
}

Status check_offsets(const ArrowArray& a, std::int64_t& most) {
    const auto* offsets = static_cast<const std::int32_t*>(a.buffers[1]) + a.offset;
    if (offsets[0] < 0) return fail(Code::invalid_argument, "an offset is {}", offsets[0]);
    for (std::int64_t i = 0; i < a.length; ++i) {
        if (offsets[i + 1] < offsets[i])
            return fail(Code::invalid_argument, "offset {} comes after {}", offsets[i + 1], offsets[i]);
    }
    most = offsets[a.length];
    if (most > kMostOffset)
        return fail(Code::invalid_argument, "more than {} bytes or elements", kMostOffset);
    return {};
}

/// The form of the array, before a value is looked at.
Status check(const ArrowArray& a, const DataType& type, std::int64_t rows) {
    const std::int64_t buffers = is_text(type.kind) ? 3 : type.kind == TypeKind::row ? 1 : 2;
    const auto children = static_cast<std::int64_t>(type.is_nested() ? type.children->size() : 0);
    if (a.release == nullptr) return fail(Code::invalid_argument, "it is released, or was never filled");
    if (a.length < rows || a.length > kMostOffset || a.offset < 0 || a.offset > kMostOffset)
        return fail(Code::invalid_argument, "it has {} rows from {} on, {} are needed", a.length, a.offset,
                    rows);
    if (a.dictionary != nullptr) return fail(Code::invalid_argument, "it has a dictionary");
    if (a.n_buffers != buffers || a.buffers == nullptr || a.n_children != children ||
        (children > 0 && a.children == nullptr))
        return fail(Code::invalid_argument, "it has {} buffers and {} children, {} has {} and {}",
                    a.n_buffers, a.n_children, type.to_string(), buffers, children);
    if (buffers > 1 && a.buffers[1] == nullptr && a.length > 0)
        return fail(Code::invalid_argument, "its values are missing");
    std::int64_t inner = a.offset + a.length;
    if (is_text(type.kind) || type.kind == TypeKind::array) {
        inner = 0;
        if (a.length > 0) MR_TRY_VOID(check_offsets(a, inner));
        if (is_text(type.kind) && inner > 0 && a.buffers[2] == nullptr)
            return fail(Code::invalid_argument, "its bytes are missing");
    }
    for (std::int64_t i = 0; i < children; ++i) {
        if (a.children[i] == nullptr) return fail(Code::invalid_argument, "child {} is missing", i);
        const Status good = check(*a.children[i], type.child(static_cast<std::size_t>(i)).type, inner);
        if (!good) return annotate(good.error(), fmt::format("child {}", i));
    }
    return {};
}

template <class T>
T at(const ArrowArray& a, std::int64_t row) {
    T v;
    std::memcpy(&v,
                static_cast<const char*>(a.buffers[1]) + static_cast<std::size_t>(a.offset + row) * sizeof v,
                sizeof v);
    return v;
}

bool bit(const void* bits, std::int64_t i) {
    return ((static_cast<const std::uint8_t*>(bits)[i >> 3] >> (i & 7)) & 1) != 0;
}

/// One value after the other; what is wrong with one is said once and NULL in its place.
class Reader {
  public:
    void append(const ArrowArray& a, const DataType& type, std::int64_t row, ColumnBuilder& out) {
        if (a.buffers[0] != nullptr && !bit(a.buffers[0], a.offset + row)) {
            if (!type.nullable) wrong("NULL where the type is {}", type.to_string());
            return out.append_null();
        }
        switch (type.kind) {
            case TypeKind::boolean:
                return out.append_boolean(bit(a.buffers[1], a.offset + row));
            case TypeKind::tinyint:
                return out.append_integer(at<std::int8_t>(a, row));
            case TypeKind::smallint:
                return out.append_integer(at<std::int16_t>(a, row));
            case TypeKind::integer:
                return out.append_integer(at<std::int32_t>(a, row));
            case TypeKind::float_:
                return out.append_real(static_cast<double>(at<float>(a, row)));
            case TypeKind::double_:
                return out.append_real(at<double>(a, row));
            case TypeKind::decimal:
                return decimal(at<Int128>(a, row), type, out);
            case TypeKind::string:
            case TypeKind::bytes:
                return text(a, type, row, out);
            case TypeKind::date:
                return within(at<std::int32_t>(a, row), kFirstDay, kLastDay, out);
            case TypeKind::time:
                return within(at<std::int32_t>(a, row), 0, kDaySeconds * 1'000 - 1, out);
            case TypeKind::timestamp:
            case TypeKind::timestamp_ltz:
                return timestamp(at<std::int64_t>(a, row), type, out);
            case TypeKind::array:
                return list(a, type, row, out);
            case TypeKind::row:
                for (std::size_t i = 0; i < type.children->size(); ++i)
                    append(*a.children[i], type.child(i).type, a.offset + row, out.child(i));
                return out.append_row();
            default:
                return out.append_integer(at<std::int64_t>(a, row));
        }
    }
    [[nodiscard]] std::string take() { return std::exchange(problem_, {}); }

  private:
    template <class... T>
    void wrong(fmt::format_string<T...> text, T&&... values) {
        if (problem_.empty()) problem_ = "the result is " + fmt::format(text, std::forward<T>(values)...);
    }
    void within(std::int64_t v, std::int64_t low, std::int64_t high, ColumnBuilder& out) {
        if (v >= low && v <= high) return out.append_integer(v);
        wrong("{}, not within {} and {}", v, low, high);
        out.append_null();
    }
    void timestamp(std::int64_t v, const DataType& type, ColumnBuilder& out) {
        const std::int64_t unit = type.time_unit();
        // Nanoseconds of 64 bits never leave these years.
        if (unit > 1'000'000) return out.append_integer(v);
        within(v, kFirstDay * kDaySeconds * unit, (kLastDay + 1) * kDaySeconds * unit - 1, out);
    }
    void decimal(Int128 v, const DataType& type, ColumnBuilder& out) {
        if (fits_precision(v, type.precision)) return out.append_decimal(v);
        wrong("a number of more than {} digits", type.precision);
        out.append_null();
    }
    void text(const ArrowArray& a, const DataType& type, std::int64_t row, ColumnBuilder& out) {
        const auto begin = at<std::int32_t>(a, row), end = at<std::int32_t>(a, row + 1);
        const auto* bytes = static_cast<const char*>(a.buffers[2]);
        const std::string_view v =
            begin == end ? std::string_view()
                         : std::string_view(bytes + begin, static_cast<std::size_t>(end - begin));
        if (type.kind == TypeKind::bytes || is_utf8(v)) return out.append_text(v);
        wrong("a text that is no UTF-8");
        out.append_null();
    }
    void list(const ArrowArray& a, const DataType& type, std::int64_t row, ColumnBuilder& out) {
        const auto begin = at<std::int32_t>(a, row), end = at<std::int32_t>(a, row + 1);
        for (std::int32_t i = begin; i < end; ++i)
            append(*a.children[0], type.child(0).type, i, out.child(0));
        out.append_list();
    }

    std::string problem_;
};

/// Numbers whose every pattern of bits is a value: copied at once.
std::size_t plain_width(TypeKind kind) {
    switch (kind) {
        case TypeKind::tinyint:
            return 1;
        case TypeKind::smallint:
            return 2;
        case TypeKind::integer:
        case TypeKind::float_:
            return 4;
        case TypeKind::bigint:
        case TypeKind::double_:
            return 8;
        default:
            return 0;
    }
}

}  // namespace

Result<ColumnPtr> column_of(const ArrowArray& array, const DataType& type, std::size_t rows,
                            const std::vector<bool>& failed,
                            std::vector<plan::NativeFunction::RowError>& errors) {
    MR_TRY_VOID(check(array, type, static_cast<std::int64_t>(rows)));
    if (array.length != static_cast<std::int64_t>(rows))
        return fail(Code::invalid_argument, "it has {} rows, the batch has {}", array.length, rows);
    const std::size_t width = plain_width(type.kind);
    if (width > 0 && failed.empty() && array.buffers[0] == nullptr) {
        std::vector<Int128> storage((rows * width + sizeof(Int128) - 1) / sizeof(Int128));
        std::memcpy(
            storage.data(),
            static_cast<const char*>(array.buffers[1]) + static_cast<std::size_t>(array.offset) * width,
            rows * width);
        return Column::fixed(type, rows, std::move(storage), {});
    }
    ColumnBuilder out(type);
    out.reserve(rows);
    Reader reader;
    for (std::size_t row = 0; row < rows; ++row) {
        if (!failed.empty() && failed[row]) {
            out.append_null();
            continue;
        }
        reader.append(array, type, static_cast<std::int64_t>(row), out);
        if (std::string problem = reader.take(); !problem.empty())
            errors.push_back({row, std::move(problem)});
    }
    return out.finish();
}

}  // namespace mr::native
