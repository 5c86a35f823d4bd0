// Gives names and types to a syntax tree and makes plan nodes of it: one object binds one file. Split over
// the bind_*.cc files by what they bind.
//
// Conventions inside a SELECT: an expression is bound over the FROM relation; aggregate calls, OVER calls,
// window bounds and columns of an enclosing query stand in it as `input` with an index from kAggregates,
// kOvers, kWindows or kOuter on, until the operator that computes them is there. Binding returns nullptr for
// what is wrong, after reporting it; callers go on with the rest, so that one run reports everything. Thread:
// one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plan/functions.h"
#include "plan/native_function.h"
#include "plan/program.h"
#include "sql/compiler.h"
#include "sql/internal/builder.h"
#include "sql/internal/statement.h"

namespace mr::sql {

/// What the catalogue keeps of a view.
struct ViewText {
    std::string name;
    SourceFilePtr file;
    ast::QueryPtr query;
    std::vector<ast::Name> columns;
    Span span;
};
struct CatalogView : ViewText {};

/// A function defined by CREATE FUNCTION, in SQL: CREATE FUNCTION f (a INT) RETURNS INT AS $$ a + 1 $$.
struct FunctionText {
    std::string name;    ///< in capitals
    SourceFilePtr file;  ///< of the expression
    std::shared_ptr<const ast::Expr> body;
    std::vector<std::pair<ast::Name, DataType>> parameters;
    std::optional<DataType> returns;
    plan::NativeFunctionPtr native;  ///< of a library; there is no body then
};
struct CatalogFunction : FunctionText {};

/// Columns of a relation, items of a list: what * of joins of joins may grow to.
inline constexpr std::size_t kMaxColumns = 4096;
/// Nodes of an expression that planning repeats (an operand of BETWEEN, a computed column): repeated again
/// and again it would grow without bound.
inline constexpr int kRepeatedNodes = 5000;
/// After so many errors, suggestions are left out.
inline constexpr std::size_t kAdviceLimit = 200;

inline constexpr int kAggregates = 1 << 20;
inline constexpr int kOvers = 1 << 21;
inline constexpr int kWindows = 1 << 22;  ///< + 0 start, 1 end, 2 time
inline constexpr int kOuter = 1 << 23;
inline constexpr int kSubqueries = 1 << 24;
inline constexpr int kMatch = 1 << 25;

inline bool is_outer(int index) {
    return index >= kOuter && index < kSubqueries;
}

struct ScopeColumn {
    std::string name;
    std::string table;    ///< alias by which it may be qualified
    bool hidden = false;  ///< only by its qualified name, and not in * (the right side of USING)
};

/// Rows with names: one ScopeColumn a column of the node.
struct Relation {
    plan::NodePtr node;  ///< nullptr: could not be bound
    std::vector<ScopeColumn> columns;
    [[nodiscard]] bool ok() const { return node != nullptr; }
};

struct BoundOver {
    plan::AggCall call;
    std::vector<plan::ExprPtr> partition;
    struct Order {
        plan::ExprPtr expr;
        bool descending = false;
        bool nulls_last = false;
    };
    std::vector<Order> order;
    bool range = false;
    std::optional<std::int64_t> preceding;
    Span span;
};

/// What a SELECT's expressions contain besides columns.
struct Collected {
    std::vector<plan::AggCall> aggregates;
    std::vector<BoundOver> overs;
    std::map<std::string, const ast::WindowSpec*> windows;
    std::optional<plan::WindowSpec> group_window;
    Span group_window_span;
};

/// A subquery used as a value: joined to the rows it is used with, its place then stands for `value`.
struct Subquery {
    enum class Kind : std::uint8_t { value, count, mark };
    Kind kind = Kind::value;
    plan::NodePtr node;
    /// Equalities: of the rows outside, of the subquery's columns.
    std::vector<std::pair<plan::ExprPtr, plan::ExprPtr>> equal;
    int value = 0;  ///< column of `node`
    Span span;
};

struct MatchScope;  // bind_match.cc

struct Context {
    const Relation* input = nullptr;
    const Relation* outer = nullptr;              ///< of the enclosing query
    Collected* collected = nullptr;               ///< nullptr: no aggregates here
    std::vector<Subquery>* subqueries = nullptr;  ///< nullptr: none here
    /// A condition of which only "true" counts, and where "unknown" may be taken for "false".
    bool monotone = false;
    MatchScope* match = nullptr;      ///< of MATCH_RECOGNIZE
    std::string_view place = "here";  ///< for messages: "WHERE"
};

class Binder {
  public:
    Binder(const Catalog& catalog, SourceFilePtr file, Diagnostics& diagnostics);

    /// Registers what a file declares, then binds its statements.
    void run(const std::vector<ast::Statement>& statements);
    /// A file of streams/: tables, and views only tried.
    void run_streams(const std::vector<ast::Statement>& statements);

    // Results.
    std::vector<plan::Sink> sinks;
    std::vector<std::pair<std::string, std::string>> settings;
    /// What EXPLAIN statements ask about: the details in their words, one root a query or sink.
    struct Explained {
        Span span;
        std::string mode;
        plan::NodePtr root;
    };
    std::vector<Explained> explained;
    std::vector<plan::TablePtr> tables;      ///< declared by CREATE TABLE
    std::vector<CatalogView> views;          ///< declared by CREATE VIEW
    std::vector<CatalogFunction> functions;  ///< declared by CREATE FUNCTION
    Builder builder;

  private:
    // bind_state_ttl.cc
    struct StateTtlHint {
        std::int64_t ttl_ms = 0;
        Span span;
        bool used = false;
    };
    using StateTtlHints = std::map<std::string, StateTtlHint, std::less<>>;  ///< by table or alias
    std::optional<std::int64_t> state_ttl(std::string_view text, Span span);
    void set_option(const ast::SetOption& set);
    StateTtlHints state_ttl_hints(const ast::Select& select);
    std::int64_t state_ttl_of(const Relation& relation);

    // bind_expr.cc
    plan::ExprPtr bind(const ast::Expr& e, const Context& context);
    plan::ExprPtr bind_number(const ast::Expr& e);
    plan::ExprPtr bind_date_time(const ast::Expr& e);
    plan::ExprPtr bind_name(const ast::Expr& e, const Context& context);
    plan::ExprPtr bind_fields(plan::ExprPtr base, const ast::Path& path, std::size_t from);
    plan::ExprPtr bind_cast(const ast::Expr& e, const Context& context);
    plan::ExprPtr at(plan::ExprPtr expr, Span span) const;
    int find_column(const Relation& relation, const ast::Path& path, std::size_t& used,
                    bool& ambiguous) const;
    void unknown_column(const ast::Path& path, const Context& context);
    bool may_repeat(const plan::ExprPtr& e, Span span);
    bool check_width(std::size_t columns, Span span);
    /// Like bind, of a condition: BOOLEAN.
    plan::ExprPtr bind_condition(const ast::Expr& e, const Context& context);

    // bind_call.cc
    plan::ExprPtr bind_call(const ast::Expr& e, const Context& context);
    plan::ExprPtr bind_aggregate(const ast::Expr& e, const Context& context);
    plan::ExprPtr bind_case(const ast::Expr& e, const Context& context);
    plan::ExprPtr bind_overlaps(const ast::Expr& e, const Context& context);
    plan::ExprPtr bind_between(const ast::Expr& e, const Context& context);
    plan::ExprPtr bind_group_window_bound(const ast::Expr& e, const Context& context);
    bool bind_args(const ast::Expr& e, const Context& context, std::vector<plan::ExprPtr>& out);
    plan::ExprPtr make_call(std::string_view name, std::vector<plan::ExprPtr> args, Span span);
    std::optional<plan::ResolvedFunction> resolve(std::string_view name, plan::FunctionClass kind,
                                                  const std::vector<plan::ExprPtr>& args, Span span);
    std::optional<plan::AggCall> aggregate_call(const ast::Expr& e, plan::FunctionClass kind,
                                                const Context& context);

    // bind_function.cc
    void create_function(const ast::CreateFunction& f);
    bool is_free_function_name(const ast::CreateFunction& f, const std::string& key);
    void keep_function(FunctionText function);
    // bind_native.cc
    void create_native_function(const ast::CreateFunction& f, const std::string& key);
    bool take_native_types(const ast::CreateFunction& f, FunctionText& out);
    std::optional<std::vector<DataType>> native_types(const ast::CreateFunction& f, const std::string& text);
    plan::ExprPtr bind_native_call(const FunctionText& function, std::vector<plan::ExprPtr> args, Span span);
    const FunctionText* find_user_function(std::string_view name) const;
    plan::ExprPtr bind_user_function(const FunctionText& function, const ast::Expr& e,
                                     const Context& context);

    // bind_over.cc
    plan::ExprPtr bind_over(const ast::Expr& e, const Context& context);
    bool check_lag(const plan::AggCall& call, Span span);
    bool bind_frame(const ast::WindowSpec& spec, const Context& context, BoundOver& out);
    const ast::WindowSpec* window_of(const ast::WindowSpec& spec, const Context& context,
                                     const ast::WindowSpec** frame_of);
    /// Adds the operators of OVER calls; places[i] is the column of call i.
    plan::NodePtr apply_overs(plan::NodePtr node, std::vector<BoundOver>& overs, std::vector<int>& places);
    plan::NodePtr sorted_over(const plan::NodePtr& node, const BoundOver& over,
                              const std::vector<int>& partition, const std::vector<int>& order);
    plan::NodePtr apply_over(const plan::NodePtr& node, const BoundOver& over,
                             const std::vector<int>& partition, const std::vector<int>& order);

    // bind_select.cc, bind_group.cc
    Relation bind_select(const ast::Select& select, const Relation* outer);
    Relation bind_hinted_select(const ast::Select& select, const Relation* outer);
    struct Item {
        plan::ExprPtr expr;
        std::string name;
        Span span;
    };
    bool bind_items(const ast::Select& select, const Context& context, std::vector<Item>& items);
    void expand_star(const ast::Expr& star, const Context& context, std::vector<Item>& items, bool& good);
    Relation finish_select(const ast::Select& select, Relation from, Collected& collected,
                           std::vector<Item>& items, plan::ExprPtr having, plan::ExprPtr qualify);
    plan::ExprPtr bind_qualify(const ast::Expr& e, const Context& context, const std::vector<Item>& items);
    struct Grouping {
        std::vector<plan::ExprPtr> exprs;  ///< over FROM's columns
        std::vector<Span> spans;
        std::vector<int> places;  ///< output column of each
        std::vector<int> aggregates;
        int window[3] = {-1, -1, -1};
        /// GROUPING SETS: which expressions each set has; empty: all, once.
        std::vector<std::vector<bool>> sets;
        std::vector<int> absent;  ///< GROUPING SETS: the column that says 1 where an expression is left out
    };
    bool bind_group_by(const ast::Select& select, const Context& context, Grouping& grouping);
    plan::NodePtr apply_grouping(const plan::NodePtr& in, Grouping& grouping, Collected& collected,
                                 const std::vector<Item>& items, Span span);
    plan::NodePtr apply_sets(const plan::NodePtr& in, Grouping& grouping, Collected& collected, Span span);
    plan::NodePtr apply_set(const plan::NodePtr& in, Grouping& grouping, Collected& collected, Span span);
    bool group_item(const ast::GroupItem& item, const Context& context, Grouping& grouping,
                    std::vector<std::vector<int>>& sets);
    bool group_expr(const ast::Expr& e, const Context& context, Grouping& grouping, int& index);
    plan::ExprPtr bind_grouping(const ast::Expr& e, const Context& context);
    plan::ExprPtr regroup_grouping(const plan::ExprPtr& e, const Grouping& grouping);
    plan::NodePtr window_aggregate(const plan::NodePtr& in, Grouping& grouping, Collected& collected,
                                   Span span, bool& handled);
    plan::NodePtr attached_window_aggregate(const plan::NodePtr& in, Grouping& grouping,
                                            Collected& collected);
    plan::NodePtr legacy_window_aggregate(const plan::NodePtr& in, Grouping& grouping, Collected& collected);
    plan::ExprPtr regroup(const plan::ExprPtr& e, const Grouping& grouping);

    // bind_query.cc
    Relation bind_query(const ast::Query& query, const Relation* outer = nullptr);
    Relation bind_set_operation(const ast::Query& query, const Relation* outer);
    plan::NodePtr all_rows(const std::vector<plan::NodePtr>& sides, bool intersect, Span span);
    Relation bind_values(const ast::Query& query);
    Relation bind_limit(const ast::Query& query, Relation in);
    plan::NodePtr convert(const plan::NodePtr& node, const std::vector<DataType>& types, Span span);

    // bind_from.cc, bind_window.cc, bind_join.cc, bind_subquery.cc
    Relation bind_from(const ast::TableRef& ref, const Relation* outer);
    Relation bind_named(const ast::Path& path, Span span);
    Relation bind_hinted(const ast::TableRef& ref);
    Relation named(Relation r, const ast::TableRef& ref, std::string_view fallback = {});
    Relation bind_table_function(const ast::TableRef& ref);
    std::optional<plan::WindowSpec> window_spec(plan::WindowKind kind,
                                                const std::vector<const ast::Expr*>& args, Span span);
    std::optional<std::int64_t> interval_ms(const ast::Expr& e, std::string_view what);
    bool check_time_column(const Relation& data, int column, Span span, std::string_view what);
    Relation bind_join(const ast::TableRef& ref, const Relation* outer);
    Relation bind_unnest(const Relation& left, const ast::TableRef& ref, bool outer_join, Span span);
    Relation bind_temporal(const Relation& left, const ast::TableRef& join);
    Relation bind_lookup(const Relation& left, const Relation& right, const ast::TableRef& join);
    bool join_condition(const ast::TableRef& ref, const Relation& both, const Relation& left,
                        const Relation& right, std::vector<plan::ExprPtr>& out,
                        std::vector<std::size_t>& hidden);
    Relation bind_where(const ast::Select& select, Relation from, const Relation* outer,
                        std::vector<plan::ExprPtr>& correlated);
    plan::ExprPtr bind_subquery_value(const ast::Expr& e, const Context& context);
    plan::ExprPtr bind_membership(const ast::Expr& e, const Context& context);
    bool subquery_aggregate(const ast::Select& select, Relation inner,
                            const std::vector<plan::ExprPtr>& correlated, Subquery& out);
    bool split_correlated(const std::vector<plan::ExprPtr>& correlated, Span span,
                          std::vector<std::pair<plan::ExprPtr, plan::ExprPtr>>& out);
    Relation apply_subqueries(Relation from, std::vector<Subquery>& subqueries,
                              std::vector<plan::ExprPtr>& values);
    Relation apply_in(const Relation& from, const ast::Expr& e);
    Relation apply_exists(const Relation& from, const ast::Expr& e, bool negated);

    // bind_lateral.cc
    Relation bind_lateral(const Relation& left, const ast::TableRef& join);
    Relation lateral_rows(const Relation& left, const plan::NodePtr& node, const std::vector<Item>& items,
                          const std::vector<plan::ExprPtr>& correlated, bool left_join);
    Relation lateral_aggregate(const Relation& left, Relation inner, Collected& collected,
                               const std::vector<Item>& items,
                               const std::vector<std::pair<plan::ExprPtr, plan::ExprPtr>>& equal, Span span);
    plan::NodePtr lateral_top_n(const ast::Query& query, const Relation& inner,
                                const std::vector<Item>& items, const std::vector<plan::ExprPtr>& keys);

    // bind_match.cc
    Relation bind_match(const ast::TableRef& ref);
    Relation match_input(const ast::TableRef& ref);
    Relation match_all_rows(plan::MatchNode node, const Relation& in, const std::vector<std::string>& names);
    bool match_pattern(const ast::MatchRecognize& m, plan::MatchNode& node);
    bool match_order(const ast::MatchRecognize& m, const Relation& in, plan::MatchNode& node);
    bool match_skip(const ast::MatchRecognize& m, plan::MatchNode& node);
    int match_variable(const plan::MatchNode& node, const ast::Name& name);
    plan::ExprPtr bind_in_match(const ast::Expr& e, MatchScope& scope, std::string_view place,
                                bool condition);
    plan::ExprPtr bind_match_call(const ast::Expr& e, const Context& context, bool& handled);
    plan::ExprPtr bind_match_aggregate(const ast::Expr& e, const Context& context);

    // bind_table.cc
    void create_table(const ast::CreateTable& table, Span span);
    /// What a table has of the one it is LIKE.
    struct Inherited {
        int columns = 0;
        bool overwrite_generated = false;
        bool overwrite_metadata = false;
    };
    bool table_columns(const ast::CreateTable& def, plan::Table& table, const Inherited& from,
                       std::vector<int>& places);
    bool query_columns(const Relation& rows, const ast::CreateTable& def, plan::Table& table);
    bool computed_columns(const ast::CreateTable& def, plan::Table& table, const std::vector<int>& places);
    bool table_watermark(const ast::CreateTable& def, plan::Table& table);
    bool table_key(const ast::CreateTable& def, plan::Table& table);
    bool metadata_column(const ast::ColumnDef& def, plan::TableColumn& column);

    // bind_like.cc
    bool like_table(const ast::CreateTable& def, plan::Table& table, std::vector<ast::OptionItem>& options,
                    Inherited& out);
    plan::TablePtr find_table(const std::string& name);
    plan::TablePtr hinted(const plan::TablePtr& table, const std::vector<ast::Hint>& hints);

    // bind_sink.cc
    void insert(const ast::InsertInto& insert, Span span);
    void insert_rows(const plan::TablePtr& table, const Relation& r, const std::vector<int>& from,
                     Span target, Span span);
    void materialized_view(const ast::CreateView& view, Span span);
    bool check_sink_mode(const plan::Table& table, const plan::NodePtr& root, Span span);
    std::optional<std::vector<int>> view_key(const ast::CreateView& view, const Relation& r);
    void missing_key(const ast::CreateView& view, const plan::NodePtr& root);
    bool needs_materializer(const plan::NodePtr& root, const std::vector<int>& key) const;
    plan::ExprPtr store(const plan::ExprPtr& e, const DataType& type);
    bool unique_names(const Relation& r, Span span, std::string_view what);
    bool check_ranks(const plan::NodePtr& root, Span span);

    // binder.cc
    void statement(const ast::Statement& s);
    void statement_elsewhere(Span span, const std::string& what);
    bool declare(const ast::Path& path, std::string_view what);
    Relation view_relation(const ViewText& view);
    [[nodiscard]] std::vector<std::string> table_names() const;

    void error(Span span, std::string_view code, std::string message, std::string note = {},
               std::string help = {});
    void not_yet(Span span, std::string_view what, std::string help = {});
    /// An error of the layers below as a message at a place.
    void error(Span span, const Error& error);

    const Catalog& catalog_;
    SourceFilePtr file_;
    Diagnostics& diagnostics_;
    std::map<std::string, plan::TablePtr, std::less<>> local_tables_;
    /// CREATE TABLE … AS SELECT, until somebody needs the table.
    std::map<std::string, const ast::Statement*, std::less<>> local_queries_;
    std::map<std::string, ViewText, std::less<>> local_views_;
    std::map<std::string, const ast::CreateView*, std::less<>> local_materialized_;
    std::map<std::string, Relation, std::less<>> bound_views_;
    std::set<std::string, std::less<>> declared_;
    std::set<std::string, std::less<>> broken_;
    std::set<std::string, std::less<>> binding_;           ///< views being bound: a cycle if met again
    std::set<std::string, std::less<>> functions_;         ///< that have no meaning here: classes
    std::set<std::string, std::less<>> broken_functions_;  ///< in capitals; what is wrong was told
    std::map<std::string, FunctionText, std::less<>> local_functions_;
    std::vector<const FunctionText*> calling_;  ///< functions whose bodies are being bound
    std::vector<std::map<std::string, Relation>> with_;
    std::map<const plan::Node*, Span> rank_spans_;
    StateTtlHints state_ttl_hints_;  ///< of the SELECT being bound
    int depth_ = 0;
};

/// A copy with inputs replaced.
plan::ExprPtr replace_inputs(const plan::ExprPtr& e,
                             const std::function<plan::ExprPtr(const plan::ExprPtr&)>& f);
/// The literal as one of another type, where that is exact; otherwise a CAST.
plan::ExprPtr implicit_cast(const plan::ExprPtr& e, const DataType& type);
/// Names of columns for messages: "a, b, c".
std::string column_list(const Relation& relation, std::size_t most = 12);

/// Columns of the table that a program could write: physical ones and metadata that is not virtual.
std::vector<int> writable_columns(const plan::Table& table);

}  // namespace mr::sql
