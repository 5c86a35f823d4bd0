#include "cli/flink_gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace mr::cli {
namespace {

/// Longest result that is read: SHOW JOBS of a cluster that has seen many.
constexpr std::size_t kMostRows = 100'000;
constexpr std::int64_t kPollMs = 50;

std::string text_of(const Json& value) {
    if (value.is_null()) return "";
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// "org.apache.flink.table.api.ValidationException: Table …" -> "Table …"
std::string without_class(std::string line) {
    const auto colon = line.find(": ");
    const auto space = line.find(' ');
    if (colon != std::string::npos && colon < space && line.substr(0, colon).find('.') != std::string::npos)
        return line.substr(colon + 2);
    return line;
}

}  // namespace

std::string flink_reason(const std::string& trace) {
    constexpr std::string_view kCause = "Caused by: ";
    const auto cause = trace.rfind(kCause);
    std::string_view rest = trace;
    if (cause != std::string::npos) rest.remove_prefix(cause + kCause.size());
    std::string out;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const auto first = line.find_first_not_of(" \t");
        if (first == std::string_view::npos) continue;
        // Frames end the reason; what the gateway puts around it says nothing.
        if (line.substr(first).starts_with("at ") || line.substr(first).starts_with("... ")) break;
        if (line.starts_with("<Exception on server side") || line == "End of exception on server side>")
            continue;
        out += (out.empty() ? "" : "\n") + std::string(line);
    }
    return without_class(out);
}

std::string FlinkGateway::Answer::cell(std::size_t row, std::string_view column) const {
    const auto it = std::ranges::find(columns, column);
    const auto at = static_cast<std::size_t>(it - columns.begin());
    return it == columns.end() || at >= rows[row].size() ? "" : rows[row][at];
}

FlinkGateway::FlinkGateway(std::string url, std::int64_t timeout_ms, const std::atomic<bool>& stop)
    : url_(std::move(url)), timeout_ms_(timeout_ms), stop_(stop) {
    if (!url_.contains("://")) url_ = "http://" + url_;
    while (url_.ends_with('/')) url_.pop_back();
}

FlinkGateway::~FlinkGateway() {
    if (!session_.empty()) (void)call("DELETE", "/v2/sessions/" + session_);
}

Result<Json> FlinkGateway::call(const std::string& method, const std::string& path, const Json& body) {
    net::HttpCall request{.method = method, .url = url_ + path};
    request.timeout_ms = timeout_ms_;
    if (!body.is_null()) {
        request.body = body.dump();
        request.headers.push_back({"Content-Type", "application/json"});
    }
    const auto answer = client_.call(request);
    if (!answer) {
        return fail(
            answer.error().code, "{}",
            with_help(
                fmt::format("no answer from Flink's SQL Gateway at {}: {}", url_, answer.error().message),
                "is it running? bin/sql-gateway.sh start starts one; --gateway names its address"));
    }
    Json json = Json::parse(answer->body, nullptr, false);
    if (json.is_object() && json.contains("errors") && json["errors"].is_array() && !json["errors"].empty())
        return fail(Code::invalid_argument, "{}", flink_reason(text_of(json["errors"].back())));
    if (answer->status >= 300)
        return fail(Code::invalid_argument, "{}{} answers with HTTP status {}", url_, path, answer->status);
    if (!json.is_object()) {
        return fail(
            Code::corrupt, "{}",
            with_help(fmt::format("{}{} answers something that is not JSON", url_, path),
                      "--gateway is the SQL Gateway's address (port 8083 unless set), not the JobManager's"));
    }
    return json;
}

Status FlinkGateway::open() {
    const Json properties = {
        {"properties", {{"execution.runtime-mode", "streaming"}, {"table.dml-sync", "false"}}}};
    MR_TRY(const Json opened, call("POST", "/v2/sessions", properties));
    if (!opened.contains("sessionHandle")) return fail(Code::corrupt, "{}: no session was opened", url_);
    session_ = text_of(opened["sessionHandle"]);
    return {};
}

Result<FlinkGateway::Answer> FlinkGateway::run(const std::string& statement) {
    MR_TRY(const Json submitted,
           call("POST", "/v2/sessions/" + session_ + "/statements", Json{{"statement", statement}}));
    if (!submitted.contains("operationHandle"))
        return fail(Code::corrupt, "{}: no operation was started", url_);
    return fetch(text_of(submitted["operationHandle"]));
}

Result<FlinkGateway::Answer> FlinkGateway::fetch(const std::string& operation) {
    const std::string base = fmt::format("/v2/sessions/{}/operations/{}/result/", session_, operation);
    std::string next = base + "0?rowFormat=JSON";
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms_);
    Answer out;
    while (true) {
        MR_TRY(const Json page, call("GET", next));
        const std::string kind = page.contains("resultType") ? text_of(page["resultType"]) : "";
        if (page.contains("results") && page["results"].is_object()) {
            const Json& results = page["results"];
            if (out.columns.empty() && results.contains("columns")) {
                for (const Json& c : results["columns"]) out.columns.push_back(text_of(c["name"]));
            }
            for (const Json& row : results.value("data", Json::array())) {
                std::vector<std::string> cells;
                for (const Json& f : row["fields"]) cells.push_back(text_of(f));
                out.rows.push_back(std::move(cells));
            }
        }
        if (kind == "EOS" || out.rows.size() > kMostRows) return out;
        const bool more = page.contains("nextResultUri") && page["nextResultUri"].is_string();
        if (kind != "NOT_READY") {
            if (!more) return out;
            next = text_of(page["nextResultUri"]);
            continue;
        }
        if (stop_) return fail(Code::unavailable, "interrupted");
        if (std::chrono::steady_clock::now() > end) {
            return fail(Code::unavailable, "{}",
                        with_help(fmt::format("Flink has not answered in {} s", timeout_ms_ / 1000),
                                  "it may be busy: --timeout waits longer"));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
    }
}

}  // namespace mr::cli
