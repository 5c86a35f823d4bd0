// What a function gave as an array. Method: arrays as hostile code would fill them. Goal: a column of the
// type, or an error that says what is wrong; nothing is read outside of what the array itself says is there.
#include <gtest/gtest.h>

#include <array>

#include "native/arrow_result.h"
#include "native/arrow_view.h"

namespace mr::native {
namespace {

using RowErrors = std::vector<plan::NativeFunction::RowError>;

void nobody(ArrowArray*) {}

/// There and back again.
ColumnPtr copied(const ColumnPtr& column) {
    const ArrayView view(*column);
    RowErrors errors;
    auto out = column_of(*view.get(), column->type(), column->size(), {}, errors);
    EXPECT_TRUE(out) << out.error().message;
    EXPECT_TRUE(errors.empty());
    return out ? *out : Column::nulls(column->type(), column->size());
}

void expect_same(const DataType& type, const std::vector<Value>& values) {
    ColumnBuilder b(type);
    for (const Value& v : values) b.append_value(v);
    const ColumnPtr column = b.finish();
    const ColumnPtr copy = copied(column);
    ASSERT_EQ(copy->size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(copy->value(i), values[i]) << type.to_string() << " " << i;
}

TEST(Arrow, EveryTypeThereAndBack) {
    const Value null = Value::null();
    expect_same(DataType::boolean(), {Value::of(true), null, Value::of(false)});
    for (const TypeKind k : {TypeKind::tinyint, TypeKind::smallint, TypeKind::integer, TypeKind::bigint,
                             TypeKind::date, TypeKind::time})
        expect_same(DataType::of(k), {Value::of(std::int64_t{100}), null, Value::of(std::int64_t{7})});
    expect_same(DataType::double_type(), {Value::of(1.5), Value::of(-0.0)});
    expect_same(DataType::of(TypeKind::float_), {Value::of(1.5), null});
    expect_same(DataType::decimal(38, 3), {Value::of(Int128{1} << 100), null, Value::of(Int128{-5})});
    for (const int p : {0, 3, 6, 9}) {
        expect_same(DataType::timestamp(p), {Value::of(std::int64_t{1'700'000'000'000}), null});
        expect_same(DataType::timestamp_ltz(p), {Value::of(std::int64_t{-1'000}), null});
    }
    const auto text = [](const char* t) { return Value::of(std::string(t)); };
    expect_same(DataType::string(), {text("a"), text(""), null, text("long enough for more than one word")});
    expect_same(DataType::bytes(), {text("\xff"), null});
    const DataType row =
        DataType::row({{"a", DataType::integer()}, {"b", DataType::array(DataType::string())}});
    expect_same(DataType::array(row),
                {Value::of(std::vector<Value>{}), null,
                 Value::of(std::vector<Value>{Value::of(std::vector<Value>{
                     Value::of(std::int64_t{1}), Value::of(std::vector<Value>{text("x"), null})})})});
}

TEST(Arrow, FormatsAreTheStandards) {
    EXPECT_EQ(arrow_format(DataType::decimal(10, 2)), "d:10,2");
    EXPECT_EQ(arrow_format(DataType::timestamp(3)), "tsm:");
    EXPECT_EQ(arrow_format(DataType::timestamp_ltz(6)), "tsu:UTC");
    EXPECT_EQ(arrow_format(DataType::timestamp(9)), "tsn:");
    const SchemaView view("v",
                          DataType::row({{"a", DataType::array(DataType::bytes().with_nullable(false))}}));
    ASSERT_EQ(view.get()->n_children, 1);
    const ArrowSchema& list = *view.get()->children[0];
    EXPECT_STREQ(list.name, "a");
    EXPECT_STREQ(list.format, "+l");
    EXPECT_EQ(list.flags, ARROW_FLAG_NULLABLE);
    EXPECT_STREQ(list.children[0]->format, "z");
    EXPECT_EQ(list.children[0]->flags, 0);
}

/// An array over memory of the test.
struct Made {
    std::array<const void*, 3> buffers{};
    ArrowArray array{};

    Made(std::int64_t length, std::int64_t n, std::array<const void*, 3> b) : buffers(b) {
        array.length = length;
        array.n_buffers = n;
        array.buffers = buffers.data();
        array.release = nobody;
    }
    [[nodiscard]] std::string wrong(const DataType& type, std::size_t rows) const {
        RowErrors errors;
        const auto out = column_of(array, type, rows, {}, errors);
        return out ? "nothing" : out.error().message;
    }
    [[nodiscard]] std::string first(const DataType& type, std::size_t rows) const {
        RowErrors errors;
        const auto out = column_of(array, type, rows, {}, errors);
        if (!out || errors.empty()) return "nothing";
        EXPECT_TRUE((*out)->is_null(errors.front().row));
        return fmt::format("{}: {}", errors.front().row, errors.front().message);
    }
};

TEST(Arrow, WrongFormsAreRefused) {
    const std::array<std::int64_t, 4> numbers = {1, 2, 3, 4};
    const DataType bigint = DataType::bigint();
    Made good(4, 2, {nullptr, numbers.data(), nullptr});
    EXPECT_EQ(good.wrong(bigint, 4), "nothing");
    EXPECT_NE(good.wrong(bigint, 5).find("it has 4 rows"), std::string::npos);
    EXPECT_NE(good.wrong(bigint, 3).find("it has 4 rows, the batch has 3"), std::string::npos);
    EXPECT_NE(good.wrong(DataType::string(), 4).find("2 buffers"), std::string::npos);
    EXPECT_NE(good.wrong(DataType::array(bigint), 4).find("children"), std::string::npos);
    good.array.offset = -1;
    EXPECT_NE(good.wrong(bigint, 4).find("rows from -1"), std::string::npos);
    good.array.offset = 0;
    good.array.dictionary = &good.array;
    EXPECT_NE(good.wrong(bigint, 4).find("dictionary"), std::string::npos);
    good.array.dictionary = nullptr;
    good.array.release = nullptr;
    EXPECT_NE(good.wrong(bigint, 4).find("never filled"), std::string::npos);
    EXPECT_NE(Made(4, 2, {}).wrong(bigint, 4).find("values are missing"), std::string::npos);
    const std::array<std::int32_t, 3> back = {0, 5, 2}, below = {-1, 2, 3}, beyond = {0, 1, 3};
    EXPECT_NE(Made(2, 3, {nullptr, back.data(), "abcde"}).wrong(DataType::string(), 2).find("comes after"),
              std::string::npos);
    EXPECT_NE(
        Made(2, 3, {nullptr, below.data(), "abcde"}).wrong(DataType::string(), 2).find("an offset is -1"),
        std::string::npos);
    EXPECT_NE(
        Made(2, 3, {nullptr, beyond.data(), nullptr}).wrong(DataType::string(), 2).find("bytes are missing"),
        std::string::npos);
    // A list whose elements are fewer than it says.
    Made list(2, 2, {nullptr, beyond.data(), nullptr});
    Made elements(2, 2, {nullptr, numbers.data(), nullptr});
    ArrowArray* children[] = {&elements.array};
    list.array.n_children = 1;
    list.array.children = children;
    EXPECT_NE(list.wrong(DataType::array(bigint), 2).find("child 0: it has 2 rows"), std::string::npos);
    children[0] = nullptr;
    EXPECT_NE(list.wrong(DataType::array(bigint), 2).find("child 0 is missing"), std::string::npos);
}

TEST(Arrow, WrongValuesAreTheirRows) {
    const std::array<std::int32_t, 2> days = {0, INT32_MAX};
    EXPECT_EQ(Made(2, 2, {nullptr, days.data(), nullptr}).first(DataType::date(), 2),
              "1: the result is 2147483647, not within -719162 and 2932896");
    const std::array<std::int64_t, 2> times = {0, INT64_MIN};
    EXPECT_NE(Made(2, 2, {nullptr, times.data(), nullptr}).first(DataType::timestamp(6), 2), "nothing");
    const std::array<Int128, 2> numbers = {100, 99};
    EXPECT_EQ(Made(2, 2, {nullptr, numbers.data(), nullptr}).first(DataType::decimal(2, 0), 2),
              "0: the result is a number of more than 2 digits");
    const std::array<std::int32_t, 3> offsets = {0, 1, 2};
    EXPECT_EQ(Made(2, 3, {nullptr, offsets.data(), "a\xc3"}).first(DataType::string(), 2),
              "1: the result is a text that is no UTF-8");
    const std::uint8_t valid = 1;
    EXPECT_EQ(Made(2, 2, {&valid, times.data(), nullptr}).first(DataType::bigint().with_nullable(false), 2),
              "1: the result is NULL where the type is BIGINT NOT NULL");
    // An offset is the array's, its validity included.
    const std::array<std::int64_t, 3> three = {7, 8, 9};
    Made shifted(2, 2, {&valid, three.data(), nullptr});
    shifted.array.offset = 0;
    RowErrors errors;
    const auto out = column_of(shifted.array, DataType::bigint(), 2, {}, errors);
    ASSERT_TRUE(out);
    EXPECT_EQ((*out)->value(0), Value::of(std::int64_t{7}));
    EXPECT_TRUE((*out)->is_null(1));
    shifted.array.offset = 1;
    shifted.buffers[0] = nullptr;
    const auto second = column_of(shifted.array, DataType::bigint(), 2, {}, errors);
    ASSERT_TRUE(second);
    EXPECT_EQ((*second)->value(1), Value::of(std::int64_t{9}));
}

}  // namespace
}  // namespace mr::native
