#include "serve/http/view_routes.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/json_writer.h"
#include "serve/json.h"
#include "serve/live/frames.h"

namespace mr::serve {

using net::HttpResponder;
using net::HttpResponse;

struct ViewRoutes::Waiter {
    std::string view;
    ViewParams params;
    std::string if_none_match;
    Done done;
    net::Timer timeout;
};

namespace {

/// Do the tags of an If-None-Match header include `etag`?
bool tag_matches(std::string_view header, std::string_view etag) {
    while (!header.empty()) {
        const std::size_t comma = std::min(header.find(','), header.size());
        std::string_view tag = header.substr(0, comma);
        header.remove_prefix(std::min(comma + 1, header.size()));
        while (tag.starts_with(' ')) tag.remove_prefix(1);
        while (tag.ends_with(' ')) tag.remove_suffix(1);
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag == "*" || tag == etag) return true;
    }
    return false;
}

std::string make_etag(const views::View& view, const ViewParams& params) {
    return fmt::format("\"{}-{}-{:08x}\"", view.epoch(), view.version(), crc32c(params.canonical));
}

struct Built {
    RowsBody body;
    bool truncated = false;
};

/// Appends the rows' JSON, taking over from an earlier answer what has not changed: a row that did not change
/// is the same object. Rows keep their order by key, so the search is a short look ahead.
void append_rows(std::string& out, RowsBody& body, const views::RowJson& json, const RowsBody* earlier) {
    constexpr std::size_t kLookAhead = 4;
    const std::size_t known = earlier == nullptr ? 0 : earlier->rows.size();
    std::size_t next = 0;  // of the earlier answer
    for (const views::RowPtr& row : body.rows) {
        if (!body.ends.empty()) out.push_back(',');
        std::size_t at = next;
        const std::size_t last = std::min(known, next + kLookAhead);
        while (at < last && earlier->rows[at] != row) ++at;
        if (at < last) {
            out.append(earlier->row(at));
            next = at + 1;
        } else {
            json.append_row(out, *row);
            if (next < known && earlier->rows[next]->key == row->key) ++next;
        }
        body.ends.push_back(static_cast<std::uint32_t>(out.size()));
    }
}

/// {"view":…,"epoch":…,"version":…,"commit_time":…,"rows":[…]}
Built build_body(const views::ViewSnapshot& view, const views::ViewQuery& query, const RowsBody* earlier) {
    views::QueryResult result = views::run_query(view, query);
    Built built{.body = {}, .truncated = result.truncated && query.limit == views::kDefaultLimit};
    std::string out = "{\"view\":";
    append_json_string(out, view.definition->name);
    out.append(",\"epoch\":");
    append_json_string(out, view.epoch);
    fmt::format_to(std::back_inserter(out), ",\"version\":{},\"commit_time\":{},\"rows\":[", view.version,
                   view.commit_time);
    built.body.first_at = out.size();
    built.body.rows = std::move(result.rows);
    if (earlier != nullptr) out.reserve(earlier->bytes.size() + 256);
    append_rows(out, built.body, views::RowJson(*view.definition), earlier);
    out.append("]}");
    built.body.bytes = SharedBytes(std::move(out));
    return built;
}

}  // namespace

ViewRoutes::ViewRoutes(net::EventLoop& loop, views::ViewStore& store, ViewRoutesOptions options)
    : loop_(loop), store_(store), options_(std::move(options)) {
    store_.add_listener(this);
}

ViewRoutes::~ViewRoutes() {
    for (const auto& waiter : waiters_) waiter->timeout.cancel();  // the loop would call into what is gone
    store_.remove_listener(this);
}

void ViewRoutes::add_to(Router& router) {
    router.add("GET", "/api/v1/views", [this](RouteCall, HttpResponder r) { list(std::move(r)); });
    router.add("GET", "/api/v1/views/{name}",
               [this](RouteCall call, HttpResponder r) { get(std::move(call), std::move(r)); });
    router.add("POST", "/api/v1/views:batch",
               [this](RouteCall call, HttpResponder r) { batch(std::move(call), std::move(r)); });
    router.add("GET", "/api/v1/views/{name}/changes",
               [this](RouteCall call, HttpResponder r) { changes(std::move(call), std::move(r)); });
}

Error ViewRoutes::unknown_view(const std::string& name) const {
    const auto near = store_.suggest(name);
    return {Code::not_found, fmt::format("unknown view: {}{}", name,
                                         near ? fmt::format("; did you mean `{}`?", *near) : std::string())};
}

ViewRoutes::Answer ViewRoutes::failed(const Error& error, std::string_view help) const {
    const HttpResponse response = HttpResponse::error(error, help);
    return {response.status, {}, {}, {}, response.body, false};
}

void ViewRoutes::list(HttpResponder responder) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("views").begin_array();
    for (const views::View* view : store_.views()) {
        const views::ViewDefinition& d = view->definition();
        w.begin_object().member("name", d.name).member("view", d.name).member("epoch", view->epoch());
        w.member("version", view->version().value).member("commit_time", view->commit_time().value);
        w.member("rows", view->row_count()).member("bytes", view->bytes()).key("key").begin_array();
        for (const std::size_t column : d.key) w.value(d.schema[column].name);
        w.end_array().key("columns").begin_array();
        for (const Field& field : d.schema.fields) {
            w.begin_object().member("name", field.name).member("type", field.type.to_string()).end_object();
        }
        w.end_array();
        if (d.retention_ms > 0) {
            w.member("retention_ms", d.retention_ms).member("time_column", d.schema[*d.time_column].name);
        }
        w.member("over_limit", view->over_limit()).end_object();
    }
    w.end_array().end_object();
    responder.respond(HttpResponse::json(200, std::move(out)).with("Cache-Control", "private, no-cache"));
}

void ViewRoutes::get(RouteCall call, HttpResponder responder) {
    const std::string tags(call.request.header("if-none-match").value_or(""));
    ask(call.capture("name"), params_of(call.request.query), tags, [responder](Answer a) {
        HttpResponse response = HttpResponse::json(a.status, {});
        response.body = a.body;
        if (a.status == 503) response.headers.emplace_back("Retry-After", "1");
        if (!a.etag.empty()) {
            response.headers.emplace_back("ETag", a.etag);
            response.headers.emplace_back("Millrace-Version", fmt::format("{}", a.version));
            response.headers.emplace_back("Millrace-Commit-Time", fmt::format("{}", a.commit_time));
            response.headers.emplace_back("Cache-Control", "private, no-cache");
        }
        if (a.truncated) response.headers.emplace_back("Millrace-Truncated", "true");
        responder.respond(std::move(response));
    });
}

void ViewRoutes::ask(const std::string& name, const Params& params, const std::string& if_none_match,
                     Done done) {
    const views::View* view = store_.find(name);
    if (view == nullptr) {
        done(failed(unknown_view(name)));
        return;
    }
    auto parsed = parse_view_params(view->definition(), params);
    if (!parsed) {
        done(failed(parsed.error()));
    } else if (parsed->min_version && !reached(*view, *parsed->min_version)) {
        wait(name, std::move(*parsed), if_none_match, std::move(done));
    } else {
        answer(name, *parsed, if_none_match, std::move(done));
    }
}

bool ViewRoutes::reached(const views::View& view, Seq version) const {
    // A step that did not touch this view reveals its version too.
    return view.version() >= version || store_.revealed() >= version;
}

void ViewRoutes::wait(const std::string& view, ViewParams params, std::string if_none_match, Done done) {
    const auto waiter =
        std::make_shared<Waiter>(view, std::move(params), std::move(if_none_match), std::move(done));
    waiters_.push_back(waiter);
    waiter->timeout = loop_.after(options_.min_version_wait_ms, [this, waiter] {
        waiters_.remove(waiter);
        const views::View* found = store_.find(waiter->view);
        if (found != nullptr && reached(*found, *waiter->params.min_version)) {
            answer(waiter->view, waiter->params, waiter->if_none_match, waiter->done);
            return;
        }
        const Seq at = found == nullptr ? Seq(0) : found->version();
        waiter->done(failed({Code::unavailable, fmt::format("view {} is at version {}, not yet at {}",
                                                            waiter->view, at, *waiter->params.min_version)},
                            "ask again, or without min_version for what there is"));
    });
}

void ViewRoutes::on_changed(views::View& view) {
    std::vector<std::shared_ptr<Waiter>> ready;
    for (auto at = waiters_.begin(); at != waiters_.end();) {
        const auto next = std::next(at);
        if ((*at)->view == view.name() && reached(view, *(*at)->params.min_version)) {
            ready.push_back(*at);
            waiters_.erase(at);
        }
        at = next;
    }
    for (const auto& waiter : ready) {
        waiter->timeout.cancel();
        answer(waiter->view, waiter->params, waiter->if_none_match, waiter->done);
    }
}

void ViewRoutes::answer(const std::string& name, const ViewParams& params, const std::string& if_none_match,
                        Done done) {
    views::View* view = store_.find(name);
    if (view == nullptr) {
        done(failed(unknown_view(name)));
        return;
    }
    Answer out{200, make_etag(*view, params), view->version(), view->commit_time(), {}, false};
    if (tag_matches(if_none_match, out.etag)) {
        out.status = 304;
        done(std::move(out));
        return;
    }
    const std::string question = name + "?" + params.canonical;
    out.body = cache_.find(question, view->epoch(), view->version());
    if (!out.body.empty()) {
        done(std::move(out));
        return;
    }
    const views::SnapshotPtr snapshot = view->snapshot();
    if (!options_.offload || views::query_cost(*snapshot, params.query) <= options_.loop_rows_max) {
        Built built = build_body(*snapshot, params.query, cache_.earlier(question, view->epoch()));
        out.body = built.body.bytes;
        out.truncated = built.truncated;
        if (!built.truncated) cache_.put(question, view->epoch(), view->version(), std::move(built.body));
        done(std::move(out));
        return;
    }
    options_.offload([this, alive = std::weak_ptr(alive_), &loop = loop_, snapshot, query = params.query,
                      question, out = std::move(out), done = std::move(done)]() mutable {
        Built built = build_body(*snapshot, query, nullptr);
        // Nobody takes over rows of an answer that a worker built; they need not be kept.
        built.body.rows.clear();
        built.body.ends.clear();
        loop.post([this, alive, snapshot, question, built = std::move(built), out = std::move(out),
                   done = std::move(done)]() mutable {
            if (!alive.lock()) return;
            out.body = built.body.bytes;
            out.truncated = built.truncated;
            if (!built.truncated)
                cache_.put(question, snapshot->epoch, snapshot->version, std::move(built.body));
            done(std::move(out));
        });
    });
}

void ViewRoutes::batch(RouteCall call, HttpResponder responder) {
    const auto json = parse_json(call.request.body);
    if (!json || json->array() == nullptr || json->array()->size() > options_.batch_max) {
        responder.respond(HttpResponse::error(
            400, "invalid_argument", json ? "the body is not a list of questions" : json.error().message,
            fmt::format("send [{{\"view\":…,\"params\":{{…}},\"etag\":…}}, …], at most {}",
                        options_.batch_max)));
        return;
    }
    struct Gather {
        std::vector<std::string> items;
        std::size_t missing = 0;
    };
    const auto gather = std::make_shared<Gather>();
    gather->items.resize(json->array()->size());
    gather->missing = gather->items.size() + 1;
    const auto arrived = [gather, responder] {
        if (--gather->missing > 0) return;
        responder.respond(
            HttpResponse::json(200, fmt::format("{{\"results\":[{}]}}", fmt::join(gather->items, ","))));
    };
    for (std::size_t i = 0; i < gather->items.size(); ++i) {
        const Json& item = (*json->array())[i];
        const Json* view = item.get("view");
        const Json* etag = item.get("etag");
        const Json* wanted = item.get("params");
        const auto done = [gather, arrived, i,
                           name = view != nullptr && view->text() ? *view->text()
                                                                  : std::string()](const Answer& a) {
            std::string& out = gather->items[i];
            out = fmt::format("{{\"status\":{}", a.status);
            if (!a.etag.empty()) {
                out.append(",\"etag\":");
                append_json_string(out, a.etag);
            }
            if (a.status != 200) {
                out.append(",\"view\":");
                append_json_string(out, name);
            }
            // The body of a GET is an object: its members follow ours.
            out.append(a.body.empty() ? "}" : ",").append(a.body.empty() ? "" : a.body.view().substr(1));
            arrived();
        };
        const auto params = wanted == nullptr ? Result<Params>(Params{}) : params_of(*wanted);
        if (view == nullptr || view->text() == nullptr) {
            done(failed({Code::invalid_argument, "every item needs a view"}));
        } else if (!params) {
            done(failed(params.error()));
        } else {
            ask(*view->text(), *params, etag != nullptr && etag->text() != nullptr ? *etag->text() : "",
                done);
        }
    }
    arrived();
}

void ViewRoutes::changes(RouteCall call, HttpResponder responder) {
    views::View* view = store_.find(call.capture("name"));
    if (view == nullptr) {
        responder.respond(HttpResponse::error(unknown_view(call.capture("name"))));
        return;
    }
    Params filters;
    std::optional<std::string> epoch, since;
    for (auto& [name, value] : params_of(call.request.query)) {
        if (name == "epoch") {
            epoch = value;
        } else if (name == "since") {
            since = value;
        } else {
            filters.emplace_back(name, value);
        }
    }
    const auto parsed = parse_view_params(view->definition(), filters);
    const auto version = parse_view_params(view->definition(), {{"min_version", since.value_or("")}});
    if (!parsed || !epoch || !version || parsed->ordered || parsed->limited) {
        responder.respond(
            !parsed ? HttpResponse::error(parsed.error())
                    : HttpResponse::error(400, "invalid_argument",
                                          "epoch and since are needed, "
                                          "order and limit are not possible",
                                          "e.g. ?epoch=7f3a&since=48211907, as a GET of the view said"));
        return;
    }
    std::string body;
    const bool same = *epoch == view->epoch();
    const auto changed = same ? view->changes_since(*version->min_version) : std::nullopt;
    if (!changed) {
        body = "{\"t\":\"reset\"" + position_tail(*view, view->version(), same ? "retention" : "redeployed");
    } else {
        const views::RowJson json(view->definition());
        const auto tail =
            delta_tail(view->definition(), json, parsed->query.filters, changed->from, *changed);
        body = "{\"t\":\"delta\"" +
               tail.value_or(fmt::format(",\"from\":{},\"version\":{},\"ct\":{},\"up\":[],\"del\":[]}}",
                                         changed->from, changed->to, changed->commit_time));
    }
    responder.respond(HttpResponse::json(200, std::move(body)).with("Cache-Control", "private, no-cache"));
}

}  // namespace mr::serve
