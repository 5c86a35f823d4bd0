// The verbs that talk to a running node over HTTP: sql, topic, group, schema, view, pipeline. Each returns an
// exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace mr::cli {

struct RemoteOptions {
    std::string url = "http://127.0.0.1:8080";
    std::string registry = "http://127.0.0.1:8081";
    std::int64_t timeout_ms = 30'000;  ///< of one call
    bool yes = false;                  ///< destroy without asking
    Output output;
};

int run_sql(const RemoteOptions& options, const std::string& sql);
int list_topics(const RemoteOptions& options);
int describe_topic(const RemoteOptions& options, const std::string& topic);
struct TailOptions {
    std::string topic;
    int partition = -1;         ///< -1: all
    std::int64_t offset = -10;  ///< below 0: that many from the end of each partition
    int limit = 10;
};
int tail_topic(const RemoteOptions& options, const TailOptions& tail);
int create_topic(const RemoteOptions& options, const std::string& topic, int partitions,
                 const std::vector<std::string>& configs);
int delete_topic(const RemoteOptions& options, const std::string& topic);
int list_groups(const RemoteOptions& options);
int describe_group(const RemoteOptions& options, const std::string& group);
int list_views(const RemoteOptions& options);
int show_view(const RemoteOptions& options, const std::string& view,
              const std::vector<std::string>& parameters);
int list_pipelines(const RemoteOptions& options);
int describe_pipeline(const RemoteOptions& options, const std::string& pipeline);
/// Lets a paused pipeline go on.
int resume_pipeline(const RemoteOptions& options, const std::string& pipeline);
int list_subjects(const RemoteOptions& options);
int show_schema(const RemoteOptions& options, const std::string& subject, const std::string& version);
int register_schema(const RemoteOptions& options, const std::string& subject, const std::string& file,
                    const std::string& type);

}  // namespace mr::cli
