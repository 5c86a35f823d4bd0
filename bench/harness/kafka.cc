#include "harness/kafka.h"

#include <vector>

#include "harness/machine.h"

namespace bench {
namespace {

rd_kafka_t* open(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
    char error[512];
    rd_kafka_t* handle = rd_kafka_new(type, conf, error, sizeof error);
    if (handle == nullptr) die(std::string("librdkafka: ") + error);
    return handle;
}

rd_kafka_conf_t* configuration(const KafkaSettings& settings) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char error[512];
    for (const auto& [key, value] : settings) {
        if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK)
            die(error);
    }
    return conf;
}

constexpr int kTransactionMs = 30'000;

void check(rd_kafka_error_t* error, const char* what) {
    if (error != nullptr) die(std::string(what) + ": " + rd_kafka_error_string(error));
}

}  // namespace

Producer::Producer(const std::string& bootstrap, const KafkaSettings& settings, OnAck on_ack)
    : on_ack_(std::move(on_ack)) {
    KafkaSettings all = {{"bootstrap.servers", bootstrap},
                         {"enable.idempotence", "true"},
                         {"acks", "all"},
                         {"linger.ms", "0"},
                         {"socket.nagle.disable", "true"},
                         {"log_level", "3"},
                         {"client.id", "millrace-bench"},
                         {"queue.buffering.max.messages", "500000"},
                         {"queue.buffering.max.kbytes", "262144"}};
    for (const auto& [key, value] : settings) all[key] = value;
    rd_kafka_conf_t* conf = configuration(all);
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        auto* self = static_cast<Producer*>(opaque);
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            ++self->failed_;
            return;
        }
        ++self->acknowledged_;
        if (self->on_ack_) self->on_ack_(reinterpret_cast<std::uintptr_t>(message->_private));
    });
    handle_ = open(RD_KAFKA_PRODUCER, conf);
    poller_ = std::thread([this] {
        while (!stopping_) rd_kafka_poll(handle_, 100);
    });
}

void Producer::stop_poller() {
    stopping_ = true;
    if (poller_.joinable()) poller_.join();
}

Producer::~Producer() {
    stop_poller();
    for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(handle_);
}

void Producer::create_topic(const std::string& topic, int partitions, const KafkaSettings& config) {
    char error[512];
    rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, error, sizeof error);
    if (wanted == nullptr) die(error);
    for (const auto& [name, value] : config)
        rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
    rd_kafka_queue_t* queue = rd_kafka_queue_new(handle_);
    rd_kafka_CreateTopics(handle_, &wanted, 1, nullptr, queue);
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 20'000);
    if (event == nullptr) die("the topic was not created within 20 s");
    std::size_t count = 0;
    const auto* results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto code = rd_kafka_topic_result_error(results[i]);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) die(topic + ": " + rd_kafka_err2str(code));
    }
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(wanted);
}

rd_kafka_topic_t* Producer::topic_of(const std::string& name) {
    auto& topic = topics_[name];
    if (topic == nullptr) topic = rd_kafka_topic_new(handle_, name.c_str(), nullptr);
    return topic;
}

void Producer::send(const std::string& topic, std::int32_t partition, std::string_view key,
                    std::string_view value, std::uint64_t number) {
    rd_kafka_topic_t* to = topic_of(topic);
    while (rd_kafka_produce(to, partition < 0 ? RD_KAFKA_PARTITION_UA : partition, RD_KAFKA_MSG_F_COPY,
                            const_cast<char*>(value.data()), value.size(), key.data(), key.size(),
                            reinterpret_cast<void*>(static_cast<std::uintptr_t>(number))) == -1) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            die(std::string("produce: ") + rd_kafka_err2str(rd_kafka_last_error()));
        }
        if (poller_.joinable()) {
            sleep_until(now_ns() + 500'000);
        } else {
            rd_kafka_poll(handle_, 1);
        }
    }
    if (!poller_.joinable()) rd_kafka_poll(handle_, 0);
}

void Producer::begin_transactions() {
    // commit() waits for the acknowledgements in polls of 10 ms each; where another thread takes them out of
    // its hands it sleeps for the rest.
    stop_poller();
    check(rd_kafka_init_transactions(handle_, kTransactionMs), "init_transactions");
}

void Producer::begin() {
    check(rd_kafka_begin_transaction(handle_), "begin_transaction");
}

void Producer::commit() {
    check(rd_kafka_commit_transaction(handle_, kTransactionMs), "commit_transaction");
}

bool Producer::flush(int timeout_ms) {
    return rd_kafka_flush(handle_, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

Consumer::Consumer(const std::string& bootstrap, const std::string& topic, int partitions) {
    handle_ = open(RD_KAFKA_CONSUMER, configuration({{"bootstrap.servers", bootstrap},
                                                     {"group.id", "millrace-bench"},
                                                     {"enable.auto.commit", "false"},
                                                     {"socket.nagle.disable", "true"},
                                                     {"queued.min.messages", "1000000"},
                                                     {"check.crcs", "true"},
                                                     {"isolation.level", "read_committed"},
                                                     {"log_level", "3"}}));
    rd_kafka_poll_set_consumer(handle_);
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; ++i) {
        rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    if (rd_kafka_assign(handle_, list) != RD_KAFKA_RESP_ERR_NO_ERROR) die("assign");
    rd_kafka_topic_partition_list_destroy(list);
    queue_ = rd_kafka_queue_get_consumer(handle_);
}

Consumer::~Consumer() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_consumer_close(handle_);
    rd_kafka_destroy(handle_);
}

std::size_t Consumer::poll(int timeout_ms, const std::function<void(std::string_view)>& visit) {
    // The first may be waited for; then only what is there, or a batch would wait for its last message.
    std::size_t good = 0;
    rd_kafka_message_t* messages[1'000];
    for (int wait = timeout_ms;; wait = 0) {
        rd_kafka_message_t* one = wait > 0 ? rd_kafka_consumer_poll(handle_, wait) : nullptr;
        ssize_t count = one != nullptr ? 1 : 0;
        if (one != nullptr) {
            messages[0] = one;
        } else if (wait == 0) {
            count = rd_kafka_consume_batch_queue(queue_, 0, messages, 1'000);
        }
        for (ssize_t i = 0; i < count; ++i) {
            if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                visit({static_cast<const char*>(messages[i]->payload), messages[i]->len});
                ++good;
            }
            rd_kafka_message_destroy(messages[i]);
        }
        if (count <= 0) return good;
    }
}

}  // namespace bench
