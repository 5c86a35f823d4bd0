// JSON decoding: the wide event of docs/benchmarks.md (40 fields, about 2 KB, ten of them read) and the
// narrow row (5 fields, 108 bytes). The budget is 500,000 wide events a second a core, the rest of the
// pipeline included.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>

#include "formats/json_decoder.h"

namespace {

using mr::ColumnBuilder;
using mr::DataType;

constexpr std::size_t kRecords = 512;  // about 1 MB: a fetch, not the whole cache

std::vector<std::string> wide_events() {
    std::mt19937 random(42);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < kRecords; ++i) {
        std::string e = fmt::format(
            R"({{"event_id":"e-{:012}","event_type":"TYPE_{}","ts":"2026-01-01 00:{:02}:{:02}.{:03}","site":"site-{}",)"
            R"("customer_id":{},"order_id":{},"amount":{}.{:02},"quantity":{},"priority":{},"channel":"web")",
            i, random() % 12, random() % 60, random() % 60, random() % 1000, random() % 20,
            random() % 200'000, random(), random() % 1000, random() % 100, random() % 50,
            random() % 2 == 0 ? "true" : "false");
        for (int f = 0; f < 30; ++f)
            e += fmt::format(R"(,"attribute_{:02}":"{:x}-{:x}-{:x} some text that nobody reads")", f,
                             random(), random(), f);
        out.push_back(e + "}");
    }
    return out;
}

std::vector<std::string> narrow_rows() {
    std::mt19937 random(42);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < kRecords; ++i) {
        out.push_back(fmt::format(
            R"({{"auction":{},"bidder":{},"price":{},"channel":"channel-{}","ts":"2026-01-01 00:{:02}:{:02}.{:03}"}})",
            random() % 100'000, random() % 100'000, random() % 10'000'000, random() % 9, random() % 60,
            random() % 60, random() % 1000));
    }
    return out;
}

const mr::Schema kWide{{{"event_id", DataType::string()},
                        {"event_type", DataType::string()},
                        {"ts", DataType::timestamp(3)},
                        {"site", DataType::string()},
                        {"customer_id", DataType::bigint()},
                        {"order_id", DataType::bigint()},
                        {"amount", DataType::decimal(10, 2)},
                        {"quantity", DataType::integer()},
                        {"priority", DataType::boolean()},
                        {"channel", DataType::string()}}};
const mr::Schema kNarrow{{{"auction", DataType::bigint()},
                          {"bidder", DataType::bigint()},
                          {"price", DataType::bigint()},
                          {"channel", DataType::string()},
                          {"ts", DataType::timestamp(3)}}};

void decode(benchmark::State& state, const std::vector<std::string>& records, const mr::Schema& schema) {
    mr::formats::JsonDecoder decoder(schema, {});
    std::vector<ColumnBuilder> builders;
    for (const mr::Field& f : schema.fields) builders.emplace_back(f.type);
    std::size_t rows = 0, bytes = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i < records.size(); ++i) {
            if (!decoder.decode(records[i], builders)) state.SkipWithError("refused");
            bytes += records[i].size();
            if (i % 256 != 255) continue;
            for (ColumnBuilder& b : builders) benchmark::DoNotOptimize(b.finish());
        }
        rows += records.size();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(rows));
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void json_wide_10_of_40(benchmark::State& state) {
    decode(state, wide_events(), kWide);
}
void json_narrow_5_of_5(benchmark::State& state) {
    decode(state, narrow_rows(), kNarrow);
}
BENCHMARK(json_wide_10_of_40)->Unit(benchmark::kMillisecond);
BENCHMARK(json_narrow_5_of_5)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
