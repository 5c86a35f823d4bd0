// The simulated file system: what was synced stays, what was not may go, and every fault can be seen to
// happen.
#include "base/sim_file_system.h"

#include <gtest/gtest.h>

#include <set>

namespace mr {
namespace {

using Mode = FileSystem::Mode;

std::string content(FileSystem& fs, const std::string& path) {
    return read_file(fs, path).value_or("<none>");
}

TEST(SimFileSystem, SyncedBytesAndNamesSurvive) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        SimFileSystem fs(seed);
        ASSERT_TRUE(fs.make_dirs("a/b"));
        ASSERT_TRUE(fs.sync_dir("."));
        ASSERT_TRUE(fs.sync_dir("a"));
        ASSERT_TRUE(write_file_atomic(fs, "a/b/file", "hello"));
        fs.crash();
        EXPECT_EQ(content(fs, "a/b/file"), "hello");
        EXPECT_EQ(fs.list("a/b").value(), (std::vector<std::string>{"file"}));
    }
}

TEST(SimFileSystem, UnsyncedBytesAreLostTornAndReordered) {
    std::set<std::string> outcomes;
    SimFaults faults;
    const std::string old(2048, 'o');
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SimFileSystem fs(seed);
        ASSERT_TRUE(write_file_atomic(fs, "file", old));
        auto file = fs.open("file", Mode::write);
        ASSERT_TRUE(file);
        ASSERT_TRUE((*file)->write_at(0, std::string(1024, 'x')));
        ASSERT_TRUE((*file)->write_at(1024, std::string(1024, 'y')));
        EXPECT_EQ(content(fs, "file"), std::string(1024, 'x') + std::string(1024, 'y'));
        fs.crash();
        EXPECT_FALSE((*file)->sync()) << "a handle of the old life";
        const std::string after = content(fs, "file");
        ASSERT_EQ(after.size(), 2048U);
        for (const char c : after) EXPECT_TRUE(c == 'o' || c == 'x' || c == 'y');
        outcomes.insert(after);
        faults += fs.faults();
    }
    EXPECT_GT(outcomes.size(), 20U);
    EXPECT_GT(faults.lost_writes, 0U);
    EXPECT_GT(faults.torn_writes, 0U);
    EXPECT_GT(faults.reordered_writes, 0U);
    EXPECT_EQ(faults.power_losses, 300U);
}

TEST(SimFileSystem, UnsyncedNamesMayBeLostRenamesAreWhole) {
    std::set<std::string> outcomes;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SimFileSystem fs(seed);
        ASSERT_TRUE(write_file_atomic(fs, "a", "A"));
        ASSERT_TRUE(fs.rename("a", "b"));
        ASSERT_TRUE(fs.open("c", Mode::create));
        fs.crash();
        EXPECT_NE(fs.exists("a"), fs.exists("b"));
        EXPECT_EQ(content(fs, fs.exists("a") ? "a" : "b"), "A");
        std::string names;
        const auto listed = fs.list(".");
        ASSERT_TRUE(listed);
        for (const auto& name : *listed) names += name;
        outcomes.insert(names);
    }
    EXPECT_EQ(outcomes, (std::set<std::string>{"a", "ac", "b", "bc"}));
}

TEST(SimFileSystem, KillKeepsThePageCacheAndFreesLocks) {
    SimFileSystem fs(1);
    auto lock = fs.lock("LOCK");
    ASSERT_TRUE(lock);
    EXPECT_EQ(fs.lock("LOCK").error().code, Code::unavailable);
    auto file = fs.open("f", Mode::create);
    ASSERT_TRUE((*file)->write_at(0, "unsynced"));
    fs.kill();
    EXPECT_EQ(content(fs, "f"), "unsynced");
    auto again = fs.lock("LOCK");
    EXPECT_TRUE(again);
    lock->reset();
    EXPECT_FALSE(fs.lock("LOCK")) << "the dead process's handle must not free the new lock";
    again->reset();
    EXPECT_TRUE(fs.lock("LOCK"));
}

TEST(SimFileSystem, FailedSyncIsNeverMadeGood) {
    bool lost = false;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        SimFileSystem fs(seed);
        ASSERT_TRUE(write_file_atomic(fs, "f", "old"));
        auto file = fs.open("f", Mode::write);
        ASSERT_TRUE((*file)->write_at(0, "new"));
        fs.fail_sync_after(1);
        EXPECT_EQ((*file)->sync().error().code, Code::io_error);
        EXPECT_EQ(content(fs, "f"), "new") << "reads go on showing it";
        EXPECT_TRUE((*file)->sync());
        fs.crash();
        lost = lost || content(fs, "f") != "new";
        EXPECT_EQ(fs.faults().failed_syncs, 1U);
    }
    EXPECT_TRUE(lost);
}

TEST(SimFileSystem, DiskFillsUp) {
    SimFileSystem fs(1);
    fs.set_capacity(1000);
    auto file = fs.open("f", Mode::create);
    ASSERT_TRUE((*file)->write_at(0, std::string(900, 'x')));
    const auto refused = (*file)->write_at(900, std::string(200, 'y'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::resource_exhausted);
    EXPECT_TRUE((*file)->write_at(0, std::string(900, 'z'))) << "overwriting needs no room";
    EXPECT_EQ(fs.faults().full_disks, 1U);
    fs.set_capacity(0);
    EXPECT_TRUE((*file)->write_at(900, std::string(200, 'y')));
}

TEST(SimFileSystem, GoesDownInTheMiddleOfAnOperation) {
    SimFileSystem fs(1);
    auto file = fs.open("f", Mode::create);
    fs.crash_after(2);
    EXPECT_TRUE((*file)->write_at(0, "one"));
    EXPECT_FALSE((*file)->write_at(3, "two"));
    EXPECT_TRUE(fs.is_down());
    EXPECT_FALSE((*file)->sync());
    EXPECT_FALSE(fs.open("f", Mode::read));
    fs.kill();
    EXPECT_FALSE(fs.is_down());
    EXPECT_TRUE(content(fs, "f").starts_with("one"));
    EXPECT_EQ(fs.faults().cut_short, 1U);
}

TEST(SimFileSystem, SameSeedSameDisk) {
    const auto run = [](std::uint64_t seed) {
        SimFileSystem fs(seed);
        auto file = fs.open("f", Mode::create);
        EXPECT_TRUE(fs.sync_dir("."));
        for (int i = 0; i < 20; ++i) {
            EXPECT_TRUE((*file)->write_at(static_cast<std::uint64_t>(i) * 300,
                                          std::string(700, static_cast<char>('a' + i))));
        }
        fs.crash();
        return content(fs, "f");
    };
    for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(run(seed), run(seed));
}

}  // namespace
}  // namespace mr
