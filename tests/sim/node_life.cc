#include "node_life.h"

namespace mr::sim {

NodeLife::NodeLife(SimFileSystem& fs, Clock& clock, const Programs& programs,
                   std::vector<broker::NewTopic> topics, LifeOptions options)
    : fs_(fs), clock_(clock), programs_(programs), topics_(std::move(topics)), options_(options) {}

NodeLife::~NodeLife() {
    runners_.clear();
    posted_.clear();
    journal_.reset();
}

Status NodeLife::open() {
    // Small everywhere, so that a history meets every edge: segments roll, the tail ring overflows, files
    // come round.
    broker::BrokerOptions broker_options;
    broker_options.directory = "data/topics";
    broker_options.tail_bytes = 4'000;
    broker_options.settle_min_bytes = 1'000;
    broker_options.settle_slice_bytes = 2'000;
    MR_TRY(broker_, broker::Broker::open(fs_, metrics_, std::move(broker_options)));
    views::ViewStoreOptions view_options;
    view_options.rows_per_turn = 8;
    view_options.post = [this](auto work) { posted_.push_back(std::move(work)); };
    views_ = std::make_unique<views::ViewStore>(clock_, metrics_, std::move(view_options));
    std::vector<journal::Participant*> all{broker_.get(), views_.get(), &registry_};
    for (const auto& program : programs_) {
        participants_.push_back(std::make_unique<pipeline::Participant>(program->name));
        all.push_back(participants_.back().get());
    }
    journal::Options journal_options;
    journal_options.directory = "data/journal";
    journal_options.checkpoint_directory = "data/checkpoints";
    journal_options.file_bytes = options_.file_bytes;
    journal_options.start_file_bytes = options_.file_bytes / 4;
    journal_options.group_bytes_max = 2'000;
    journal_options.checkpoint_bytes = 3 * options_.file_bytes;
    journal_options.on_fatal = [this](const Error& error) {
        if (!fatal_) fatal_ = error;
    };
    MR_TRY(journal_,
           journal::Journal::open(fs_, clock_, metrics_, std::move(journal_options), std::move(all)));
    broker_->set_journal(*journal_);
    return {};
}

Status NodeLife::deploy() {
    pipeline::DeployContext context{*broker_, *journal_, clock_, metrics_, {}, [this] {
                                        pump();
                                        // The real process would be gone.
                                        if (dead()) throw Died{};
                                    }};
    context.options.step_batches_max = options_.step_batches_max;
    std::vector<std::unique_ptr<state::StateSpace>> recovered;
    for (const auto& participant : participants_) recovered.push_back(participant->take_state());
    MR_TRY_VOID(pipeline::create_missing_topics(context, topics_));
    std::vector<std::string> present;
    for (const auto& program : programs_) present.push_back(program->name);
    MR_TRY_VOID(pipeline::drop_missing(context, registry_, present));
    for (std::size_t i = 0; i < programs_.size(); ++i) {
        MR_TRY(auto runner,
               pipeline::deploy(context, programs_[i], *participants_[i], std::move(recovered[i])));
        runners_.push_back(std::move(runner));
    }
    return {};
}

Status NodeLife::start() {
    MR_TRY_VOID(open());
    if (on_recovered) on_recovered();
    try {
        return deploy();
    } catch (const Died&) {
        return fail(fatal_->code, "{}", fatal_->message);
    }
}

bool NodeLife::loop_once() {
    if (posted_.empty()) return false;
    auto work = std::move(posted_.front());
    posted_.pop_front();
    work();
    return true;
}

bool NodeLife::pump() {
    bool worked = journal_->run_once();
    worked = (!dead() && journal_->sync_once()) || worked;
    worked = (!dead() && journal_->settle_once()) || worked;
    while (loop_once()) worked = true;
    return worked;
}

}  // namespace mr::sim
