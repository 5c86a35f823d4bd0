#include "node/sources.h"

#include <chrono>
#include <set>
#include <thread>

#include "base/log.h"
#include "connect/datagen_source.h"
#include "connect/file_source.h"

namespace mr::node {
namespace {

constexpr std::int64_t kAfterErrorNs = 1'000'000'000;
constexpr auto kPause = std::chrono::milliseconds(5);

/// Tables that pipelines read and somebody must feed, each once.
std::vector<plan::TablePtr> fed_tables(const Project& project) {
    std::set<std::string> known;
    std::vector<plan::TablePtr> out;
    for (const auto& program : project.programs) {
        for (const plan::NodePtr& node : program->sources) {
            const plan::TablePtr& table = std::get<plan::SourceNode>(node->op).table;
            if (table->is_fed() && known.insert(table->source_topic()).second) out.push_back(table);
        }
    }
    return out;
}

}  // namespace

std::vector<broker::NewTopic> Sources::topics(const Project& project) {
    std::vector<broker::NewTopic> out;
    for (const plan::TablePtr& table : fed_tables(project)) {
        if (table->connector() == "filesystem")
            out.push_back({.name = connect::FileSource::places_topic(*table),
                           .config = {{"cleanup.policy", "compact"}}});
    }
    return out;
}

Status Sources::open(const Project& project, broker::Broker& broker, FileSystem& fs,
                     const connect::TopicFeed::Submit& submit) {
    for (const plan::TablePtr& table : fed_tables(project)) {
        Source source{.status = {table->name, std::string(table->connector()), {}}, .round = {}};
        if (table->connector() == "filesystem") {
            MR_TRY(auto made,
                   connect::FileSource::open(broker, clock_, fs, submit, table, project.directory));
            source.round = [shared = std::shared_ptr<connect::FileSource>(std::move(made))] {
                return shared->run_once();
            };
        } else {
            MR_TRY(auto made, connect::DatagenSource::open(broker, clock_, submit, table));
            source.round = [shared = std::shared_ptr<connect::DatagenSource>(std::move(made))] {
                return shared->run_once();
            };
        }
        sources_.push_back(std::move(source));
    }
    return {};
}

void Sources::start() {
    if (sources_.empty()) return;
    threads_.start("sources", [this] {
        if (!run_once()) std::this_thread::sleep_for(kPause);
    });
}

bool Sources::run_once() {
    bool worked = false;
    for (Source& source : sources_) {
        if (clock_.monotonic_ns() < source.due_ns) continue;
        const Result<bool> done = source.round();
        worked = worked || done.value_or(false);
        const std::string error = done ? std::string() : done.error().message;
        if (!done) source.due_ns = clock_.monotonic_ns() + kAfterErrorNs;
        const std::lock_guard lock(mutex_);
        if (error == source.status.error) continue;
        if (!error.empty()) log_error("source", "{} {}: {}", source.status.kind, source.status.name, error);
        source.status.error = error;
    }
    return worked;
}

std::vector<SourceStatus> Sources::status() const {
    const std::lock_guard lock(mutex_);
    std::vector<SourceStatus> out;
    for (const Source& source : sources_) out.push_back(source.status);
    return out;
}

}  // namespace mr::node
