// The queries of tests/slt/nexmark: those whose answers are checked against Flink's, so that what is fast is
// also right. Each becomes a program of its own: as the view it is there, or into a blackhole, as Flink's
// benchmark has it. Thread: any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/program.h"
#include "sql/diagnostic.h"

namespace bench {

struct NexmarkQuery {
    std::string name;                   ///< "q5"
    std::string statement;              ///< CREATE MATERIALIZED VIEW q5 … AS …
    std::string select;                 ///< what follows AS, with the constants of the full size
    std::vector<std::string> expected;  ///< Flink's recorded answer: types, then rows, sorted; empty: none
};

class NexmarkProject {
  public:
    /// Ends the bench where the folder is not what it should be.
    explicit NexmarkProject(const std::string& directory);

    [[nodiscard]] const std::vector<NexmarkQuery>& queries() const { return queries_; }
    /// Lines of the recorded input.
    [[nodiscard]] const std::vector<std::string>& input() const { return input_; }

    using Program = std::shared_ptr<const mr::plan::Program>;
    /// unsupported, with the compiler's words, for a query that does not compile.
    [[nodiscard]] mr::Result<Program> as_view(const NexmarkQuery& query) const;
    [[nodiscard]] mr::Result<Program> into_blackhole(const NexmarkQuery& query) const;

  private:
    [[nodiscard]] mr::Result<Program> compile(const std::string& text) const;

    std::vector<mr::sql::SourceText> streams_;
    std::string others_;  ///< statements that are no views (functions, tables)
    std::vector<NexmarkQuery> queries_;
    std::vector<std::string> input_;
};

}  // namespace bench
