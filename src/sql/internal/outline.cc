#include "sql/outline.h"

#include <algorithm>
#include <array>
#include <set>

#include "sql/internal/outline_query.h"
#include "sql/internal/parser.h"

namespace mr::sql {

using namespace ast;

namespace {

/// Functions without parentheses: as words they are no names.
constexpr std::array<std::string_view, 8> kWithoutParentheses = {
    "CURRENT_TIMESTAMP", "CURRENT_DATE",     "CURRENT_TIME",    "LOCALTIME",
    "LOCALTIMESTAMP",    "CURRENT_DATABASE", "CURRENT_CATALOG", "CURRENT_USER"};

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return out;
}

bool is_symbol(const Token& t, std::string_view symbol) {
    return t.kind == TokenKind::symbol && t.text == symbol;
}

/// Names and calls, read off the tokens.
class TokenReader {
  public:
    TokenReader(const Parser& parser, Outline& out) : tokens_(parser.tokens()), out_(out) {
        for (const Span& s : parser.names_read()) named_.insert(s.begin);
    }

    void read() {
        bool hint = false;
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (is_symbol(tokens_[i], "/*+")) hint = true;
            if (is_symbol(tokens_[i], "*/")) hint = false;
            if (!hint) token(i);
        }
    }

  private:
    [[nodiscard]] bool symbol_at(std::size_t i, std::string_view symbol) const {
        return i < tokens_.size() && is_symbol(tokens_[i], symbol);
    }

    void token(std::size_t i) {
        const Token& t = tokens_[i];
        const bool word = t.kind == TokenKind::word;
        if (!word && t.kind != TokenKind::quoted_name) return;
        const bool field = i > 0 && symbol_at(i - 1, ".");
        const bool aliased = i > 0 && tokens_[i - 1].upper == "AS";
        if (!field && !named_.contains(t.span.begin)) return;
        if (symbol_at(i + 1, "(") && !aliased) return call(i);
        const bool value = !field && !aliased &&
                           std::ranges::find(kWithoutParentheses, t.upper) != kWithoutParentheses.end();
        if (!value) out_.names.push_back({t.text, range_of(t.span), !word, field});
    }

    void call(std::size_t i) {
        OutlineCall c;
        c.function = upper(tokens_[i].text);
        c.name = range_of(tokens_[i].span);
        int open = 0;
        std::uint32_t begin = tokens_[i + 1].span.end;
        for (std::size_t k = i + 1; k < tokens_.size() && tokens_[k].kind != TokenKind::end; ++k) {
            const bool opens = symbol_at(k, "(") || symbol_at(k, "[");
            const bool closes = symbol_at(k, ")") || symbol_at(k, "]");
            open += opens ? 1 : 0;
            open -= closes ? 1 : 0;
            if (open == 0 || (open == 1 && symbol_at(k, ","))) {
                if (k > i + 2) c.arguments.push_back({begin, tokens_[k].span.begin});
                begin = tokens_[k].span.end;
            }
            if (open > 0) continue;
            c.range = {c.name.begin, tokens_[k].span.end};
            out_.calls.push_back(std::move(c));
            return;
        }
    }

    const std::vector<Token>& tokens_;
    std::set<std::uint32_t> named_;
    Outline& out_;
};

/// Statements: what each is, and where its parts stand.
class StatementReader {
  public:
    StatementReader(const std::vector<Token>& tokens, OutlineWalker& walker)
        : tokens_(tokens), walker_(walker) {}

    OutlineStatement read(const Statement& s) {
        OutlineStatement out;
        out.span = range_of(s.span);
        if (const auto* t = std::get_if<CreateTable>(&s.body)) {
            table(*t, out);
        } else if (const auto* v = std::get_if<CreateView>(&s.body)) {
            view(*v, out);
        } else if (const auto* f = std::get_if<CreateFunction>(&s.body)) {
            function(*f, out);
        } else if (const auto* i = std::get_if<InsertInto>(&s.body)) {
            out.kind = OutlineStatement::Kind::insert;
            insert(*i, s.span, out);
        } else if (const auto* set = std::get_if<StatementSet>(&s.body)) {
            out.kind = OutlineStatement::Kind::insert;
            for (std::size_t k = 0; k < set->inserts.size(); ++k) insert(set->inserts[k], set->spans[k], out);
        } else if (const auto* o = std::get_if<SetOption>(&s.body)) {
            out.kind = o->reset ? OutlineStatement::Kind::reset : OutlineStatement::Kind::set;
            if (o->option) {
                out.key = o->option->key.text;
                out.value = o->option->value.text;
            }
        }
        return out;
    }

  private:
    void named(const Path& path, OutlineStatement& out) {
        out.name = path.back().text;
        out.name_range = range_of(join(path.front().span, path.back().span));
    }

    /// The token that begins at or behind an offset.
    [[nodiscard]] std::size_t token_from(std::uint32_t offset) const {
        const auto it =
            std::ranges::lower_bound(tokens_, offset, {}, [](const Token& t) { return t.span.begin; });
        return static_cast<std::size_t>(it - tokens_.begin());
    }
    /// The last token of this word or symbol before an offset.
    [[nodiscard]] std::uint32_t before(std::string_view what, std::uint32_t offset) const {
        for (std::size_t i = token_from(offset); i > 0; --i) {
            if (tokens_[i - 1].upper == what || is_symbol(tokens_[i - 1], what))
                return tokens_[i - 1].span.begin;
        }
        return offset;
    }

    void column(const ColumnDef& c, OutlineStatement& out) {
        OutlineColumn made;
        made.name = c.name.text;
        made.name_range = range_of(c.name.span);
        if (c.kind == ColumnDefKind::metadata) {
            made.kind = OutlineColumn::Kind::metadata;
            made.metadata_key = c.metadata_key ? c.metadata_key->text : c.name.text;
            made.is_virtual = c.is_virtual;
            made.metadata_end =
                c.metadata_key ? c.metadata_key->span.end : tokens_[token_from(c.type_span.end)].span.end;
        } else if (c.kind == ColumnDefKind::computed && c.expression) {
            made.kind = OutlineColumn::Kind::computed;
            made.expression = range_of(c.expression->span);
            for (std::size_t i = token_from(c.expression->span.begin);
                 i < tokens_.size() && tokens_[i].span.end <= c.expression->span.end; ++i) {
                const Token& t = tokens_[i];
                const bool name = t.kind == TokenKind::word || t.kind == TokenKind::quoted_name;
                const bool apart = (i > 0 && is_symbol(tokens_[i - 1], ".")) ||
                                   (i + 1 < tokens_.size() && is_symbol(tokens_[i + 1], "("));
                if (name && !apart) made.reads.push_back({t.text, range_of(t.span), false, false});
            }
            walker_.expr(c.expression.get());
        }
        out.columns.push_back(std::move(made));
    }

    void like(const LikeClause& like, OutlineStatement& out) {
        static constexpr std::array<std::string_view, 8> kFeatures = {
            "ALL",      "CONSTRAINTS", "DISTRIBUTION", "GENERATED",
            "METADATA", "OPTIONS",     "PARTITIONS",   "WATERMARKS"};
        static constexpr std::array<std::string_view, 3> kMerges = {"INCLUDING", "EXCLUDING", "OVERWRITING"};
        out.like = like.table.back().text;
        out.like_range = range_of(like.span);
        for (const LikeClause::Item& item : like.items) {
            const bool all = item.feature == LikeFeature::all;
            if (all || item.feature == LikeFeature::options)
                out.like_options = item.merge != LikeMerge::excluding;
            if (item.feature == LikeFeature::options) continue;
            out.like_items += std::string(kMerges[static_cast<std::size_t>(item.merge)]) + " ";
            out.like_items += std::string(kFeatures[static_cast<std::size_t>(item.feature)]) + " ";
        }
        if (like.items.empty()) out.like_items = "INCLUDING ALL ";
    }

    void table(const CreateTable& t, OutlineStatement& out) {
        out.kind = OutlineStatement::Kind::create_table;
        named(t.name, out);
        for (const ColumnDef& c : t.columns) column(c, out);
        out.has_columns = !t.columns.empty() || t.primary_key || t.watermark;
        out.has_primary_key = t.primary_key || std::ranges::any_of(t.columns, &ColumnDef::primary_key);
        if (t.watermark) {
            out.has_watermark = true;
            walker_.expr(t.watermark->expression.get());
        }
        for (const OptionItem& o : t.options) out.options.emplace_back(o.key.text, o.value.text);
        if (t.has_options && !t.options.empty()) {
            const std::size_t close = token_from(t.options.back().value.span.end);
            out.with = {before("WITH", t.options.front().key.span.begin), tokens_[close].span.end};
        }
        if (t.like) like(*t.like, out);
        if (!t.query) return;
        out.query = range_of(t.query->span);
        out.as_range = {before("AS", t.query->span.begin), t.query->span.end};
        walker_.query(t.query.get());
    }

    void view(const CreateView& v, OutlineStatement& out) {
        out.kind = v.materialized ? OutlineStatement::Kind::create_materialized_view
                                  : OutlineStatement::Kind::create_view;
        named(v.name, out);
        for (const Name& c : v.columns) out.view_columns.push_back(c.text);
        for (const OptionItem& o : v.options) out.options.emplace_back(o.key.text, o.value.text);
        if (!v.query) return;
        out.query = range_of(v.query->span);
        walker_.query(v.query.get());
    }

    static void function(const CreateFunction& f, OutlineStatement& out) {
        out.kind = OutlineStatement::Kind::create_function;
        out.name = upper(f.name.back().text);
        for (const auto& [name, type] : f.parameters) out.parameters.emplace_back(name.text, type);
        out.returns = f.returns;
        out.body = f.definition.text;
        out.in_library = !f.uses.empty();
    }

    void insert(const InsertInto& i, Span span, OutlineStatement& out) {
        OutlineInsert made;
        made.table = i.table.back().text;
        made.table_range = range_of(join(i.table.front().span, i.table.back().span));
        made.span = range_of(span);
        made.hinted = !i.hints.empty();
        walker_.hints(i.hints);
        for (const Path& c : i.columns) made.columns.push_back(c.back().text);
        if (i.query) made.query = range_of(i.query->span);
        walker_.query(i.query.get());
        out.inserts.push_back(std::move(made));
    }

    const std::vector<Token>& tokens_;
    OutlineWalker& walker_;
};

}  // namespace

std::string_view Outline::text(TextRange range) const {
    const std::size_t begin = std::min<std::size_t>(range.begin, source.text.size());
    const std::size_t end = std::clamp<std::size_t>(range.end, begin, source.text.size());
    return std::string_view(source.text).substr(begin, end - begin);
}

Outline outline(const SourceText& source) {
    Outline out;
    out.source = source;
    Diagnostics ignored;
    const auto file = std::make_shared<const SourceFile>(source.path, source.text);
    Parser parser(file, ignored);
    const std::vector<Statement> statements = parser.statements();
    OutlineWalker walker(parser.tokens(), out);
    StatementReader reader(parser.tokens(), walker);
    std::uint32_t at = 0;
    for (const Statement& s : statements) {
        OutlineStatement made = reader.read(s);
        made.before = {at, s.span.begin};
        at = s.span.end;
        const auto semicolon =
            std::ranges::lower_bound(parser.tokens(), at, {}, [](const Token& t) { return t.span.begin; });
        if (semicolon != parser.tokens().end() && is_symbol(*semicolon, ";")) at = semicolon->span.end;
        out.statements.push_back(std::move(made));
    }
    out.after = {at, static_cast<std::uint32_t>(source.text.size())};
    TokenReader(parser, out).read();
    return out;
}

Outline outline_expression(const SourceText& source) {
    Outline out;
    out.source = source;
    Diagnostics ignored;
    Parser parser(std::make_shared<const SourceFile>(source.path, source.text), ignored);
    const ExprPtr expression = parser.single_expression();
    OutlineWalker(parser.tokens(), out).expr(expression.get());
    TokenReader(parser, out).read();
    return out;
}

Diagnostic diagnostic_at(const SourceText& source, TextRange range, Severity severity, std::string_view code,
                         std::string message, std::string help) {
    Diagnostics made;
    const SourceFile file(source.path, source.text);
    const Span span = {range.begin, range.end};
    Diagnostics::Text text = {std::move(message), {}, std::move(help)};
    if (severity == Severity::error) {
        made.error(file, span, code, std::move(text));
    } else {
        made.warning(file, span, code, std::move(text));
    }
    return std::move(made.take().front());
}

}  // namespace mr::sql
