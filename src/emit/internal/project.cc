#include "emit/internal/project.h"

#include <algorithm>

namespace mr::emit {

using sql::Outline;
using sql::OutlineStatement;
using Kind = OutlineStatement::Kind;

namespace {

constexpr int kDeepestLike = 64;

void add_function(std::map<std::string, Function, std::less<>>& functions, const Outline& file,
                  const OutlineStatement& s) {
    // There is no text to write out; checks.cc refuses it.
    if (s.in_library) return;
    Function f;
    f.statement = &s;
    f.body = sql::outline_expression({file.source.path, s.body});
    functions.emplace(s.name, std::move(f));
}

/// Views whose text Flink cannot keep: it writes SESSION's second partition column back without what it
/// belongs to.
bool must_be_inlined(const Outline& file, const OutlineStatement& s) {
    return std::ranges::any_of(file.features, [&](const auto& feature) {
        return feature.first == sql::OutlineFeature::session_keys && s.query.contains(feature.second);
    });
}

Declared declared(const Outline& file, const OutlineStatement& s) {
    Declared out;
    out.file = &file;
    out.statement = &s;
    out.inlined = s.kind != Kind::create_table && must_be_inlined(file, s);
    return out;
}

void processing_times_of(const Outline& file, const OutlineStatement& s,
                         std::set<std::string, std::less<>>& out) {
    for (const sql::OutlineColumn& c : s.columns) {
        if (c.kind != sql::OutlineColumn::Kind::computed) continue;
        std::string text(file.text(c.expression));
        std::ranges::transform(text, text.begin(),
                               [](unsigned char ch) { return static_cast<char>(std::toupper(ch)); });
        if (text.starts_with("PROCTIME")) out.insert(c.name);
    }
}

/// Rows of the view that its own file reads are the last of each key, where the query gives a key several
/// times.
bool keeps_last_of_key(const plan::Sink& sink) {
    const auto& view = std::get<plan::ViewSink>(sink.target);
    if (sink.root->mode != plan::Mode::append) return false;
    const auto& unique = sink.root->unique_key;
    return unique.empty() || !std::ranges::all_of(unique, [&](int c) {
               return std::ranges::find(view.key, c) != view.key.end();
           });
}

/// Does LIKE take this of its base?
bool inherits(const OutlineStatement& s, std::string_view what) {
    const auto says = [&](std::string_view word, std::string_view feature) {
        return s.like_items.find(std::string(word) + " " + std::string(feature)) != std::string::npos;
    };
    if (says("INCLUDING", what) || says("OVERWRITING", what)) return true;
    return !says("EXCLUDING", what) && !says("EXCLUDING", "ALL");
}

}  // namespace

int line_of(const sql::SourceText& source, std::uint32_t offset) {
    const auto end =
        source.text.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(offset, source.text.size()));
    return static_cast<int>(std::count(source.text.begin(), end, '\n')) + 1;
}

std::string stem(std::string_view path) {
    if (const auto slash = path.find_last_of('/'); slash != std::string_view::npos)
        path.remove_prefix(slash + 1);
    const auto dot = path.find_last_of('.');
    return std::string(dot == std::string_view::npos || dot == 0 ? path : path.substr(0, dot));
}

Project::Project(std::span<const sql::SourceText> stream_texts,
                 std::span<const sql::SourceText> pipeline_texts, const sql::ProjectCompilation& compiled) {
    take_streams(stream_texts);
    for (const sql::SourceText& text : pipeline_texts) take_pipeline(text, compiled);
    for (auto& pipeline : pipelines) take_uses(*pipeline);
    for (const auto& file : streams) {
        for (const auto& t : file->tables) read.insert(t.name);
    }
    sort_pipelines();
}

void Project::take_streams(std::span<const sql::SourceText> texts) {
    for (const sql::SourceText& text : texts) {
        streams.push_back(std::make_unique<Outline>(sql::outline(text)));
        const Outline& file = *streams.back();
        for (const OutlineStatement& s : file.statements) {
            if (s.kind == Kind::create_function) add_function(functions, file, s);
            if (s.kind != Kind::create_table && s.kind != Kind::create_view) continue;
            objects.emplace(s.name, declared(file, s));
            processing_times_of(file, s, processing_times);
        }
    }
}

void Project::take_pipeline(const sql::SourceText& text, const sql::ProjectCompilation& compiled) {
    auto made = std::make_unique<Pipeline>();
    made->name = stem(text.path);
    made->outline = sql::outline(text);
    const auto program = std::ranges::find(compiled.programs, made->name, &plan::Program::name);
    if (program != compiled.programs.end()) made->program = &*program;
    for (const OutlineStatement& s : made->outline.statements) {
        if (s.kind == Kind::create_function) add_function(made->functions, made->outline, s);
        for (const sql::OutlineInsert& i : s.inserts) ++inserts[i.table];
        if (s.kind == Kind::create_table && !s.query.empty()) ++inserts[s.name];
        processing_times_of(made->outline, s, processing_times);
        const bool object = s.kind == Kind::create_table || s.kind == Kind::create_view ||
                            s.kind == Kind::create_materialized_view;
        if (object) made->objects.emplace(s.name, declared(made->outline, s));
    }
    if (made->program != nullptr) {
        for (const plan::Sink& sink : made->program->sinks) {
            if (const auto* view = std::get_if<plan::ViewSink>(&sink.target)) made->views[view->view] = &sink;
        }
    }
    pipelines.push_back(std::move(made));
}

void Project::take_uses(Pipeline& pipeline) {
    for (const sql::OutlineTable& t : pipeline.outline.tables) {
        read.insert(t.name);
        if (pipeline.objects.contains(t.name)) {
            const auto view = pipeline.views.find(t.name);
            if (view == pipeline.views.end()) continue;
            (keeps_last_of_key(*view->second) ? pipeline.through_topic : pipeline.read_here).insert(t.name);
        } else if (!objects.contains(t.name)) {
            read_elsewhere.insert(t.name);
        }
    }
}

Project::Settled Project::settled(const Pipeline* pipeline, const Declared& table, int depth) const {
    const OutlineStatement& s = *table.statement;
    Settled out;
    out.watermark = s.has_watermark;
    out.primary_key = s.has_primary_key;
    const Declared* base = s.like && depth < kDeepestLike ? find(pipeline, *s.like) : nullptr;
    if (base != nullptr && base != &table) {
        Settled from = settled(pipeline, *base, depth + 1);
        if (s.like_options) out.options = std::move(from.options);
        out.watermark = out.watermark || (from.watermark && inherits(s, "WATERMARKS"));
        out.primary_key = out.primary_key || (from.primary_key && inherits(s, "CONSTRAINTS"));
    }
    for (const auto& [key, value] : s.options) {
        const auto it = std::ranges::find(out.options, key, &TextOptions::value_type::first);
        if (it == out.options.end()) {
            out.options.emplace_back(key, value);
        } else {
            it->second = value;
        }
    }
    return out;
}

const Declared* Project::find(const Pipeline* pipeline, std::string_view name) const {
    if (pipeline != nullptr) {
        if (const auto it = pipeline->objects.find(name); it != pipeline->objects.end()) return &it->second;
    }
    const auto it = objects.find(name);
    return it == objects.end() ? nullptr : &it->second;
}

const Function* Project::function(const Pipeline* pipeline, std::string_view name) const {
    if (pipeline != nullptr) {
        if (const auto it = pipeline->functions.find(name); it != pipeline->functions.end())
            return &it->second;
    }
    const auto it = functions.find(name);
    return it == functions.end() ? nullptr : &it->second;
}

/// A file comes after those whose views it reads (there is no circle: it would not have compiled).
void Project::sort_pipelines() {
    std::vector<std::unique_ptr<Pipeline>> sorted;
    const auto waits = [&](const Pipeline& p) {
        return std::ranges::any_of(p.outline.tables, [&](const sql::OutlineTable& t) {
            return !p.objects.contains(t.name) && std::ranges::any_of(pipelines, [&](const auto& other) {
                return other && other.get() != &p && other->views.contains(t.name);
            });
        });
    };
    while (sorted.size() < pipelines.size()) {
        auto next = std::ranges::find_if(pipelines, [&](const auto& p) { return p && !waits(*p); });
        if (next == pipelines.end())
            next = std::ranges::find_if(pipelines, [](const auto& p) { return p != nullptr; });
        sorted.push_back(std::move(*next));
    }
    pipelines = std::move(sorted);
}

}  // namespace mr::emit
