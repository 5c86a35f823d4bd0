// The two readers of a view: one applies the deltas that /api/v1/live pushes, the other GETs the view
// whenever a push says there is something new. Both tell the ledger what they saw and when. Thread: two of
// its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "latency/ledger.h"
#include "latency/workload.h"

namespace bench {

struct ObserverSettings {
    std::string http;
    std::string view;
    std::vector<std::string> key_columns;
    double max_hz = 1'000;
    bool fetch = true;  ///< false: nobody GETs; a pushed event counts as fetched too
};

class Observer {
  public:
    /// When it returns, the subscription is there.
    Observer(ObserverSettings settings, Ledger& ledger);
    ~Observer();

    [[nodiscard]] std::size_t rows() const { return rows_; }  ///< of the last GET
    [[nodiscard]] std::uint64_t frames() const { return frames_; }
    [[nodiscard]] std::uint64_t gets() const { return gets_; }
    [[nodiscard]] std::uint64_t get_bytes() const { return get_bytes_; }

  private:
    void subscribe();
    void fetch();
    void pushed();

    const ObserverSettings settings_;
    Ledger& ledger_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> subscribed_{false};
    std::atomic<std::size_t> rows_{0};
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<std::uint64_t> gets_{0};
    std::atomic<std::uint64_t> get_bytes_{0};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::uint64_t pushes_ = 0;  // guarded by mutex_
    std::thread subscriber_;
    std::thread fetcher_;
};

}  // namespace bench
