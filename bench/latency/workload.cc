#include "latency/workload.h"

#include <fmt/format.h>

#include <functional>
#include <random>

#include "cli/fulfilment_load.h"

namespace bench {
namespace {

constexpr std::uint64_t kRows = 250;
constexpr int kPartitions = 3;  // of each topic of the example

class ProjectWorkload final : public Workload {
  public:
    explicit ProjectWorkload(std::size_t size) : size_(size) {
        // Fields that the query does not read, as real events have them: short names, mixed values.
        for (int i = 0; padding_.size() < size; ++i) {
            padding_ +=
                fmt::format(R"(,"field_{:02}":{})", i,
                            i % 3 == 0 ? fmt::format("{}", random_() % 1'000'000)
                                       : fmt::format("\"{:016x} {:08x}\"", random_(), random_() >> 32));
        }
    }

    Event next(std::int64_t wall_ms) override {
        const std::uint64_t number = ++number_;
        std::string row = fmt::format("slot-{:03}", random_() % kRows);
        std::string json =
            fmt::format(R"({{"slot":"{}","sequence":{},"amount":{}.{:02},"kind":"{}","sent":{})", row, number,
                        random_() % 10'000, random_() % 100, random_() % 8 == 0 ? "test" : "sale", wall_ms);
        // Whole fields as far as they fit, and a last one that brings the record to its size.
        const std::size_t left = size_ > json.size() + 12 ? size_ - json.size() - 12 : 0;
        std::size_t cut = std::min(left, padding_.size() - 1);
        while (cut > 0 && padding_[cut] != ',') --cut;
        json += std::string_view(padding_).substr(0, cut);
        json += R"(,"end":")";
        if (json.size() + 2 < size_) json.append(size_ - json.size() - 2, '.');
        json += "\"}";
        return {"bench.events", 0, row, std::move(json), row};
    }
    [[nodiscard]] std::string view() const override { return "activity"; }
    [[nodiscard]] std::vector<std::string> key_columns() const override { return {"slot"}; }
    [[nodiscard]] int warm_up() const override { return 2'500; }

  private:
    const std::size_t size_;
    std::mt19937_64 random_{42};
    std::uint64_t number_ = 0;
    std::string padding_;
};

std::string_view text_field(std::string_view json, std::string_view name) {
    const std::string mark = fmt::format("\"{}\":\"", name);
    const auto at = json.find(mark);
    if (at == std::string_view::npos) return {};
    json.remove_prefix(at + mark.size());
    return json.substr(0, json.find('"'));
}

class ExampleWorkload final : public Workload {
  public:
    Event next(std::int64_t wall_ms) override {
        mr::cli::LoadEvent event = load_.next(wall_ms);
        std::string row =
            fmt::format("{}|{}", text_field(event.json, "site_id"), text_field(event.json, "event_type"));
        // All events of a row through one partition, so that they arrive in order and the row's newest number
        // says that all before it are in.
        const auto partition = static_cast<std::int32_t>(std::hash<std::string>{}(row) % kPartitions);
        return {std::move(event.topic), partition, std::move(event.key), std::move(event.json),
                std::move(row)};
    }
    [[nodiscard]] std::string view() const override { return "site_activity"; }
    [[nodiscard]] std::vector<std::string> key_columns() const override { return {"site_id", "event_type"}; }
    [[nodiscard]] int warm_up() const override { return 6'000; }

  private:
    mr::cli::FulfilmentLoad load_{42};
};

}  // namespace

std::unique_ptr<Workload> project_workload(std::size_t size) {
    return std::make_unique<ProjectWorkload>(size);
}

std::unique_ptr<Workload> example_workload() {
    return std::make_unique<ExampleWorkload>();
}

}  // namespace bench
