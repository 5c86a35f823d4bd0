// Puts the statements of a project into the order Flink needs: settings, tables and views of streams/, then
// for each pipeline its settings, its objects and its job. Thread: one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "emit/flink.h"
#include "emit/internal/ddl.h"
#include "emit/internal/project.h"

namespace mr::emit {

class Builder {
  public:
    Builder(const Project& project, const FlinkOptions& options) : project_(project), options_(options) {}

    FlinkScript run();

  private:
    /// A declaration, and whose names must be there before it.
    struct Item {
        std::string name;  ///< whoever needs this waits for it; empty: nobody does
        std::set<std::string> needs;
        std::vector<FlinkStatement> statements;
        bool view = false;
        std::string object;  ///< what Flink calls it
        bool done = false;
    };

    void settings();
    void streams();
    void pipeline(const Pipeline& p);
    [[nodiscard]] std::vector<Item> objects(const Pipeline& p);
    void view_objects(const Pipeline& p, const Declared& view, std::vector<Item>& items);
    /// Each item after those it needs.
    void put_in_order(std::vector<Item> items, const Pipeline* pipeline);
    void make_room(const Item& item, const Pipeline* pipeline);
    void pipeline_settings(const Pipeline& p, std::vector<std::string>& keys);
    [[nodiscard]] FlinkStatement job(const Pipeline& p);
    void add_insert(const Pipeline& p, FlinkStatement& job, const std::string& target,
                    const std::string& columns, const std::string& query, const std::string& comment,
                    int line);
    [[nodiscard]] std::string one_time_column(const plan::Sink& sink, const std::string& query) const;
    void set(const std::string& key, const std::string& value, const std::string& comment = {});

    const Project& project_;
    const FlinkOptions& options_;
    FlinkScript out_;
    std::map<std::string, bool> local_;  ///< declared by an earlier pipeline; true: a view
    std::map<std::string, int> inserts_so_far_;
};

}  // namespace mr::emit
