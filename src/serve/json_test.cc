// JSON that comes in: values, limits, hostile text.
#include "serve/json.h"

#include <gtest/gtest.h>

#include "serve/live/frames.h"
#include "serve/view_params.h"
#include "views/testing/test_views.h"

namespace mr::serve {
namespace {

TEST(Json, Values) {
    const auto json = parse_json(
        R"({"a":1,"b":[true,null,"x\u00e9",0.5,18446744073709551615],"a2":{"c":-9223372036854775808}})");
    ASSERT_TRUE(json) << json.error().message;
    EXPECT_EQ(json->get("a")->integer(), 1);
    const auto& list = *json->get("b")->array();
    EXPECT_EQ(list[0].boolean(), true);
    EXPECT_TRUE(list[1].is_null());
    EXPECT_EQ(*list[2].text(), "x\u00e9");
    EXPECT_EQ(list[3].number(), 0.5);
    EXPECT_EQ(list[4].as_parameter(), "18446744073709551615");
    EXPECT_FALSE(list[4].integer());
    EXPECT_EQ(json->get("a2")->get("c")->as_parameter(), "-9223372036854775808");
    EXPECT_EQ(json->get("none"), nullptr);
    EXPECT_EQ(json->get("a")->get("x"), nullptr);
}

TEST(Json, Refuses) {
    for (const char* bad :
         {"", "{", "{\"a\":}", "[1,]", "\"\xff\"", "nul", "{\"a\":1}x", "1e999999", "'a'"}) {
        EXPECT_FALSE(parse_json(bad)) << bad;
    }
    EXPECT_FALSE(parse_json(std::string(40, '[') + std::string(40, ']'))) << "too deep";
    EXPECT_FALSE(parse_json(std::string(100'000, '[')));
    EXPECT_FALSE(parse_json("[1,2,3]", 3)) << "the list counts too";
    EXPECT_TRUE(parse_json("[1,2]", 3));
}

TEST(ViewParams, CanonicalTextAndReservedNames) {
    views::ViewDefinition view;
    view.name = "v";
    view.schema = {
        {{"order", DataType::bigint()}, {"zone", DataType::string()}, {"where.x", DataType::string()}}};
    view.key = {0};
    const auto parse = [&](Params params) { return parse_view_params(view, params); };
    const auto a = parse({{"zone", "A"}, {"where.order", "1"}, {"limit", "5"}, {"min_version", "9"}});
    const auto b = parse({{"limit", "5"}, {"where.order", "1"}, {"where.zone", "A"}});
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->canonical, b->canonical);
    EXPECT_EQ(a->min_version, Seq(9));
    EXPECT_EQ(a->query.filters.size(), 2U);
    EXPECT_EQ(a->query.limit, 5U);
    EXPECT_TRUE(parse({{"where.x", "y"}})) << "a column may be called so";
    EXPECT_NE(parse({{"zone", "a\",\"b"}})->canonical, parse({{"zone", "a"}})->canonical);
    EXPECT_NE(parse({{"zone", std::nullopt}})->canonical, parse({{"zone", "null"}})->canonical);
    EXPECT_EQ(parse({{"order", "zone:desc,order"}})->query.order.size(), 2U);
    EXPECT_FALSE(parse({{"zone", "A"}, {"where.zone", "B"}})) << "twice";
    EXPECT_EQ(parse({{"lmit", "1"}}).error().message, "view v has no column lmit; did you mean `limit`?");
    EXPECT_FALSE(parse({{"min_version", "-1"}}));
    EXPECT_FALSE(params_of(*parse_json(R"({"zone":["A"]})")));
    EXPECT_FALSE(params_of(*parse_json("[1]")));
}

std::string frame_error(std::string_view text) {
    const auto frame = parse_client_frame(text);
    return frame ? "fine" : frame.error().error.message;
}

TEST(LiveFrames, ParsesAndRefuses) {
    const auto sub = parse_client_frame(
        R"({"t":"sub","id":9007199254740991,"view":"v","params":{"a":1,"b":null},"mode":"delta",)"
        R"("from":{"epoch":"e","version":5},"max_hz":5,"new":[]})");
    ASSERT_TRUE(sub);
    EXPECT_EQ(sub->id, 9007199254740991);
    EXPECT_EQ(sub->params, (Params{{"a", "1"}, {"b", std::nullopt}}));
    EXPECT_EQ(sub->mode, LiveMode::delta);
    EXPECT_EQ(sub->from->version, Seq(5));
    EXPECT_EQ(parse_client_frame(R"({"t":"pause"})")->id, std::nullopt);
    EXPECT_EQ(parse_client_frame(R"({"t":"paint","samples":[{"ms":1},{"ms":-1},{"ms":1e9},{},{"ms":"1"},7]})")
                  ->samples.size(),
              1U);
    EXPECT_EQ(frame_error("[]"), "not a JSON object");
    EXPECT_EQ(frame_error("{}"), "a frame needs a type, e.g. \"t\":\"sub\"");
    EXPECT_EQ(frame_error(R"({"t":"sub","id":1})"), "sub needs a view");
    EXPECT_EQ(frame_error(R"({"t":"sub","id":-1,"view":"v"})"),
              "the frame needs an id, a whole number from 0 to 2^53 - 1");
    EXPECT_EQ(frame_error(R"({"t":"sub","id":1.5,"view":"v"})"),
              "the frame needs an id, a whole number from 0 to 2^53 - 1");
    EXPECT_EQ(frame_error(R"({"t":"sub","id":1,"view":"v","mode":"fast"})"), "mode is inv or delta");
    EXPECT_EQ(frame_error(R"({"t":"sub","id":1,"view":"v","max_hz":0})"),
              "max_hz is a number from 0.1 to 1000");
    EXPECT_EQ(frame_error(R"({"t":"sub","id":1,"view":"v","from":{"epoch":1,"version":1}})"),
              "from is written {\"epoch\":\"…\",\"version\":n}");
    EXPECT_EQ(frame_error(R"({"t":"sub","id":1,"view":"v","params":{"a":{}}})").substr(0, 15),
              "the parameter a");
}

}  // namespace
}  // namespace mr::serve
