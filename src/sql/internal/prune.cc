#include "sql/internal/prune.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/check.h"

namespace mr::sql {

using namespace plan;

namespace {

using Columns = std::set<int>;

void add_reads(const ExprPtr& e, Columns& out) {
    if (!e) return;
    for (const int c : columns_read(*e)) out.insert(c);
}

void add_reads(const AggCall& call, Columns& out) {
    for (const ExprPtr& a : call.args) add_reads(a, out);
    add_reads(call.filter, out);
}

void add(const std::vector<int>& from, Columns& out) {
    out.insert(from.begin(), from.end());
}

/// Which columns of each input an operator reads so that `wanted` of its output can be made.
struct Reads {
    const Node& node;
    const Columns& wanted;
    std::vector<Columns> inputs;

    [[nodiscard]] int width(std::size_t i) const { return static_cast<int>(node.inputs[i]->schema.size()); }
    void pass_through() {
        for (const int c : wanted) {
            if (c < width(0)) inputs[0].insert(c);
        }
    }
    void split(const ExprPtr& both) {
        Columns read;
        add_reads(both, read);
        for (const int c : read) {
            if (c < width(0)) {
                inputs[0].insert(c);
            } else {
                inputs[1].insert(c - width(0));
            }
        }
    }
    void join(JoinKind kind, const std::vector<int>& left, const std::vector<int>& right,
              const ExprPtr& residual) {
        add(left, inputs[0]);
        add(right, inputs[1]);
        split(residual);
        for (const int c : wanted) {
            if (c < width(0)) {
                inputs[0].insert(c);
            } else if (kind != JoinKind::semi && kind != JoinKind::anti) {
                inputs[1].insert(c - width(0));
            }
        }
    }

    void operator()(const SourceNode&) {}
    void operator()(const ValuesNode&) {}
    void operator()(const ProjectNode& n) {
        for (const int c : wanted) add_reads(n.expressions[static_cast<std::size_t>(c)], inputs[0]);
    }
    void operator()(const FilterNode& n) {
        pass_through();
        add_reads(n.condition, inputs[0]);
    }
    void operator()(const AggregateNode& n) {
        add(n.keys, inputs[0]);
        const int keys = static_cast<int>(n.keys.size());
        for (const int c : wanted) {
            if (c >= keys) add_reads(n.calls[static_cast<std::size_t>(c - keys)], inputs[0]);
        }
    }
    void operator()(const WindowTvfNode& n) {
        pass_through();
        inputs[0].insert(n.window.time_column);
        add(n.window.partition_keys, inputs[0]);
    }
    void operator()(const WindowAggregateNode& n) {
        add(n.keys, inputs[0]);
        add(n.window.partition_keys, inputs[0]);
        inputs[0].insert(n.window.time_column);
        const int keys = static_cast<int>(n.keys.size());
        const int calls = static_cast<int>(n.calls.size());
        for (const int c : wanted) {
            if (c >= keys && c < keys + calls)
                add_reads(n.calls[static_cast<std::size_t>(c - keys)], inputs[0]);
        }
    }
    void operator()(const JoinNode& n) { join(n.kind, n.left_keys, n.right_keys, n.residual); }
    void operator()(const IntervalJoinNode& n) {
        join(n.kind, n.left_keys, n.right_keys, n.residual);
        inputs[0].insert(n.left_time);
        inputs[1].insert(n.right_time);
    }
    void operator()(const TemporalJoinNode& n) {
        join(n.kind, n.left_keys, n.right_keys, n.residual);
        if (n.processing_time) return;
        inputs[0].insert(n.left_time);
        inputs[1].insert(n.right_time);
    }
    void operator()(const OverNode& n) {
        pass_through();
        add(n.partition_keys, inputs[0]);
        if (n.order_column >= 0) inputs[0].insert(n.order_column);
        for (std::size_t i = 0; i < n.calls.size(); ++i) {
            if (wanted.contains(width(0) + static_cast<int>(i))) add_reads(n.calls[i], inputs[0]);
        }
    }
    void operator()(const SortedOverNode& n) {
        pass_through();
        add(n.partition_keys, inputs[0]);
        for (const SortKey& k : n.order) inputs[0].insert(k.column);
        for (std::size_t i = 0; i < n.calls.size(); ++i) {
            if (wanted.contains(width(0) + static_cast<int>(i))) add_reads(n.calls[i], inputs[0]);
        }
    }
    void operator()(const TopNNode& n) {
        pass_through();
        add(n.partition_keys, inputs[0]);
        for (const SortKey& k : n.order) inputs[0].insert(k.column);
    }
    void operator()(const DeduplicateNode& n) {
        pass_through();
        add(n.keys, inputs[0]);
        if (n.time_column >= 0) inputs[0].insert(n.time_column);
    }
    void operator()(const ProcessingTimeNode&) { pass_through(); }
    void operator()(const MatchNode& n) {
        if (n.all_rows) pass_through();
        add(n.partition_keys, inputs[0]);
        if (n.order_column >= 0) inputs[0].insert(n.order_column);
        for (const SortKey& o : n.then_by) inputs[0].insert(o.column);
        for (const MatchPlace& p : n.places) {
            if (p.column >= 0) inputs[0].insert(p.column);
            add_reads(p.call, inputs[0]);
        }
    }
    void operator()(const UnnestNode& n) {
        pass_through();
        add_reads(n.collection, inputs[0]);
    }
    void operator()(const UnionAllNode&) {
        for (Columns& c : inputs) c = wanted;
    }
    void operator()(const NormalizeNode& n) {
        pass_through();
        add(n.keys, inputs[0]);
    }
};

/// A rebuilt node and where the old columns are in it (-1: gone).
struct Narrow {
    NodePtr node;
    std::vector<int> place;
};

class Pruner {
  public:
    explicit Pruner(Builder& builder) : builder_(builder) {}

    void want(const NodePtr& root, const Columns& columns) {
        visit(root);
        wanted_[root.get()].insert(columns.begin(), columns.end());
    }

    /// Spreads what is wanted from parents to inputs; parents come first in reverse post-order.
    void spread() {
        for (auto it = post_order_.rbegin(); it != post_order_.rend(); ++it) {
            const Node& n = **it;
            Reads reads{n, wanted_[it->get()], std::vector<Columns>(n.inputs.size())};
            std::visit(reads, n.op);
            for (std::size_t i = 0; i < n.inputs.size(); ++i) {
                wanted_[n.inputs[i].get()].insert(reads.inputs[i].begin(), reads.inputs[i].end());
            }
        }
        for (const NodePtr& n : post_order_) rebuilt_[n.get()] = rebuild(*n);
    }

    /// The rebuilt node with exactly these old columns, in this order.
    NodePtr exactly(const NodePtr& old, const std::vector<int>& columns) {
        const Narrow& n = rebuilt_.at(old.get());
        std::vector<int> places;
        for (const int c : columns) places.push_back(n.place[static_cast<std::size_t>(c)]);
        bool same = places.size() == n.node->schema.size();
        for (std::size_t i = 0; same && i < places.size(); ++i) same = places[i] == static_cast<int>(i);
        return same ? n.node : builder_.pick(n.node, places);
    }

  private:
    void visit(const NodePtr& root) {
        // Without recursion: plans may be as deep as a text is long.
        std::vector<std::pair<NodePtr, std::size_t>> stack;
        if (!seen_.insert(root.get()).second) return;
        stack.emplace_back(root, 0);
        while (!stack.empty()) {
            auto& [node, next] = stack.back();
            if (next == node->inputs.size()) {
                post_order_.push_back(node);
                stack.pop_back();
                continue;
            }
            const NodePtr in = node->inputs[next++];
            if (seen_.insert(in.get()).second) stack.emplace_back(in, 0);
        }
    }

    Narrow rebuild(const Node& old);

    Builder& builder_;
    std::map<const Node*, Columns> wanted_;
    std::map<const Node*, Narrow> rebuilt_;
    std::set<const Node*> seen_;
    std::vector<NodePtr> post_order_;
};

/// An operator over narrower inputs.
struct Rebuild {
    Builder& builder;
    const Node& old;
    const Columns& wanted;
    std::vector<Narrow> in;
    std::vector<int> place;

    [[nodiscard]] int old_width(std::size_t i) const {
        return static_cast<int>(old.inputs[i]->schema.size());
    }
    [[nodiscard]] int width(std::size_t i) const { return static_cast<int>(in[i].node->schema.size()); }
    int moved(int column, std::size_t i = 0) const {
        const int p = in[i].place[static_cast<std::size_t>(column)];
        MR_CHECK(p >= 0, "column {} of {} was pruned but is read", column, describe(*old.inputs[i]));
        return p;
    }
    std::vector<int> moved(const std::vector<int>& columns, std::size_t i = 0) const {
        std::vector<int> out;
        for (const int c : columns) out.push_back(moved(c, i));
        return out;
    }
    [[nodiscard]] ExprPtr moved(const ExprPtr& e, std::size_t i = 0) const {
        if (!e) return e;
        std::vector<ExprPtr> mapping(static_cast<std::size_t>(old_width(i)));
        for (const int c : columns_read(*e)) {
            mapping[static_cast<std::size_t>(c)] =
                input(moved(c, i), in[i].node->schema[static_cast<std::size_t>(moved(c, i))].type);
        }
        return rewrite(e, mapping);
    }
    [[nodiscard]] ExprPtr moved_both(const ExprPtr& e) const {
        if (!e) return e;
        std::vector<ExprPtr> mapping(static_cast<std::size_t>(old_width(0) + old_width(1)));
        for (const int c : columns_read(*e)) {
            const bool left = c < old_width(0);
            const int p = left ? moved(c, 0) : moved(c - old_width(0), 1) + width(0);
            const Schema& schema = left ? in[0].node->schema : in[1].node->schema;
            mapping[static_cast<std::size_t>(c)] =
                input(p, schema[static_cast<std::size_t>(left ? p : p - width(0))].type);
        }
        return rewrite(e, mapping);
    }
    [[nodiscard]] AggCall moved(const AggCall& call) const {
        AggCall out = call;
        for (ExprPtr& a : out.args) a = moved(a);
        out.filter = moved(out.filter);
        return out;
    }
    void pass_through() {
        for (int c = 0; c < old_width(0); ++c)
            place[static_cast<std::size_t>(c)] = in[0].place[static_cast<std::size_t>(c)];
    }
    /// Columns an operator adds behind its input's move with the input's width.
    void appended(int count) {
        for (int i = 0; i < count; ++i) place[static_cast<std::size_t>(old_width(0) + i)] = width(0) + i;
    }
    void joined(JoinKind kind) {
        pass_through();
        if (kind == JoinKind::semi || kind == JoinKind::anti) return;
        for (int c = 0; c < old_width(1); ++c) {
            const int p = in[1].place[static_cast<std::size_t>(c)];
            place[static_cast<std::size_t>(old_width(0) + c)] = p < 0 ? -1 : p + width(0);
        }
    }
    std::vector<NodePtr> nodes() const {
        std::vector<NodePtr> out;
        for (const Narrow& n : in) out.push_back(n.node);
        return out;
    }

    NodePtr operator()(const SourceNode& n) {
        SourceNode s;
        s.table = n.table;
        Columns keep = wanted;
        // A source without columns is none: the cheapest is the one its watermark reads anyway.
        if (keep.empty() && !n.columns.empty()) {
            int cheapest = 0;
            for (std::size_t i = 0; i < n.columns.size(); ++i) {
                if (n.table->watermark && n.table->watermark->column == n.columns[i])
                    cheapest = static_cast<int>(i);
            }
            keep.insert(cheapest);
        }
        // The key of an upsert source identifies its rows.
        if (old.mode == Mode::upsert) keep.insert(old.unique_key.begin(), old.unique_key.end());
        for (const int c : keep) {
            place[static_cast<std::size_t>(c)] = static_cast<int>(s.columns.size());
            s.columns.push_back(n.columns[static_cast<std::size_t>(c)]);
        }
        return builder.make(std::move(s), {});
    }
    NodePtr operator()(const ValuesNode& n) {
        Schema schema;
        std::vector<std::vector<ExprPtr>> rows(n.rows.size());
        for (const int c : wanted) {
            place[static_cast<std::size_t>(c)] = static_cast<int>(schema.size());
            schema.fields.push_back(old.schema[static_cast<std::size_t>(c)]);
            for (std::size_t r = 0; r < rows.size(); ++r)
                rows[r].push_back(n.rows[r][static_cast<std::size_t>(c)]);
        }
        return builder.values(std::move(rows), std::move(schema));
    }
    NodePtr operator()(const ProjectNode& n) {
        std::vector<ExprPtr> expressions;
        std::vector<std::string> names;
        for (const int c : wanted) {
            place[static_cast<std::size_t>(c)] = static_cast<int>(expressions.size());
            expressions.push_back(moved(n.expressions[static_cast<std::size_t>(c)]));
            names.push_back(old.schema[static_cast<std::size_t>(c)].name);
        }
        return builder.project(in[0].node, std::move(expressions), names);
    }
    NodePtr operator()(const FilterNode& n) {
        pass_through();
        return builder.make(FilterNode{moved(n.condition)}, nodes());
    }
    NodePtr operator()(const AggregateNode& n) {
        AggregateNode a;
        a.keys = moved(n.keys);
        const std::size_t keys = n.keys.size();
        for (std::size_t i = 0; i < keys; ++i) place[i] = static_cast<int>(i);
        for (std::size_t i = 0; i < n.calls.size(); ++i) {
            if (!wanted.contains(static_cast<int>(keys + i))) continue;
            place[keys + i] = static_cast<int>(keys + a.calls.size());
            a.calls.push_back(moved(n.calls[i]));
        }
        return builder.make(std::move(a), nodes());
    }
    WindowSpec moved(const WindowSpec& w) const {
        WindowSpec out = w;
        out.time_column = moved(w.time_column);
        out.partition_keys = moved(w.partition_keys);
        return out;
    }
    NodePtr operator()(const WindowTvfNode& n) {
        pass_through();
        appended(3);
        return builder.make(WindowTvfNode{moved(n.window), n.drop_late}, nodes());
    }
    NodePtr operator()(const WindowAggregateNode& n) {
        WindowAggregateNode a;
        a.window = moved(n.window);
        a.keys = moved(n.keys);
        const std::size_t keys = n.keys.size(), calls = n.calls.size();
        for (std::size_t i = 0; i < keys; ++i) place[i] = static_cast<int>(i);
        for (std::size_t i = 0; i < calls; ++i) {
            if (!wanted.contains(static_cast<int>(keys + i))) continue;
            place[keys + i] = static_cast<int>(keys + a.calls.size());
            a.calls.push_back(moved(n.calls[i]));
        }
        for (std::size_t i = 0; i < n.window_columns.size(); ++i) {
            if (!wanted.contains(static_cast<int>(keys + calls + i))) continue;
            place[keys + calls + i] = static_cast<int>(keys + a.calls.size() + a.window_columns.size());
            a.window_columns.push_back(n.window_columns[i]);
        }
        return builder.make(std::move(a), nodes());
    }
    NodePtr operator()(const JoinNode& n) {
        JoinNode j = n;
        j.left_keys = moved(n.left_keys, 0);
        j.right_keys = moved(n.right_keys, 1);
        j.residual = moved_both(n.residual);
        joined(n.kind);
        return builder.make(std::move(j), nodes());
    }
    NodePtr operator()(const IntervalJoinNode& n) {
        IntervalJoinNode j = n;
        j.left_keys = moved(n.left_keys, 0);
        j.right_keys = moved(n.right_keys, 1);
        j.left_time = moved(n.left_time, 0);
        j.right_time = moved(n.right_time, 1);
        j.residual = moved_both(n.residual);
        joined(n.kind);
        return builder.make(std::move(j), nodes());
    }
    NodePtr operator()(const TemporalJoinNode& n) {
        TemporalJoinNode j = n;
        j.left_keys = moved(n.left_keys, 0);
        j.right_keys = moved(n.right_keys, 1);
        if (!n.processing_time) {
            j.left_time = moved(n.left_time, 0);
            j.right_time = moved(n.right_time, 1);
        }
        j.residual = moved_both(n.residual);
        joined(n.kind);
        return builder.make(std::move(j), nodes());
    }
    /// The calls, behind the input's columns, whose results somebody reads.
    std::vector<AggCall> wanted_calls(const std::vector<AggCall>& calls) {
        std::vector<AggCall> kept;
        for (std::size_t i = 0; i < calls.size(); ++i) {
            const auto c = static_cast<std::size_t>(old_width(0)) + i;
            if (!wanted.contains(static_cast<int>(c))) continue;
            place[c] = width(0) + static_cast<int>(kept.size());
            kept.push_back(moved(calls[i]));
        }
        return kept;
    }
    NodePtr operator()(const OverNode& n) {
        OverNode o = n;
        o.partition_keys = moved(n.partition_keys);
        if (n.order_column >= 0) o.order_column = moved(n.order_column);
        pass_through();
        o.calls = wanted_calls(n.calls);
        return builder.make(std::move(o), nodes());
    }
    NodePtr operator()(const SortedOverNode& n) {
        SortedOverNode o = n;
        o.partition_keys = moved(n.partition_keys);
        for (SortKey& k : o.order) k.column = moved(k.column);
        pass_through();
        o.calls = wanted_calls(n.calls);
        return builder.make(std::move(o), nodes());
    }
    NodePtr operator()(const TopNNode& n) {
        TopNNode t = n;
        t.partition_keys = moved(n.partition_keys);
        for (SortKey& k : t.order) k.column = moved(k.column);
        pass_through();
        if (n.with_rank) {
            t.with_rank = wanted.contains(old_width(0));
            if (t.with_rank) appended(1);
        }
        return builder.make(std::move(t), nodes(), {old.schema.fields.back().name});
    }
    NodePtr operator()(const DeduplicateNode& n) {
        DeduplicateNode d = n;
        d.keys = moved(n.keys);
        if (n.time_column >= 0) d.time_column = moved(n.time_column);
        pass_through();
        return builder.make(std::move(d), nodes());
    }
    NodePtr operator()(const ProcessingTimeNode&) {
        pass_through();
        appended(1);
        return builder.make(ProcessingTimeNode{}, nodes());
    }
    NodePtr operator()(const MatchNode& n) {
        MatchNode m = n;
        m.partition_keys = moved(n.partition_keys);
        if (n.order_column >= 0) m.order_column = moved(n.order_column);
        for (SortKey& o : m.then_by) o.column = moved(o.column);
        for (MatchPlace& p : m.places) {
            if (p.column >= 0) p.column = moved(p.column);
            p.call = moved(p.call);
        }
        std::vector<std::string> names;
        const auto before = n.all_rows ? static_cast<std::size_t>(old_width(0)) : n.partition_keys.size();
        for (std::size_t i = 0; i < before; ++i) place[i] = static_cast<int>(i);
        if (n.all_rows) pass_through();
        const auto now = n.all_rows ? static_cast<std::size_t>(width(0)) : before;
        for (std::size_t i = before; i < old.schema.size(); ++i) {
            place[i] = static_cast<int>(now + i - before);
            names.push_back(old.schema[i].name);
        }
        return builder.make(std::move(m), nodes(), names);
    }
    NodePtr operator()(const UnnestNode& n) {
        UnnestNode u = n;
        u.collection = moved(n.collection);
        pass_through();
        const int added = static_cast<int>(old.schema.size()) - old_width(0);
        appended(added);
        std::vector<std::string> names;
        for (int i = 0; i < added; ++i)
            names.push_back(old.schema[static_cast<std::size_t>(old_width(0) + i)].name);
        return builder.make(std::move(u), nodes(), names);
    }
    NodePtr operator()(const UnionAllNode&) { return nullptr; }  // Pruner::rebuild
    NodePtr operator()(const NormalizeNode& n) {
        pass_through();
        return builder.make(NormalizeNode{moved(n.keys)}, nodes());
    }
};

Narrow Pruner::rebuild(const Node& old) {
    const Columns& wanted = wanted_[&old];
    if (std::holds_alternative<UnionAllNode>(old.op)) {
        // Every branch gives the same columns in the same order.
        std::vector<int> columns(wanted.begin(), wanted.end());
        if (columns.empty()) columns.push_back(0);
        Narrow out;
        out.place.assign(old.schema.size(), -1);
        std::vector<NodePtr> nodes;
        for (const NodePtr& in : old.inputs) {
            std::vector<int> available = columns;
            const Narrow& n = rebuilt_.at(in.get());
            if (wanted.empty()) {
                nodes.push_back(
                    builder_.project(n.node, {literal(DataType::integer(), Value::of(1))}, {"$u"}));
            } else {
                nodes.push_back(exactly(in, available));
            }
        }
        if (!wanted.empty()) {
            for (std::size_t i = 0; i < columns.size(); ++i) {
                out.place[static_cast<std::size_t>(columns[i])] = static_cast<int>(i);
            }
        }
        out.node = builder_.make(UnionAllNode{}, std::move(nodes));
        return out;
    }
    Rebuild r{builder_, old, wanted, {}, std::vector<int>(old.schema.size(), -1)};
    for (const NodePtr& in : old.inputs) r.in.push_back(rebuilt_.at(in.get()));
    Narrow out;
    const StateTtl same(builder_, old.state_ttl_ms);
    out.node = std::visit(r, old.op);
    out.place = std::move(r.place);
    return out;
}

}  // namespace

void prune(Builder& builder, std::vector<Sink>& sinks) {
    Pruner pruner(builder);
    for (const Sink& s : sinks) {
        Columns all;
        for (std::size_t i = 0; i < s.root->schema.size(); ++i) all.insert(static_cast<int>(i));
        pruner.want(s.root, all);
    }
    pruner.spread();
    for (Sink& s : sinks) {
        std::vector<int> columns;
        for (std::size_t i = 0; i < s.root->schema.size(); ++i) columns.push_back(static_cast<int>(i));
        s.root = pruner.exactly(s.root, columns);
    }
}

}  // namespace mr::sql
