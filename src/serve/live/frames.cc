#include "serve/live/frames.h"

#include "base/json_writer.h"
#include "base/suggest.h"

namespace mr::serve {
namespace {

constexpr std::int64_t kIdMax = (std::int64_t{1} << 53) - 1;  // what a JavaScript number holds
constexpr std::size_t kSamplesMax = 64;
constexpr double kPaintMsMax = 60'000;
constexpr std::size_t kParamsMax = 32;

std::unexpected<Error> bad(std::string_view what) {
    return fail(Code::invalid_argument, "{}", what);
}

Result<ClientFrame::Type> parse_type(const Json& frame) {
    const Json* t = frame.get("t");
    const std::string* name = t == nullptr ? nullptr : t->text();
    if (name == nullptr) return bad("a frame needs a type, e.g. \"t\":\"sub\"");
    static const std::vector<std::string> kNames{"sub", "unsub", "pause", "resume", "paint", "auth"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == *name) return static_cast<ClientFrame::Type>(i);
    }
    return fail(Code::invalid_argument, "unknown frame type: {}{}", *name, did_you_mean(*name, kNames));
}

Result<ResumePoint> parse_from(const Json& from) {
    const Json* epoch = from.get("epoch");
    const Json* version = from.get("version");
    if (epoch == nullptr || epoch->text() == nullptr || version == nullptr || !version->integer() ||
        *version->integer() < 0) {
        return bad("from is written {\"epoch\":\"…\",\"version\":n}");
    }
    return ResumePoint{*epoch->text(), Seq(static_cast<std::uint64_t>(*version->integer()))};
}

Status parse_sub(const Json& frame, ClientFrame& out) {
    const Json* view = frame.get("view");
    if (view == nullptr || view->text() == nullptr) return bad("sub needs a view");
    out.view = *view->text();
    if (const Json* params = frame.get("params")) {
        MR_TRY(out.params, params_of(*params));
        if (out.params.size() > kParamsMax) return bad("too many params");
    }
    if (const Json* mode = frame.get("mode")) {
        const std::string* name = mode->text();
        if (name == nullptr || (*name != "inv" && *name != "delta")) return bad("mode is inv or delta");
        out.mode = *name == "delta" ? LiveMode::delta : LiveMode::inv;
    }
    if (const Json* from = frame.get("from"); from != nullptr && !from->is_null()) {
        MR_TRY(out.from, parse_from(*from));
    }
    if (const Json* hz = frame.get("max_hz")) {
        const auto value = hz->number();
        if (!value || !(*value >= 0.1 && *value <= 1000)) return bad("max_hz is a number from 0.1 to 1000");
        out.max_hz = *value;
    }
    return {};
}

Status parse_paint(const Json& frame, ClientFrame& out) {
    const Json* samples = frame.get("samples");
    if (samples == nullptr || samples->array() == nullptr) return bad("paint needs a list of samples");
    for (const Json& sample : *samples->array()) {
        if (out.samples.size() == kSamplesMax) break;
        const Json* ms = sample.get("ms");
        const auto value = ms == nullptr ? std::nullopt : ms->number();
        if (value && *value >= 0 && *value <= kPaintMsMax) out.samples.push_back({*value});
    }
    return {};
}

Status parse_rest(const Json& frame, ClientFrame& out) {
    using Type = ClientFrame::Type;
    if ((out.type == Type::sub || out.type == Type::unsub) && !out.id) {
        return bad("the frame needs an id, a whole number from 0 to 2^53 - 1");
    }
    if (out.type == Type::sub) return parse_sub(frame, out);
    if (out.type == Type::paint) return parse_paint(frame, out);
    return {};
}

void append_changes(std::string& up, std::string& del, const views::ViewDefinition& view,
                    const views::RowJson& json, const std::vector<views::Equals>& filters,
                    const views::ChangeSet& changes) {
    for (const views::RowChange& change : changes.changes) {
        if (views::matches(view, filters, change.after)) {
            if (!up.empty()) up.push_back(',');
            json.append_row(up, *change.after);
        } else if (views::matches(view, filters, change.before)) {
            if (!del.empty()) del.push_back(',');
            json.append_key(del, change.key);
        }
    }
}

}  // namespace

std::expected<ClientFrame, FrameError> parse_client_frame(std::string_view text) {
    constexpr std::size_t kValuesMax = 1'024;
    const auto json = parse_json(text, kValuesMax);
    if (!json || json->object() == nullptr) {
        return std::unexpected(FrameError{{Code::invalid_argument, "not a JSON object"}, std::nullopt});
    }
    ClientFrame out;
    if (const Json* id = json->get("id")) {
        if (const auto value = id->integer(); value && *value >= 0 && *value <= kIdMax) out.id = *value;
    }
    const auto type = parse_type(*json);
    if (!type) return std::unexpected(FrameError{type.error(), out.id});
    out.type = *type;
    if (const Status rest = parse_rest(*json, out); !rest)
        return std::unexpected(FrameError{rest.error(), out.id});
    return out;
}

std::string frame_head(std::string_view type, std::int64_t id) {
    return fmt::format("{{\"t\":\"{}\",\"id\":{}", type, id);
}

std::string position_tail(const views::View& view, Seq version, std::string_view why) {
    std::string out = ",\"epoch\":";
    append_json_string(out, view.epoch());
    fmt::format_to(std::back_inserter(out), ",\"version\":{},\"ct\":{},\"key\":[", version,
                   view.commit_time());
    const views::ViewDefinition& d = view.definition();
    for (std::size_t i = 0; i < d.key.size(); ++i) {
        if (i > 0) out.push_back(',');
        append_json_string(out, d.schema[d.key[i]].name);
    }
    out.push_back(']');
    if (!why.empty()) fmt::format_to(std::back_inserter(out), ",\"why\":\"{}\"", why);
    out.push_back('}');
    return out;
}

std::string inv_tail(Seq version, TimestampMs commit_time, std::uint64_t commits) {
    return fmt::format(",\"version\":{},\"ct\":{},\"n\":{}}}", version, commit_time, commits);
}

std::optional<std::string> delta_tail(const views::ViewDefinition& view, const views::RowJson& json,
                                      const std::vector<views::Equals>& filters, Seq from,
                                      const views::ChangeSet& changes) {
    std::string up, del;
    append_changes(up, del, view, json, filters, changes);
    if (up.empty() && del.empty()) return std::nullopt;
    return fmt::format(",\"from\":{},\"version\":{},\"ct\":{},\"up\":[{}],\"del\":[{}]}}", from, changes.to,
                       changes.commit_time, up, del);
}

bool touches(const views::ViewDefinition& view, const std::vector<views::Equals>& filters,
             const views::ChangeSet& changes) {
    for (const views::RowChange& change : changes.changes) {
        if (views::matches(view, filters, change.after) || views::matches(view, filters, change.before))
            return true;
    }
    return false;
}

std::string heartbeat_frame(TimestampMs now) {
    return fmt::format("{{\"t\":\"hb\",\"now\":{}}}", now);
}

std::string error_frame(const Error& error, std::optional<std::int64_t> id, std::string_view help) {
    const auto [message, suggestion] = split_suggestion(error.message);
    const std::string try_it =
        suggestion.empty() ? std::string() : fmt::format("did you mean `{}`?", suggestion);
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("t", "err");
    if (id) w.member("id", *id);
    w.member("code", net::api_code(error.code)).member("message", message);
    w.member("help", try_it.empty() ? help : std::string_view(try_it)).end_object();
    return out;
}

}  // namespace mr::serve
