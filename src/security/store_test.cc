// Users, ACLs and tokens over the real journal: decisions, visibility, restarts, checkpoints, and the
// documented bytes.
#include "security/store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/sim_file_system.h"
#include "security/authorizer.h"

namespace mr::security {
namespace {

ScramCredential credential(char c) {
    return {.salt = std::string(2, c),
            .iterations = 4096,
            .stored_key = std::string(2, c),
            .server_key = std::string(2, c)};
}

Acl acl(std::string name, PatternType pattern = PatternType::literal) {
    return {.type = ResourceType::topic,
            .pattern = pattern,
            .name = std::move(name),
            .principal = "User:a",
            .host = "*",
            .operation = Operation::read,
            .permission = Permission::allow};
}

class StoreTest : public ::testing::Test {
  protected:
    void SetUp() override { start(); }
    void start() {
        journal_.reset();
        store_ = std::make_unique<Store>();
        journal::Options options;
        options.directory = "/node/journal";
        options.checkpoint_directory = "/node/checkpoints";
        options.file_bytes = 4U << 20;
        auto opened = journal::Journal::open(disk_, clock_, metrics_, options, {store_.get()});
        ASSERT_TRUE(opened) << opened.error().message;
        journal_ = std::move(*opened);
        journal_->settle_once();
    }
    void pump() {
        while (journal_->run_once() || journal_->sync_once()) {
        }
    }
    void submit(std::unique_ptr<journal::Proposal> proposal) {
        ASSERT_TRUE(journal_->try_submit(journal::Lane::control, proposal));
    }
    std::vector<Status> users(std::vector<UserChange> changes) {
        std::vector<Status> out;
        submit(store_->change_users(std::move(changes),
                                    [&](std::vector<Status> results) { out = std::move(results); }));
        pump();
        return out;
    }
    Status add(std::vector<Acl> acls) {
        Status out;
        submit(store_->add_acls(std::move(acls), [&](Status result) { out = std::move(result); }));
        pump();
        return out;
    }
    std::vector<std::vector<Acl>> remove(std::vector<AclFilter> filters) {
        std::vector<std::vector<Acl>> out;
        submit(store_->remove_acls(std::move(filters), [&](auto results) { out = std::move(results); }));
        pump();
        return out;
    }
    Status token(TokenChange change) {
        Status out;
        submit(store_->change_token(std::move(change), [&](Status result) { out = std::move(result); }));
        pump();
        return out;
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

    VirtualClock clock_{TimestampMs(1'000)};
    SimFileSystem disk_{1};
    Metrics metrics_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<journal::Journal> journal_;
};

TEST_F(StoreTest, UsersComeAndGo) {
    const auto results = users({{"alice", ScramMechanism::sha256, credential('a')},
                                {"alice", ScramMechanism::sha512, credential('b')},
                                {"bob", ScramMechanism::sha256, std::nullopt}});
    ASSERT_EQ(results.size(), 3U);
    EXPECT_TRUE(results[0]);
    EXPECT_TRUE(results[1]);
    ASSERT_FALSE(results[2]);
    EXPECT_EQ(results[2].error().code, Code::not_found);
    EXPECT_EQ(*store_->view()->credential("alice", ScramMechanism::sha512), credential('b'));
    EXPECT_TRUE(users({{"alice", ScramMechanism::sha256, std::nullopt}})[0]);
    EXPECT_EQ(store_->view()->credential("alice", ScramMechanism::sha256), nullptr);
    EXPECT_NE(store_->view()->credential("alice", ScramMechanism::sha512), nullptr);
    EXPECT_TRUE(users({{"alice", ScramMechanism::sha512, std::nullopt}})[0]);
    EXPECT_TRUE(store_->view()->users.empty());
}

TEST_F(StoreTest, AclsComeAndGo) {
    EXPECT_TRUE(add({acl("a"), acl("b"), acl("a")}));
    EXPECT_TRUE(add({acl("a"), acl("b", PatternType::prefixed)}));
    EXPECT_EQ(store_->view()->acls.size(), 3U);
    const auto removed = remove({{.name = "b"}, {.pattern = PatternType::prefixed}, {.name = "c"}});
    ASSERT_EQ(removed.size(), 3U);
    EXPECT_EQ(removed[0].size(), 2U);
    EXPECT_EQ(removed[1].size(), 1U);
    EXPECT_TRUE(removed[2].empty());
    EXPECT_EQ(store_->view()->acls.size(), 1U);
}

// Goal: what is answered is there after a restart, from the journal and from a checkpoint.
TEST_F(StoreTest, OutlivesTheNode) {
    EXPECT_TRUE(users({{"alice", ScramMechanism::sha256, credential('a')}})[0]);
    EXPECT_TRUE(add({acl("a"), acl("p", PatternType::prefixed)}));
    start();
    EXPECT_EQ(*store_->view()->credential("alice", ScramMechanism::sha256), credential('a'));
    EXPECT_EQ(store_->view()->acls.size(), 2U);
    checkpoint();
    remove({{.name = "a"}});
    start();
    EXPECT_EQ(store_->view()->acls.size(), 1U);
    EXPECT_EQ(encode_view(*store_->view()), encode_view(*decode_view(encode_view(*store_->view()))));
}

// Goal: there is always an admin among tokens, names are unique, and what is given is known by its digest
// after a restart from the journal and from a checkpoint.
TEST_F(StoreTest, TokensComeAndGo) {
    const std::string secret = new_token();
    EXPECT_EQ(secret.size(), 46U);
    EXPECT_NE(secret, new_token());
    EXPECT_EQ(secret.find_first_of("+/= "), std::string::npos);
    const auto given = [](const std::string& name, Role role, const std::string& text) {
        return TokenChange{name, token_digest(text), role};
    };
    const Status first = token(given("grafana", Role::viewer, "x"));
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code, Code::invalid_argument);
    EXPECT_TRUE(token(given("ops", Role::admin, secret)));
    EXPECT_TRUE(token(given("grafana", Role::viewer, "x")));
    EXPECT_EQ(token(given("ops", Role::admin, "y")).error().code, Code::already_exists);
    EXPECT_EQ(token({"nobody", {}, {}}).error().code, Code::not_found);
    EXPECT_EQ(token({"ops", {}, {}}).error().code, Code::invalid_argument);
    start();
    EXPECT_EQ(store_->view()->tokens.at(token_digest(secret)),
              (Token{"ops", Role::admin, TimestampMs(1'000)}));
    checkpoint();
    EXPECT_TRUE(token({"grafana", {}, {}}));
    start();
    EXPECT_EQ(store_->view()->tokens.size(), 1U);
    EXPECT_TRUE(token({"ops", {}, {}}));
    EXPECT_TRUE(store_->view()->tokens.empty());
}

TEST(Token, Names) {
    EXPECT_TRUE(check_token_name("ci.build_7-a@floor"));
    for (const std::string& bad :
         {std::string(), std::string("a b"), std::string("a/b"), std::string(101, 'a')})
        EXPECT_FALSE(check_token_name(bad)) << bad;
    for (const std::string& name : role_names()) EXPECT_EQ(to_string(*parse_role(name)), name);
    EXPECT_FALSE(parse_role("anybody"));
}

TEST_F(StoreTest, NothingIsBelievedBeforeItIsOnDisk) {
    submit(store_->change_users({{"alice", ScramMechanism::sha256, credential('a')}}, {}));
    while (journal_->run_once()) {
    }
    EXPECT_TRUE(store_->view()->users.empty());
    pump();
    EXPECT_EQ(store_->view()->users.size(), 1U);
}

TEST_F(StoreTest, Authorizer) {
    EXPECT_TRUE(add({acl("a")}));
    const Authorizer strict(*store_, {.super_users = {{"User", "root"}}, .allow_if_none = false});
    const Authorizer open(*store_, {.super_users = {}, .allow_if_none = true});
    const Subject a{"User:a", "h"};
    const Subject b{"User:b", "h"};
    const Subject root{"User:root", "h"};
    using enum Operation;
    EXPECT_TRUE(strict.allows(a, read, ResourceType::topic, "a"));
    EXPECT_FALSE(strict.allows(b, read, ResourceType::topic, "a"));
    EXPECT_TRUE(strict.allows(root, write, ResourceType::topic, "a"));
    EXPECT_FALSE(strict.allows(a, read, ResourceType::topic, "other"));
    EXPECT_TRUE(open.allows(b, read, ResourceType::topic, "other"));
    EXPECT_FALSE(open.allows(b, read, ResourceType::topic, "a"));
    EXPECT_EQ(strict.operations(a, ResourceType::topic, "a"), (1 << 3) | (1 << 8));
    EXPECT_EQ(strict.operations(root, ResourceType::topic, "a"), 0b1101'1111'1000);
    EXPECT_TRUE(strict.allows_some(root, write, ResourceType::topic));
    EXPECT_FALSE(strict.allows_some(a, write, ResourceType::topic));
    EXPECT_TRUE(open.allows_some(b, write, ResourceType::topic));
}

/// The bytes of the block "```hex <name>" of the document.
std::string documented(const std::string& name) {
    std::ifstream file(std::string(MR_SOURCE_DIR) + "/docs/formats/security-store.md");
    std::string line;
    std::string bytes;
    bool inside = false;
    while (std::getline(file, line)) {
        if (line == "```hex " + name) {
            inside = true;
        } else if (inside && line.starts_with("```")) {
            return bytes;
        } else if (inside) {
            std::istringstream words(line.substr(0, line.find('#')));
            for (std::string word; words >> word;)
                bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
        }
    }
    ADD_FAILURE() << "no example " << name;
    return bytes;
}

TEST(SecurityFormat, DocumentedBytes) {
    const UsersChanged users{
        TimestampMs(1000),
        {{"al", ScramMechanism::sha256, credential('x')}, {"bo", ScramMechanism::sha512, std::nullopt}}};
    EXPECT_EQ(hex(documented("security_users"), 200), hex(encode(users), 200));
    const auto read_users = decode_users_changed(documented("security_users"));
    ASSERT_TRUE(read_users);
    EXPECT_EQ(read_users->changes, users.changes);
    const AclsChanged acls{TimestampMs(1000), {acl("t", PatternType::prefixed)}, {acl("o")}};
    EXPECT_EQ(hex(documented("security_acls"), 200), hex(encode(acls), 200));
    const auto read_acls = decode_acls_changed(documented("security_acls"));
    ASSERT_TRUE(read_acls);
    EXPECT_EQ(read_acls->removed, acls.removed);
    EXPECT_EQ(read_acls->added, acls.added);
    const TokenChanged token{TimestampMs(1000), {"ci", std::string(32, 'd'), Role::admin}};
    EXPECT_EQ(hex(documented("security_tokens"), 200), hex(encode(token), 200));
    const auto read_token = decode_token_changed(documented("security_tokens"));
    ASSERT_TRUE(read_token);
    EXPECT_EQ(read_token->change, token.change);
    View view;
    view.tokens[std::string(32, 'd')] = {"ci", Role::admin, TimestampMs(1000)};
    view.users["al"] =
        std::make_shared<const Credentials>(Credentials{{ScramMechanism::sha256, credential('x')}});
    view.acls.add(acl("o"));
    EXPECT_EQ(hex(documented("snapshot"), 200), hex(encode_view(view), 200));
    const auto read_view = decode_view(documented("snapshot"));
    ASSERT_TRUE(read_view);
    EXPECT_EQ(read_view->tokens, view.tokens);
    const auto older = decode_view(std::string("\x01\0\0", 3));
    ASSERT_TRUE(older);
    EXPECT_TRUE(older->tokens.empty());
}

TEST(SecurityFormat, DamageIsAnError) {
    for (const std::string name : {"security_users", "security_acls", "security_tokens", "snapshot"}) {
        const std::string bytes = documented(name);
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
            const std::string_view part = std::string_view(bytes).substr(0, cut);
            EXPECT_FALSE(decode_users_changed(part) && name == "security_users") << cut;
            EXPECT_FALSE(decode_acls_changed(part) && name == "security_acls") << cut;
            EXPECT_FALSE(decode_token_changed(part) && name == "security_tokens") << cut;
            EXPECT_FALSE(decode_view(part) && name == "snapshot") << cut;
        }
    }
}

}  // namespace
}  // namespace mr::security
