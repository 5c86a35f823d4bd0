// Goal: the frames of tests/golden/ws/*.json, which the dashboard's tests read too, byte for byte. Method:
// each file is a script, one step a line; commits go into a view, client frames over a real WebSocket.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "serve/testing/serve_fixture.h"

namespace mr::serve {
namespace {

using views::testing::RowSpec;
using views::testing::TestViews;

DataType type_of(std::string_view name) {
    if (name == "BIGINT") return DataType::bigint();
    if (name == "STRING") return DataType::string();
    if (name == "DATE") return DataType::date();
    if (name == "TIMESTAMP(3)") return DataType::timestamp(3);
    if (name == "TIMESTAMP_LTZ(3)") return DataType::timestamp_ltz(3);
    if (name == "DECIMAL(10,2)") return DataType::decimal(10, 2);
    if (name == "DOUBLE") return DataType::double_type();
    if (name == "BOOLEAN") return DataType::boolean();
    if (name == "BYTES") return DataType::bytes();
    if (name == "ARRAY<STRING>") return DataType::array(DataType::string());
    ADD_FAILURE() << "type of a golden file: " << name;
    return DataType::null_type();
}

Value value_of(const DataType& type, const Json& json) {
    if (json.is_null()) return Value::null();
    if (type.kind == TypeKind::array) {
        std::vector<Value> list;
        for (const Json& item : *json.array()) list.push_back(value_of(type.child(0).type, item));
        return Value::of(std::move(list));
    }
    auto value = views::parse_value(type, *json.as_parameter());
    EXPECT_TRUE(value) << value.error().message;
    return value.value_or(Value::null());
}

std::string minified(std::string_view json) {
    std::string out(json.size(), '\0');
    std::size_t size = 0;
    EXPECT_EQ(simdjson::minify(json.data(), json.size(), out.data(), size), simdjson::SUCCESS);
    out.resize(size);
    return out;
}

class GoldenTest : public testing::ServeFixture, public ::testing::WithParamInterface<std::string> {
  protected:
    void create(const Json& view, const std::string& epoch, Seq version, std::int64_t ct) {
        Schema schema;
        for (const Json& column : *view.get("columns")->array()) {
            const auto& pair = *column.array();
            schema.fields.push_back({*pair[0].text(), type_of(*pair[1].text())});
        }
        std::vector<std::uint32_t> key;
        for (const Json& name : *view.get("key")->array()) {
            key.push_back(static_cast<std::uint32_t>(schema.find(*name.text())));
        }
        schema_ = schema;
        key_ = key;
        views_.seq = Seq(version.value - 1);
        views_.time = TimestampMs(ct);
        views_.create("p", {TestViews::view(*view.get("name")->text(), schema, key, epoch)});
        settle();
    }
    void commit(const Json& view, const Json& commit) {
        const Seq version(static_cast<std::uint64_t>(*commit.get("version")->integer()));
        const std::int64_t ct = *commit.get("ct")->integer();
        std::vector<RowSpec> rows;
        const bool empty = commit.get("up")->array()->empty() && commit.get("del")->array()->empty();
        if (views_.store().views().empty()) {
            create(view, *view.get("epoch")->text(), empty ? version : Seq(version.value - 1), ct);
        }
        if (empty) return;
        for (const Json& row : *commit.get("up")->array()) {
            RowSpec spec;
            for (const Field& field : schema_.fields)
                spec.values.push_back(value_of(field.type, *row.get(field.name)));
            rows.push_back(std::move(spec));
        }
        for (const Json& key : *commit.get("del")->array()) {
            RowSpec spec{0, {}, true};
            for (std::size_t i = 0; i < key_.size(); ++i) {
                spec.values.push_back(value_of(schema_[key_[i]].type, (*key.array())[i]));
            }
            rows.push_back(std::move(spec));
        }
        views_.seq = Seq(version.value - 1);
        views_.time = TimestampMs(ct);
        views_.step(rows);
        settle();
    }
    /// Nothing more may have been sent than the script says.
    void expect_silence() {
        for (int i = 0; i < 20; ++i) loop_.run_once(0);
        const auto extra = socket_->take_text();
        EXPECT_FALSE(extra) << "not in the script: " << *extra;
    }
    void run_step(const Json& view, const Json& step, std::string_view line) {
        const auto& [what, body] = step.object()->front();
        const std::size_t from = line.find(": ") + 2;
        const std::string raw = minified(line.substr(from, line.rfind('}') - from));
        if (what == "commit") {
            commit(view, body);
        } else if (what == "redeploy") {
            create(view, *body.get("epoch")->text(),
                   Seq(static_cast<std::uint64_t>(*body.get("version")->integer())),
                   *body.get("ct")->integer());
        } else if (what == "client") {
            expect_silence();
            socket_->send_text(raw);
        } else if (what == "client_text") {
            expect_silence();
            socket_->send_text(*body.text());
        } else if (what == "clock_ms") {
            expect_silence();
            clock_.advance_ms(*body.integer());
        } else if (what == "server") {
            EXPECT_EQ(socket_->wait_text(), raw);
        } else {
            ADD_FAILURE() << "step " << what;
        }
    }
    Schema schema_;
    std::vector<std::uint32_t> key_;
    std::unique_ptr<net::testing::TestWebSocket> socket_;
};

TEST_P(GoldenTest, Frames) {
    std::ifstream in(std::filesystem::path(MR_SOURCE_DIR) / "tests/golden/ws" / (GetParam() + ".json"));
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto file = parse_json(text);
    ASSERT_TRUE(file) << file.error().message;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        const std::string line = text.substr(at, end - at);
        if (line.starts_with("  {")) lines.push_back(line);
        at = end + 1;
    }
    const auto& steps = *file->get("steps")->array();
    ASSERT_EQ(lines.size(), steps.size()) << "one step a line";
    listen();
    socket_ =
        std::make_unique<net::testing::TestWebSocket>(loop_, server_->bound(), "/api/v1/live", "millrace.v1");
    ASSERT_TRUE(socket_->upgraded());
    for (std::size_t i = 0; i < steps.size(); ++i) {
        SCOPED_TRACE(lines[i]);
        run_step(*file->get("view"), steps[i], lines[i]);
    }
    expect_silence();
}

std::vector<std::string> scripts() {
    std::vector<std::string> out;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(MR_SOURCE_DIR) / "tests/golden/ws")) {
        if (entry.path().extension() == ".json") out.push_back(entry.path().stem().string());
    }
    std::ranges::sort(out);
    return out;
}

INSTANTIATE_TEST_SUITE_P(Ws, GoldenTest, ::testing::ValuesIn(scripts()), [](const auto& param) {
    std::string name = param.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace
}  // namespace mr::serve
