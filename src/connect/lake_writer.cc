#include "connect/lake_writer.h"

#include "connect/lake_position.h"

namespace mr::connect {

Status LakeWriter::start() {
    close_reader();
    table_.reset();
    MR_TRY(table_, lake::Table::open(fs_, clock_, spec_));
    MR_TRY_VOID(open_reader(table_->position()));
    if (wakeup_) wake_on_more(wakeup_);
    started_ = true;
    return {};
}

Result<std::size_t> LakeWriter::run_once() {
    if (!started_) MR_TRY_VOID(start());
    std::size_t total = 0;
    for (int i = 0; i < kLakeCommitsMax; ++i) {
        bool more = true;
        auto rows = commit_once(more);
        if (!rows) {
            // Whether the snapshot is there is read from the table, and the position with it.
            started_ = false;
            return rows;
        }
        total += *rows;
        if (!more) break;
    }
    return total;
}

Result<std::shared_ptr<lake::Rewrite>> LakeWriter::plan_upkeep() {
    if (!started_) return nullptr;
    auto dropped = table_->drop_expired();
    if (!dropped) {
        started_ = false;
        return std::unexpected(std::move(dropped).error());
    }
    return table_->plan_rewrite();
}

Status LakeWriter::commit_upkeep(lake::Rewrite& job) {
    if (!started_) return fail(Code::not_found, "{} is being opened again", name_);
    auto done = table_->commit_rewrite(job);
    if (!done && done.error().code != Code::not_found) started_ = false;
    return done;
}

void LakeWriter::set_wakeup(std::function<void()> wakeup) {
    wakeup_ = std::move(wakeup);
    if (started_) wake_on_more(wakeup_);
}

}  // namespace mr::connect
