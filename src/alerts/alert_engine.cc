#include "alerts/alert_engine.h"

#include <algorithm>

#include "base/log.h"
#include "columnar/codec.h"
#include "journal/step_entry.h"
#include "views/query.h"

namespace mr::alerts {
namespace {

enum Column : std::size_t {
    id_,
    rule_,
    title_,
    summary_,
    severity_,
    state_,
    view_,
    values_,
    dashboard_,
    started_at_,
    acked_at_,
    acked_by_,
    note_,
    resolved_at_
};

/// FNV-1a, 64 bits: alerts of one rule and key have one id for ever.
std::string fingerprint(std::string_view rule, std::string_view subject) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const std::string_view part : {rule, std::string_view("\0", 1), subject}) {
        for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return fmt::format("{:016x}", hash);
}

std::string fill(std::string_view text, const Schema& schema, const std::vector<Value>& row) {
    std::string out;
    for (;;) {
        const auto open = text.find("{{");
        const auto close = open == std::string_view::npos ? open : text.find("}}", open);
        if (close == std::string_view::npos) return out += text;
        out += text.substr(0, open);
        std::string_view name = text.substr(open + 2, close - open - 2);
        while (name.starts_with(' ')) name.remove_prefix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
        const int column = schema.find(name);
        const auto at = static_cast<std::size_t>(column);
        if (column >= 0 && !row[at].is_null()) {
            std::string value = to_string(row[at], schema[at].type);
            // A time is read by a person: nothing after the point, nothing to say.
            if (schema[at].type.is_timestamp() && value.ends_with(".000")) value.resize(value.size() - 4);
            out += value;
        }
        text.remove_prefix(close + 2);
    }
}

std::string key_of(const std::string& id) {
    std::string key;
    append_key(key, DataType::string().with_nullable(false), Value::of(id));
    return key;
}

}  // namespace

const Schema& alerts_schema() {
    static const Schema schema = [] {
        const DataType text = DataType::string();
        const DataType time = DataType::timestamp_ltz();
        return Schema{{{"id", text.with_nullable(false)},
                       {"rule", text},
                       {"title", text},
                       {"summary", text},
                       {"severity", text},
                       {"state", text},
                       {"view", text},
                       {"values", DataType::map(text.with_nullable(false), text)},
                       {"dashboard", text},
                       {"started_at", time},
                       {"acked_at", time},
                       {"acked_by", text},
                       {"note", text},
                       {"resolved_at", time}}};
    }();
    return schema;
}

journal::PipelineEntry alerts_instance(InstanceEpoch epoch, std::string view_epoch, TimestampMs now) {
    journal::PipelineEntry entry;
    entry.pipeline = kAlertsPipeline;
    entry.epoch = epoch;
    entry.created = now;
    entry.views.push_back({.name = kAlertsView,
                           .epoch = std::move(view_epoch),
                           .schema = alerts_schema(),
                           .key = {0},
                           .options = {}});
    return entry;
}

/// One alert: a row of the view.
struct AlertEngine::Alert {
    std::vector<Value> row;
    [[nodiscard]] const std::string& state() const { return row[state_].text(); }
    [[nodiscard]] bool open() const { return state() != "resolved"; }
};

std::int64_t AlertEngine::resolved_time(const Alert& alert) {
    const Value& at = alert.row[resolved_at_];
    return at.is_null() ? 0 : at.integer();
}

/// A rule at work on its view.
struct AlertEngine::Watch {
    Rule rule;
    std::string epoch;
    Seq seen;
    std::vector<views::Equals> where;
    std::vector<std::size_t> key;
    bool usable = false;
    std::size_t firing = 0;
    bool overflow_logged = false;

    /// Binds names to the view's columns.
    void bind(const views::View& view) {
        usable = false;
        where.clear();
        key.clear();
        for (const auto& [column, text] : rule.where) {
            auto filter = views::parse_filter(view.definition(), column, text);
            if (!filter)
                return log_error("alerts", "{}: rule {}: {}", rule.place, rule.name, filter.error().message);
            where.push_back(std::move(*filter));
        }
        for (const std::string& name : rule.key) {
            const auto column = views::find_column(view.definition(), name);
            if (!column)
                return log_error("alerts", "{}: rule {}: {}", rule.place, rule.name, column.error().message);
            key.push_back(*column);
        }
        if (key.empty()) key = view.definition().key;
        usable = true;
    }

    [[nodiscard]] std::string subject(const Schema& schema, const std::vector<Value>& row) const {
        std::string out;
        for (const std::size_t c : key) out += to_string(row[c], schema[c].type) + "\x1f";
        return out;
    }
};

/// The alerts that changed in one turn, as a step.
class AlertEngine::Step final : public journal::Proposal {
  public:
    Step(std::string payload, std::function<void()> done)
        : payload_(std::move(payload)), bytes_(payload_.size()), done_(std::move(done)) {}
    void order(journal::Appender& out) override {
        out.append(journal::Kind::step, std::move(payload_), journal::kStepVersion);
    }
    void done() override {
        if (done_) done_();
    }
    [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  private:
    std::string payload_;
    const std::size_t bytes_;
    const std::function<void()> done_;
};

AlertEngine::AlertEngine(views::ViewStore& store, const Clock& clock, Metrics& metrics,
                         std::vector<Rule> rules, InstanceEpoch epoch, Submit submit, Post post,
                         EngineOptions options)
    : store_(store),
      clock_(clock),
      fired_(metrics.counter("millrace_alerts_fired_total", "Alerts fired.")),
      firing_(metrics.gauge("millrace_alerts", "Alerts by state.", "state=\"firing\"")),
      epoch_(epoch),
      submit_(std::move(submit)),
      post_(std::move(post)),
      options_(options) {
    for (Rule& rule : rules) {
        watches_.push_back(std::make_unique<Watch>());
        watches_.back()->rule = std::move(rule);
    }
    load();
    store_.add_listener(this);
}

AlertEngine::~AlertEngine() {
    store_.remove_listener(this);
}

void AlertEngine::load() {
    const views::SnapshotPtr snapshot = store_.snapshot(kAlertsView);
    if (snapshot == nullptr) return;
    snapshot->rows.scan([&](const views::RowPtr& row) {
        auto values = read_row(row->row, alerts_schema());
        if (!values) return true;
        const std::string id = (*values)[id_].text();
        const Alert& alert = alerts_.emplace(id, Alert{std::move(*values)}).first->second;
        if (!alert.open()) resolved_.emplace(resolved_time(alert), id);
        return true;
    });
    for (const auto& watch : watches_) {
        for (const auto& [id, alert] : alerts_)
            watch->firing += alert.open() && alert.row[rule_].text() == watch->rule.name ? 1 : 0;
    }
}

void AlertEngine::evaluate_all() {
    // Alerts of rules that are gone can never resolve by themselves.
    std::vector<std::string> orphans;
    for (const auto& [id, alert] : alerts_) {
        const auto known = std::ranges::find_if(
            watches_, [&](const auto& w) { return w->rule.name == alert.row[rule_].text(); });
        if (alert.open() && known == watches_.end()) orphans.push_back(id);
    }
    for (const std::string& id : orphans) resolve(id);
    for (const auto& watch : watches_) {
        views::View* view = store_.find(watch->rule.view);
        if (view == nullptr) {
            log_error("alerts", "{}: rule {}: there is no view {}", watch->rule.place, watch->rule.name,
                      watch->rule.view);
            continue;
        }
        evaluate(*watch, *view);
    }
    flush();
}

void AlertEngine::on_changed(views::View& view) {
    for (const auto& watch : watches_) {
        if (watch->rule.view == view.name()) evaluate(*watch, view);
    }
    flush();
}

void AlertEngine::on_replaced(views::View& view) {
    on_changed(view);
}

void AlertEngine::on_dropped(const std::string& name) {
    for (const auto& watch : watches_) {
        if (watch->rule.view == name) watch->epoch.clear();
    }
}

void AlertEngine::evaluate(Watch& watch, views::View& view) {
    const bool known = watch.epoch == view.epoch();
    const auto changes = known ? view.changes_since(watch.seen) : std::nullopt;
    if (!known) watch.bind(view);
    watch.epoch = view.epoch();
    watch.seen = view.version();
    if (!watch.usable) return;
    if (changes) {
        for (const views::RowChange& c : changes->changes)
            check_row(watch, view.definition(), c.before, c.after);
        return;
    }
    // A new epoch, or the ring does not reach back: every row counts, and what is not among them resolves.
    std::vector<std::string> present;
    view.snapshot()->rows.scan([&](const views::RowPtr& row) {
        if (!views::matches(view.definition(), watch.where, row)) return true;
        const auto values = read_row(row->row, view.definition().schema);
        if (!values) return true;
        const std::string subject = watch.subject(view.definition().schema, *values);
        present.push_back(fingerprint(watch.rule.name, subject));
        fire(watch, view.definition(), *values, subject);
        return true;
    });
    std::ranges::sort(present);
    std::vector<std::string> gone;
    for (const auto& [id, alert] : alerts_) {
        const bool mine = alert.open() && alert.row[rule_].text() == watch.rule.name;
        if (mine && !std::ranges::binary_search(present, id)) gone.push_back(id);
    }
    for (const std::string& id : gone) resolve(id);
}

void AlertEngine::check_row(Watch& watch, const views::ViewDefinition& definition,
                            const views::RowPtr& before, const views::RowPtr& after) {
    const auto matching = [&](const views::RowPtr& row) -> std::optional<std::vector<Value>> {
        if (row == nullptr || !views::matches(definition, watch.where, row)) return std::nullopt;
        auto values = read_row(row->row, definition.schema);
        if (!values) return std::nullopt;
        return std::move(*values);
    };
    const auto was = matching(before);
    const auto is = matching(after);
    const std::string old_subject = was ? watch.subject(definition.schema, *was) : "";
    const std::string new_subject = is ? watch.subject(definition.schema, *is) : "";
    if (was && old_subject != new_subject) resolve(fingerprint(watch.rule.name, old_subject));
    if (is) fire(watch, definition, *is, new_subject);
}

void AlertEngine::fire(Watch& watch, const views::ViewDefinition& definition, const std::vector<Value>& row,
                       const std::string& subject) {
    const std::string id = fingerprint(watch.rule.name, subject);
    const auto known = alerts_.find(id);
    if (known != alerts_.end() && known->second.open()) return;
    if (watch.firing >= options_.firing_max) {
        if (!watch.overflow_logged)
            log_warn("alerts", "rule {} has {} open alerts; more are not fired", watch.rule.name,
                     watch.firing);
        watch.overflow_logged = true;
        return;
    }
    // The row fires anew: its old alert is no longer among the resolved.
    if (known != alerts_.end()) resolved_.erase({resolved_time(known->second), id});
    std::vector<Value> values;
    for (const std::size_t c : watch.key) {
        values.push_back(Value::of(definition.schema[c].name));
        values.push_back(row[c].is_null() ? Value::null()
                                          : Value::of(to_string(row[c], definition.schema[c].type)));
    }
    Alert alert;
    alert.row.resize(alerts_schema().size());
    alert.row[id_] = Value::of(id);
    alert.row[rule_] = Value::of(watch.rule.name);
    alert.row[title_] = Value::of(watch.rule.title);
    alert.row[summary_] = Value::of(fill(watch.rule.summary, definition.schema, row));
    alert.row[severity_] = Value::of(watch.rule.severity);
    alert.row[state_] = Value::of("firing");
    alert.row[view_] = Value::of(watch.rule.view);
    alert.row[values_] = Value::of(std::move(values));
    alert.row[dashboard_] = watch.rule.dashboard.empty() ? Value::null() : Value::of(watch.rule.dashboard);
    alert.row[started_at_] = Value::of(clock_.now().value);
    put(alert);
    alerts_[id] = std::move(alert);
    ++watch.firing;
    fired_.add();
}

void AlertEngine::resolve(const std::string& id) {
    const auto at = alerts_.find(id);
    if (at == alerts_.end() || !at->second.open()) return;
    at->second.row[state_] = Value::of("resolved");
    at->second.row[resolved_at_] = Value::of(clock_.now().value);
    resolved_.emplace(resolved_time(at->second), id);
    put(at->second);
    for (const auto& watch : watches_) {
        if (watch->rule.name == at->second.row[rule_].text() && watch->firing > 0) --watch->firing;
    }
    forget_oldest();
}

/// Resolved alerts beyond the limit go, the longest resolved first.
void AlertEngine::forget_oldest() {
    if (resolved_.size() <= options_.resolved_max) return;
    const std::string id = resolved_.begin()->second;
    resolved_.erase(resolved_.begin());
    changes_.emplace_back(key_of(id), std::nullopt);
    alerts_.erase(id);
}

void AlertEngine::put(const Alert& alert) {
    std::string row;
    append_row(row, alerts_schema(), alert.row);
    changes_.emplace_back(key_of(alert.row[id_].text()), std::move(row));
}

void AlertEngine::flush(std::function<void()> done) {
    if (changes_.empty()) return;
    journal::StepEntry step;
    step.pipeline = kAlertsPipeline;
    step.epoch = epoch_;
    step.step = ++step_;
    step.wall_time = clock_.now();
    for (const auto& [key, row] : changes_) {
        step.views.push_back(
            {.view = 0, .key = key, .row = row ? std::optional<std::string_view>(*row) : std::nullopt});
    }
    submit_(std::make_unique<Step>(journal::encode_step(step), std::move(done)));
    changes_.clear();
    firing_.set(static_cast<double>(
        std::ranges::count_if(alerts_, [](const auto& a) { return a.second.state() == "firing"; })));
}

void AlertEngine::acknowledge(const std::string& id, std::string by, std::string note,
                              std::function<void(AckResult)> answer) {
    const auto at = alerts_.find(id);
    if (at == alerts_.end()) return answer(AckResult::not_found);
    if (at->second.state() != "firing") return answer(AckResult::not_firing);
    Alert& alert = at->second;
    alert.row[state_] = Value::of("acknowledged");
    alert.row[acked_at_] = Value::of(clock_.now().value);
    alert.row[acked_by_] = by.empty() ? Value::null() : Value::of(std::move(by));
    alert.row[note_] = note.empty() ? Value::null() : Value::of(std::move(note));
    put(alert);
    flush([post = post_, answer = std::move(answer)] { post([answer] { answer(AckResult::done); }); });
}

}  // namespace mr::alerts
