// SCRAM and PLAIN: RFC 7677's example byte by byte, users who are not there, hostile tokens.
#include "security/scram.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "security/sasl.h"

namespace mr::security {
namespace {

constexpr std::string_view kClientNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

std::string xor_of(std::string a, std::string_view b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
    return a;
}

/// A client's final message, for any password.
std::string client_final(ScramMechanism mechanism, const std::string& first_bare,
                         const std::string& server_first, std::string_view password,
                         const std::string& before_nonce = {}) {
    const Hash hash = hash_of(mechanism);
    const auto nonce = server_first.substr(2, server_first.find(',') - 2);
    const auto salt_at = server_first.find(",s=") + 3;
    const auto count_at = server_first.find(",i=") + 3;
    const std::string salt = *base64_decode(server_first.substr(salt_at, count_at - 3 - salt_at));
    const auto iterations = static_cast<std::uint32_t>(std::stoul(server_first.substr(count_at)));
    const std::string salted = pbkdf2(hash, password, salt, iterations);
    const std::string client_key = hmac(hash, salted, "Client Key");
    const std::string without_proof = "c=biws,r=" + before_nonce + nonce;
    const std::string auth = first_bare + "," + server_first + "," + without_proof;
    return without_proof +
           ",p=" + base64_encode(xor_of(client_key, hmac(hash, digest(hash, client_key), auth)));
}

TEST(Scram, ExampleOfRfc7677) {
    ScramServer server(ScramMechanism::sha256, std::string(kServerNonce));
    ASSERT_TRUE(server.read_first("n,,n=user,r=" + std::string(kClientNonce)));
    EXPECT_EQ(server.user(), "user");
    const auto credential =
        make_credential(ScramMechanism::sha256, "pencil", *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
    EXPECT_EQ(server.answer_first(credential, true),
              "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    const auto last = server.final(
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    ASSERT_TRUE(last) << last.error().message;
    EXPECT_EQ(*last, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(Scram, EveryMechanismAndWrongPasswords) {
    for (const auto mechanism : {ScramMechanism::sha256, ScramMechanism::sha512}) {
        const auto credential = make_credential(mechanism, "right", "salt-of-user", 4096);
        for (const std::string password : {"right", "wrong", ""}) {
            ScramServer server(mechanism);
            ASSERT_TRUE(server.read_first("n,,n=al=3Di=2Cce,r=abc"));
            EXPECT_EQ(server.user(), "al=i,ce");
            const std::string first = server.answer_first(credential, true);
            const auto last = server.final(client_final(mechanism, "n=al=3Di=2Cce,r=abc", first, password));
            EXPECT_EQ(last.has_value(), password == "right") << to_string(mechanism) << " " << password;
        }
        // As librdkafka 2.0 says it; and nobody else's nonce in that place.
        for (const std::string twice : {"abc", "abd", "abcabc"}) {
            ScramServer server(mechanism);
            ASSERT_TRUE(server.read_first("n,,n=alice,r=abc"));
            const std::string first = server.answer_first(credential, true);
            const auto last = server.final(client_final(mechanism, "n=alice,r=abc", first, "right", twice));
            EXPECT_EQ(last.has_value(), twice == "abc") << twice;
        }
        EXPECT_TRUE(is_password(mechanism, credential, "right"));
        EXPECT_FALSE(is_password(mechanism, credential, "wrong"));
    }
}

// Goal: nobody learns whether a name exists: the same salt every time, and the failure of a wrong password.
TEST(Scram, UsersWhoAreNotThereLookLikeOthers) {
    const auto once = decoy_credential(ScramMechanism::sha256, "nobody", "secret");
    EXPECT_EQ(once.salt, decoy_credential(ScramMechanism::sha256, "nobody", "secret").salt);
    EXPECT_NE(once.salt, decoy_credential(ScramMechanism::sha256, "nobody2", "secret").salt);
    EXPECT_NE(once.salt, decoy_credential(ScramMechanism::sha256, "nobody", "other").salt);
    ScramServer server(ScramMechanism::sha256);
    ASSERT_TRUE(server.read_first("n,,n=nobody,r=abc"));
    const std::string first = server.answer_first(once, false);
    const auto last = server.final(client_final(ScramMechanism::sha256, "n=nobody,r=abc", first, "x"));
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, Code::permission_denied);
}

TEST(Scram, HostileFirstMessages) {
    for (const std::string bad :
         {"", ",", "n", "n,", "n,,", "n,,r=abc", "n,,n=,r=abc", "n,,n=a=,r=abc", "n,,n=a=2,r=abc",
          "n,,n=a=41,r=abc", "n,,n=a", "n,,n=a,r=", "n,,n=a,r=a b", "p=tls-unique,,n=a,r=abc", "z,,n=a,r=abc",
          "n,a=b,n=a,r=abc", "n,b,n=a,r=abc", "n,,m=x,n=a,r=abc", "n,,n=a,r=abc,tokenauth=true"}) {
        ScramServer server(ScramMechanism::sha256);
        EXPECT_FALSE(server.read_first(bad)) << bad;
    }
    ScramServer server(ScramMechanism::sha256);
    EXPECT_FALSE(server.read_first("n,,n=" + std::string(kUserBytesMax + 1, 'x') + ",r=abc"));
    EXPECT_FALSE(server.read_first("n,,n=a,r=" + std::string(2'000, 'x')));
    EXPECT_TRUE(server.read_first("y,a=a,n=a,r=abc,x=unknown"));
}

TEST(Scram, HostileFinalMessages) {
    const auto credential = make_credential(ScramMechanism::sha256, "pw", "salt", 4096);
    for (const std::string bad :
         {"", "p=", ",p=", "c=biws,r=abc,p=", "c=biws,r=other,p=AAAA", "c=AAAA,r=abcs,p=AAAA",
          "c=biws,r=abcs", "c=biws,r=abcs,p=AAAA", "c=biws,r=abcs,p=!!!!"}) {
        ScramServer server(ScramMechanism::sha256, "s");
        ASSERT_TRUE(server.read_first("n,,n=a,r=abc"));
        server.answer_first(credential, true);
        EXPECT_FALSE(server.final(bad)) << bad;
    }
}

TEST(Sasl, Plain) {
    const auto good = parse_plain(std::string_view("\0alice\0pw", 9));
    ASSERT_TRUE(good);
    EXPECT_EQ(good->user, "alice");
    EXPECT_EQ(good->password, "pw");
    for (const std::string_view bad : {std::string_view("", 0), std::string_view("alice"),
                                       std::string_view("\0alice", 6), std::string_view("\0\0pw", 4),
                                       std::string_view("\0alice\0", 7), std::string_view("\0a\0b\0c", 6)}) {
        EXPECT_FALSE(parse_plain(bad));
    }
}

TEST(Sasl, PlainAgainstTheStore) {
    auto view = std::make_shared<View>();
    const Credentials both = {
        {ScramMechanism::sha512, make_credential(ScramMechanism::sha512, "pw", "salt", 4096)}};
    view->users["alice"] = std::make_shared<const Credentials>(both);
    const SaslContext context{.view = view, .keys = nullptr, .jwt = {}, .decoy_secret = "s"};
    const auto attempt = [&](std::string_view token) {
        return SaslExchange::make(Mechanism::plain, context)->step(token, TimestampMs(0));
    };
    const auto in = attempt(std::string_view("\0alice\0pw", 9));
    ASSERT_TRUE(in);
    EXPECT_TRUE(in->done);
    EXPECT_EQ(in->user, "alice");
    EXPECT_FALSE(attempt(std::string_view("\0alice\0no", 9)));
    EXPECT_FALSE(attempt(std::string_view("\0bob\0pw", 7)));
    EXPECT_FALSE(attempt(std::string_view("root\0alice\0pw", 13)));
    EXPECT_TRUE(attempt(std::string_view("alice\0alice\0pw", 14)));
}

TEST(Sasl, BearerMessages) {
    const auto good = parse_bearer(
        "n,a=alice,\x01host=h\x01"
        "auth=Bearer tok.en.x\x01\x01");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->authorisation, "alice");
    EXPECT_EQ(good->token, "tok.en.x");
    for (const std::string bad : {"", "n,,", "n,,\x01", "n,,\x01\x01",
                                  "n,,\x01"
                                  "auth=Bearer x\x01",
                                  "n,,\x01"
                                  "auth=Basic x\x01\x01",
                                  "n,,\x01"
                                  "auth=Bearer \x01\x01",
                                  "x,,\x01"
                                  "auth=Bearer x\x01\x01",
                                  "n,b,\x01"
                                  "auth=Bearer x\x01\x01",
                                  "n,,\x01"
                                  "auth=Bearer x\x01\x01more"}) {
        EXPECT_FALSE(parse_bearer(bad)) << bad;
    }
}

}  // namespace
}  // namespace mr::security
