// Binder: how long operators keep state: SET 'table.exec.state.ttl' and the hint STATE_TTL.
#include <fmt/format.h>

#include "base/quantity.h"
#include "sql/internal/binder.h"

namespace mr::sql {
namespace {

constexpr std::string_view kStateTtl = "table.exec.state.ttl";

}  // namespace

/// A time to live as an option says it; nothing after an error.
std::optional<std::int64_t> Binder::state_ttl(std::string_view text, Span span) {
    const auto ttl = parse_duration_ms(text);
    if (!ttl || *ttl < 0) {
        error(span, code::kOption, fmt::format("`{}` is no time to keep state for", text), {},
              "write a number and a unit: 12 h, 1 d, 30 min; 0 keeps it for ever");
        return std::nullopt;
    }
    return *ttl;
}

void Binder::set_option(const ast::SetOption& set) {
    if (!set.option) {
        if (set.reset) builder.state_ttl_ms = {};
        return;
    }
    const ast::OptionItem& option = *set.option;
    const bool is_ttl = option.key.text == kStateTtl;
    if (set.reset) {
        if (is_ttl) builder.state_ttl_ms = {};
        return;
    }
    settings.emplace_back(option.key.text, option.value.text);
    if (!is_ttl) return;
    if (const auto ttl = state_ttl(option.value.text, option.value.span)) builder.state_ttl_ms = {*ttl, *ttl};
}

Binder::StateTtlHints Binder::state_ttl_hints(const ast::Select& select) {
    StateTtlHints out;
    for (const ast::Hint& h : select.hints) {
        if (h.name == "STATE_TTL") {
            for (const auto& [table, text] : h.options) {
                if (const auto ttl = state_ttl(text, h.span)) out[table] = {*ttl, h.span, false};
            }
        } else if (h.name != "BROADCAST" && h.name != "LOOKUP") {
            diagnostics_.warning(*file_, h.span, code::kOption,
                                 {fmt::format("the hint {} does nothing here", h.name), {}, {}});
        }
    }
    return out;
}

/// Of rows that all come from one table of the query: its hint; else the setting.
std::int64_t Binder::state_ttl_of(const Relation& relation) {
    const std::int64_t otherwise = builder.state_ttl_ms[0];
    if (state_ttl_hints_.empty() || relation.columns.empty()) return otherwise;
    const std::string& table = relation.columns.front().table;
    for (const ScopeColumn& c : relation.columns) {
        if (c.table != table) return otherwise;
    }
    const auto hint = state_ttl_hints_.find(table);
    if (hint == state_ttl_hints_.end()) return otherwise;
    hint->second.used = true;
    return hint->second.ttl_ms;
}

}  // namespace mr::sql
