// A producer and a consumer on librdkafka, with the settings every bench here uses: idempotent, acks=all, no
// linger unless asked for. Thread: as librdkafka (any), unless said.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>

namespace bench {

using KafkaSettings = std::map<std::string, std::string>;

class Producer {
  public:
    /// Called for every acknowledged message, with the number it was sent with: on the producer's own thread,
    /// with transactions in send() and commit().
    using OnAck = std::function<void(std::uint64_t number)>;

    Producer(const std::string& bootstrap, const KafkaSettings& settings, OnAck on_ack = {});
    ~Producer();
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;

    /// Creates the topic, with these settings, and waits until it is there.
    void create_topic(const std::string& topic, int partitions, const KafkaSettings& config = {});
    /// Waits while the client's queue is full. `partition` below 0: by the key.
    void send(const std::string& topic, std::int32_t partition, std::string_view key, std::string_view value,
              std::uint64_t number);
    /// False if something was not acknowledged in time.
    bool flush(int timeout_ms);
    /// With the setting transactional.id, before anything is sent: fences earlier producers of that id.
    void begin_transactions();
    void begin();
    /// Waits until the transaction is committed; ends the bench if it cannot be.
    void commit();
    [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
    [[nodiscard]] std::uint64_t failed() const { return failed_; }

  private:
    rd_kafka_topic_t* topic_of(const std::string& name);
    void stop_poller();

    const OnAck on_ack_;
    rd_kafka_t* handle_ = nullptr;
    std::map<std::string, rd_kafka_topic_t*> topics_;
    std::atomic<std::uint64_t> acknowledged_{0};
    std::atomic<std::uint64_t> failed_{0};
    std::atomic<bool> stopping_{false};
    std::thread poller_;
};

class Consumer {
  public:
    /// Reads all partitions of the topic from the beginning, what is committed; no group.
    Consumer(const std::string& bootstrap, const std::string& topic, int partitions);
    ~Consumer();
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;

    /// Messages that were there within `timeout_ms`, each handed to `visit`; how many.
    std::size_t poll(int timeout_ms, const std::function<void(std::string_view value)>& visit);

  private:
    rd_kafka_t* handle_ = nullptr;
    rd_kafka_queue_t* queue_ = nullptr;
};

}  // namespace bench
