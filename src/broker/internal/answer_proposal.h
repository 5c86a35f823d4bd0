// A proposal made of two functions: one decides on the journal thread, the other gets the decision once
// everything it was based on is on disk and visible.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "broker/broker.h"
#include "journal/journal.h"

namespace mr::broker::internal {

template <class T>
class AnswerProposal final : public journal::Proposal {
  public:
    using Decide = std::move_only_function<T(BrokerState&, journal::Appender&)>;
    using Answer = std::move_only_function<void(T)>;

    AnswerProposal(Broker& broker, Decide decide, Answer answer, std::size_t bytes)
        : broker_(broker), decide_(std::move(decide)), answer_(std::move(answer)), bytes_(bytes) {}

    void order(journal::Appender& out) override {
        result_ = decide_(broker_.state(), out);
        last_ = Seq(out.next_seq().value - 1);
    }
    void done() override {
        broker_.publish_through(last_);
        if (answer_) answer_(std::move(result_));
    }
    [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  private:
    Broker& broker_;
    Decide decide_;
    Answer answer_;
    const std::size_t bytes_;
    T result_{};
    Seq last_;
};

/// Rough size of a small entry, for the group limit.
inline constexpr std::size_t kSmallEntryBytes = 128;

template <class T, class Decide>
std::unique_ptr<journal::Proposal> answer_with(Broker& broker, std::move_only_function<void(T)> answer,
                                               std::size_t entries, Decide decide) {
    return std::make_unique<AnswerProposal<T>>(broker, std::move(decide), std::move(answer),
                                               (entries + 1) * kSmallEntryBytes);
}

}  // namespace mr::broker::internal
