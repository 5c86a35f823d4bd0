// Real libraries (testing/*.c, built beside this test) through the loader. Goal: functions give what they
// compute, rows that fail are told one by one, and whatever is wrong with a library or breaks the rules is an
// error with a remedy, never the end of the process.
#include "native/libraries.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file_system.h"
#include "native/elf_check.h"

namespace mr::native {
namespace {

namespace files = std::filesystem;
using RowErrors = std::vector<plan::NativeFunction::RowError>;

ColumnPtr bigints(const std::vector<std::optional<std::int64_t>>& values) {
    ColumnBuilder b(DataType::bigint());
    for (const auto& v : values) v ? b.append_integer(*v) : b.append_null();
    return b.finish();
}
ColumnPtr texts(const std::vector<std::optional<std::string>>& values) {
    ColumnBuilder b(DataType::string());
    for (const auto& v : values) v ? b.append_text(*v) : b.append_null();
    return b.finish();
}

class LibrariesTest : public ::testing::Test {
  protected:
    plan::NativeFunctionPtr find(const std::string& library, const std::string& name) {
        auto found = libraries_.find(library, name);
        EXPECT_TRUE(found) << found.error().message;
        return found ? *found : nullptr;
    }
    std::string problem(const std::string& library, const std::string& name = "f") {
        Libraries fresh(folder_);
        const auto found = fresh.find(library, name);
        return found ? "none" : found.error().message;
    }
    /// In a folder of the test.
    void use_own_folder() {
        folder_ = ::testing::TempDir() + fmt::format("native-{}", getpid());
        files::remove_all(folder_);
        files::create_directories(folder_);
    }
    void write(const std::string& name, const std::string& bytes) {
        std::ofstream(files::path(folder_) / name, std::ios::binary) << bytes;
    }

    std::string folder_ = MR_NATIVE_LIBRARIES;
    Libraries libraries_{MR_NATIVE_LIBRARIES};
};

TEST_F(LibrariesTest, FunctionsCompute) {
    const auto add = find("good.so", "add");
    ASSERT_NE(add, nullptr);
    EXPECT_EQ(add->description().arguments, "BIGINT, BIGINT");
    EXPECT_TRUE(add->description().null_on_null);
    EXPECT_FALSE(add->description().is_volatile);
    EXPECT_TRUE(find("good.so", "answer")->description().is_volatile);
    RowErrors errors;
    const std::vector<ColumnPtr> two = {bigints({1, 2}), bigints({10, 20})};
    const ColumnPtr sum = add->call(two, 2, DataType::bigint(), errors);
    EXPECT_EQ(sum->integer(0), 11);
    EXPECT_EQ(sum->integer(1), 22);
    const std::vector<ColumnPtr> words = {texts({"hey", std::nullopt, "", "ho"})};
    const ColumnPtr loud = find("good.so", "shout")->call(words, 4, DataType::string(), errors);
    EXPECT_EQ(loud->text(0), "hey!");
    EXPECT_TRUE(loud->is_null(1));
    EXPECT_EQ(loud->text(2), "!");
    const ColumnPtr is_long = find("good.so", "is_long")->call(words, 4, DataType::boolean(), errors);
    EXPECT_TRUE(is_long->boolean(0));
    EXPECT_TRUE(is_long->is_null(1));
    EXPECT_FALSE(is_long->boolean(3));
    ColumnBuilder lists(DataType::array(DataType::integer()));
    lists.append_value(
        Value::of(std::vector<Value>{Value::of(std::int64_t{1}), Value::null(), Value::of(std::int64_t{2})}));
    lists.append_value(Value::of(std::vector<Value>{}));
    const std::vector<ColumnPtr> list = {lists.finish()};
    const ColumnPtr total = find("good.so", "total")->call(list, 2, DataType::bigint(), errors);
    EXPECT_EQ(total->integer(0), 3);
    EXPECT_EQ(total->integer(1), 0);
    EXPECT_EQ(find("good.so", "answer")->call({}, 3, DataType::integer(), errors)->integer(2), 42);
    EXPECT_TRUE(errors.empty());
}

TEST_F(LibrariesTest, ManyRowsOfManyWidths) {
    // The helper's buffer of texts grows.
    std::vector<std::optional<std::string>> values;
    for (int i = 0; i < 3'000; ++i) values.emplace_back(std::string(static_cast<std::size_t>(i % 60), 'x'));
    const std::vector<ColumnPtr> words = {texts(values)};
    RowErrors errors;
    const ColumnPtr loud = find("good.so", "shout")->call(words, values.size(), DataType::string(), errors);
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(loud->text(i), *values[i] + "!");
}

TEST_F(LibrariesTest, RowsFailOneByOne) {
    RowErrors errors;
    const std::vector<ColumnPtr> numbers = {bigints({4, 5, 6})};
    const ColumnPtr half = find("good.so", "half")->call(numbers, 3, DataType::bigint(), errors);
    EXPECT_EQ(half->integer(0), 2);
    EXPECT_TRUE(half->is_null(1));
    EXPECT_EQ(half->integer(2), 3);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].row, 1U);
    EXPECT_EQ(errors[0].message, "odd numbers have no half");
}

TEST_F(LibrariesTest, WhoBreaksTheRulesFailsForItsRows) {
    const auto told = [&](const std::string& library, const std::string& name, const DataType& type,
                          std::size_t wanted) {
        RowErrors errors;
        const std::vector<ColumnPtr> numbers = {bigints({4, 5, 6})};
        const ColumnPtr out = find(library, name)->call(numbers, 3, type, errors);
        EXPECT_EQ(out->size(), 3U);
        EXPECT_EQ(errors.size(), wanted) << name;
        for (const auto& e : errors) EXPECT_TRUE(out->is_null(e.row));
        return errors.empty() ? "" : errors.back().message;
    };
    const DataType bigint = DataType::bigint();
    EXPECT_NE(told("good.so", "not_filled", bigint, 3).find("never filled"), std::string::npos);
    EXPECT_EQ(told("good.so", "refuses", bigint, 3), "the function failed with 7");
    EXPECT_NE(told("good.so", "too_short", bigint, 3).find("it has 2 rows"), std::string::npos);
    EXPECT_NE(told("good.so", "bad_text", DataType::string(), 1).find("no UTF-8"), std::string::npos);
    EXPECT_NE(told("good.so", "bad_offsets", DataType::string(), 3).find("-5"), std::string::npos);
    EXPECT_NE(told("good.so", "nothing", bigint.with_nullable(false), 3).find("NOT NULL"), std::string::npos);
    EXPECT_EQ(told("throws.so", "throws", bigint, 3), "the function threw: out of the blue");
}

TEST_F(LibrariesTest, WhatIsNoLibraryIsToldWithItsRemedy) {
    EXPECT_EQ(problem("good.so", "ad"),
              "library good.so has no function \"ad\"; did you mean `add`?; it has add, shout, half, "
              "total, is_long, answer, not_filled, refuses, too_short, bad_text, bad_offsets, nothing");
    EXPECT_NE(problem("goods.so").find("there is no library functions/goods.so; did you mean `good.so`?"),
              std::string::npos);
    EXPECT_NE(problem("newer.so")
                  .find("is for a newer one of the function ABI, this millrace has version 1; build it"),
              std::string::npos);
    EXPECT_NE(problem("empty.so").find("does not export millrace_functions"), std::string::npos);
    EXPECT_NE(problem("twice.so").find("two functions f"), std::string::npos);
    for (const char* outside : {"/etc/passwd", "../good.so", "a/../../good.so", ""})
        EXPECT_NE(problem(outside).find("is not below the project's folder functions/"), std::string::npos)
            << outside;
    folder_ = "/nowhere/at/all";
    EXPECT_NE(problem("good.so").find("libraries lie in the folder functions/ of the project"),
              std::string::npos);
}

TEST_F(LibrariesTest, FilesThatAreNoLibraries) {
    auto bytes = read_file(posix_file_system(), std::string(MR_NATIVE_LIBRARIES) + "/good.so");
    ASSERT_TRUE(bytes);
    use_own_folder();
    write("text.so", "not a library");
    EXPECT_NE(problem("text.so").find("no ELF file"), std::string::npos);
    write("none.so", "");
    EXPECT_NE(problem("none.so").find("no ELF file"), std::string::npos);
    // Cut anywhere: never the loader's business.
    for (std::size_t length = 1; length < bytes->size(); length += 1 + bytes->size() / 97) {
        EXPECT_FALSE(check_elf(bytes->substr(0, length))) << length;
    }
    write("cut.so", bytes->substr(0, bytes->size() - 100));
    EXPECT_NE(problem("cut.so").find("it is cut off"), std::string::npos);
    std::string other = *bytes;
    other[18] = 0x28;  // e_machine: ARM
    write("arm.so", other);
    EXPECT_NE(problem("arm.so").find("another kind of machine"), std::string::npos);
    files::create_directories(files::path(folder_) / "folder.so");
    EXPECT_NE(problem("folder.so").find("is no file"), std::string::npos);
    write("open.so", *bytes);
    files::permissions(files::path(folder_) / "open.so", files::perms::others_write,
                       files::perm_options::add);
    EXPECT_NE(problem("open.so").find("may be written by everyone; chmod o-w it"), std::string::npos);
    files::create_symlink(std::string(MR_NATIVE_LIBRARIES) + "/good.so", files::path(folder_) / "link.so");
    EXPECT_NE(problem("link.so").find("a link out of functions/"), std::string::npos);
    files::remove_all(folder_);
}

// Goal: a library that is replaced, or written over, while its functions are used is another library to who
// looks next, and the same as before to who has it.
TEST_F(LibrariesTest, AReplacedLibraryIsAnotherOne) {
    auto bytes = read_file(posix_file_system(), std::string(MR_NATIVE_LIBRARIES) + "/good.so");
    ASSERT_TRUE(bytes);
    use_own_folder();
    write("lib.so", *bytes);
    Libraries before(folder_);
    auto old = before.find("lib.so", "add");
    ASSERT_TRUE(old) << old.error().message;
    write("lib.so", std::string(bytes->size(), '\0'));
    RowErrors errors;
    const std::vector<ColumnPtr> two = {bigints({1}), bigints({2})};
    EXPECT_EQ((*old)->call(two, 1, DataType::bigint(), errors)->integer(0), 3);
    // The same code with another byte behind it.
    write("lib.so", *bytes + "x");
    Libraries after(folder_);
    auto now = after.find("lib.so", "add");
    ASSERT_TRUE(now) << now.error().message;
    EXPECT_NE((*now)->description().digest, (*old)->description().digest);
    EXPECT_NE(plan::native_name("ADD", **now), plan::native_name("ADD", **old));
    EXPECT_EQ((*now)->call(two, 1, DataType::bigint(), errors)->integer(0), 3);
    files::remove_all(folder_);
}

}  // namespace
}  // namespace mr::native
