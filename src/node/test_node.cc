#include "node/test_node.h"

#include <deque>

#include "base/sim_file_system.h"
#include "broker/produce.h"
#include "columnar/codec.h"
#include "journal/journal.h"
#include "node/scans.h"
#include "node/sources.h"
#include "pipeline/deploy.h"
#include "registry/registry.h"
#include "registry/registry_schemas.h"
#include "views/view_store.h"
#include "wire/record.h"

namespace mr::node {

class TestNode::Impl {
  public:
    Impl(const Project& p, TestNodeOptions o) : project(p), options(o), clock(o.start) {}
    ~Impl() {
        runners.clear();
        if (journal) journal->stop();
    }

    Status open() {
        broker::BrokerOptions broker_options;
        broker_options.directory = "/topics";
        MR_TRY(broker, broker::Broker::open(fs, metrics, std::move(broker_options)));
        views::ViewStoreOptions view_options;
        view_options.post = [this](auto work) { posted.push_back(std::move(work)); };
        views = std::make_unique<views::ViewStore>(clock, metrics, std::move(view_options));
        std::vector<journal::Participant*> all = {broker.get(), views.get(), &registry};
        for (const auto& program : project.programs) {
            participants.push_back(std::make_unique<pipeline::Participant>(program->name));
            all.push_back(participants.back().get());
        }
        journal::Options journal_options;
        journal_options.directory = "/journal";
        journal_options.checkpoint_directory = "/checkpoints";
        MR_TRY(journal,
               journal::Journal::open(fs, clock, metrics, std::move(journal_options), std::move(all)));
        broker->set_journal(*journal);
        schema_service = std::make_unique<registry::RegistryService>(
            registry, [this](std::unique_ptr<journal::Proposal> proposal) {
                return journal->try_submit(journal::Lane::control, proposal);
            });
        schemas = std::make_unique<registry::RegistrySchemas>(registry, *schema_service, [this] { pump(); });
        MR_TRY_VOID(deploy_all());
        MR_TRY_VOID(pipeline::create_missing_topics(context(), Sources::topics(project)));
        MR_TRY_VOID(sources.open(project, *broker, posix_file_system(),
                                 [this](std::unique_ptr<journal::Proposal>& proposal) {
                                     return journal->try_submit(journal::Lane::bulk, proposal);
                                 }));
        scans = std::make_unique<NodeScans>(*broker, *views, schemas.get());
        scans->set_tables(project.tables);
        MR_TRY(warehouse, warehouse::Warehouse::open({}, *scans));
        return {};
    }

    Status produce(const std::string& topic, std::optional<std::string_view> key, std::string_view value) {
        auto found = broker->topics(broker::Visibility::applied)->find(topic);
        if (found == nullptr) {
            MR_TRY_VOID(pipeline::create_missing_topics(context(), {{.name = topic, .config = {}}}));
            found = broker->topics(broker::Visibility::applied)->find(topic);
        }
        wire::BatchBuilder builder;
        builder.add(clock.now(), key, value);
        const std::string batch = builder.finish();
        MR_TRY(const auto facts, wire::validate_batch(batch, {}));
        auto proposal = std::make_unique<broker::ProduceProposal>(*broker, broker::ProduceProposal::Answer{});
        proposal->add(found->id, PartitionId(0), batch, facts);
        std::unique_ptr<journal::Proposal> submitted = std::move(proposal);
        while (!journal->try_submit(journal::Lane::clients, submitted)) pump();
        return {};
    }

    Status settle() {
        for (bool worked = true; worked;) {
            worked = sources.run_once();
            worked = pump() || worked;
            for (const SourceStatus& source : sources.status()) {
                if (!source.error.empty())
                    return fail(Code::internal, "table {}: {}", source.name, source.error);
            }
            for (const auto& runner : runners) {
                worked = runner->run_once() || worked;
                worked = pump() || worked;
                const pipeline::RunnerStatus status = runner->status();
                if (!status.error.empty())
                    return fail(Code::internal, "pipeline {}: {}", runner->name(), status.error);
            }
        }
        return {};
    }

    Result<warehouse::QueryResult> view(const std::string& name) {
        const auto snapshot = views->snapshot(name);
        if (snapshot == nullptr) return fail(Code::not_found, "there is no view {}", name);
        warehouse::QueryResult out{.schema = snapshot->definition->schema, .columns = {}};
        std::vector<ColumnBuilder> builders;
        for (const Field& f : out.schema.fields) builders.emplace_back(f.type);
        Status status;
        snapshot->rows.scan({}, [&](const views::RowPtr& row) {
            status = read_row_into(row->row, out.schema, builders);
            ++out.rows;
            return status.has_value();
        });
        MR_TRY_VOID(status);
        for (ColumnBuilder& b : builders) out.columns.push_back(b.finish());
        return out;
    }

    const Project& project;
    const TestNodeOptions options;
    VirtualClock clock;
    std::unique_ptr<warehouse::Warehouse> warehouse;

  private:
    pipeline::DeployContext context() {
        pipeline::DeployContext out{*broker, *journal, clock, metrics, {}, [this] { pump(); }, schemas.get()};
        out.options.step_batches_max = options.step_records;
        return out;
    }

    Status deploy_all() {
        std::vector<broker::NewTopic> topics;
        // One partition each: a test's records have one order.
        for (const auto& [name, spec] : project.config.topics) topics.push_back({.name = name, .config = {}});
        MR_TRY_VOID(pipeline::create_missing_topics(context(), std::move(topics)));
        for (std::size_t i = 0; i < project.programs.size(); ++i) {
            MR_TRY(auto runner, pipeline::deploy(context(), project.programs[i], *participants[i],
                                                 participants[i]->take_state()));
            runners.push_back(std::move(runner));
        }
        return {};
    }

    /// What the journal's threads and the loop would do.
    bool pump() {
        bool worked = journal->run_once();
        worked = journal->sync_once() || worked;
        // Only where nothing else moves: it makes the next journal file, which the writer may be waiting for.
        if (!worked) worked = journal->settle_once();
        while (!posted.empty()) {
            auto work = std::move(posted.front());
            posted.pop_front();
            work();
            worked = true;
        }
        return worked;
    }

    SimFileSystem fs{1};
    Metrics metrics;
    std::unique_ptr<broker::Broker> broker;
    std::unique_ptr<views::ViewStore> views;
    registry::Registry registry;
    std::unique_ptr<registry::RegistryService> schema_service;
    std::unique_ptr<registry::RegistrySchemas> schemas;
    std::vector<std::unique_ptr<pipeline::Participant>> participants;
    std::unique_ptr<journal::Journal> journal;
    std::vector<std::unique_ptr<pipeline::Runner>> runners;
    std::deque<std::move_only_function<void()>> posted;
    Sources sources{clock};
    std::unique_ptr<NodeScans> scans;
};

Result<std::unique_ptr<TestNode>> TestNode::create(const Project& project, TestNodeOptions options) {
    auto impl = std::make_unique<Impl>(project, options);
    MR_TRY_VOID(impl->open());
    return std::make_unique<TestNode>(std::move(impl));
}

TestNode::TestNode(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TestNode::~TestNode() = default;
Status TestNode::produce(const std::string& topic, std::optional<std::string_view> key,
                         std::string_view value) {
    return impl_->produce(topic, key, value);
}
void TestNode::advance_ms(std::int64_t ms) {
    impl_->clock.advance_ms(ms);
}
Status TestNode::settle() {
    return impl_->settle();
}
Result<warehouse::QueryResult> TestNode::query(const std::string& sql) {
    return impl_->warehouse->query(sql, {.rows_max = 1'000'000, .timeout_ms = 60'000});
}

Result<warehouse::QueryResult> TestNode::view(const std::string& name) {
    return impl_->view(name);
}

}  // namespace mr::node
