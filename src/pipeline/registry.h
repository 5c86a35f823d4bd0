// Which pipelines the journal knows, so that one whose file is gone can be dropped. Participant "pipelines".
// Format of the snapshot: docs/formats/checkpoint.md, "Pipelines". Thread: journal (starting thread until the
// journal runs).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "journal/participant.h"

namespace mr::pipeline {

class Registry final : public journal::Participant {
  public:
    /// Newest instance of each pipeline that was not dropped.
    [[nodiscard]] const std::map<std::string, InstanceEpoch>& pipelines() const { return pipelines_; }

    [[nodiscard]] std::string_view name() const override { return "pipelines"; }
    [[nodiscard]] bool reads(journal::Kind kind) const override { return kind == journal::Kind::pipeline; }
    void apply(const journal::Entry& entry) override;
    [[nodiscard]] std::unique_ptr<journal::Cut> cut() override;
    Status restore(std::string_view bytes, Seq through) override;
    [[nodiscard]] Seq applied_through() const override { return applied_; }

  private:
    std::map<std::string, InstanceEpoch> pipelines_;
    Seq applied_;
};

}  // namespace mr::pipeline
