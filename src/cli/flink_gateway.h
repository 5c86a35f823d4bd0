// A session with Apache Flink's SQL Gateway (its REST API, v2): statements go in one by one, each is waited
// for. What a session declares (tables, views, settings) goes with it; jobs stay. Thread: one.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "net/http_client.h"

namespace mr::cli {

class FlinkGateway {
  public:
    struct Answer {
        std::vector<std::string> columns;
        std::vector<std::vector<std::string>> rows;  ///< NULL is an empty text

        [[nodiscard]] std::string cell(std::size_t row, std::string_view column) const;
    };

    /// `stop`: gives up waiting. Nothing is sent before open().
    FlinkGateway(std::string url, std::int64_t timeout_ms, const std::atomic<bool>& stop);
    ~FlinkGateway();
    FlinkGateway(const FlinkGateway&) = delete;
    FlinkGateway& operator=(const FlinkGateway&) = delete;

    Status open();
    /// Runs a statement to its end and gives what it says: of a job that it is submitted, and as what. An
    /// error of Flink's is invalid_argument with the reason Flink found, without its stack trace.
    Result<Answer> run(const std::string& statement);

  private:
    Result<Json> call(const std::string& method, const std::string& path, const Json& body = {});
    Result<Answer> fetch(const std::string& operation);

    std::string url_;
    std::int64_t timeout_ms_;
    const std::atomic<bool>& stop_;
    net::HttpClient client_;
    std::string session_;
};

/// The reason in a Java stack trace: what the last "Caused by" says.
std::string flink_reason(const std::string& trace);

}  // namespace mr::cli
