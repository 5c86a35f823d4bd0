// librdkafka as Debian ships it (2.0): client_librdkafka HOST:PORT own|cross TOPIC [clients that have run]
// Produce and consume with every codec, a group with a rebalance, idempotent and transactional producers.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

using Strings = std::vector<std::string>;
using Settings = std::map<std::string, std::string>;

const std::string kName = "librdkafka";
const Strings kCodecs = {"none", "gzip", "snappy", "lz4", "zstd"};
std::string g_bootstrap;
std::string g_run;

void check(bool condition, const std::string& message) {
    if (condition) return;
    std::fprintf(stderr, "%s\n", message.c_str());
    std::_Exit(1);
}

void must(RdKafka::ErrorCode code, const std::string& what) {
    check(code == RdKafka::ERR_NO_ERROR, what + ": " + RdKafka::err2str(code));
}

void must(RdKafka::Error* error, const std::string& what) {
    check(error == nullptr, what + ": " + (error == nullptr ? "" : error->str()));
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::string cross_value(const std::string& client, const std::string& codec, int i) {
    std::string out = client + "/" + codec + "/" + std::to_string(i) + "/";
    for (int n = 0; n < i % 50; ++n) out += "payload-";
    return out;
}

struct Delivered : RdKafka::DeliveryReportCb {
    int good = 0;
    int bad = 0;
    void dr_cb(RdKafka::Message& message) override {
        ++(message.err() == RdKafka::ERR_NO_ERROR ? good : bad);
    }
};

std::unique_ptr<RdKafka::Conf> conf(const Settings& settings,
                                    RdKafka::DeliveryReportCb* delivered = nullptr) {
    std::unique_ptr<RdKafka::Conf> out(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    std::string why;
    Settings all = {{"bootstrap.servers", g_bootstrap}, {"log_level", "0"}};
    for (const auto& [name, value] : settings) all[name] = value;
    for (const auto& [name, value] : all) check(out->set(name, value, why) == RdKafka::Conf::CONF_OK, why);
    if (delivered != nullptr) check(out->set("dr_cb", delivered, why) == RdKafka::Conf::CONF_OK, why);
    return out;
}

std::unique_ptr<RdKafka::Producer> producer(Settings settings, Delivered* delivered) {
    std::string why;
    settings.emplace("linger.ms", "5");
    std::unique_ptr<RdKafka::Producer> out(RdKafka::Producer::create(conf(settings, delivered).get(), why));
    check(out != nullptr, why);
    return out;
}

std::unique_ptr<RdKafka::KafkaConsumer> consumer(const std::string& group, Settings settings = {}) {
    std::string why;
    settings.insert({{"group.id", group},
                     {"auto.offset.reset", "earliest"},
                     {"enable.auto.commit", "false"},
                     {"enable.partition.eof", "true"},
                     {"session.timeout.ms", "10000"},
                     {"heartbeat.interval.ms", "500"},
                     {"fetch.wait.max.ms", "100"}});
    std::unique_ptr<RdKafka::KafkaConsumer> out(RdKafka::KafkaConsumer::create(conf(settings).get(), why));
    check(out != nullptr, why);
    return out;
}

void send(RdKafka::Producer& to, const std::string& topic, const Strings& values, int partitions = 0) {
    int i = 0;
    for (const auto& value : values) {
        const auto partition = partitions == 0 ? RdKafka::Topic::PARTITION_UA : i++ % partitions;
        must(to.produce(topic, partition, RdKafka::Producer::RK_MSG_COPY, const_cast<char*>(value.data()),
                        value.size(), nullptr, 0, 0, nullptr),
             "produce");
        to.poll(0);
    }
    must(to.flush(20'000), "flush");
}

void produce(const std::string& topic, const Strings& values, const Settings& settings, int partitions = 0) {
    Delivered delivered;
    auto to = producer(settings, &delivered);
    send(*to, topic, values, partitions);
    check(delivered.bad == 0 && delivered.good == static_cast<int>(values.size()),
          "not everything was delivered");
}

/// Every record of partitions 0 to `partitions` - 1 up to their end.
Strings read_all(const std::string& topic, int partitions,
                 const std::string& isolation = "read_uncommitted") {
    auto from = consumer("unused", {{"isolation.level", isolation}});
    std::vector<RdKafka::TopicPartition*> places;
    for (int p = 0; p < partitions; ++p)
        places.push_back(RdKafka::TopicPartition::create(topic, p, RdKafka::Topic::OFFSET_BEGINNING));
    must(from->assign(places), "assign");
    RdKafka::TopicPartition::destroy(places);
    Strings out;
    std::set<int> at_end;
    const auto deadline = now_ms() + 30'000;
    while (static_cast<int>(at_end.size()) < partitions) {
        check(now_ms() < deadline, topic + ": not read to the end");
        const std::unique_ptr<RdKafka::Message> message(from->consume(500));
        if (message->err() == RdKafka::ERR_NO_ERROR) {
            out.emplace_back(static_cast<const char*>(message->payload()), message->len());
        } else if (message->err() == RdKafka::ERR__PARTITION_EOF) {
            at_end.insert(message->partition());
        } else {
            check(message->err() == RdKafka::ERR__TIMED_OUT, message->errstr());
        }
    }
    from->close();
    return out;
}

void same(const Strings& seen, const Strings& wanted, const std::string& what) {
    check(std::multiset<std::string>(seen.begin(), seen.end()) ==
              std::multiset<std::string>(wanted.begin(), wanted.end()),
          what + ": " + std::to_string(seen.size()) + " records, wanted " + std::to_string(wanted.size()));
}

/// By the C API: the C++ one has no administration.
void create(const std::string& topic, int partitions) {
    std::string why;
    Delivered delivered;
    auto admin = producer({}, &delivered);
    char error[512];
    rd_kafka_NewTopic_t* one = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, error, sizeof error);
    check(one != nullptr, error);
    rd_kafka_queue_t* queue = rd_kafka_queue_new(admin->c_ptr());
    rd_kafka_CreateTopics(admin->c_ptr(), &one, 1, nullptr, queue);
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 20'000);
    check(event != nullptr && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR, "create " + topic);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(one);
    rd_kafka_queue_destroy(queue);
}

void records() {
    const std::string topic = kName + "-" + g_run;
    create(topic, 3);
    Strings wanted;
    for (std::size_t c = 0; c < kCodecs.size(); ++c) {
        Strings values;
        for (int i = 0; i < 300; ++i) values.push_back(kCodecs[c] + "-" + std::to_string(i));
        produce(topic, values,
                {{"compression.type", kCodecs[c]}, {"enable.idempotence", c % 2 == 0 ? "true" : "false"}}, 3);
        wanted.insert(wanted.end(), values.begin(), values.end());
    }
    same(read_all(topic, 3), wanted, "records");
}

Strings numbers(int from, int to) {
    Strings out;
    for (int i = from; i < to; ++i) out.push_back(std::to_string(i));
    return out;
}

/// Polls both until `done`; commits what was read.
void poll_until(const std::vector<RdKafka::KafkaConsumer*>& members, std::set<std::string>& seen,
                const std::function<bool()>& done, const std::string& what) {
    const auto deadline = now_ms() + 60'000;
    while (!done()) {
        check(now_ms() < deadline, what + ": " + std::to_string(seen.size()) + " seen");
        for (auto* member : members) {
            const std::unique_ptr<RdKafka::Message> message(member->consume(50));
            if (message->err() != RdKafka::ERR_NO_ERROR) continue;
            seen.emplace(static_cast<const char*>(message->payload()), message->len());
            // A rebalance in between refuses it: the record is read again.
            (void)member->commitSync(message.get());
        }
    }
}

std::size_t assigned(RdKafka::KafkaConsumer& member) {
    std::vector<RdKafka::TopicPartition*> places;
    must(member.assignment(places), "assignment");
    const auto count = places.size();
    RdKafka::TopicPartition::destroy(places);
    return count;
}

void group(const std::string& assignor) {
    const std::string name = kName + "-" + assignor + "-" + g_run;
    create(name, 4);
    produce(name, numbers(0, 200), {}, 4);
    auto a = consumer(name, {{"partition.assignment.strategy", assignor}});
    auto b = consumer(name, {{"partition.assignment.strategy", assignor}});
    must(a->subscribe({name}), "subscribe");
    must(b->subscribe({name}), "subscribe");
    std::set<std::string> seen;
    poll_until(
        {a.get(), b.get()}, seen,
        [&] { return seen.size() == 200 && assigned(*a) == 2 && assigned(*b) == 2; },
        assignor + " does not share");
    must(a->close(), "leave");
    produce(name, numbers(200, 240), {}, 4);
    poll_until(
        {b.get()}, seen, [&] { return seen.size() == 240 && assigned(*b) == 4; },
        assignor + " after one left");
    std::vector<RdKafka::TopicPartition*> places;
    for (int p = 0; p < 4; ++p) places.push_back(RdKafka::TopicPartition::create(name, p));
    must(b->committed(places, 10'000), "committed");
    for (const auto* place : places)
        check(place->offset() == 60, "committed " + std::to_string(place->offset()));
    RdKafka::TopicPartition::destroy(places);
    b->close();
}

void transactions() {
    const std::string topic = kName + "-txn-" + g_run;
    create(topic, 2);
    const Settings settings = {{"transactional.id", kName + "-" + g_run},
                               {"transaction.timeout.ms", "30000"}};
    Delivered delivered;
    auto p = producer(settings, &delivered);
    must(p->init_transactions(20'000), "init");
    Strings wanted;
    for (int round = 0; round < 6; ++round) {
        must(p->begin_transaction(), "begin");
        Strings values;
        for (int i = 0; i < 20; ++i) values.push_back(std::to_string(round) + "-" + std::to_string(i));
        send(*p, topic, values, 2);
        if (round % 3 == 1) {
            must(p->abort_transaction(20'000), "abort");
        } else {
            must(p->commit_transaction(20'000), "commit");
            wanted.insert(wanted.end(), values.begin(), values.end());
        }
    }
    same(read_all(topic, 2, "read_committed"), wanted, "read_committed");
    check(read_all(topic, 2).size() == 120, "read_uncommitted");
    // Consume, transform, produce; the second attempt is aborted.
    const std::string out = kName + "-moved-" + g_run;
    create(out, 1);
    auto from = consumer(out, {{"isolation.level", "read_committed"}});
    must(from->subscribe({topic}), "subscribe");
    int moved = 0;
    bool aborted = false;
    const auto deadline = now_ms() + 60'000;
    while (moved < static_cast<int>(wanted.size())) {
        check(now_ms() < deadline, std::to_string(moved) + " moved");
        const std::unique_ptr<RdKafka::Message> message(from->consume(500));
        if (message->err() != RdKafka::ERR_NO_ERROR) continue;
        const std::string value(static_cast<const char*>(message->payload()), message->len());
        const std::unique_ptr<RdKafka::ConsumerGroupMetadata> metadata(from->groupMetadata());
        for (bool commit = aborted || moved != 1;; commit = true) {
            must(p->begin_transaction(), "begin");
            send(*p, out, {value}, 1);
            std::vector<RdKafka::TopicPartition*> places = {
                RdKafka::TopicPartition::create(topic, message->partition(), message->offset() + 1)};
            must(p->send_offsets_to_transaction(places, metadata.get(), 20'000), "offsets");
            RdKafka::TopicPartition::destroy(places);
            if (commit) break;
            aborted = true;
            must(p->abort_transaction(20'000), "abort");
        }
        must(p->commit_transaction(20'000), "commit");
        ++moved;
    }
    from->close();
    same(read_all(out, 1, "read_committed"), wanted, "moved once each");
    // A second producer of that id fences the first.
    must(p->begin_transaction(), "begin");
    send(*p, topic, {"zombie"}, 1);
    Delivered other;
    auto second = producer(settings, &other);
    must(second->init_transactions(20'000), "init of the second");
    const std::unique_ptr<RdKafka::Error> refused(p->commit_transaction(20'000));
    check(refused != nullptr && refused->is_fatal(), "the zombie could commit");
    same(read_all(topic, 2, "read_committed"), wanted, "after the fencing");
}

}  // namespace

int main(int argc, char** argv) {
    check(argc >= 4, "usage: client_librdkafka HOST:PORT own|cross TOPIC [client...]");
    g_bootstrap = argv[1];
    const char* run = std::getenv("MILLRACE_RUN_ID");
    g_run = run == nullptr ? "0" : run;
    const std::string cross = argv[3];
    if (std::string(argv[2]) == "own") {
        records();
        std::printf("able produce consume idempotent\n");
        group("range");
        group("cooperative-sticky");
        std::printf("able rebalance\n");
        transactions();
        std::printf("able transactional\n");
        for (const auto& codec : kCodecs) {
            Strings values;
            for (int i = 0; i < 100; ++i) values.push_back(cross_value(kName, codec, i));
            produce(cross, values, {{"compression.type", codec}});
        }
    } else {
        Strings wanted;
        for (int i = 4; i < argc; ++i) {
            for (const auto& codec : kCodecs) {
                if (argv[i] + std::string("/") + codec == "kafkajs/zstd") continue;
                for (int n = 0; n < 100; ++n) wanted.push_back(cross_value(argv[i], codec, n));
            }
        }
        same(read_all(cross, 1), wanted, "the cross topic");
    }
    std::printf("done\n");
    std::fflush(stdout);
    std::_Exit(0);
}
