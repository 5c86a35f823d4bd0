// JSON Web Tokens: the examples of RFC 7515, claims, and tokens that lie.
#include "security/jwt.h"

#include <gtest/gtest.h>

#include "security/crypto.h"

namespace mr::security {
namespace {

const std::string kRfcClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const std::string kRfcRsa =
    "eyJhbGciOiJSUzI1NiJ9." + kRfcClaims +
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CU"
    "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
    "eSN9383LcOLn6_dO-"
    "-xi12jzDwusC-"
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_I"
    "oypGlUPQGe77Rw";
const std::string kRfcRsaKey =
    R"({"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPM)"
    R"(EzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpa)"
    R"(SHSXndS5z5rexMdbBYUsLA9)"
    R"(e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNm)"
    R"(oudF8NAco9_h9iaGNj8q2eth)"
    R"(FkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})";
const std::string kRfcEc =
    "eyJhbGciOiJFUzI1NiJ9." + kRfcClaims +
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const std::string kRfcEcKey =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m)"
    R"(36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr TimestampMs kThen(1'300'819'000'000);
const std::string kSecret(32, 'k');

KeySet keys(const std::string& list) {
    auto set = KeySet::parse(R"({"keys":[)" + list + "]}");
    EXPECT_TRUE(set) << set.error().message;
    return set ? std::move(*set) : KeySet();
}

JwtRules of_joe() {
    JwtRules rules;
    rules.principal_claim = "iss";
    return rules;
}

std::string token_of(const std::string& header, const std::string& claims,
                     const std::string& secret = kSecret) {
    const std::string input = base64url_encode(header) + "." + base64url_encode(claims);
    return input + "." + base64url_encode(hmac(Hash::sha256, secret, input));
}

std::string oct(const std::string& secret, const std::string& more = "") {
    return R"({"kty":"oct","k":")" + base64url_encode(secret) + "\"" + more + "}";
}

/// "" or why not.
std::string why_not(const KeySet& set, const std::string& token, const JwtRules& rules, TimestampMs now) {
    const auto claims = set.check(token, rules, now);
    return claims ? "" : claims.error().message;
}

TEST(Jwt, ExamplesOfRfc7515) {
    const KeySet all = keys(kRfcRsaKey + "," + kRfcEcKey);
    for (const std::string& token : {kRfcRsa, kRfcEc}) {
        const auto claims = all.check(token, of_joe(), kThen);
        ASSERT_TRUE(claims) << claims.error().message;
        EXPECT_EQ(claims->principal, "joe");
        EXPECT_EQ(claims->expires.value, 1'300'819'380'000);
        std::string forged = token;
        forged[token.rfind('.') + 5] = forged[token.rfind('.') + 5] == 'A' ? 'B' : 'A';
        EXPECT_EQ(why_not(all, forged, of_joe(), kThen), "the token's signature is wrong");
        EXPECT_EQ(why_not(all, token, of_joe(), TimestampMs(kThen.value + 3'600'000)),
                  "the token has expired");
    }
    EXPECT_EQ(why_not(keys(kRfcEcKey), kRfcRsa, of_joe(), kThen), "no key of the key set fits the token");
}

TEST(Jwt, Claims) {
    const KeySet set = keys(oct(kSecret));
    const std::string header = R"({"alg":"HS256"})";
    const TimestampMs now(1'000'000'000'000);
    const auto with = [&](const std::string& claims, const JwtRules& rules = {}) {
        return why_not(set, token_of(header, claims), rules, now);
    };
    EXPECT_EQ(with(R"({"sub":"alice","exp":1000000100})"), "");
    EXPECT_EQ(with(R"({"sub":"alice","exp":1000000100.5,"nbf":1000000010,"iat":999999990})"), "");
    EXPECT_EQ(with(R"({"sub":"alice"})"), "the token has no expiry (exp)");
    EXPECT_EQ(with(R"({"sub":"alice","exp":"1000000100"})"), "the token has no expiry (exp)");
    EXPECT_EQ(with(R"({"sub":"alice","exp":1e300})"), "the token has no expiry (exp)");
    EXPECT_EQ(with(R"({"sub":"alice","exp":999999900})"), "the token has expired");
    EXPECT_EQ(with(R"({"sub":"alice","exp":999999990})"), "") << "within the clock skew";
    EXPECT_EQ(with(R"({"sub":"alice","exp":1000000100,"nbf":1000000050})"), "the token is not yet valid");
    EXPECT_EQ(with(R"({"exp":1000000100})"), "the token names nobody (sub)");
    EXPECT_EQ(with(R"({"sub":7,"exp":1000000100})"), "the token names nobody (sub)");
    JwtRules rules;
    rules.issuer = "https://id";
    rules.audience = {"kafka", "millrace"};
    rules.scopes = {"read", "write"};
    EXPECT_EQ(
        with(R"({"sub":"a","exp":1000000100,"iss":"https://id","aud":["x","kafka"],"scope":"write read x"})",
             rules),
        "");
    EXPECT_EQ(
        with(R"({"sub":"a","exp":1000000100,"iss":"https://id","aud":"millrace","scope":["read","write"]})",
             rules),
        "");
    EXPECT_EQ(with(R"({"sub":"a","exp":1000000100,"iss":"other","aud":"kafka","scope":"read write"})", rules),
              "the token is of another issuer (iss)");
    EXPECT_EQ(with(R"({"sub":"a","exp":1000000100,"iss":"https://id","aud":"other"})", rules),
              "the token is for another audience (aud)");
    EXPECT_EQ(with(R"({"sub":"a","exp":1000000100,"iss":"https://id","aud":"kafka","scope":"read"})", rules),
              "the token lacks the scope write");
}

// Goal: no algorithm but the key's own, and no key but the named one.
TEST(Jwt, TokensThatLie) {
    const std::string claims = R"({"sub":"root","exp":2000000000})";
    const KeySet rsa = keys(kRfcRsaKey);
    const TimestampMs now(1'000'000'000'000);
    EXPECT_NE(
        why_not(rsa, base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(claims) + ".", {}, now),
        "");
    EXPECT_NE(
        why_not(rsa, token_of(R"({"alg":"HS256"})", claims, "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd"), {}, now),
        "");
    const KeySet named =
        keys(oct(kSecret, R"(,"kid":"a")") + "," + oct(std::string(32, 'x'), R"(,"kid":"b")"));
    EXPECT_EQ(why_not(named, token_of(R"({"alg":"HS256","kid":"a"})", claims), {}, now), "");
    EXPECT_NE(why_not(named, token_of(R"({"alg":"HS256","kid":"b"})", claims), {}, now), "");
    EXPECT_NE(why_not(named, token_of(R"({"alg":"HS256","crit":["x"]})", claims), {}, now), "");
    EXPECT_EQ(
        why_not(keys(oct(kSecret, R"(,"alg":"HS512")")), token_of(R"({"alg":"HS256"})", claims), {}, now),
        "no key of the key set fits the token");
    for (const std::string bad : {"", ".", "..", "...", "a.b.c", "e30.e30.", "=.=.=", "e30.e30.e30.e30"})
        EXPECT_NE(why_not(named, bad, {}, now), "") << bad;
    EXPECT_NE(why_not(named, std::string(kTokenBytesMax + 1, 'a'), {}, now), "");
    const std::string deep = std::string(5'000, '[');
    EXPECT_NE(why_not(named, base64url_encode(R"({"alg":)" + deep) + ".e30.AA", {}, now), "");
}

TEST(Jwt, KeySets) {
    EXPECT_FALSE(KeySet::parse(""));
    EXPECT_FALSE(KeySet::parse("[]"));
    EXPECT_FALSE(KeySet::parse(R"({"keys":{}})"));
    EXPECT_FALSE(KeySet::parse(R"({"keys":[]})"));
    EXPECT_FALSE(KeySet::parse(R"({"keys":[{"kty":"oct","k":"c2hvcnQ"}]})"));
    EXPECT_FALSE(KeySet::parse(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})")) << "too short";
    EXPECT_FALSE(KeySet::parse(
        R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":")"
        R"(f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}]})"))
        << "not on the curve";
    EXPECT_EQ(keys(kRfcRsaKey + R"(,{"kty":"OKP"},{"kty":"oct","use":"enc","k":"x"},7)").size(), 1U);
}

}  // namespace
}  // namespace mr::security
