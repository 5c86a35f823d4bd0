// `apply`, `rollback`, and what `pipeline` says of versions.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <thread>

#include "cli/change.h"
#include "cli/change_json.h"
#include "cli/remote_call.h"
#include "node/change_routes.h"

namespace mr::cli {
namespace {

constexpr std::chrono::milliseconds kLook(200);
constexpr int kLooksATold = 5;
/// After so many (10 s) it is told less often where each time makes a line.
constexpr int kLooksBriefly = 50;

/// Its members as they are; null where there is none.
const Json& member(const Json& object, const char* name) {
    static const Json kNone;
    const auto at = object.find(name);
    return at != object.end() ? *at : kNone;
}

Result<Json> changes(const RemoteOptions& remote) {
    return call(remote, "GET", remote.url, "/api/v1/changes");
}

Json change_of(const Json& changes, const std::string& pipeline) {
    for (const Json& change : list_of(changes, "changes")) {
        if (text_of(change, "pipeline") == pipeline) return change;
    }
    return {};
}

/// "42 s", "3 min", "5 h 10 min"
std::string duration_text(std::int64_t seconds) {
    if (seconds < 90) return fmt::format("{} s", seconds);
    const std::int64_t minutes = (seconds + 59) / 60;
    return minutes < 60 ? fmt::format("{} min", minutes)
                        : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string progress(const Json& change) {
    const std::string state = text_of(change, "state");
    const Json& beside = member(change, "beside");
    if (!beside.is_object()) return state;
    std::string out =
        fmt::format("{}, {} of {} records read ({:.1f} %)", state, beside.value("read", std::int64_t{0}),
                    beside.value("records", std::int64_t{0}), beside.value("percent", 0.0));
    if (const Json& rate = member(beside, "records_per_second"); rate.is_number() && rate.get<double>() > 0)
        out += fmt::format(", {:.0f} a second", rate.get<double>());
    if (const Json& left = member(beside, "seconds_left"); left.is_number() && left.get<double>() > 0)
        out += ", about " + duration_text(left.get<std::int64_t>()) + " left";
    return out;
}

/// What is waited for: by pipeline, asked of each look. An error ends the wait.
using Reached = std::function<Result<bool>(const Json& change)>;

/// Tells how far things are: one line a pipeline, now and then; on a terminal a single one is rewritten in
/// place.
class Teller {
  public:
    Teller(bool quiet, std::size_t pipelines)
        : quiet_(quiet), in_place_(pipelines == 1 && ::isatty(2) != 0) {}
    ~Teller() {
        if (open_) std::fputc('\n', stderr);
    }
    Teller(const Teller&) = delete;
    Teller& operator=(const Teller&) = delete;

    void tell(int look, const std::string& pipeline, const Json& change) {
        const int every = in_place_ || look < kLooksBriefly ? kLooksATold : kLooksATold * 10;
        if (quiet_ || look % every != 0) return;
        const std::string text = pipeline + ": " + progress(change);
        std::fprintf(stderr, in_place_ ? "\r\033[K%s" : "%s\n", text.c_str());
        open_ = in_place_;
    }

  private:
    const bool quiet_, in_place_;
    bool open_ = false;  ///< a line that has no end yet
};

int wait_for(const RemoteOptions& remote, std::map<std::string, Reached> waiting,
             const std::atomic<bool>& stop) {
    Teller teller(remote.output.quiet, waiting.size());
    for (int look = 0; !waiting.empty(); ++look) {
        if (stop) {
            std::fprintf(stderr, "the node goes on; `millrace pipeline changes` shows how far it is\n");
            return Exit::interrupted;
        }
        const auto now = changes(remote);
        if (!now) return report(remote.output, now.error());
        for (auto at = waiting.begin(); at != waiting.end();) {
            const Json change = change_of(*now, at->first);
            const auto reached = at->second(change);
            if (!reached) return report(remote.output, reached.error());
            if (!*reached) teller.tell(look, at->first, change);
            at = *reached ? waiting.erase(at) : std::next(at);
        }
        if (!waiting.empty()) std::this_thread::sleep_for(kLook);
    }
    return Exit::done;
}

/// Whether a change has failed: said of its pipeline, or of the version beside.
Status failure(const Json& change, const std::string& pipeline) {
    std::string why = text_of(change, "error");
    if (const Json& beside = member(change, "beside"); why.empty() && beside.is_object())
        why = text_of(beside, "error");
    if (why.empty()) return {};
    return fail(Code::internal, "pipeline {} is not changed: {}", pipeline, why);
}

bool rests(const Json& change) {
    return text_of(change, "state") == "following";
}

Reached swapped(const std::string& pipeline, const std::string& fingerprint) {
    return [=](const Json& change) -> Result<bool> {
        const Json& serving = member(change, "serving");
        const bool done =
            serving.is_object() && text_of(serving, "fingerprint") == fingerprint && rests(change);
        if (!done) MR_TRY_VOID(failure(change, pipeline));
        return done;
    };
}

Reached caught_up(const std::string& pipeline) {
    return [=](const Json& change) -> Result<bool> {
        const bool done = change.is_object() && change.value("caught_up", false) && rests(change);
        if (!done) MR_TRY_VOID(failure(change, pipeline));
        return done;
    };
}

void print_comparison(const Output& output, const Json& answer) {
    if (output.format != Format::table) return print_json(answer);
    for (const Json& view : list_of(answer, "views")) {
        const auto number = [&view](const char* name) { return view.value(name, std::int64_t{0}); };
        std::string columns;
        for (const Json& c : list_of(view, "columns"))
            columns += (columns.empty() ? "" : ", ") + (c.is_string() ? c.get<std::string>() : "");
        fmt::print(
            "view {}: {} rows serving, {} beside; {} equal in ({}), {} different, {} only serving, {} "
            "only beside\n",
            text_of(view, "view"), number("rows_serving"), number("rows_beside"), number("equal"), columns,
            number("different"), number("only_serving"), number("only_beside"));
        for (const Json& row : list_of(view, "examples")) {
            for (const char* version : {"serving", "beside"}) {
                if (row.contains(version)) fmt::print("  {:<8} {}\n", version, row[version].dump());
            }
        }
    }
}

}  // namespace

int apply_change(const LocalOptions& local, const RemoteOptions& remote, const ChangeOptions& options,
                 const std::atomic<bool>& stop) {
    const auto project = load_for_change(local, local.project);
    if (!project) return report(remote.output, project.error());
    Json body = Json::parse(node::to_json(node::ProjectText{project->streams, project->pipelines}));
    body["compare"] = options.compare;
    body["without_history"] = options.without_history;
    const auto answer = call(remote, "POST", remote.url, "/api/v1/apply", body);
    if (!answer) return report(remote.output, answer.error());
    for (const Json& name : list_of(*answer, "next_start")) {
        std::fprintf(stderr, "pipeline %s is new: it begins when the node is started next\n",
                     name.is_string() ? name.get<std::string>().c_str() : "");
    }
    std::map<std::string, Reached> waiting;
    std::vector<std::string> names;
    for (const Json& change : list_of(*answer, "changes")) {
        const std::string pipeline = text_of(change, "pipeline");
        names.push_back(pipeline);
        waiting[pipeline] =
            options.compare ? caught_up(pipeline) : swapped(pipeline, text_of(change, "fingerprint"));
    }
    if (names.empty() && !remote.output.quiet) std::fprintf(stderr, "no pipeline that runs is changed\n");
    if (!options.no_wait) {
        const int waited = wait_for(remote, std::move(waiting), stop);
        if (waited != Exit::done) return waited;
    }
    if (!options.compare || options.no_wait) {
        if (remote.output.format != Format::table) print_json(*answer);
        if (!remote.output.quiet && !options.no_wait) {
            for (const std::string& name : names)
                std::fprintf(stderr, "%s: the new version serves; `millrace rollback %s` takes it back\n",
                             name.c_str(), name.c_str());
        }
        return Exit::done;
    }
    for (const std::string& name : names) {
        const int compared = compare_versions(remote, name);
        if (compared != Exit::done) return compared;
    }
    if (!names.empty() && !remote.output.quiet) {
        std::fprintf(stderr,
                     "nothing was swapped; `millrace apply` without --compare does, `millrace rollback` "
                     "drops the new version\n");
    }
    return Exit::done;
}

int roll_back(const RemoteOptions& remote, const std::string& pipeline, const std::atomic<bool>& stop) {
    const auto now = changes(remote);
    if (!now) return report(remote.output, now.error());
    const Json change = change_of(*now, pipeline);
    if (!change.is_object() || !member(change, "beside").is_object()) {
        return report(remote.output,
                      {Code::not_found,
                       with_help(fmt::format("pipeline {} has no other version to go back to", pipeline),
                                 "`millrace pipeline changes` lists those that have")});
    }
    if (!change.value("beside_is_older", false)) return discard_version(remote, pipeline);
    const auto asked = call(remote, "POST", remote.url,
                            fmt::format("/api/v1/changes/{}/swap", encode(pipeline)), Json::object());
    if (!asked) return report(remote.output, asked.error());
    const int waited = wait_for(
        remote, {{pipeline, swapped(pipeline, text_of(member(change, "beside"), "fingerprint"))}}, stop);
    if (waited == Exit::done && !remote.output.quiet)
        std::fprintf(stderr, "%s: the version before serves again\n", pipeline.c_str());
    return waited;
}

int list_changes(const RemoteOptions& remote) {
    const auto now = changes(remote);
    if (!now) return report(remote.output, now.error());
    if (remote.output.format != Format::table) {
        print_json(*now);
        return Exit::done;
    }
    Json rows = Json::array();
    for (const Json& change : list_of(*now, "changes")) {
        const Json& beside = member(change, "beside");
        const bool there = beside.is_object();
        rows.push_back({{"pipeline", text_of(change, "pipeline")},
                        {"state", text_of(change, "state")},
                        {"caught_up", change.value("caught_up", false)},
                        {"beside", !there                                   ? ""
                                   : change.value("beside_is_older", false) ? "older"
                                                                            : "newer"},
                        {"read", there ? beside.value("read", std::int64_t{0}) : 0},
                        {"records", there ? beside.value("records", std::int64_t{0}) : 0},
                        {"percent", there ? beside.value("percent", 0.0) : 0},
                        {"per_second", there ? member(beside, "records_per_second") : Json()},
                        {"seconds_left", there ? member(beside, "seconds_left") : Json()},
                        {"error", text_of(change, "error")}});
    }
    print_rows(remote.output,
               {"pipeline", "state", "caught_up", "beside", "read", "records", "percent", "per_second",
                "seconds_left", "error"},
               rows);
    return Exit::done;
}

int compare_versions(const RemoteOptions& remote, const std::string& pipeline) {
    const auto answer = call(remote, "POST", remote.url,
                             fmt::format("/api/v1/changes/{}/compare", encode(pipeline)), Json::object());
    if (!answer) return report(remote.output, answer.error());
    print_comparison(remote.output, *answer);
    return Exit::done;
}

int discard_version(const RemoteOptions& remote, const std::string& pipeline) {
    const auto answer =
        call(remote, "DELETE", remote.url, fmt::format("/api/v1/changes/{}", encode(pipeline)));
    if (!answer) return report(remote.output, answer.error());
    if (!remote.output.quiet) std::fprintf(stderr, "%s: the version beside is dropped\n", pipeline.c_str());
    return Exit::done;
}

}  // namespace mr::cli
