#include "security/principal.h"

#include <gtest/gtest.h>

namespace mr::security {
namespace {

TEST(Principals, Text) {
    const auto alice = parse_principal("User:alice");
    ASSERT_TRUE(alice);
    EXPECT_EQ(alice->text(), "User:alice");
    EXPECT_EQ(parse_principal("User:a:b")->name, "a:b");
    for (const char* bad : {"", "alice", ":alice", "User:"}) EXPECT_FALSE(parse_principal(bad)) << bad;
}

TEST(Principals, Lists) {
    const auto list = parse_principals(" User:admin ;User:CN=root,OU=x , User:b");
    ASSERT_TRUE(list) << list.error().message;
    ASSERT_EQ(list->size(), 3U);
    EXPECT_EQ((*list)[1].text(), "User:CN=root,OU=x");
    EXPECT_EQ((*list)[2].text(), "User:b");
    EXPECT_TRUE(parse_principals("")->empty());
    EXPECT_FALSE(parse_principals("admin"));
}

// The examples of Kafka's documentation of ssl.principal.mapping.rules.
TEST(Principals, MappingRules) {
    const auto mapper = PrincipalMapper::parse(
        "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/, "
        "RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L, "
        "RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/L, DEFAULT");
    ASSERT_TRUE(mapper) << mapper.error().message;
    EXPECT_EQ(*mapper->name_of("CN=serviceuser,OU=ServiceUsers,O=Unknown,L=Unknown,ST=Unknown,C=Unknown"),
              "serviceuser");
    EXPECT_EQ(*mapper->name_of("CN=adminUser,OU=Admin,O=Unknown,L=Unknown,ST=Unknown,C=Unknown"),
              "adminuser@admin");
    EXPECT_EQ(*mapper->name_of("O=x,cn=Fred.Smith,L=y"), "fred.smith");
    EXPECT_EQ(*mapper->name_of("O=only"), "O=only");
    EXPECT_EQ(*PrincipalMapper().name_of("CN=a,O=b"), "CN=a,O=b");
    EXPECT_EQ(*PrincipalMapper::parse("RULE:^CN=([^,]+)$/$1/U")->name_of("CN=abc"), "ABC");
    EXPECT_FALSE(PrincipalMapper::parse("RULE:^CN=([^,]+)$/$1/")->name_of("O=x"));
}

TEST(Principals, WrongRules) {
    for (const char* bad :
         {"RULE", "RULE:x", "RULE:x/y", "RULE:(/y/", "RULE:x/$1/", "RULE:x/$/", "OTHER", "DEFAULT DEFAULT"})
        EXPECT_FALSE(PrincipalMapper::parse(bad)) << bad;
}

}  // namespace
}  // namespace mr::security
