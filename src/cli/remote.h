// The verbs that talk to a running node over HTTP: sql, topic, group, txn, schema, view, pipeline. Each
// returns an exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace mr::cli {

struct RemoteOptions {
    std::string url = "http://127.0.0.1:8080";
    std::string registry = "http://127.0.0.1:8081";
    std::string ca_file;               ///< who may vouch for an https node; empty: the system's
    std::string token;                 ///< shown with every call; empty: none
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
/// `partitions` 0: as many as there are. A config "key" without value goes back to its default.
int alter_topic(const RemoteOptions& options, const std::string& topic, int partitions,
                const std::vector<std::string>& configs);
int delete_records(const RemoteOptions& options, const std::string& topic, int partition,
                   std::int64_t before);
int list_groups(const RemoteOptions& options);
int describe_group(const RemoteOptions& options, const std::string& group);
struct ResetOptions {
    std::string group;
    std::vector<std::string> topics;
    std::string to;  ///< "earliest", "latest", an offset, "+n", "-n", or an instant
    bool dry_run = false;
};
int reset_group(const RemoteOptions& options, const ResetOptions& reset);
int delete_group(const RemoteOptions& options, const std::string& group);
int list_transactions(const RemoteOptions& options);
int describe_transaction(const RemoteOptions& options, const std::string& id);
int abort_transaction(const RemoteOptions& options, const std::string& id);
int list_views(const RemoteOptions& options);
int show_view(const RemoteOptions& options, const std::string& view,
              const std::vector<std::string>& parameters);
int list_pipelines(const RemoteOptions& options);
int describe_pipeline(const RemoteOptions& options, const std::string& pipeline);
int explain_pipeline(const RemoteOptions& options, const std::string& name);
/// Lets a paused pipeline go on.
int resume_pipeline(const RemoteOptions& options, const std::string& pipeline);
int list_subjects(const RemoteOptions& options);
int show_schema(const RemoteOptions& options, const std::string& subject, const std::string& version);
int register_schema(const RemoteOptions& options, const std::string& subject, const std::string& file,
                    const std::string& type);

}  // namespace mr::cli
