#include "connect/file_source.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <regex>
#include <utility>
#include <vector>

#include "base/log.h"
#include "connect/file_rows.h"
#include "connect/lake_options.h"
#include "engine/table_format.h"
#include "wire/record.h"

namespace mr::connect {
namespace {

constexpr std::string_view kHeader = "millrace.file";
constexpr std::size_t kBatchBytes = 512U << 10;
constexpr std::int32_t kBatchRows = 2'000;
/// A file that could not be read is left alone so long, unless it changes.
constexpr std::int64_t kAgainNs = 30'000'000'000;

/// Every record of partition 0 that is there, in order.
template <class F>
Status each_record(const broker::Broker& broker, const std::string& topic, Offset from, F&& visit) {
    const auto found = broker.topics(broker::Visibility::applied)->find(topic);
    if (found == nullptr) return fail(Code::not_found, "there is no topic {}", topic);
    const broker::PartitionLog& log = *found->partition(PartitionId(0));
    Offset at = std::max(from, log.applied()->log_start);
    while (true) {
        const broker::ReadResult read = broker.read(log, at, {});
        if (read.error != broker::KafkaError::none)
            return fail(Code::io_error, "topic {}: {} {}", topic, broker::to_string(read.error),
                        read.message);
        if (read.bytes == 0) return {};
        std::string bytes;
        read.append_to(bytes);
        std::string_view rest = bytes;
        while (true) {
            MR_TRY(const auto batch, wire::next_batch(rest));
            if (!batch) break;
            MR_TRY(auto records, wire::RecordReader::open(*batch));
            wire::Record record;
            while (records.next(record)) {
                if (record.offset >= at) visit(record);
            }
            MR_TRY_VOID(records.status());
        }
        at = read.next;
    }
}

}  // namespace

std::string local_path(const plan::Table& table, const std::string& base) {
    std::string_view path = table.option("path");
    if (path.starts_with("file:")) {
        path.remove_prefix(5);
        while (path.starts_with("//")) path.remove_prefix(1);
    }
    const std::filesystem::path named(path);
    return (named.is_absolute() ? named : std::filesystem::path(base) / named).lexically_normal().string();
}

std::string FilePlace::to_text() const {
    return fmt::format("{}{}", next, done ? " done" : "");
}

std::optional<FilePlace> FilePlace::parse(std::string_view text) {
    FilePlace out;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out.next);
    const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
    if (failed != std::errc{} || out.next < 0 || !(rest.empty() || rest == " done")) return std::nullopt;
    out.done = !rest.empty();
    return out;
}

class FileSource::Impl {
  public:
    Impl(broker::Broker& b, Clock& c, FileSystem& f, TopicFeed::Submit submit, plan::TablePtr t,
         const std::string& base)
        : broker(b),
          clock(c),
          fs(f),
          table(std::move(t)),
          root(local_path(*table, base)),
          feed(broker, std::move(submit), table->source_topic()) {}

    Status open() {
        MR_TRY(interval_ms, duration_option(*table, "source.monitor-interval", 0));
        if (table->has_option("source.path.regex-pattern")) {
            try {
                pattern = std::regex(std::string(table->option("source.path.regex-pattern")));
            } catch (const std::regex_error& e) {
                return fail(Code::invalid_argument, "{}:{}: table {}, option 'source.path.regex-pattern': {}",
                            table->file, table->line, table->name, e.what());
            }
        }
        return recover();
    }

    Result<bool> run_once() {
        const Result<std::optional<Offset>> end = feed.idle();
        if (!end) {
            // What of it is there the topics say.
            sent = false;
            drop_rows();
            waiting.clear();
            failed.clear();
            looked = false;
            MR_TRY_VOID(recover());
            return std::unexpected(end.error());
        }
        if (!*end) return false;
        if (sent) confirm();
        // What came before the trouble is there.
        if (trouble) return put_off(*std::exchange(trouble, std::nullopt));
        if (rows == nullptr) {
            MR_TRY(const bool found, open_next());
            if (!found) return false;
        }
        return send_batch();
    }

  private:
    struct Failed {
        Error error;
        std::string stamp;
        std::int64_t again_ns = 0;
    };

    /// What was sent is there: remember it.
    void confirm() {
        places[sent_file] = sent_place;
        sent = false;
        if (sent_place.done) drop_rows();
    }

    void drop_rows() {
        rows.reset();
        trouble.reset();
    }

    Status recover() {
        MR_TRY_VOID(each_record(broker, places_topic(*table), Offset(0), [&](const wire::Record& r) {
            const auto place = r.value ? FilePlace::parse(*r.value) : std::nullopt;
            if (r.key && place) places[std::string(*r.key)] = *place;
        }));
        // A crash may have come between the rows and their place.
        const auto topic = broker.topics(broker::Visibility::applied)->find(feed.topic());
        if (topic == nullptr) return fail(Code::not_found, "there is no topic {}", feed.topic());
        const Offset log_end = topic->partition(PartitionId(0))->applied()->log_end;
        if (log_end.value <= 0) return {};
        return each_record(broker, feed.topic(), log_end.plus(-1), [&](const wire::Record& r) {
            const auto header = r.headers.find(kHeader);
            if (!header || !*header) return;
            const std::string_view text = **header;
            const std::size_t tab = text.find('\t');
            const auto place = FilePlace::parse(text.substr(0, tab));
            if (place && tab != std::string_view::npos) places[std::string(text.substr(tab + 1))] = *place;
        });
    }

    /// The first file that is not done, those that could be read so far before the others; false: there is
    /// none.
    Result<bool> open_next() {
        if (waiting.empty() && (!looked || (interval_ms > 0 && clock.monotonic_ns() >= look_at_ns)))
            MR_TRY_VOID(look());
        if (!waiting.empty()) {
            file = waiting.front();
            waiting.erase(waiting.begin());
        } else {
            if (failed.empty()) return false;
            const auto due = std::ranges::find_if(failed, [&](const auto& f) {
                return clock.monotonic_ns() >= f.second.again_ns || stamp(f.first) != f.second.stamp;
            });
            if (due == failed.end()) return std::unexpected(failed.begin()->second.error);
            file = due->first;
            failed.erase(due);
        }
        const std::string path = path_of(file);
        describe(path);
        auto opened = FileRows::open(fs, path, file, *table, places[file].next);
        if (!opened) return put_off(opened.error());
        rows = std::move(*opened);
        return true;
    }

    /// The file cannot be read just now: again behind the others.
    std::unexpected<Error> put_off(const Error& error) {
        drop_rows();
        Error told = annotate(error, "table " + table->name).error();
        failed[file] = {told, stamp(file), clock.monotonic_ns() + kAgainNs};
        return std::unexpected(std::move(told));
    }

    /// An empty name: 'path' is the file itself.
    [[nodiscard]] std::string path_of(const std::string& name) const {
        return name.empty() ? root : join_path(root, name);
    }

    /// Another one when the file was written since.
    [[nodiscard]] std::string stamp(const std::string& name) const {
        const std::string path = path_of(name);
        return fmt::format("{} {}", size_of(path), changed_ms(path));
    }

    /// What the table's metadata columns ask for of the file.
    void describe(const std::string& path) {
        about.clear();
        for (const plan::TableColumn& c : table->columns) {
            if (c.kind != plan::ColumnKind::metadata) continue;
            const std::string& key = c.metadata_key.empty() ? c.name : c.metadata_key;
            if (key == "file.path") about[key] = path;
            if (key == "file.name") about[key] = std::filesystem::path(path).filename().string();
            if (key == "file.size") about[key] = std::to_string(size_of(path));
            if (key == "file.modification-time") about[key] = std::to_string(changed_ms(path));
        }
    }

    static std::uint64_t size_of(const std::string& path) {
        std::error_code error;
        const std::uintmax_t size = std::filesystem::file_size(path, error);
        return error ? 0 : size;
    }

    static std::int64_t changed_ms(const std::string& path) {
        std::error_code error;
        const auto at = std::filesystem::last_write_time(path, error);
        if (error) return 0;
        const auto since = std::chrono::file_clock::to_sys(at).time_since_epoch();
        return std::chrono::floor<std::chrono::milliseconds>(since).count();
    }

    Status look() {
        namespace files = std::filesystem;
        looked = true;
        look_at_ns = clock.monotonic_ns() + interval_ms * 1'000'000;
        std::error_code error;
        if (files::is_regular_file(root, error)) {
            if (!places[""].done && failed.empty()) waiting = {""};
            return {};
        }
        files::recursive_directory_iterator it(root, error), end;
        if (error)
            return fail(Code::not_found,
                        "{}:{}: table {}: cannot read {}: {}; 'path' is a folder or a file on this machine",
                        table->file, table->line, table->name, root, error.message());
        while (it != end) {
            const std::string name = it->path().filename().string();
            const bool hidden = name.starts_with('.') || name.starts_with('_');
            if (hidden && it->is_directory(error)) it.disable_recursion_pending();
            if (!hidden && it->is_regular_file(error)) add(it->path().string());
            it.increment(error);
            if (error) return fail(Code::io_error, "cannot read below {}: {}", root, error.message());
        }
        std::ranges::sort(waiting);
        // What is known to be bad has its turn behind the others, if it is still there.
        std::erase_if(failed, [&](const auto& f) { return !std::ranges::binary_search(waiting, f.first); });
        std::erase_if(waiting, [&](const std::string& name) { return failed.contains(name); });
        return {};
    }

    void add(const std::string& path) {
        if (pattern && !std::regex_match(path, *pattern)) return;
        const std::string name = std::filesystem::path(path).lexically_relative(root).string();
        const auto known = places.find(name);
        if (known == places.end() || !known->second.done) waiting.push_back(name);
    }

    Result<bool> send_batch() {
        wire::BatchBuilder batch;
        const TimestampMs now = clock.now();
        std::vector<wire::RecordHeader> headers;
        for (const auto& [key, text] : about) headers.push_back({key, text});
        // One record late: the last one gets the header.
        std::optional<std::string> held;
        FilePlace reached = rows->place();
        while (!reached.done && batch.count() < kBatchRows && batch.bytes() < kBatchBytes) {
            std::string value;
            const Result<bool> row = rows->next(value);
            if (!row) {
                // What came before it first.
                if (!held) return put_off(row.error());
                trouble = row.error();
                break;
            }
            reached = rows->place();
            if (!*row) break;
            if (held) batch.add(now, std::nullopt, *held, headers);
            held = std::move(value);
        }
        sent_file = file;
        sent_place = reached;
        if (!held) {
            // Nothing in it, or nothing behind the last batch: only its place.
            return remember_only(now);
        }
        const std::string header = reached.to_text() + "\t" + file;
        headers.push_back({kHeader, header});
        batch.add(now, std::nullopt, *held, headers);
        return submit(batch.finish(), now);
    }

    std::string place_batch(TimestampMs now) const {
        wire::BatchBuilder batch;
        batch.add(now, file, sent_place.to_text());
        return batch.finish();
    }

    Result<bool> submit(const std::string& batch, TimestampMs now) {
        return send({{feed.topic(), batch}, {places_topic(*table), place_batch(now)}});
    }

    Result<bool> remember_only(TimestampMs now) { return send({{places_topic(*table), place_batch(now)}}); }

    Result<bool> send(const std::vector<TopicFeed::Part>& parts) {
        const Result<bool> done = feed.send(parts);
        sent = done.value_or(false);
        if (!sent) {
            // Read again from the last place that is sure.
            drop_rows();
            waiting.insert(waiting.begin(), file);
        }
        return done;
    }

    broker::Broker& broker;
    Clock& clock;
    FileSystem& fs;
    const plan::TablePtr table;
    const std::string root;
    TopicFeed feed;
    std::int64_t interval_ms = 0;
    std::optional<std::regex> pattern;
    std::map<std::string, FilePlace> places;  ///< by path below root; what is in the topics
    std::vector<std::string> waiting;         ///< found and not done
    std::map<std::string, Failed> failed;     ///< found and could not be read
    bool looked = false;
    std::int64_t look_at_ns = 0;
    std::string file;                          ///< being read
    std::map<std::string, std::string> about;  ///< headers of its rows
    std::unique_ptr<FileRows> rows;
    std::optional<Error> trouble;  ///< behind the last row that was sent; `rows` is not asked again
    bool sent = false;
    std::string sent_file;
    FilePlace sent_place;
};

Result<std::unique_ptr<FileSource>> FileSource::open(broker::Broker& broker, Clock& clock, FileSystem& fs,
                                                     TopicFeed::Submit submit, const plan::TablePtr& table,
                                                     const std::string& base) {
    auto impl = std::make_unique<Impl>(broker, clock, fs, std::move(submit), table, base);
    MR_TRY_VOID(impl->open());
    return std::make_unique<FileSource>(std::move(impl));
}

FileSource::FileSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileSource::~FileSource() = default;
Result<bool> FileSource::run_once() {
    return impl_->run_once();
}

}  // namespace mr::connect
