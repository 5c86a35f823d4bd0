#include "node/explain_analyze.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include "base/json_writer.h"
#include "base/suggest.h"
#include "columnar/temporal.h"
#include "plan/explain.h"

namespace mr::node {
namespace {

using net::HttpResponse;
using Times = engine::RoundTimes::Summary;

std::string with_thousands(std::uint64_t n) {
    std::string digits = std::to_string(n);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
    return digits;
}

/// "850 ns", "12.3 us", "4.1 ms", "3.2 s"
std::string short_time(double ns) {
    if (ns < 1e3) return fmt::format("{:.0f} ns", ns);
    if (ns < 1e6) return fmt::format("{:.1f} us", ns / 1e3);
    if (ns < 1e9) return fmt::format("{:.1f} ms", ns / 1e6);
    return fmt::format("{:.1f} s", ns / 1e9);
}

std::string short_bytes(std::size_t bytes) {
    const auto n = static_cast<double>(bytes);
    if (bytes < 1U << 10) return fmt::format("{} B", bytes);
    if (bytes < 1U << 20) return fmt::format("{:.1f} KiB", n / 1024);
    if (bytes < 1U << 30) return fmt::format("{:.1f} MiB", n / (1 << 20));
    return fmt::format("{:.1f} GiB", n / (1 << 30));
}

bool is_time(std::int64_t watermark_ms) {
    return watermark_ms != kNoWatermark && watermark_ms != kMaxWatermark;
}

/// "watermark" says where it comes from (plan/explain.h).
void watermark_member(JsonWriter& w, std::int64_t watermark_ms) {
    w.key("watermark_time");
    if (is_time(watermark_ms)) {
        w.value(instant_to_string(watermark_ms));
    } else {
        w.null();
    }
}

/// A profile with the plan it belongs to.
class Explained {
  public:
    explicit Explained(const ExplainTarget& target)
        : target_(target), program_(target.runner->program()), status_(target.runner->status()) {
        for (const auto& source : profile().sources) {
            sources_[source.node.get()] = &source;
            total_ns_ += source.times.total_ns;
        }
        for (const auto& op : profile().operators) {
            (op.materializer ? materializers_ : operators_)[op.node.get()] = &op;
            total_ns_ += op.times.total_ns;
        }
        for (const auto& sink : profile().sinks) total_ns_ += sink.times.total_ns;
    }

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string json() const;

  private:
    [[nodiscard]] const pipeline::Profile& profile() const { return status_.profile; }
    [[nodiscard]] bool wanted(std::size_t sink) const { return !target_.sink || *target_.sink == sink; }
    [[nodiscard]] std::string times_text(const Times& times, std::string_view each) const;
    [[nodiscard]] std::string operator_text(const engine::OperatorStats& op) const;
    [[nodiscard]] std::string note(const plan::Node& node) const;
    void times_members(JsonWriter& w, const Times& times) const;
    void operator_members(JsonWriter& w, const engine::OperatorStats& op) const;
    void members_of(const plan::Node& node, JsonWriter& w) const;
    void append_sink(JsonWriter& w, std::size_t index) const;

    const ExplainTarget target_;
    const plan::Program& program_;
    const pipeline::RunnerStatus status_;
    std::map<const plan::Node*, const pipeline::Profile::Source*> sources_;
    std::map<const plan::Node*, const engine::OperatorStats*> operators_, materializers_;
    std::uint64_t total_ns_ = 0;
};

std::string Explained::times_text(const Times& times, std::string_view each) const {
    if (times.rounds == 0) return "has not run";
    const double share =
        total_ns_ == 0 ? 0 : 100 * static_cast<double>(times.total_ns) / static_cast<double>(total_ns_);
    return fmt::format("time {} ({:.1f}%), {} {}s of p50 {}, p99 {}",
                       short_time(static_cast<double>(times.total_ns)), share, with_thousands(times.rounds),
                       each, short_time(static_cast<double>(times.p50_ns)),
                       short_time(static_cast<double>(times.p99_ns)));
}

std::string Explained::operator_text(const engine::OperatorStats& op) const {
    std::string out = fmt::format("rows {} -> {}; {}", with_thousands(op.counters.rows_in),
                                  with_thousands(op.counters.rows_out), times_text(op.times, "round"));
    if (op.state_bytes > 0) out += fmt::format("; state {}", short_bytes(op.state_bytes));
    if (op.counters.late_rows > 0) out += fmt::format("; late {}", with_thousands(op.counters.late_rows));
    if (op.counters.failed_rows > 0)
        out += fmt::format("; failed {}", with_thousands(op.counters.failed_rows));
    if (is_time(op.watermark_ms)) out += fmt::format("; watermark {}", instant_to_string(op.watermark_ms));
    return out;
}

std::string Explained::note(const plan::Node& node) const {
    if (const auto op = operators_.find(&node); op != operators_.end()) return operator_text(*op->second);
    const auto at = sources_.find(&node);
    if (at == sources_.end()) return "";
    const pipeline::Profile::Source& source = *at->second;
    std::string out = fmt::format("records {} -> {} rows; {}", with_thousands(source.counts.in),
                                  with_thousands(source.counts.accepted), times_text(source.times, "round"));
    if (source.counts.rejected > 0)
        out += fmt::format("; rejected {}", with_thousands(source.counts.rejected));
    if (is_time(source.watermark_ms))
        out += fmt::format("; watermark {}", instant_to_string(source.watermark_ms));
    return out;
}

std::string Explained::text() const {
    std::string out = fmt::format("pipeline {}: {} steps, {} of work, state {}", target_.runner->shown_name(),
                                  with_thousands(status_.steps), short_time(static_cast<double>(total_ns_)),
                                  short_bytes(status_.state_bytes));
    if (status_.latency_p99_ns > 0) {
        out += fmt::format("; from event to view p50 {}, p99 {}",
                           short_time(static_cast<double>(status_.latency_p50_ns)),
                           short_time(static_cast<double>(status_.latency_p99_ns)));
    }
    out += '\n';
    const plan::ExplainDetails details{.note = [this](const plan::Node& node) { return note(node); }};
    for (std::size_t i = 0; i < profile().sinks.size(); ++i) {
        if (!wanted(i)) continue;
        const auto& sink = profile().sinks[i];
        out += fmt::format("\n{}: {} changes written; {}\n", sink.name, with_thousands(sink.changes),
                           times_text(sink.times, "step"));
        const plan::NodePtr& root = program_.sinks[i].root;
        if (const auto op = materializers_.find(root.get()); op != materializers_.end())
            out += fmt::format("Materialize\n    {}\n", operator_text(*op->second));
        out += plan::explain(root, details);
    }
    return out;
}

void Explained::times_members(JsonWriter& w, const Times& times) const {
    w.member("rounds", times.rounds)
        .member("time_ms", static_cast<double>(times.total_ns) / 1e6)
        .member("round_p50_us", static_cast<double>(times.p50_ns) / 1e3)
        .member("round_p99_us", static_cast<double>(times.p99_ns) / 1e3);
}

void Explained::operator_members(JsonWriter& w, const engine::OperatorStats& op) const {
    w.member("rows_in", op.counters.rows_in).member("rows_out", op.counters.rows_out);
    w.member("late_rows", op.counters.late_rows).member("failed_rows", op.counters.failed_rows);
    times_members(w, op.times);
    w.member("state_bytes", op.state_bytes);
    watermark_member(w, op.watermark_ms);
}

void Explained::members_of(const plan::Node& node, JsonWriter& w) const {
    w.member("fingerprint", fmt::format("{:016x}", node.fingerprint));
    if (const auto op = operators_.find(&node); op != operators_.end())
        return operator_members(w, *op->second);
    const auto at = sources_.find(&node);
    if (at == sources_.end()) return;
    const pipeline::Profile::Source& source = *at->second;
    w.member("records_in", source.counts.in).member("rows_out", source.counts.accepted);
    w.member("rejected", source.counts.rejected);
    times_members(w, source.times);
    watermark_member(w, source.watermark_ms);
}

void Explained::append_sink(JsonWriter& w, std::size_t index) const {
    const auto& sink = profile().sinks[index];
    const plan::NodePtr& root = program_.sinks[index].root;
    w.begin_object().member("name", sink.name).member("changes", sink.changes);
    times_members(w, sink.times);
    if (const auto op = materializers_.find(root.get()); op != materializers_.end()) {
        w.key("materializer").begin_object();
        operator_members(w, *op->second);
        w.end_object();
    }
    const plan::ExplainDetails details{
        .json = true, .members_of = [this](const plan::Node& node, JsonWriter& to) { members_of(node, to); }};
    w.key("plan").raw(plan::explain(root, details)).end_object();
}

std::string Explained::json() const {
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("pipeline", target_.runner->name()).member("steps", status_.steps);
    w.member("time_ms", static_cast<double>(total_ns_) / 1e6).member("state_bytes", status_.state_bytes);
    w.member("latency_p50_ms", static_cast<double>(status_.latency_p50_ns) / 1e6);
    w.member("latency_p99_ms", static_cast<double>(status_.latency_p99_ns) / 1e6);
    w.key("sinks").begin_array();
    for (std::size_t i = 0; i < profile().sinks.size(); ++i) {
        if (wanted(i)) append_sink(w, i);
    }
    w.end_array().member("text", text()).end_object();
    return out;
}

/// The next word in capitals, or a name as written, with or without quotes of either kind; empty at the end
/// or before anything else.
class Words {
  public:
    explicit Words(std::string_view text) : text_(text) {}
    std::string next() {
        while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front())) != 0)
            text_.remove_prefix(1);
        if (text_.empty()) return "";
        const char first = text_.front();
        if (first == '`' || first == '"') {
            const std::size_t end = text_.find(first, 1);
            if (end == std::string_view::npos) return "";
            std::string word(text_.substr(1, end - 1));
            text_.remove_prefix(end + 1);
            return word;
        }
        std::size_t length = 0;
        const auto belongs = [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.' ||
                   static_cast<unsigned char>(c) >= 0x80;
        };
        while (length < text_.size() && belongs(text_[length])) ++length;
        std::string word(text_.substr(0, length));
        text_.remove_prefix(length);
        return word;
    }
    /// Nothing but blanks and semicolons is left.
    [[nodiscard]] bool done() const { return text_.find_first_not_of(" \t\r\n;") == std::string_view::npos; }

  private:
    std::string_view text_;
};

std::string in_capitals(std::string word) {
    for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return word;
}

}  // namespace

Result<ExplainTarget> find_explained(const RunnerList& runners, std::string_view name) {
    std::vector<std::string> names;
    for (const auto& runner : runners) {
        if (runner->shown_name() == name) return ExplainTarget{runner, std::nullopt};
        names.push_back(runner->shown_name());
    }
    for (const auto& runner : runners) {
        const auto& sinks = runner->program().sinks;
        for (std::size_t i = 0; i < sinks.size(); ++i) {
            std::string sink = name_of(sinks[i]);
            if (runner->beside()) sink = journal::other_view_name(sink);
            if (sink == name) return ExplainTarget{runner, i};
            names.push_back(std::move(sink));
        }
    }
    return fail(Code::not_found,
                "no pipeline runs that is called `{}` or writes a view or table of that name{}", name,
                did_you_mean(name, names));
}

std::string explain_text(const ExplainTarget& target) {
    return Explained(target).text();
}

std::string explain_json(const ExplainTarget& target) {
    return Explained(target).json();
}

std::optional<std::string> parse_explain_analyze(std::string_view sql) {
    Words words(sql);
    if (in_capitals(words.next()) != "EXPLAIN" || in_capitals(words.next()) != "ANALYZE") return std::nullopt;
    std::string name = words.next();
    if (!words.done()) {
        const std::string kind = in_capitals(name);
        if (kind == "MATERIALIZED" && in_capitals(words.next()) != "VIEW") return std::nullopt;
        if (kind != "MATERIALIZED" && kind != "VIEW" && kind != "TABLE" && kind != "PIPELINE")
            return std::nullopt;
        name = words.next();
    }
    if (name.empty() || !words.done()) return std::nullopt;
    return name;
}

void add_explain_routes(serve::Router& router, const Runners& runners) {
    router.add("GET", "/api/v1/pipelines/{name}/explain",
               [&runners](const serve::RouteCall& call, const net::HttpResponder& responder) {
                   const auto target = find_explained(runners.all(), call.capture("name"));
                   if (!target) {
                       return responder.respond(
                           HttpResponse::error(target.error(), "GET /api/v1/pipelines lists the pipelines"));
                   }
                   responder.respond(HttpResponse::json(200, explain_json(*target)));
               });
}

}  // namespace mr::node
