// Goal: filters, order, limits and JSON of a view; parameters as a person types them.
#include "views/query.h"

#include <gtest/gtest.h>

#include "views/parse_value.h"
#include "views/testing/test_views.h"

namespace mr::views {
namespace {

using testing::TestViews;
using testing::zone;

class QueryTest : public ::testing::Test {
  protected:
    QueryTest() {
        EXPECT_TRUE(views_.store().recovered(Seq(0)));
        views_.create("p", {TestViews::view("zone_p95", testing::zone_schema(), {0})});
        views_.step({zone("C-07", "LYON-1", 398),
                     zone("C-08", "LYON-1", 120),
                     zone("P-01", "PARIS-2", 77),
                     {0, {Value::of("N-00"), Value::null(), Value::null()}}});
        view_ = views_.store().snapshot("zone_p95");
    }
    std::string ask(std::vector<std::pair<std::string, std::optional<std::string>>> filters,
                    std::string_view order = {}, std::size_t limit = kDefaultLimit) {
        ViewQuery query{{}, {}, limit};
        for (const auto& [column, text] : filters) {
            auto filter = parse_filter(*view_->definition, column, text);
            if (!filter) return filter.error().message;
            query.filters.push_back(std::move(*filter));
        }
        auto by = parse_order(*view_->definition, order);
        if (!by) return by.error().message;
        query.order = *by;
        const QueryResult result = run_query(*view_, query);
        std::string out;
        for (const RowPtr& row : result.rows) {
            const auto values = read_row(row->row, view_->definition->schema);
            out += (out.empty() ? "" : " ") + (*values)[0].text();
        }
        return out + (result.truncated ? " …" : "");
    }
    VirtualClock clock_{TimestampMs(1'000)};
    TestViews views_{clock_};
    SnapshotPtr view_;
};

TEST_F(QueryTest, FiltersOrdersAndCuts) {
    EXPECT_EQ(ask({}), "C-07 C-08 N-00 P-01");
    EXPECT_EQ(ask({{"warehouse", "LYON-1"}}), "C-07 C-08");
    EXPECT_EQ(ask({{"warehouse", std::nullopt}}), "N-00");
    EXPECT_EQ(ask({{"zone", "C-08"}}), "C-08");
    EXPECT_EQ(ask({{"zone", "C-0"}}), "");
    EXPECT_EQ(ask({{"zone", "C-08"}, {"p95_ms", "121"}}), "");
    EXPECT_EQ(ask({}, "p95_ms:desc"), "C-07 C-08 P-01 N-00") << "NULL is smallest";
    EXPECT_EQ(ask({}, "warehouse,p95_ms:desc", 2), "N-00 C-07 …");
    EXPECT_EQ(ask({}, "", 4), "C-07 C-08 N-00 P-01");
    EXPECT_EQ(ask({}, "", 3), "C-07 C-08 N-00 …");
    EXPECT_EQ(ask({}, "", 0), " …");
}

TEST_F(QueryTest, ErrorsNameTheColumn) {
    EXPECT_EQ(ask({{"warehose", "x"}}), "view zone_p95 has no column warehose; did you mean `warehouse`?");
    EXPECT_EQ(ask({{"p95_ms", "many"}}), "column p95_ms of view zone_p95: not a value of type BIGINT: many");
    EXPECT_EQ(ask({}, "p95_ms:down"), "order is written column:asc or column:desc, not: p95_ms:down");
    EXPECT_FALSE(parse_limit("-1"));
    EXPECT_FALSE(parse_limit("2000000"));
    EXPECT_FALSE(parse_limit(""));
}

TEST_F(QueryTest, CostsALookupWhereTheKeyIsGiven) {
    ViewQuery by_key{{{0, Value::of("C-07")}}, {}, 10};
    EXPECT_EQ(query_cost(*view_, by_key), 1U);
    ViewQuery by_other{{{1, Value::of("LYON-1")}}, {}, 10};
    EXPECT_EQ(query_cost(*view_, by_other), 4U);
    EXPECT_EQ(query_cost(*view_, {{}, {}, 2}), 2U);
}

TEST_F(QueryTest, RowsAsJson) {
    const RowJson json(*view_->definition);
    const QueryResult all = run_query(*view_, {});
    std::string out;
    json.append_row(out, *all.rows[2]);
    json.append_columns(out, *all.rows[0], {2});
    json.append_key(out, all.rows[0]->key);
    EXPECT_EQ(out, R"({"zone":"N-00","warehouse":null,"p95_ms":null}{"p95_ms":398}["C-07"])");
}

std::string parsed(const DataType& type, std::string_view text) {
    const auto value = parse_value(type, text);
    return value ? to_string(*value, type) : "error";
}

TEST(ParseValue, AllTypes) {
    EXPECT_EQ(parsed(DataType::of(TypeKind::tinyint), "-128"), "-128");
    EXPECT_EQ(parsed(DataType::of(TypeKind::tinyint), "128"), "error");
    EXPECT_EQ(parsed(DataType::bigint(), "9223372036854775807"), "9223372036854775807");
    EXPECT_EQ(parsed(DataType::bigint(), "9223372036854775808"), "error");
    EXPECT_EQ(parsed(DataType::bigint(), " 1"), "error");
    EXPECT_EQ(parsed(DataType::decimal(10, 2), "-12.5"), "-12.50");
    EXPECT_EQ(parsed(DataType::decimal(10, 2), "12.500"), "12.50");
    EXPECT_EQ(parsed(DataType::decimal(10, 2), "12.505"), "error");
    EXPECT_EQ(parsed(DataType::decimal(38, 0), std::string(60, '9')), "error");
    EXPECT_EQ(parsed(DataType::double_type(), "1e3"), "1000.0");
    EXPECT_EQ(parsed(DataType::date(), "2026-02-30"), "error");
    EXPECT_EQ(parsed(DataType::date(), "2026-11-22"), "2026-11-22");
    EXPECT_EQ(parsed(DataType::timestamp(3), "2026-11-22T19:00:00.123Z"), "2026-11-22 19:00:00.123");
    EXPECT_EQ(parsed(DataType::timestamp(3), "2026-11-22 19:00"), "2026-11-22 19:00:00.000");
    EXPECT_EQ(parsed(DataType::timestamp(3), "2026-11-22"), "2026-11-22 00:00:00.000");
    EXPECT_EQ(parsed(DataType::timestamp(3), "1795374000123"), "2026-11-22 19:00:00.123");
    EXPECT_EQ(parsed(DataType::timestamp(3), "2026-11-22T19:00:00.1234Z"), "error");
    EXPECT_EQ(parsed(DataType::timestamp(3), "2026-11-22T25:00:00Z"), "error");
    EXPECT_EQ(parsed(DataType::timestamp(9), "9999-12-31T00:00:00Z"), "error") << "does not fit 64 bits";
    EXPECT_EQ(parsed(DataType::boolean(), "yes"), "error");
    EXPECT_EQ(parsed(DataType::array(DataType::integer()), "[1]"), "error");
}

}  // namespace
}  // namespace mr::views
