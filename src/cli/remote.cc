#include "cli/remote.h"

#include <fstream>
#include <sstream>

#include "net/http_client.h"

namespace mr::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// The message of an error answer, whichever of our two shapes it has.
std::string message_of(const Json& json, int status) {
    if (json.contains("error") && json["error"].is_object()) {
        std::string text = json["error"].value("message", "");
        const std::string help = json["error"].value("help", "");
        return help.empty() ? text : text + "\nhelp: " + help;
    }
    if (json.contains("message")) return json["message"].get<std::string>();
    return fmt::format("HTTP status {}", status);
}

Result<Json> call(const std::string& method, const std::string& url, const Json& body = {}) {
    net::HttpClient client;
    net::HttpCall request{.method = method, .url = url};
    if (!body.is_null()) {
        request.body = body.dump();
        request.headers.push_back({"Content-Type", "application/json"});
    }
    auto answer = client.call(request);
    if (!answer) {
        return fail(answer.error().code, "{}: {}; is the node running? (--url names another)", url,
                    answer.error().message);
    }
    Json json = Json::parse(answer->body, nullptr, false);
    if (answer->status >= 300) {
        return fail(answer->status == 503 ? Code::unavailable : Code::invalid_argument, "{}",
                    message_of(json, answer->status));
    }
    if (json.is_discarded()) return fail(Code::corrupt, "{} answered something that is not JSON", url);
    return json;
}

/// Prints the array under `member` of the answer.
int list(const RemoteOptions& options, const std::string& path, const std::string& member,
         const std::vector<std::string>& columns) {
    const auto json = call("GET", options.url + path);
    if (!json) return report(json.error());
    print_rows(options.output, columns, json->contains(member) ? (*json)[member] : *json);
    return Exit::done;
}

std::vector<std::string> columns_of(const Json& rows) {
    std::vector<std::string> columns;
    for (const auto& row : rows) {
        for (const auto& [name, value] : row.items()) {
            if (std::ranges::find(columns, name) == columns.end()) columns.push_back(name);
        }
    }
    return columns;
}

}  // namespace

int run_sql(const RemoteOptions& options, const std::string& sql) {
    const auto json = call("POST", options.url + "/api/v1/sql", {{"sql", sql}});
    if (!json) return report(json.error());
    std::vector<std::string> columns;
    for (const auto& c : (*json)["columns"]) columns.push_back(c["name"].get<std::string>());
    print_rows(options.output, columns, (*json)["rows"]);
    if (json->value("truncated", false) && !options.output.quiet) {
        std::fprintf(stderr, "only the first %zu rows; add LIMIT or a filter\n", (*json)["rows"].size());
    }
    return Exit::done;
}

int list_topics(const RemoteOptions& options) {
    return list(options, "/api/v1/topics", "topics",
                {"name", "partitions", "records", "bytes", "retention_ms", "cleanup_policy"});
}

int describe_topic(const RemoteOptions& options, const std::string& topic) {
    const auto json = call("GET", options.url + "/api/v1/topics/" + encode(topic));
    if (!json) return report(json.error());
    print_json(*json);
    return Exit::done;
}

int tail_topic(const RemoteOptions& options, const TailOptions& tail) {
    const auto json =
        call("GET", fmt::format("{}/api/v1/topics/{}/records?partition={}&offset={}&limit={}", options.url,
                                encode(tail.topic), tail.partition, tail.offset, tail.limit));
    if (!json) return report(json.error());
    print_rows(options.output, {"partition", "offset", "timestamp", "key", "value"}, (*json)["records"]);
    return Exit::done;
}

int create_topic(const RemoteOptions& options, const std::string& topic, int partitions,
                 const std::vector<std::string>& configs) {
    Json body = {{"name", topic}, {"partitions", partitions}, {"configs", Json::object()}};
    for (const std::string& c : configs) {
        const auto equals = c.find('=');
        if (equals == std::string::npos)
            return report({Code::invalid_argument, fmt::format("expected key=value, found `{}`", c)});
        body["configs"][c.substr(0, equals)] = c.substr(equals + 1);
    }
    const auto json = call("POST", options.url + "/api/v1/topics", body);
    if (!json) return report(json.error());
    if (!options.output.quiet) std::fprintf(stderr, "created topic %s\n", topic.c_str());
    return Exit::done;
}

int delete_topic(const RemoteOptions& options, const std::string& topic) {
    const auto json = call("DELETE", options.url + "/api/v1/topics/" + encode(topic));
    if (!json) return report(json.error());
    if (!options.output.quiet) std::fprintf(stderr, "deleted topic %s\n", topic.c_str());
    return Exit::done;
}

int list_groups(const RemoteOptions& options) {
    return list(options, "/api/v1/groups", "groups",
                {"group", "state", "members", "topic", "partition", "committed", "end", "lag"});
}

int list_views(const RemoteOptions& options) {
    return list(options, "/api/v1/views", "views", {"view", "rows", "version", "epoch", "bytes"});
}

int show_view(const RemoteOptions& options, const std::string& view,
              const std::vector<std::string>& parameters) {
    std::string query;
    for (const std::string& p : parameters) {
        const auto equals = std::min(p.find('='), p.size());
        query += (query.empty() ? "?" : "&") + encode(p.substr(0, equals)) + "=" +
                 (equals < p.size() ? encode(p.substr(equals + 1)) : "");
    }
    const auto json = call("GET", options.url + "/api/v1/views/" + encode(view) + query);
    if (!json) return report(json.error());
    print_rows(options.output, columns_of((*json)["rows"]), (*json)["rows"]);
    return Exit::done;
}

int list_pipelines(const RemoteOptions& options) {
    return list(options, "/api/v1/pipelines", "pipelines",
                {"name", "state", "in", "accepted", "rejected", "late", "out", "caught_up", "state_bytes",
                 "watermark", "error"});
}

int list_subjects(const RemoteOptions& options) {
    const auto json = call("GET", options.registry + "/subjects");
    if (!json) return report(json.error());
    Json rows = Json::array();
    for (const auto& subject : *json) rows.push_back({{"subject", subject}});
    print_rows(options.output, {"subject"}, rows);
    return Exit::done;
}

int show_schema(const RemoteOptions& options, const std::string& subject, const std::string& version) {
    const auto json = call(
        "GET", fmt::format("{}/subjects/{}/versions/{}", options.registry, encode(subject), encode(version)));
    if (!json) return report(json.error());
    print_json(*json);
    return Exit::done;
}

int register_schema(const RemoteOptions& options, const std::string& subject, const std::string& file,
                    const std::string& type) {
    std::ifstream in(file);
    if (!in) return report({Code::not_found, "cannot open " + file});
    std::stringstream text;
    text << in.rdbuf();
    const auto json = call("POST", fmt::format("{}/subjects/{}/versions", options.registry, encode(subject)),
                           {{"schema", text.str()}, {"schemaType", type}});
    if (!json) return report(json.error());
    print_json(*json);
    return Exit::done;
}

}  // namespace mr::cli
