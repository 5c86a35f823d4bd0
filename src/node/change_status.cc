#include "node/change_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mr::node {
namespace {

constexpr std::int64_t kSampleNs = 500'000'000;
constexpr std::int64_t kWindowNs = 10'000'000'000;

}  // namespace

ReadProgress progress_of(const pipeline::RunnerStatus& status, bool caught_up) {
    ReadProgress out;
    for (const pipeline::InputPosition& input : status.inputs) {
        const std::int64_t records = std::max<std::int64_t>(0, input.end - input.begin);
        const bool known = input.next >= 0;
        out.records += records;
        if (known) out.read += std::clamp<std::int64_t>(input.next - input.begin, 0, records);
        if (!known && caught_up) out.read += records;
    }
    return out;
}

bool ReadRate::due(std::int64_t now_ns) const {
    return samples_.empty() || now_ns - samples_.back().at_ns >= kSampleNs;
}

void ReadRate::note(std::int64_t now_ns, std::int64_t read) {
    if (!samples_.empty() && read < samples_.back().read) samples_.clear();
    samples_.push_back({now_ns, read});
    while (samples_.size() > 2 && now_ns - samples_[1].at_ns > kWindowNs) samples_.pop_front();
}

double ReadRate::per_second() const {
    if (samples_.size() < 2) return 0;
    const Sample &from = samples_.front(), &to = samples_.back();
    return static_cast<double>(to.read - from.read) * 1e9 / static_cast<double>(to.at_ns - from.at_ns);
}

void append_version(JsonWriter& w, const pipeline::Version& version, bool caught_up, const ReadRate* rate) {
    const pipeline::RunnerStatus status = version.runner->status();
    const ReadProgress progress = progress_of(status, caught_up);
    w.begin_object().member("slot", version.runner->name());
    w.member("fingerprint", fmt::format("{:016x}", version.program->fingerprint));
    w.member("created", version.created.value);
    w.member("position", version.runner->caught_up_through().value);
    w.member("read", progress.read).member("records", progress.records);
    // Not 100 before it has caught up.
    const double share = progress.records == 0 ? (caught_up ? 100.0 : 0.0)
                                               : 100.0 * static_cast<double>(progress.read) /
                                                     static_cast<double>(progress.records);
    w.member("percent", caught_up ? 100.0 : std::min(99.9, std::floor(share * 10) / 10));
    const double per_second = rate == nullptr ? 0 : std::round(rate->per_second());
    w.member("records_per_second", per_second);
    w.key("seconds_left");
    if (caught_up) {
        w.value(0);
    } else if (per_second > 0) {
        w.value(std::ceil(static_cast<double>(progress.records - progress.read) / per_second));
    } else {
        w.null();
    }
    w.member("error", status.error).end_object();
}

std::string to_json(const pipeline::ViewComparison& view) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("view", view.view).key("columns").begin_array();
    for (const std::string& column : view.columns) w.value(column);
    w.end_array().member("rows_serving", view.rows_before).member("rows_beside", view.rows_now);
    w.member("equal", view.equal).member("different", view.different);
    w.member("only_serving", view.only_before).member("only_beside", view.only_now);
    w.key("examples").begin_array();
    for (const auto& row : view.examples) {
        w.begin_object();
        if (!row.before.empty()) w.key("serving").raw(row.before);
        if (!row.now.empty()) w.key("beside").raw(row.now);
        w.end_object();
    }
    w.end_array().end_object();
    return out;
}

}  // namespace mr::node
