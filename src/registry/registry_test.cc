// The registry over the real journal: Confluent's answers, deletions, modes, references, restarts, races.
#include "registry/registry.h"

#include <gtest/gtest.h>

#include "base/sim_file_system.h"
#include "registry/service.h"

namespace mr::registry {
namespace {

class RegistryTest : public ::testing::Test {
  protected:
    void SetUp() override { start(); }
    void start() {
        service_.reset();
        journal_.reset();
        registry_ = std::make_unique<Registry>();
        journal::Options options;
        options.directory = "/node/journal";
        options.checkpoint_directory = "/node/checkpoints";
        options.file_bytes = 4U << 20;
        auto opened = journal::Journal::open(disk_, clock_, metrics_, options, {registry_.get()});
        ASSERT_TRUE(opened) << opened.error().message;
        journal_ = std::move(*opened);
        journal_->settle_once();
        service_ = std::make_unique<RegistryService>(
            *registry_, [this](std::unique_ptr<journal::Proposal> proposal) {
                return journal_->try_submit(journal::Lane::control, proposal);
            });
    }
    void pump() {
        while (journal_->run_once() || journal_->sync_once()) {
        }
    }
    void checkpoint() {
        const Seq wanted = journal_->applied();
        journal_->request_checkpoint();
        for (int i = 0; i < 100 && journal_->checkpointed() < wanted; ++i) {
            journal_->settle_once();
            journal_->run_once();
            journal_->sync_once();
        }
        ASSERT_GE(journal_->checkpointed(), wanted);
    }
    /// "409 …" or the JSON.
    static std::string text(const Outcome<std::string>& outcome) {
        return outcome ? *outcome : std::to_string(outcome.error().code);
    }
    template <class F>
    std::string change(F call) {
        std::string got = "no answer";
        call([&](Outcome<std::string> outcome) { got = text(outcome); });
        pump();
        return got;
    }
    std::string add(const std::string& subject, const std::string& schema,
                    std::vector<Reference> references = {}) {
        return change([&](Answer answer) {
            service_->register_schema(
                {.subject = subject, .text = schema, .references = std::move(references)}, std::move(answer));
        });
    }

    SimFileSystem disk_{1};
    VirtualClock clock_{TimestampMs(1'000)};
    Metrics metrics_;
    std::unique_ptr<Registry> registry_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<RegistryService> service_;
};

const std::string kInt = "\"int\"";
const std::string kLong = "\"long\"";
const std::string kText = "\"string\"";

TEST_F(RegistryTest, RegistersAndFinds) {
    EXPECT_EQ(add("s", kInt), R"({"id":1})");
    EXPECT_EQ(add("s", "{\"type\":\"int\"}"), R"({"id":1})");  // the same schema
    EXPECT_EQ(add("s", kLong), R"({"id":2})");
    EXPECT_EQ(add("other", kLong), R"({"id":2})");  // one id everywhere
    EXPECT_EQ(add("s", kText), "409");
    EXPECT_EQ(add("s", "{"), "42201");
    EXPECT_EQ(service_->subjects({}), R"(["other","s"])");
    EXPECT_EQ(text(service_->versions("s", {})), "[1,2]");
    EXPECT_EQ(text(service_->versions("none", {})), "40401");
    EXPECT_EQ(text(service_->version("s", "latest", false, false)),
              R"({"subject":"s","version":2,"id":2,"schema":"\"long\""})");
    EXPECT_EQ(text(service_->version("s", "1", false, true)), kInt);
    EXPECT_EQ(text(service_->version("s", "3", false, false)), "40402");
    EXPECT_EQ(text(service_->version("s", "0", false, false)), "42202");
    EXPECT_EQ(text(service_->version("none", "1", false, false)), "40401");
    EXPECT_EQ(text(service_->schema_by_id(1, false, true)), R"({"schema":"\"int\"","maxId":2})");
    EXPECT_EQ(text(service_->schema_by_id(9, false, false)), "40403");
    EXPECT_EQ(text(service_->versions_of_id(2, false)),
              R"([{"subject":"other","version":1},{"subject":"s","version":2}])");
    EXPECT_EQ(text(service_->lookup({.subject = "s", .text = kInt}, false)),
              R"({"subject":"s","version":1,"id":1,"schema":"\"int\""})");
    EXPECT_EQ(text(service_->lookup({.subject = "s", .text = kText}, false)), "40403");
    EXPECT_EQ(text(service_->lookup({.subject = "none", .text = kText}, false)), "40401");
}

TEST_F(RegistryTest, SurvivesRestarts) {
    add("s", kInt);
    add("s", kLong);
    change(
        [&](Answer a) { service_->set_config("s", {.compatibility = Compatibility::full}, std::move(a)); });
    change([&](Answer a) { service_->set_mode("", Mode::readonly, false, std::move(a)); });
    for (int round = 0; round < 2; ++round) {
        disk_.crash();
        start();
        EXPECT_EQ(text(service_->versions("s", {})), "[1,2]");
        EXPECT_EQ(text(service_->config("s", false)), R"({"compatibilityLevel":"FULL"})");
        EXPECT_EQ(text(service_->mode("", false)), R"({"mode":"READONLY"})");
        EXPECT_EQ(add("s", kInt), "42205");
        checkpoint();
    }
}

TEST_F(RegistryTest, Deletions) {
    add("s", kInt);
    add("s", kLong);
    const auto drop = [&](const std::string& version, bool permanent) {
        return change([&](Answer a) { service_->delete_version("s", version, permanent, std::move(a)); });
    };
    const auto drop_all = [&](bool permanent) {
        return change([&](Answer a) { service_->delete_subject("s", permanent, std::move(a)); });
    };
    EXPECT_EQ(drop("1", true), "40407");
    EXPECT_EQ(drop("1", false), "1");
    EXPECT_EQ(drop("1", false), "40406");
    EXPECT_EQ(drop("7", false), "40402");
    EXPECT_EQ(text(service_->versions("s", {})), "[2]");
    EXPECT_EQ(text(service_->versions("s", {.deleted = true})), "[1,2]");
    EXPECT_EQ(text(service_->schema_by_id(1, true, false)), kInt);  // readable by id
    EXPECT_EQ(drop_all(true), "40405");
    EXPECT_EQ(drop_all(false), "[2]");
    EXPECT_EQ(drop_all(false), "40404");
    EXPECT_EQ(service_->subjects({}), "[]");
    EXPECT_EQ(service_->subjects({.deleted = true}), R"(["s"])");
    EXPECT_EQ(text(service_->version("s", "latest", false, false)), "40401");
    EXPECT_EQ(add("s", kInt), R"({"id":1})");  // as a new version
    EXPECT_EQ(text(service_->versions("s", {})), "[3]");
    drop_all(false);
    EXPECT_EQ(drop_all(true), "[1,2,3]");
    EXPECT_EQ(drop_all(true), "40401");
    EXPECT_EQ(add("s", kText), R"({"id":3})");
}

TEST_F(RegistryTest, ConfigAndMode) {
    EXPECT_EQ(text(service_->config("", false)), R"({"compatibilityLevel":"BACKWARD"})");
    EXPECT_EQ(text(service_->config("s", false)), "40408");
    EXPECT_EQ(text(service_->config("s", true)), R"({"compatibilityLevel":"BACKWARD"})");
    EXPECT_EQ(change([&](Answer a) {
                  service_->set_config("", {.compatibility = Compatibility::none}, std::move(a));
              }),
              R"({"compatibility":"NONE"})");
    add("s", kInt);
    EXPECT_EQ(add("s", kText), R"({"id":2})");
    EXPECT_EQ(change([&](Answer a) { service_->delete_config("s", std::move(a)); }), "40408");
    EXPECT_EQ(text(service_->mode("s", false)), "40409");
    EXPECT_EQ(change([&](Answer a) { service_->set_mode("s", Mode::import, false, std::move(a)); }), "42205");
    EXPECT_EQ(change([&](Answer a) { service_->set_mode("new", Mode::import, false, std::move(a)); }),
              R"({"mode":"IMPORT"})");
    const auto import = [&](std::int32_t id, std::int32_t version, const std::string& schema) {
        return change([&](Answer a) {
            service_->register_schema({.subject = "new", .text = schema, .id = id, .version = version},
                                      std::move(a));
        });
    };
    EXPECT_EQ(import(100, 5, kLong), R"({"id":100})");
    EXPECT_EQ(import(1, 6, kLong), "42207");
    EXPECT_EQ(text(service_->versions("new", {})), "[5]");
    EXPECT_EQ(add("s2", "\"bytes\""), R"({"id":101})");
}

TEST_F(RegistryTest, References) {
    EXPECT_EQ(add("customer", R"({"type":"record","name":"Customer","fields":[]})"), R"({"id":1})");
    const std::string order =
        R"({"type":"record","name":"Order","fields":[{"name":"by","type":"Customer"}]})";
    EXPECT_EQ(add("order", order), "42201");
    EXPECT_EQ(add("order", order, {{"Customer", "customer", 1}}), R"({"id":2})");
    EXPECT_EQ(add("order", order, {{"Customer", "customer", 9}}), "42201");
    EXPECT_EQ(text(service_->referenced_by("customer", "1")), "[2]");
    EXPECT_EQ(change([&](Answer a) { service_->delete_subject("customer", false, std::move(a)); }), "42206");
    EXPECT_EQ(change([&](Answer a) { service_->delete_version("customer", "1", false, std::move(a)); }),
              "42206");
}

TEST_F(RegistryTest, CompatibilityIsTested) {
    add("s", kInt);
    const auto test = [&](const std::string& schema, std::optional<std::string> version,
                          bool verbose = false) {
        return text(service_->test_compatibility({.subject = "s", .text = schema}, version, verbose));
    };
    EXPECT_EQ(test(kLong, "latest"), R"({"is_compatible":true})");
    EXPECT_EQ(test(kText, "latest"), R"({"is_compatible":false})");
    EXPECT_EQ(test(kText, "4"), "40402");
    EXPECT_NE(test(kText, std::nullopt, true).find("TYPE_MISMATCH"), std::string::npos);
    EXPECT_EQ(text(service_->test_compatibility({.subject = "none", .text = kInt}, "latest", false)),
              "40401");
    EXPECT_EQ(text(service_->test_compatibility({.subject = "none", .text = kInt}, std::nullopt, false)),
              R"({"is_compatible":true})");
}

TEST_F(RegistryTest, TwoAtOnceAreChecked) {
    add("s", kInt);
    std::vector<std::string> got;
    for (const auto& schema : {kLong, kText, std::string("\"double\"")}) {
        service_->register_schema({.subject = "s", .text = schema},
                                  [&](Outcome<std::string> o) { got.push_back(text(o)); });
    }
    pump();
    // All were decided against version 1; the second is refused whichever came first, the third checked
    // again.
    ASSERT_EQ(got.size(), 3U);
    EXPECT_EQ(std::count(got.begin(), got.end(), "409"), 1);
    EXPECT_EQ(text(service_->versions("s", {})), "[1,2,3]");
}

TEST(RegistryFormat, WorkedExample) {
    // docs/formats/registry-store.md
    Change change{
        .kind = Change::Kind::add_version, .subject = "s", .version = 1, .id = 1, .text = "\"int\""};
    change.time = TimestampMs(1'000);
    const std::string bytes = encode_change(change);
    EXPECT_EQ(hex(bytes, 64),
              "01 e8 03 00 00 00 00 00 00 01 73 01 00 00 00 01 00 00 00 01 05 22 69 6e 74 22 00");
    const auto back = decode_change(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(encode_change(*back), bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(decode_change(bytes.substr(0, i)));
}

}  // namespace
}  // namespace mr::registry
