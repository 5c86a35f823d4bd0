// The broker part alone, through librdkafka: latency from the due time of a message to the consumer that
// reads it, and flat-out throughput of producing and of fetching. Runs against a node of its own or against
// any broker that speaks the Kafka protocol, so that both can be measured the same way in the same minutes.
// What it measures and how to read it: docs/benchmarks.md.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "broker/cold_reader.h"
#include "harness/kafka.h"
#include "harness/machine.h"
#include "harness/node_process.h"
#include "harness/percentiles.h"

namespace {

using namespace bench;

struct Options {
    std::string millrace = "build/release/src/cli/millrace";
    std::string project = "bench/project";
    std::string work = "/tmp/millrace-bench-broker";
    std::string bootstrap;  ///< of a broker that runs already
    int pid = 0;            ///< … its process
    std::string name = "millrace";
    std::vector<double> rates = {14, 120, 1'000, 10'000};
    std::vector<std::size_t> sizes = {2'048, 200};
    std::vector<int> partitions = {1, 4};
    /// Messages a second, and milliseconds between two commits (0: every message is a transaction).
    std::vector<std::pair<double, double>> transactions = {{120, 0}, {1'000, 10}, {10'000, 10}};
    double seconds = 20;
    double flat_seconds = 10;
    std::size_t size = 2'048;
    std::string compression = "none";
    std::string durability;  ///< of the topics; empty: the broker's default
    std::size_t cold_mib = 0;  ///< of old data, to be read while others produce; 0: no such part
    std::string read_cold;     ///< the child that reads it
    bool gate = false;

    [[nodiscard]] KafkaSettings topic_settings() const {
        return durability.empty() ? KafkaSettings{} : KafkaSettings{{"durability", durability}};
    }
};

constexpr std::size_t kStampAt = 7;

/// JSON of `size` bytes; the due time goes where the zeros are.
std::string payload(std::size_t size) {
    std::string out = R"({"ts":"0000000000000000","event":"scan","site":"S07","fields":{)";
    std::uint32_t random = 12'345;
    for (int i = 0; out.size() + 26 < size; ++i) {
        random = random * 1'103'515'245U + 12'345U;
        out += fmt::format("\"k{}\":\"{:08x}\",", i, random);
    }
    out.resize(std::max<std::size_t>(size - 2, 30), ' ');
    return out + "}}";
}

void stamp(std::string& json, std::int64_t ns) {
    const std::string text = fmt::format("{:016x}", ns);
    std::memcpy(json.data() + kStampAt, text.data(), text.size());
}

std::int64_t stamp_of(std::string_view json) {
    return static_cast<std::int64_t>(
        std::strtoull(std::string(json.substr(kStampAt, 16)).c_str(), nullptr, 16));
}

/// Begins and commits on the way, if at all.
class Transaction {
  public:
    Transaction(Producer& producer, std::optional<double> commit_ms)
        : producer_(producer), commit_ms_(commit_ms) {}

    /// A message that is due at `due_ns` comes next: what ends before that is committed on time.
    void before(std::int64_t due_ns) {
        if (!commit_ms_) return;
        if (open_ && due_ns >= ends_ns_) {
            if (now_ns() < ends_ns_) sleep_until(ends_ns_);
            end();
        }
        if (open_) return;
        producer_.begin();
        open_ = true;
        ends_ns_ = std::max(due_ns, now_ns()) + static_cast<std::int64_t>(*commit_ms_ * 1e6);
    }
    void sent() {
        if (open_ && (*commit_ms_ == 0 || now_ns() >= ends_ns_)) end();
    }
    void end() {
        if (std::exchange(open_, false)) producer_.commit();
    }

  private:
    Producer& producer_;
    const std::optional<double> commit_ms_;
    bool open_ = false;
    std::int64_t ends_ns_ = 0;
};

class Bench {
  public:
    Bench(const Options& options, std::string bootstrap, pid_t pid)
        : options_(options), bootstrap_(std::move(bootstrap)), pid_(pid) {}

    /// `commit_ms`: nothing: no transactions; 0: one a message; else how long one lasts. Then a message is
    /// consumed when its transaction is committed.
    bool latency(double rate, std::optional<double> commit_ms) {
        constexpr double kWarmSeconds = 3;
        const std::string topic = fmt::format("bench.latency.{}.{}", getpid(), ++topics_);
        const std::string what = !commit_ms        ? std::string()
                                 : *commit_ms == 0 ? std::string(", a transaction each")
                                                   : fmt::format(", a commit every {:g} ms", *commit_ms);
        Percentiles acks, reads;
        std::vector<std::int64_t> due;
        const auto events = static_cast<std::int64_t>(rate * (kWarmSeconds + options_.seconds));
        const auto skip = static_cast<std::int64_t>(rate * kWarmSeconds);
        due.resize(static_cast<std::size_t>(events));
        KafkaSettings settings;
        if (commit_ms) settings["transactional.id"] = topic;
        Producer producer(bootstrap_, settings, [&](std::uint64_t n) {
            if (static_cast<std::int64_t>(n) >= skip) acks.add(now_ns() - due[n]);
        });
        producer.create_topic(topic, 1, options_.topic_settings());
        if (commit_ms) producer.begin_transactions();
        Consumer consumer(bootstrap_, topic, 1);
        std::int64_t read = 0;
        std::atomic<bool> stop{false};
        std::thread reader([&] {
            while (!stop && read < events) {
                consumer.poll(100, [&](std::string_view value) {
                    const std::int64_t took = now_ns() - stamp_of(value);
                    if (read++ >= skip) reads.add(took);
                });
            }
        });
        std::string body = payload(options_.size);
        sleep_until(now_ns() + 1'000'000'000);
        Usage before = usage_of(pid_);
        Transaction transaction(producer, commit_ms);
        const std::int64_t start = now_ns();
        for (std::int64_t i = 0; i < events; ++i) {
            const auto at = static_cast<std::size_t>(i);
            due[at] = start + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / rate);
            stamp(body, due[at]);
            transaction.before(due[at]);
            if (i == skip) before = usage_of(pid_);
            if (now_ns() < due[at]) sleep_until(due[at]);
            producer.send(topic, 0, {}, body, at);
            transaction.sent();
        }
        transaction.end();
        producer.flush(10'000);
        for (int i = 0; i < 200 && reads.size() + static_cast<std::size_t>(skip) < due.size(); ++i)
            sleep_until(now_ns() + 50'000'000);
        stop = true;
        reader.join();
        const Usage after = usage_of(pid_);
        const double cpu = after.cpu_seconds - before.cpu_seconds;
        last_ack_p50_ = acks.at(0.5);
        last_ack_p99_ = acks.at(0.99);
        fmt::print("{} {:g}/s of {} bytes{} for {:g} s, load {:.1f}: {} samples, {} lost\n", options_.name,
                   rate, options_.size, what, options_.seconds, load_average(), reads.size(), events - read);
        fmt::print("  ack       {}\n  consumed  {}\n", acks.text(), reads.text());
        fmt::print("  broker: {:.1f} % of a core, {:.0f} CPU s a million, RSS {:.0f} MiB\n",
                   100 * cpu / options_.seconds, 1e6 * cpu / static_cast<double>(events - skip),
                   after.rss_mib);
        fmt::print(R"(  {{"broker":"{}","rate":{},"commit_ms":{},"ack":{},"consumed":{},)"
                   R"("cpu_per_million":{:.1f},"rss_mib":{:.0f}}})"
                   "\n",
                   options_.name, rate, commit_ms.value_or(-1), acks.json(), reads.json(),
                   1e6 * cpu / static_cast<double>(events - skip), after.rss_mib);
        std::fflush(stdout);
        return read == events && producer.failed() == 0;
    }

    bool flat_out(std::size_t size, int partitions) {
        const std::string topic = fmt::format("bench.flat.{}.{}", getpid(), ++topics_);
        std::uint64_t sent = 0;
        {
            Producer producer(bootstrap_, {{"linger.ms", "5"},
                                           {"batch.size", "1000000"},
                                           {"batch.num.messages", "100000"},
                                           {"compression.type", options_.compression}});
            producer.create_topic(topic, partitions, options_.topic_settings());
            const std::string body = payload(size);
            sleep_until(now_ns() + 1'000'000'000);
            const Usage before = usage_of(pid_), own = usage_of(getpid());
            const std::int64_t start = now_ns();
            const auto end = start + static_cast<std::int64_t>(options_.flat_seconds * 1e9);
            while ((sent & 63) != 0 || now_ns() < end) {
                producer.send(topic, static_cast<std::int32_t>(sent % static_cast<std::uint64_t>(partitions)),
                              {}, body, sent);
                ++sent;
            }
            if (!producer.flush(60'000)) fmt::print("not everything was acknowledged within 60 s\n");
            report("produce", size, partitions, producer.acknowledged(), start, now_ns(), before, own);
            sent = producer.acknowledged();
        }
        const Usage before = usage_of(pid_), own = usage_of(getpid());
        const std::int64_t start = now_ns();
        Consumer consumer(bootstrap_, topic, partitions);
        std::uint64_t read = 0;
        std::int64_t last = start;
        while (read < sent && now_ns() - last < 10'000'000'000) {
            if (consumer.poll(200, [&](std::string_view) { ++read; }) > 0) last = now_ns();
        }
        report("fetch", size, partitions, read, start, last, before, own);
        if (read != sent) fmt::print("  LOST: {} acknowledged, {} read\n", sent, read);
        return read == sent;
    }

    /// Ack latency at a rate, without and with somebody who reads old data flat out.
    bool beside_cold_reader(const std::vector<double>& rates, std::size_t mib, const std::string& data) {
        const std::string topic = fmt::format("bench.cold.{}", getpid());
        constexpr int kPartitions = 1;
        {
            Producer producer(
                bootstrap_,
                {{"linger.ms", "5"}, {"batch.size", "1000000"}, {"batch.num.messages", "100000"}});
            producer.create_topic(topic, kPartitions);
            const std::string body = payload(options_.size);
            const std::uint64_t messages = (mib << 20) / options_.size;
            for (std::uint64_t n = 0; n < messages; ++n) producer.send(topic, 0, {}, body, n);
            if (!producer.flush(120'000) || producer.failed() > 0) return false;
        }
        bool complete = true;
        for (const double rate : rates) {
            complete = latency(rate, {}) && complete;
            const double p50 = last_ack_p50_, p99 = last_ack_p99_;
            const std::int64_t from = now_ns();
            ColdReader reader(bootstrap_, topic, kPartitions, data,
                              options_.work + fmt::format("/cold-{:g}.log", rate));
            complete = latency(rate, {}) && complete;
            const double mb =
                static_cast<double>(reader.bytes()) / 1e6 / (static_cast<double>(now_ns() - from) / 1e9);
            fmt::print(
                "{} ack at {:g}/s beside a reader of old data at {:.0f} MB/s: p50 {:.2f} -> {:.2f} ms, p99 "
                "{:.2f} -> {:.2f} ms\n",
                options_.name, rate, mb, p50, last_ack_p50_, p99, last_ack_p99_);
            fmt::print(R"(  {{"broker":"{}","cold_reader_mb_per_second":{:.0f},"rate":{},)"
                       R"("ack_p50":[{:.3f},{:.3f}],"ack_p99":[{:.3f},{:.3f}]}})"
                       "\n",
                       options_.name, mb, rate, p50, last_ack_p50_, p99, last_ack_p99_);
        }
        return complete;
    }

  private:
    void report(std::string_view what, std::size_t size, int partitions, std::uint64_t messages,
                std::int64_t from, std::int64_t to, const Usage& before, const Usage& own) const {
        const Usage after = usage_of(pid_);
        const double seconds = static_cast<double>(to - from) / 1e9;
        const auto n = static_cast<double>(std::max<std::uint64_t>(messages, 1));
        const double cpu = 1e6 * (after.cpu_seconds - before.cpu_seconds) / n;
        fmt::print(
            "{} {:7} {:4} bytes, {} partitions: {:9.0f} messages/s, {:6.1f} MB/s; CPU s a million: broker "
            "{:.2f}, client "
            "{:.2f}; RSS {:.0f} MiB (load {:.1f})\n",
            options_.name, what, size, partitions, n / seconds, n * static_cast<double>(size) / seconds / 1e6,
            cpu, 1e6 * (usage_of(getpid()).cpu_seconds - own.cpu_seconds) / n, after.rss_mib, load_average());
        fmt::print(R"(  {{"broker":"{}","flat":"{}","size":{},"partitions":{},"per_second":{:.0f},)"
                   R"("cpu_per_million":{:.2f},"rss_mib":{:.0f}}})"
                   "\n",
                   options_.name, what, size, partitions, n / seconds, cpu, after.rss_mib);
        std::fflush(stdout);
    }

    const Options& options_;
    const std::string bootstrap_;
    const pid_t pid_;
    int topics_ = 0;
    double last_ack_p50_ = 0;  ///< of the last latency()
    double last_ack_p99_ = 0;
};

/// The project's settings without its tables and queries: nothing but the broker has work.
std::string broker_only(const Options& o) {
    const std::string copy = o.work + "/broker";
    std::filesystem::create_directories(copy);
    std::filesystem::copy(o.project + "/millrace.yaml", copy);
    return copy;
}

int run(const Options& o) {
    std::filesystem::remove_all(o.work);
    std::filesystem::create_directories(o.work);
    fmt::print("{}\n", moment(o.work));
    std::optional<NodeProcess> node;
    if (o.bootstrap.empty()) node.emplace(NodeSettings{o.millrace, broker_only(o), o.work, {}});
    Bench bench(o, node ? node->kafka() : o.bootstrap, node ? node->pid() : o.pid);
    bool complete = true;
    for (const double rate : o.rates) {
        if (rate > 0) complete = bench.latency(rate, {}) && complete;
    }
    for (const auto& [rate, commit_ms] : o.transactions) {
        if (rate > 0) complete = bench.latency(rate, commit_ms) && complete;
    }
    if (o.flat_seconds > 0) {
        for (const std::size_t size : o.sizes) {
            for (const int partitions : o.partitions) complete = bench.flat_out(size, partitions) && complete;
        }
    }
    if (o.cold_mib > 0)
        complete = bench.beside_cold_reader({120, 1'000}, o.cold_mib, node ? o.work : "") && complete;
    fmt::print("peak RSS {:.0f} MiB; {}\n", usage_of(node ? node->pid() : o.pid).peak_mib, moment(o.work));
    if (!complete) fmt::print("FAILED: messages were lost\n");
    return o.gate && !complete ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options o;
    CLI::App app("Latency and throughput of a broker that speaks the Kafka protocol");
    app.add_option("--millrace", o.millrace, "The binary");
    app.add_option("--project", o.project, "The project to run")->capture_default_str();
    app.add_option("--work", o.work, "Folder for data and logs; emptied")->capture_default_str();
    app.add_option("--bootstrap", o.bootstrap, "A broker that runs already");
    app.add_option("--pid", o.pid, "… its process, for its CPU time and memory");
    app.add_option("--name", o.name, "… what to call it");
    app.add_option("--rate", o.rates, "Messages a second; 0: none")->delimiter(',')->capture_default_str();
    app.add_option("--transactions", o.transactions,
                   "Messages a second and milliseconds between commits (0: each message); 0 0: none")
        ->default_str("120 0 1000 10 10000 10");
    app.add_option("--seconds", o.seconds, "How long, each rate")->capture_default_str();
    app.add_option("--size", o.size, "Bytes of a message at those rates")->capture_default_str();
    app.add_option("--flat-seconds", o.flat_seconds, "How long flat out; 0: not at all")
        ->capture_default_str();
    app.add_option("--flat-sizes", o.sizes, "Bytes of a message flat out")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--partitions", o.partitions, "Partitions flat out")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--compression", o.compression, "Codec flat out")->capture_default_str();
    app.add_option("--durability", o.durability, "Of the topics (millrace only): fsync or async");
    app.add_option("--cold-mib", o.cold_mib,
                   "MiB of old data that a consumer reads flat out while others produce");
    app.add_option("--read-cold", o.read_cold, "Be that consumer, of this topic")->group("");
    app.add_flag("--gate", o.gate, "Exit 1 when a message was lost");
    CLI11_PARSE(app, argc, argv);
    if (!o.read_cold.empty()) read_cold_for_ever(o.bootstrap, o.read_cold, o.partitions.front(), o.work);
    if (!raise_priority()) fmt::print("(no right to raise the priority: other load shows in the tails)\n");
    if (o.pid > 0) raise_priority(o.pid);  // the same for every broker
    return run(o);
}
