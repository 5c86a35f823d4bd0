// A file's text with what is ours written in Flink's words: functions written out, names in back quotes where
// Flink reserves them, views that Flink cannot keep in their readers. All else stays byte for byte. Thread:
// one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "emit/internal/project.h"

namespace mr::emit {

/// What a file's own readers of a materialised view read: the view's name stands for its topic.
std::string rows_name(const Project& project, const Pipeline& pipeline, std::string_view view);
/// Options of ours that Flink's connectors do not know.
bool is_ours(std::string_view option);

class Rewriter {
  public:
    /// `pipeline`: whose file it is; nullptr: a file of streams/.
    Rewriter(const Project& project, const Pipeline* pipeline, const sql::Outline& file);

    Rewriter(const Rewriter&) = delete;
    Rewriter& operator=(const Rewriter&) = delete;

    [[nodiscard]] std::string text(sql::TextRange range) const;
    /// Something else at a place; an empty range: beside what is there. The last said counts.
    void replace(sql::TextRange range, std::string by);
    /// The query of a view, to stand where a table's name may: "(SELECT …)".
    static std::string inlined(const Project& project, const Pipeline* pipeline, const Declared& view);

  private:
    struct Edit {
        sql::TextRange range;
        std::function<std::string()> make;
    };
    void add(sql::TextRange range, std::function<std::string()> make);
    void table(const sql::OutlineTable& t);
    void hints();
    [[nodiscard]] std::string call(const sql::OutlineCall& c, const Function& f) const;

    const Project& project_;
    const Pipeline* pipeline_;
    const sql::Outline& file_;
    std::vector<Edit> edits_;  ///< by place, the longer first
};

}  // namespace mr::emit
