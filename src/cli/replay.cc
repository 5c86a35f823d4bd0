#include "cli/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/quantity.h"
#include "cli/kafka_producer.h"
#include "columnar/temporal.h"
#include "columnar/value.h"

namespace mr::cli {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

/// Maps simulated time to the wall: a jump moves the origin, so that what follows is not late.
class Pace {
  public:
    Pace(Clock& clock, double speed) : clock_(clock), speed_(speed) {}

    void start(std::int64_t simulated_ms) {
        simulated_start_ = simulated_ms;
        wall_start_ns_ = clock_.monotonic_ns();
    }
    /// Sleeps until `simulated_ms` is due; false if told to stop meanwhile.
    bool wait(std::int64_t simulated_ms, const std::atomic<bool>& stop) {
        if (speed_ <= 0) return !stop;
        const auto due =
            wall_start_ns_ +
            static_cast<std::int64_t>(static_cast<double>(simulated_ms - simulated_start_) * 1e6 / speed_);
        while (!stop) {
            const std::int64_t left = due - clock_.monotonic_ns();
            if (left <= 0) return true;
            std::this_thread::sleep_for(std::chrono::nanoseconds(std::min<std::int64_t>(left, 100'000'000)));
        }
        return false;
    }

  private:
    Clock& clock_;
    const double speed_;
    std::int64_t simulated_start_ = 0;
    std::int64_t wall_start_ns_ = 0;
};

std::string clock_record(std::int64_t now_ms) {
    return fmt::format(R"({{"now":"{}"}})", instant_to_string(now_ms, 0));
}

/// One line of progress on a terminal, rewritten in place.
class Progress {
  public:
    explicit Progress(bool quiet) : on_(!quiet && ::isatty(2) != 0) {}
    void show(std::uint64_t events, std::int64_t now_ms) {
        if (on_ && events % 50 == 0) {
            std::fprintf(stderr, "\rreplay: %llu events, simulated time %s ",
                         static_cast<unsigned long long>(events),
                         timestamp_to_string(now_ms, 1000, 0).c_str());
        }
    }
    ~Progress() {
        if (on_) std::fputc('\n', stderr);
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

  private:
    const bool on_;
};

struct Event {
    std::string line;
    std::string key;
    std::int64_t time_ms = 0;
};

Result<Event> read_event(const ReplayOptions& options, std::string line, std::uint64_t number) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    const auto place = fmt::format("{}:{}", options.file, number);
    if (!json.is_object()) return fail(Code::invalid_argument, "{}: not a JSON object", place);
    if (!json.contains(options.time_field) || !json[options.time_field].is_string()) {
        return fail(Code::invalid_argument, "{}: no text field `{}`; name the event time with --time-field",
                    place, options.time_field);
    }
    Event event;
    auto time = parse_instant_ms(json[options.time_field].get_ref<const std::string&>());
    if (!time) return annotate(time.error(), place);
    event.time_ms = *time;
    if (!options.key_field.empty() && json.contains(options.key_field)) {
        const auto& key = json[options.key_field];
        event.key = key.is_string() ? key.get<std::string>() : key.dump();
    }
    event.line = std::move(line);
    return event;
}

class Replay {
  public:
    Replay(const ReplayOptions& options, KafkaProducer& producer, Clock& clock, const std::atomic<bool>& stop)
        : options_(options),
          producer_(producer),
          pace_(clock, options.speed),
          stop_(stop),
          progress_(options.quiet) {}

    Result<ReplayReport> run() {
        std::ifstream in(options_.file);
        if (!in) return fail(Code::not_found, "cannot open {}", options_.file);
        std::int64_t skip = 0;
        if (options_.resume) {
            MR_TRY(skip, producer_.end_offset(options_.topic, 0));
        }
        std::string line;
        std::uint64_t number = 0;
        while (!stop_ && std::getline(in, line)) {
            ++number;
            if (line.empty()) continue;
            if (options_.limit > 0 && report_.events >= options_.limit) break;
            MR_TRY(const Event event, read_event(options_, line, number));
            if (skip > 0) {
                --skip;
                ++report_.skipped;
                start_at(event.time_ms);
                continue;
            }
            MR_TRY_VOID(advance_to(event.time_ms));
            if (stop_) break;
            const std::int32_t partition = options_.key_field.empty() ? 0 : -1;
            MR_TRY_VOID(producer_.send(options_.topic, event.key, event.line, 0, partition));
            progress_.show(++report_.events, event.time_ms);
        }
        MR_TRY_VOID(producer_.flush(60'000));
        return report_;
    }

  private:
    void start_at(std::int64_t time_ms) {
        started_ = true;
        now_ms_ = time_ms;
        pace_.start(time_ms);
    }

    /// Waits until `time_ms` is due, writing the clock's minutes on the way.
    Status advance_to(std::int64_t time_ms) {
        if (!started_) start_at(time_ms);
        if (time_ms - now_ms_ > options_.max_gap_ms) {
            // Nothing happens for long: go on at the end of the gap, as if it had lasted max_gap.
            pace_.wait(now_ms_ + options_.max_gap_ms, stop_);
            MR_TRY_VOID(write_clock(time_ms, false));
            pace_.start(time_ms);
        }
        MR_TRY_VOID(write_clock(time_ms, true));
        pace_.wait(time_ms, stop_);
        now_ms_ = std::max(now_ms_, time_ms);
        return {};
    }

    Status write_clock(std::int64_t until_ms, bool paced) {
        if (options_.clock_topic.empty()) {
            if (!paced) now_ms_ = until_ms;
            return {};
        }
        for (std::int64_t minute = (now_ms_ / kMinuteMs + 1) * kMinuteMs; minute <= until_ms && !stop_;
             minute += kMinuteMs) {
            if (paced && !pace_.wait(minute, stop_)) break;
            MR_TRY_VOID(producer_.send(options_.clock_topic, {}, clock_record(minute), 0, 0));
            ++report_.clock_records;
            now_ms_ = minute;
        }
        if (!paced) now_ms_ = std::max(now_ms_, until_ms);
        return {};
    }

    const ReplayOptions& options_;
    KafkaProducer& producer_;
    Pace pace_;
    const std::atomic<bool>& stop_;
    Progress progress_;
    ReplayReport report_;
    bool started_ = false;
    std::int64_t now_ms_ = 0;
};

}  // namespace

Result<ReplayReport> replay(const ReplayOptions& options, Clock& clock, const std::atomic<bool>& stop) {
    MR_TRY(auto producer, KafkaProducer::connect(options.kafka));
    return Replay(options, *producer, clock, stop).run();
}

}  // namespace mr::cli
