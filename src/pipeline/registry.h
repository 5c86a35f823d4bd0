// Which pipelines the journal knows, so that one whose file is gone can be dropped. Participant "pipelines".
// Format of the snapshot: docs/formats/checkpoint.md, "Pipelines". Thread: journal (starting thread until the
// journal runs).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "journal/participant.h"

namespace mr::pipeline {

class Registry final : public journal::Participant {
  public:
    /// Newest instance of each slot (journal/pipeline_entry.h) that was not dropped.
    [[nodiscard]] const std::map<std::string, InstanceEpoch>& pipelines() const { return pipelines_; }
    /// The slot of this pipeline that serves.
    [[nodiscard]] std::string serving(const std::string& pipeline) const;
    /// It was swapped, and the topics of its views may not hold yet what the views do.
    [[nodiscard]] bool to_publish(const std::string& pipeline) const {
        return to_publish_.contains(pipeline);
    }

    [[nodiscard]] std::string_view name() const override { return "pipelines"; }
    [[nodiscard]] bool reads(journal::Kind kind) const override { return kind == journal::Kind::pipeline; }
    void apply(const journal::Entry& entry) override;
    [[nodiscard]] std::unique_ptr<journal::Cut> cut() override;
    Status restore(std::string_view bytes, Seq through) override;
    [[nodiscard]] Seq applied_through() const override { return applied_; }

  private:
    std::map<std::string, InstanceEpoch> pipelines_;
    std::set<std::string> second_serves_;  ///< pipelines whose second slot serves
    std::set<std::string> to_publish_;     ///< pipelines
    Seq applied_;
};

}  // namespace mr::pipeline
