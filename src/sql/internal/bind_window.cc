// Window table functions: TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL …)) and its relatives.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

struct Shape {
    std::string_view function;
    WindowKind kind;
    std::array<std::string_view, 3> intervals;  ///< names of the arguments after the descriptor
    std::size_t required;
};
constexpr std::array<Shape, 4> kShapes = {{{"TUMBLE", WindowKind::tumble, {"SIZE", "OFFSET", ""}, 1},
                                           {"HOP", WindowKind::hop, {"SLIDE", "SIZE", "OFFSET"}, 2},
                                           {"CUMULATE", WindowKind::cumulate, {"STEP", "SIZE", "OFFSET"}, 2},
                                           {"SESSION", WindowKind::session, {"GAP", "", ""}, 1}}};

const Shape* shape_of(std::string_view function) {
    const auto* it = std::ranges::find(kShapes, function, &Shape::function);
    return it == kShapes.end() ? nullptr : it;
}

/// The arguments of a window function, by name or by place.
struct Arguments {
    const ast::Expr* data = nullptr;
    const ast::Expr* time = nullptr;
    std::vector<const ast::Expr*> intervals;
};

}  // namespace

std::optional<std::int64_t> Binder::interval_ms(const ast::Expr& e, std::string_view what) {
    const ExprPtr bound = bind(e, Context{});
    if (!bound) return std::nullopt;
    if (bound->kind != ExprKind::literal || bound->type.kind != TypeKind::interval_day) {
        error(e.span, code::kType, fmt::format("{} takes a constant interval of days to seconds", what), {},
              "for example INTERVAL '10' MINUTE");
        return std::nullopt;
    }
    return bound->value.integer();
}

std::optional<WindowSpec> Binder::window_spec(WindowKind kind, const std::vector<const ast::Expr*>& args,
                                              Span span) {
    const auto* it = std::ranges::find(kShapes, kind, &Shape::kind);
    const Shape& shape = *it;
    std::size_t given = 0;
    for (const ast::Expr* a : args) given += a != nullptr ? 1 : 0;
    const std::size_t most = shape.required + (kind == WindowKind::session ? 0 : 1);
    if (given < shape.required || args.size() > most) {
        std::string names;
        for (std::size_t i = 0; i < most; ++i) {
            names += (i == 0 ? "" : ", ") + std::string(i < shape.required ? "" : "[") +
                     std::string(shape.intervals[i]) + (i < shape.required ? "" : "]");
        }
        error(span, code::kType, fmt::format("{} takes the intervals {}", shape.function, names));
        return std::nullopt;
    }
    std::int64_t values[3] = {0, 0, 0};
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (args[i] == nullptr) continue;
        const auto ms = interval_ms(*args[i], shape.intervals[i]);
        if (!ms) return std::nullopt;
        const bool offset = i >= shape.required;
        if (!offset && *ms <= 0) {
            error(args[i]->span, code::kType, fmt::format("{} is above 0", shape.intervals[i]));
            return std::nullopt;
        }
        values[i] = *ms;
    }
    WindowSpec w;
    w.kind = kind;
    switch (kind) {
        case WindowKind::tumble:
            w.size_ms = values[0];
            w.offset_ms = values[1];
            break;
        case WindowKind::session:
            w.gap_ms = values[0];
            break;
        case WindowKind::hop:
        case WindowKind::cumulate:
            w.slide_ms = values[0];
            w.size_ms = values[1];
            w.offset_ms = values[2];
            if (w.size_ms % w.slide_ms != 0) {
                error(span, code::kType,
                      fmt::format("the size of {} is a multiple of its {}", shape.function,
                                  kind == WindowKind::hop ? "slide" : "step"));
                return std::nullopt;
            }
            break;
    }
    return w;
}

bool Binder::check_time_column(const Relation& data, int column, Span span, std::string_view what) {
    const Field& f = data.node->schema[static_cast<std::size_t>(column)];
    if (builder.is_time(data.node, column)) {
        if (data.node->mode == Mode::append) return true;
        error(span, code::kMode, fmt::format("{} reads rows that never change, but these are updated", what),
              {}, "put the window before the aggregation, join or deduplication that updates rows");
        return false;
    }
    if (builder.is_proctime(data.node, column)) {
        not_yet(
            span, "this form of a window over processing time is",
            "TABLE(TUMBLE(TABLE t, DESCRIPTOR(proctime), INTERVAL …)) over rows that are not updated works");
        return false;
    }
    error(span, code::kTime,
          fmt::format("\"{}\" is no time attribute, so {} cannot tell when a window is complete",
                      data.columns[static_cast<std::size_t>(column)].name, what),
          {},
          f.type.is_timestamp()
              ? "declare WATERMARK FOR it in its CREATE TABLE; a cast, a join or an aggregation takes the "
                "attribute away"
              : fmt::format(
                    "it is {}; a time attribute is a TIMESTAMP(3) or TIMESTAMP_LTZ(3) with WATERMARK FOR",
                    f.type.to_string()));
    return false;
}

Relation Binder::bind_table_function(const ast::TableRef& ref) {
    const ast::Expr& e = *ref.expr;
    const Shape* shape = e.kind == ast::ExprKind::call ? shape_of(e.function) : nullptr;
    if (shape == nullptr) {
        const std::string name = e.kind == ast::ExprKind::call ? e.function : "this";
        const std::vector<std::string> known = {"TUMBLE", "HOP", "CUMULATE", "SESSION"};
        if (const auto near = nearest_name(name, known); near && !functions_.contains(name)) {
            error(e.span, code::kUnknownFunction, fmt::format("there is no table function {}", name),
                  fmt::format("did you mean {}?", *near),
                  "window functions are TUMBLE, HOP, CUMULATE, SESSION");
        } else {
            not_yet(e.span, fmt::format("the table function {} is", name),
                    "TUMBLE, HOP, CUMULATE, SESSION and UNNEST work");
        }
        return {};
    }
    Arguments args;
    args.intervals.assign(3, nullptr);
    std::size_t next_interval = 0;
    for (std::size_t i = 0; i < e.args.size(); ++i) {
        const ast::Expr& a = *e.args[i];
        const std::string& name = i < e.arg_names.size() ? e.arg_names[i].text : std::string();
        if (a.kind == ast::ExprKind::table_arg && args.data == nullptr) {
            args.data = &a;
        } else if (a.kind == ast::ExprKind::descriptor && args.time == nullptr) {
            args.time = &a;
        } else if (name.empty() && next_interval < 3) {
            args.intervals[next_interval++] = &a;
        } else {
            const auto* at_name = std::ranges::find(shape->intervals, name);
            if (name.empty() || at_name == shape->intervals.end()) {
                error(a.span, code::kType, fmt::format("{} has no argument {}", e.function, name), {},
                      fmt::format("{}(TABLE t, DESCRIPTOR(ts), INTERVAL …)", e.function));
                return {};
            }
            args.intervals[static_cast<std::size_t>(at_name - shape->intervals.begin())] = &a;
        }
    }
    if (args.data == nullptr || args.time == nullptr || args.time->args.size() != 1) {
        error(e.span, code::kType, fmt::format("{} takes a table and one time column", e.function), {},
              fmt::format("{}(TABLE t, DESCRIPTOR(ts), INTERVAL …)", e.function));
        return {};
    }
    while (!args.intervals.empty() && args.intervals.back() == nullptr) args.intervals.pop_back();
    auto spec = window_spec(shape->kind, args.intervals, e.span);
    Relation data =
        args.data->query ? bind_query(*args.data->query) : bind_named(args.data->path, args.data->span);
    if (!spec || !data.ok()) return {};
    if (!args.data->query) {
        for (ScopeColumn& c : data.columns) c.table = args.data->path.back().text;
    }
    Context context;
    context.input = &data;
    context.place = "DESCRIPTOR";
    const ExprPtr time = bind(*args.time->args[0], context);
    if (!time) return {};
    if (time->kind != ExprKind::input) {
        error(args.time->span, code::kTime, "DESCRIPTOR names a column");
        return {};
    }
    spec->time_column = time->index;
    if (builder.is_proctime(data.node, time->index) && data.node->mode == Mode::append) {
        spec->time_column = static_cast<int>(data.node->schema.size());
        data.node = builder.make(ProcessingTimeNode{}, {data.node});
        data.columns.push_back({"$proctime", "", true});
        context.input = &data;
    } else if (!check_time_column(data, time->index, args.time->args[0]->span, e.function)) {
        return {};
    }
    bool good = true;
    for (const ast::ExprPtr& p : args.data->args) {
        const ExprPtr key = bind(*p, context);
        if (key && key->kind != ExprKind::input)
            error(p->span, code::kType, "PARTITION BY names columns here");
        if (!key || key->kind != ExprKind::input) {
            good = false;
            continue;
        }
        if (shape->kind == WindowKind::session) spec->partition_keys.push_back(key->index);
    }
    if (!good) return {};
    Relation out;
    out.node = builder.make(WindowTvfNode{*spec}, {data.node});
    out.columns = data.columns;
    for (const char* c : {"window_start", "window_end", "window_time"}) out.columns.push_back({c, "", false});
    if (!ref.alias && !args.data->query) {
        return out;
    }
    return named(std::move(out), ref);
}

}  // namespace mr::sql
