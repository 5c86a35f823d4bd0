#include "plan/change.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace mr::plan {
namespace {

/// What an alignment costs: an operator that was changed in its place is less of a change than one that went
/// and one that came.
constexpr std::size_t kChangedCost = 2;
constexpr std::size_t kMovedCost = 3;
/// Of a tree that is counted as one: sharing could make it exponentially large.
constexpr std::size_t kSizeMax = 1U << 20;
/// Pairs of operators that are looked at; larger plans than this are compared less cleverly.
constexpr std::size_t kPairsMax = 1U << 20;

void collect(const NodePtr& node, std::set<std::uint64_t>& fingerprints) {
    if (!fingerprints.insert(node->fingerprint).second) return;
    for (const NodePtr& in : node->inputs) collect(in, fingerprints);
}

std::set<std::uint64_t> fingerprints_of(const Program& program) {
    std::set<std::uint64_t> out;
    for (const Sink& sink : program.sinks) collect(sink.root, out);
    return out;
}

/// The operator itself, whatever is below it. Output columns belong to it.
bool reads_alike(const Node& a, const Node& b) {
    return a.op.index() == b.op.index() && a.inputs.size() == b.inputs.size() && a.mode == b.mode &&
           a.schema == b.schema && describe(a) == describe(b);
}

/// How one operator of the new tree stands to one of the old.
struct Choice {
    enum class Kind : std::uint8_t {
        pair,     ///< the one has become the other
        added,    ///< the new one is put on top of what the old tree's one has become: input `input`
        removed,  ///< the old one is gone, its input `input` stands in its place
        replace,  ///< nothing in common
    };
    Kind kind = Kind::replace;
    std::size_t input = 0;
    std::size_t cost = 0;
};

/// Finds the cheapest way from one tree to the other.
class Alignment {
  public:
    const Choice& between(const Node& now, const Node& before) {
        const auto key = std::pair(&now, &before);
        if (const auto known = choices_.find(key); known != choices_.end()) return known->second;
        const Choice found = choices_.size() < kPairsMax ? choose(now, before) : plain(now, before);
        return choices_.emplace(key, found).first->second;
    }

  private:
    Choice plain(const Node& now, const Node& before) {
        return {.kind = Choice::Kind::replace, .input = 0, .cost = kMovedCost * (size(now) + size(before))};
    }

    Choice choose(const Node& now, const Node& before) {
        if (now.fingerprint == before.fingerprint) return {.kind = Choice::Kind::pair, .input = 0, .cost = 0};
        Choice best = plain(now, before);
        const auto offer = [&best](Choice::Kind kind, std::size_t input, std::size_t cost) {
            if (cost < best.cost) best = {.kind = kind, .input = input, .cost = cost};
        };
        if (now.op.index() == before.op.index()) {
            std::size_t cost = reads_alike(now, before) ? 0 : kChangedCost;
            for (std::size_t i = 0; i < std::max(now.inputs.size(), before.inputs.size()); ++i) {
                if (i < now.inputs.size() && i < before.inputs.size()) {
                    cost += between(*now.inputs[i], *before.inputs[i]).cost;
                } else {
                    cost += kMovedCost * size(i < now.inputs.size() ? *now.inputs[i] : *before.inputs[i]);
                }
            }
            offer(Choice::Kind::pair, 0, cost);
        }
        for (std::size_t i = 0; i < now.inputs.size(); ++i) {
            offer(Choice::Kind::added, i, kMovedCost + others(now, i) + between(*now.inputs[i], before).cost);
        }
        for (std::size_t i = 0; i < before.inputs.size(); ++i) {
            offer(Choice::Kind::removed, i,
                  kMovedCost + others(before, i) + between(now, *before.inputs[i]).cost);
        }
        return best;
    }

    /// Of the other inputs coming or going.
    std::size_t others(const Node& node, std::size_t but) {
        std::size_t cost = 0;
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
            if (i != but) cost += kMovedCost * size(*node.inputs[i]);
        }
        return cost;
    }

    std::size_t size(const Node& node) {
        if (const auto known = sizes_.find(&node); known != sizes_.end()) return known->second;
        std::size_t total = 1;
        for (const NodePtr& in : node.inputs) total = std::min(kSizeMax, total + size(*in));
        sizes_[&node] = total;
        return total;
    }

    std::map<std::pair<const Node*, const Node*>, Choice> choices_;
    std::map<const Node*, std::size_t> sizes_;
};

/// Tells the trees of one pipeline's sinks.
class Teller {
  public:
    Teller(const Program& before, const Program& now)
        : before_(fingerprints_of(before)), now_(fingerprints_of(now)) {}

    std::vector<OperatorChange> tell(const Node* now, const Node* before) {
        out_.clear();
        if (now == nullptr) {
            tell_removed(*before, 0);
        } else {
            tell(*now, before, 0);
        }
        return std::exchange(out_, {});
    }

  private:
    void add(Fate fate, const Node& node, int depth, const Node* before = nullptr) {
        OperatorChange change{.fate = fate,
                              .name = operator_name(node.op),
                              .now = fate == Fate::removed ? std::string() : describe(node),
                              .before = {},
                              .depth = depth,
                              .again = false};
        if (fate == Fate::removed) change.before = describe(node);
        if (before != nullptr) change.before = describe(*before);
        out_.push_back(std::move(change));
    }

    void tell(const Node& now, const Node* before, int depth) {
        const bool kept = before_.contains(now.fingerprint);
        if (!told_.insert(now.fingerprint).second) {
            add(kept ? Fate::kept : fates_.at(now.fingerprint), now, depth);
            out_.back().again = true;
            return;
        }
        if (kept) {
            if (before != nullptr) tell_removed(*before, depth);
            return tell_inputs(Fate::kept, now, depth);
        }
        if (before == nullptr) return tell_inputs(Fate::added, now, depth);
        const Choice choice = alignment_.between(now, *before);
        switch (choice.kind) {
            case Choice::Kind::pair:
                return tell_pair(now, *before, depth);
            case Choice::Kind::added:
                note(Fate::added, now, depth);
                for (std::size_t i = 0; i < now.inputs.size(); ++i)
                    tell(*now.inputs[i], i == choice.input ? before : nullptr, depth + 1);
                return;
            case Choice::Kind::removed:
                if (!now_.contains(before->fingerprint)) add(Fate::removed, *before, depth);
                for (std::size_t i = 0; i < before->inputs.size(); ++i) {
                    if (i != choice.input) tell_removed(*before->inputs[i], depth);
                }
                told_.erase(now.fingerprint);
                return tell(now, before->inputs[choice.input].get(), depth);
            case Choice::Kind::replace:
                tell_removed(*before, depth);
                return tell_inputs(Fate::added, now, depth);
        }
    }

    void tell_pair(const Node& now, const Node& before, int depth) {
        const bool alike = reads_alike(now, before);
        note(alike ? Fate::rebuilt : Fate::changed, now, depth, alike ? nullptr : &before);
        for (std::size_t i = 0; i < now.inputs.size(); ++i)
            tell(*now.inputs[i], i < before.inputs.size() ? before.inputs[i].get() : nullptr, depth + 1);
        for (std::size_t i = now.inputs.size(); i < before.inputs.size(); ++i)
            tell_removed(*before.inputs[i], depth + 1);
    }

    void tell_inputs(Fate fate, const Node& now, int depth) {
        note(fate, now, depth);
        for (const NodePtr& in : now.inputs) tell(*in, nullptr, depth + 1);
    }

    void note(Fate fate, const Node& now, int depth, const Node* before = nullptr) {
        fates_[now.fingerprint] = fate;
        add(fate, now, depth, before);
    }

    /// What is still used elsewhere is told there.
    void tell_removed(const Node& before, int depth) {
        if (now_.contains(before.fingerprint) || !gone_.insert(before.fingerprint).second) return;
        add(Fate::removed, before, depth);
        for (const NodePtr& in : before.inputs) tell_removed(*in, depth + 1);
    }

    const std::set<std::uint64_t> before_, now_;
    Alignment alignment_;
    std::set<std::uint64_t> told_, gone_;
    std::map<std::uint64_t, Fate> fates_;
    std::vector<OperatorChange> out_;
};

// --- names and values --------------------------------------------------------------------------------------

using Named = std::vector<std::pair<std::string, std::string>>;

std::vector<NamedChange> compare_named(const Named& before, const Named& now) {
    const auto find = [](const Named& in, const std::string& name) {
        return std::ranges::find(in, name, &Named::value_type::first);
    };
    std::vector<NamedChange> out;
    for (const auto& [name, value] : now) {
        const auto old = find(before, name);
        if (old == before.end()) {
            out.push_back({.fate = Fate::added, .name = name, .now = value, .before = {}});
        } else if (old->second != value) {
            out.push_back({.fate = Fate::changed, .name = name, .now = value, .before = old->second});
        }
    }
    for (const auto& [name, value] : before) {
        if (find(now, name) == now.end())
            out.push_back({.fate = Fate::removed, .name = name, .now = {}, .before = value});
    }
    return out;
}

bool is_view(const Sink& sink) {
    return std::holds_alternative<ViewSink>(sink.target);
}

std::string names(const Schema& schema, const std::vector<int>& columns) {
    std::string out;
    for (const int c : columns) out += (out.empty() ? "" : ", ") + schema[static_cast<std::size_t>(c)].name;
    return out;
}

Named columns_of(const Sink& sink) {
    const auto* view = std::get_if<ViewSink>(&sink.target);
    Named out;
    if (view != nullptr) {
        for (const Field& f : view->schema.fields) out.emplace_back(f.name, f.type.to_string());
        return out;
    }
    // Which of the root's columns becomes which of the table's is part of what is written.
    const auto& topic = std::get<TopicSink>(sink.target);
    std::size_t field = 0;
    for (const TableColumn& column : topic.table->columns) {
        if (column.kind == ColumnKind::computed || column.is_virtual) continue;
        const int from = field < topic.mapping.size() ? topic.mapping[field] : -1;
        ++field;
        out.emplace_back(column.name, column.type.to_string() + (from < 0 ? ", not written" : ""));
    }
    return out;
}

Named options_of(const Sink& sink) {
    const Table& table = *table_of(sink);
    Named out;
    for (const auto& [key, option] : table.options) out.emplace_back(key, option.value);
    const auto* view = std::get_if<ViewSink>(&sink.target);
    const std::string key =
        view != nullptr ? names(view->schema, view->key) : names(table.schema(), table.primary_key);
    if (!key.empty()) out.emplace_back("PRIMARY KEY", key);
    return out;
}

/// Settings, and the options of the tables it reads.
Named options_of(const Program& program) {
    Named out;
    for (const auto& [key, value] : program.settings) out.emplace_back(fmt::format("SET '{}'", key), value);
    std::set<std::string> seen;
    for (const NodePtr& source : program.sources) {
        const Table& table = *std::get<SourceNode>(source->op).table;
        if (!seen.insert(table.name + table.hinted).second) continue;
        for (const auto& [key, option] : table.options)
            out.emplace_back(fmt::format("{}: '{}'", table.name, key), option.value);
    }
    return out;
}

SinkChange compare_sinks(const Sink& before, const Sink& now, Teller& teller) {
    SinkChange out{.fate = Fate::kept,
                   .name = name_of(now),
                   .view = is_view(now),
                   .columns = compare_named(columns_of(before), columns_of(now)),
                   .options = compare_named(options_of(before), options_of(now)),
                   .operators = teller.tell(now.root.get(), before.root.get())};
    const bool same = before.root->fingerprint == now.root->fingerprint &&
                      before.needs_materializer == now.needs_materializer && out.columns.empty() &&
                      out.options.empty();
    if (!same) out.fate = Fate::changed;
    return out;
}

SinkChange only(Fate fate, const Sink& sink, Teller& teller) {
    const Named columns = columns_of(sink);
    return {.fate = fate,
            .name = name_of(sink),
            .view = is_view(sink),
            .columns = fate == Fate::added ? compare_named({}, columns) : compare_named(columns, {}),
            .options = {},
            .operators = fate == Fate::added ? teller.tell(sink.root.get(), nullptr)
                                             : teller.tell(nullptr, sink.root.get())};
}

PipelineChange alone(Fate fate, const Program& program) {
    const Program none;
    PipelineChange out{.fate = fate, .name = program.name, .sinks = {}, .options = {}};
    Teller teller(fate == Fate::added ? none : program, fate == Fate::added ? program : none);
    for (const Sink& sink : program.sinks) out.sinks.push_back(only(fate, sink, teller));
    return out;
}

void append_named(JsonWriter& w, std::string_view key, const std::vector<NamedChange>& changes) {
    if (changes.empty()) return;
    w.key(key).begin_array();
    for (const NamedChange& c : changes) {
        w.begin_object().member("name", c.name).member("change", to_string(c.fate));
        if (c.fate != Fate::removed) w.member("now", c.now);
        if (c.fate != Fate::added) w.member("before", c.before);
        w.end_object();
    }
    w.end_array();
}

void append_sink(JsonWriter& w, const SinkChange& sink) {
    w.begin_object().member("name", sink.name).member("kind", sink.view ? "view" : "table");
    w.member("change", to_string(sink.fate));
    append_named(w, "columns", sink.columns);
    append_named(w, "options", sink.options);
    w.key("operators").begin_array();
    for (const OperatorChange& op : sink.operators) {
        w.begin_object().member("operator", op.name).member("change", to_string(op.fate));
        w.member("depth", op.depth);
        if (op.fate != Fate::removed) w.member("now", op.now);
        if (!op.before.empty() || op.fate == Fate::removed) w.member("before", op.before);
        if (op.again) w.member("again", true);
        w.end_object();
    }
    w.end_array().end_object();
}

}  // namespace

std::string_view to_string(Fate fate) {
    static constexpr std::array<std::string_view, 5> kNames = {"kept", "rebuilt", "changed", "added",
                                                               "removed"};
    return kNames[static_cast<std::size_t>(fate)];
}

PipelineChange compare(const Program& before, const Program& now) {
    PipelineChange out{.fate = before.fingerprint == now.fingerprint ? Fate::kept : Fate::changed,
                       .name = now.name,
                       .sinks = {},
                       .options = compare_named(options_of(before), options_of(now))};
    Teller teller(before, now);
    // Several INSERTs may go into one table: the first is the first's next version.
    std::vector<bool> used(before.sinks.size());
    for (const Sink& sink : now.sinks) {
        std::size_t old = 0;
        while (old < used.size() && (used[old] || name_of(before.sinks[old]) != name_of(sink) ||
                                     is_view(before.sinks[old]) != is_view(sink)))
            ++old;
        if (old == used.size()) {
            out.sinks.push_back(only(Fate::added, sink, teller));
        } else {
            used[old] = true;
            out.sinks.push_back(compare_sinks(before.sinks[old], sink, teller));
        }
    }
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (!used[i]) out.sinks.push_back(only(Fate::removed, before.sinks[i], teller));
    }
    return out;
}

std::vector<PipelineChange> compare(std::span<const ProgramPtr> before, std::span<const ProgramPtr> now) {
    const auto find = [](std::span<const ProgramPtr> in, const std::string& name) {
        const auto at = std::ranges::find_if(in, [&](const ProgramPtr& p) { return p->name == name; });
        return at == in.end() ? nullptr : at->get();
    };
    std::vector<PipelineChange> out;
    for (const ProgramPtr& program : now) {
        const Program* old = find(before, program->name);
        out.push_back(old == nullptr ? alone(Fate::added, *program) : compare(*old, *program));
    }
    for (const ProgramPtr& program : before) {
        if (find(now, program->name) == nullptr) out.push_back(alone(Fate::removed, *program));
    }
    return out;
}

std::map<Fate, std::size_t> count_operators(std::span<const PipelineChange> changes) {
    std::map<Fate, std::size_t> out;
    for (const PipelineChange& pipeline : changes) {
        for (const SinkChange& sink : pipeline.sinks) {
            for (const OperatorChange& op : sink.operators) {
                if (!op.again) ++out[op.fate];
            }
        }
    }
    return out;
}

void append_json(JsonWriter& w, std::span<const PipelineChange> changes) {
    w.key("pipelines").begin_array();
    for (const PipelineChange& pipeline : changes) {
        w.begin_object().member("name", pipeline.name).member("change", to_string(pipeline.fate));
        append_named(w, "options", pipeline.options);
        w.key("sinks").begin_array();
        for (const SinkChange& sink : pipeline.sinks) append_sink(w, sink);
        w.end_array().end_object();
    }
    w.end_array().key("operators").begin_object();
    const auto counts = count_operators(changes);
    for (const Fate fate : kFates) {
        const auto at = counts.find(fate);
        w.member(to_string(fate), at == counts.end() ? std::size_t{0} : at->second);
    }
    w.end_object();
}

}  // namespace mr::plan
