#include "cli/remote.h"

#include <unistd.h>

#include <charconv>
#include <fstream>
#include <sstream>

#include "cli/remote_call.h"
#include "columnar/temporal.h"
#include "net/http_client.h"

namespace mr::cli {
namespace {

/// An error answer, whichever of our two shapes it has.
Error error_of(const Json& json, int status) {
    const auto code = status == 404                    ? Code::not_found
                      : status == 409                  ? Code::already_exists
                      : status == 503 || status == 504 ? Code::unavailable
                      : status == 401 || status == 403 ? Code::permission_denied
                      : status == 500                  ? Code::internal
                                                       : Code::invalid_argument;
    if (json.is_object() && json.contains("error") && json["error"].is_object()) {
        const Json& error = json["error"];
        const std::string help = error.value("help", "");
        return {code, with_help(error.value("message", ""), help)};
    }
    if (json.is_object() && json.contains("message") && json["message"].is_string())
        return {code, json["message"].get<std::string>()};
    return {code, fmt::format("HTTP status {}", status)};
}

/// Whether what would be lost may be; if not, says why nothing was done.
bool may_lose(const RemoteOptions& options, const std::string& action, const std::string& lost) {
    if (options.yes || confirm(action + " " + lost + "?")) return true;
    report(options.output,
           {Code::invalid_argument,
            with_help(fmt::format("nothing done: {} would be lost", lost), "say --yes if that is meant")});
    return false;
}

/// Says on stderr what was done, unless asked to be quiet.
void say(const RemoteOptions& options, const std::string& done) {
    if (!options.output.quiet) std::fprintf(stderr, "%s\n", done.c_str());
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

std::string encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

Result<Json> call(const RemoteOptions& options, const std::string& method, const std::string& base,
                  const std::string& path, const Json& body) {
    net::HttpClient client;
    net::HttpCall request{.method = method, .url = base.contains("://") ? base : "http://" + base};
    while (request.url.ends_with('/')) request.url.pop_back();
    const std::string shown = request.url;
    request.url += path;
    request.timeout_ms = options.timeout_ms;
    request.ca_file = options.ca_file;
    if (!options.token.empty())
        request.headers.push_back({"Authorization", fmt::format("Bearer {}", options.token)});
    if (!body.is_null()) {
        request.body = body.dump();
        request.headers.push_back({"Content-Type", "application/json"});
    }
    auto answer = client.call(request);
    if (!answer) {
        std::string why = answer.error().message;
        if (const auto colon = why.rfind(": "); colon != std::string::npos) why = why.substr(colon + 2);
        return fail(
            answer.error().code, "{}",
            with_help(fmt::format("no answer from {}: {}", shown, why),
                      &base == &options.registry
                          ? "is the node running? --registry or MILLRACE_REGISTRY names another address"
                          : "is the node running? --url or MILLRACE_URL names another address"));
    }
    Json json = Json::parse(answer->body, nullptr, false);
    if (answer->status >= 300) return std::unexpected(error_of(json, answer->status));
    if (json.is_discarded())
        return fail(Code::corrupt, "{}{} answered something that is not JSON", shown, path);
    return json;
}

int list(const RemoteOptions& options, const std::string& path, const std::string& member,
         const std::vector<std::string>& columns) {
    const auto json = call(options, "GET", options.url, path);
    if (!json) return report(options.output, json.error());
    print_rows(options.output, columns, json->contains(member) ? (*json)[member] : *json);
    return Exit::done;
}

bool confirm(const std::string& question) {
    if (::isatty(0) == 0 || ::isatty(2) == 0) return false;
    std::fprintf(stderr, "%s [y/N] ", question.c_str());
    const int answer = std::getchar();
    return answer == 'y' || answer == 'Y';
}

int run_sql(const RemoteOptions& options, const std::string& sql) {
    const auto json = call(options, "POST", options.url, "/api/v1/sql", {{"sql", sql}});
    if (!json) return report(options.output, json.error());
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
    const auto json = call(options, "GET", options.url, "/api/v1/topics/" + encode(topic));
    if (!json) return report(options.output, json.error());
    print_object(options.output, *json);
    if (options.output.format != Format::table) return Exit::done;
    for (const auto& [name, value] : (*json)["configs"].items())
        std::printf("  %s = %s\n", name.c_str(), value.get<std::string>().c_str());
    std::printf("\n");
    print_rows(options.output, {"partition", "start", "end", "bytes", "leader_epoch"}, (*json)["logs"]);
    return Exit::done;
}

int tail_topic(const RemoteOptions& options, const TailOptions& tail) {
    const auto json = call(options, "GET", options.url,
                           fmt::format("/api/v1/topics/{}/records?partition={}&offset={}&limit={}",
                                       encode(tail.topic), tail.partition, tail.offset, tail.limit));
    if (!json) return report(options.output, json.error());
    Json rows = (*json)["records"];
    if (options.output.format == Format::table) {
        for (Json& row : rows) row["timestamp"] = instant_to_string(row["timestamp"].get<std::int64_t>());
    }
    print_rows(options.output, {"partition", "offset", "timestamp", "key", "value"}, rows);
    return Exit::done;
}

int create_topic(const RemoteOptions& options, const std::string& topic, int partitions,
                 const std::vector<std::string>& configs) {
    Json body = {{"name", topic}, {"partitions", partitions}, {"configs", Json::object()}};
    for (const std::string& c : configs) {
        const auto equals = c.find('=');
        if (equals == std::string::npos) {
            report(options.output,
                   {Code::invalid_argument, fmt::format("--config: expected key=value, found `{}`", c)});
            return Exit::usage;
        }
        body["configs"][c.substr(0, equals)] = c.substr(equals + 1);
    }
    const auto json = call(options, "POST", options.url, "/api/v1/topics", body);
    if (!json) return report(options.output, json.error());
    say(options, "created topic " + topic);
    return Exit::done;
}

int delete_topic(const RemoteOptions& options, const std::string& topic) {
    const auto found = call(options, "GET", options.url, "/api/v1/topics/" + encode(topic));
    if (!found) return report(options.output, found.error());
    const auto records = (*found)["records"].get<std::int64_t>();
    if (!may_lose(options, "delete", fmt::format("{} with its {} records", topic, records)))
        return Exit::failed;
    const auto json = call(options, "DELETE", options.url, "/api/v1/topics/" + encode(topic));
    if (!json) return report(options.output, json.error());
    say(options, "deleted topic " + topic);
    return Exit::done;
}

int alter_topic(const RemoteOptions& options, const std::string& topic, int partitions,
                const std::vector<std::string>& configs) {
    if (partitions == 0 && configs.empty()) {
        report(options.output, {Code::invalid_argument, "nothing to change: give --partitions or --config"});
        return Exit::usage;
    }
    const std::string path = "/api/v1/topics/" + encode(topic);
    if (!configs.empty()) {
        Json body = {{"configs", Json::object()}};
        for (const std::string& c : configs) {
            const auto equals = c.find('=');
            body["configs"][c.substr(0, equals)] =
                equals == std::string::npos ? Json() : Json(c.substr(equals + 1));
        }
        const auto json = call(options, "PATCH", options.url, path, body);
        if (!json) return report(options.output, json.error());
    }
    if (partitions > 0) {
        const auto json = call(options, "PATCH", options.url, path, {{"partitions", partitions}});
        if (!json) return report(options.output, json.error());
    }
    say(options, "altered topic " + topic);
    return Exit::done;
}

int delete_records(const RemoteOptions& options, const std::string& topic, int partition,
                   std::int64_t before) {
    const std::string upto = before < 0 ? "all records" : fmt::format("records below offset {}", before);
    if (!may_lose(options, "delete", fmt::format("{} of {} partition {}", upto, topic, partition)))
        return Exit::failed;
    const auto json =
        call(options, "POST", options.url, fmt::format("/api/v1/topics/{}/delete-records", encode(topic)),
             {{"partition", partition}, {"before", before}});
    if (!json) return report(options.output, json.error());
    say(options, fmt::format("{} partition {} begins at {} now", topic, partition,
                             (*json)["start"].get<std::int64_t>()));
    return Exit::done;
}

int list_groups(const RemoteOptions& options) {
    return list(options, "/api/v1/groups", "groups",
                {"group", "state", "members", "topic", "partition", "committed", "end", "lag"});
}

int describe_group(const RemoteOptions& options, const std::string& group) {
    const auto json = call(options, "GET", options.url, "/api/v1/groups/" + encode(group));
    if (!json) return report(options.output, json.error());
    print_object(options.output, *json);
    if (options.output.format != Format::table) return Exit::done;
    std::printf("\n");
    print_rows(options.output, {"member", "client", "host", "partitions"}, (*json)["member_list"]);
    std::printf("\n");
    print_rows(options.output, {"topic", "partition", "committed", "end", "lag"}, (*json)["offsets"]);
    return Exit::done;
}

int reset_group(const RemoteOptions& options, const ResetOptions& reset) {
    Json to;
    std::int64_t number = 0;
    const char* const end = reset.to.data() + reset.to.size();
    const bool shifts = reset.to.starts_with('+') || reset.to.starts_with('-');
    const auto [stopped, error] =
        std::from_chars(reset.to.data() + (reset.to.starts_with('+') ? 1 : 0), end, number);
    if (reset.to == "earliest" || reset.to == "latest") {
        to = reset.to;
    } else if (error == std::errc() && stopped == end) {
        to = {{shifts ? "shift" : "offset", number}};
    } else {
        to = {{"time", reset.to}};
    }
    Json body = {{"to", to}, {"dry_run", reset.dry_run}};
    if (!reset.topics.empty()) body["topics"] = reset.topics;
    const auto json =
        call(options, "POST", options.url, fmt::format("/api/v1/groups/{}/reset", encode(reset.group)), body);
    if (!json) return report(options.output, json.error());
    print_rows(options.output, {"topic", "partition", "from", "to"}, (*json)["offsets"]);
    say(options, reset.dry_run ? "nothing was changed (--dry-run)" : "reset group " + reset.group);
    return Exit::done;
}

int delete_group(const RemoteOptions& options, const std::string& group) {
    if (!may_lose(options, "delete", fmt::format("group {} and where it is", group))) return Exit::failed;
    const auto json = call(options, "DELETE", options.url, "/api/v1/groups/" + encode(group));
    if (!json) return report(options.output, json.error());
    say(options, "deleted group " + group);
    return Exit::done;
}

int list_transactions(const RemoteOptions& options) {
    return list(options, "/api/v1/transactions", "transactions",
                {"transactional_id", "state", "producer_id", "epoch", "timeout_ms", "open_ms"});
}

int describe_transaction(const RemoteOptions& options, const std::string& id) {
    const auto json = call(options, "GET", options.url, "/api/v1/transactions/" + encode(id));
    if (!json) return report(options.output, json.error());
    print_object(options.output, *json);
    if (options.output.format != Format::table) return Exit::done;
    std::printf("\n");
    print_rows(options.output, {"topic", "partition"}, (*json)["partitions"]);
    return Exit::done;
}

int abort_transaction(const RemoteOptions& options, const std::string& id) {
    if (!may_lose(options, "abort", "what the open transaction of " + id + " wrote")) return Exit::failed;
    const auto json = call(options, "POST", options.url,
                           fmt::format("/api/v1/transactions/{}/abort", encode(id)), Json::object());
    if (!json) return report(options.output, json.error());
    say(options, "aborted the transaction of " + id);
    return Exit::done;
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
    const auto json = call(options, "GET", options.url, "/api/v1/views/" + encode(view) + query);
    if (!json) return report(options.output, json.error());
    auto columns = columns_of((*json)["rows"]);
    if (columns.empty()) {
        // Without a row the header still says what there would be.
        const auto views = call(options, "GET", options.url, "/api/v1/views");
        if (!views) return report(options.output, views.error());
        for (const auto& v : (*views)["views"]) {
            if (v["name"] != view) continue;
            for (const auto& c : v["columns"]) columns.push_back(c["name"].get<std::string>());
        }
    }
    print_rows(options.output, columns, (*json)["rows"]);
    return Exit::done;
}

int list_pipelines(const RemoteOptions& options) {
    return list(options, "/api/v1/pipelines", "pipelines",
                {"name", "state", "in", "accepted", "rejected", "late", "out", "lag", "p99_ms", "state_bytes",
                 "watermark", "error"});
}

int describe_pipeline(const RemoteOptions& options, const std::string& pipeline) {
    const auto json = call(options, "GET", options.url, "/api/v1/pipelines/" + encode(pipeline));
    if (!json) return report(options.output, json.error());
    print_object(options.output, *json);
    if (options.output.format != Format::table) return Exit::done;
    std::printf("\n");
    print_rows(options.output, {"topic", "partition", "read", "end", "lag"}, (*json)["inputs"]);
    std::printf("\n");
    print_rows(options.output, {"name", "keys", "bytes"}, (*json)["tables"]);
    return Exit::done;
}

int explain_pipeline(const RemoteOptions& options, const std::string& name) {
    const auto json = call(options, "GET", options.url, "/api/v1/pipelines/" + encode(name) + "/explain");
    if (!json) return report(options.output, json.error());
    if (options.output.format == Format::json) {
        print_json(*json);
    } else {
        fmt::print("{}", (*json)["text"].get<std::string>());
    }
    return Exit::done;
}

int resume_pipeline(const RemoteOptions& options, const std::string& pipeline) {
    const auto json = call(options, "POST", options.url,
                           fmt::format("/api/v1/pipelines/{}/resume", encode(pipeline)), Json::object());
    if (!json) return report(options.output, json.error());
    say(options, "resumed " + pipeline);
    return Exit::done;
}

int list_subjects(const RemoteOptions& options) {
    const auto json = call(options, "GET", options.registry, "/subjects");
    if (!json) return report(options.output, json.error());
    Json rows = Json::array();
    for (const auto& subject : *json) rows.push_back({{"subject", subject}});
    print_rows(options.output, {"subject"}, rows);
    return Exit::done;
}

int show_schema(const RemoteOptions& options, const std::string& subject, const std::string& version) {
    const auto json = call(options, "GET", options.registry,
                           fmt::format("/subjects/{}/versions/{}", encode(subject), encode(version)));
    if (!json) return report(options.output, json.error());
    print_json(*json);
    return Exit::done;
}

int register_schema(const RemoteOptions& options, const std::string& subject, const std::string& file,
                    const std::string& type) {
    std::ifstream in(file);
    if (!in) return report(options.output, {Code::not_found, "cannot open " + file});
    std::stringstream text;
    text << in.rdbuf();
    const auto json =
        call(options, "POST", options.registry, fmt::format("/subjects/{}/versions", encode(subject)),
             {{"schema", text.str()}, {"schemaType", type}});
    if (!json) return report(options.output, json.error());
    print_json(*json);
    return Exit::done;
}

}  // namespace mr::cli
