#include "connect/file_sink.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/log.h"
#include "base/quantity.h"
#include "connect/file_commit.h"
#include "connect/file_source.h"
#include "connect/file_writer.h"
#include "connect/lake_options.h"

namespace mr::connect {
namespace {

constexpr std::size_t kReadBytes = 4U << 20;
/// Files open at once: beyond it all of them are committed.
constexpr std::size_t kOpenMax = 200;

/// As Flink escapes the values of partitions in names of folders.
std::string escaped(std::string_view value) {
    static constexpr std::string_view kSpecial = "\"#%'*/:=?\\{[]^";
    std::string out;
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || kSpecial.find(c) != std::string_view::npos) {
            out += fmt::format("%{:02X}", byte);
        } else {
            out += c;
        }
    }
    return out;
}

Result<std::int64_t> bytes_option(const plan::Table& table, std::string_view key, std::int64_t fallback) {
    const auto at = table.options.find(key);
    if (at == table.options.end()) return fallback;
    auto bytes = parse_bytes(at->second.value);
    if (!bytes)
        return fail(Code::invalid_argument, "{}:{}: table {}, option '{}': {}", table.file, at->second.line,
                    table.name, key, bytes.error().message);
    return *bytes;
}

}  // namespace

class FileSink::Impl {
  public:
    Impl(broker::Broker& b, Clock& c, FileSystem& f, plan::TablePtr t, const std::string& base)
        : broker(b),
          clock(c),
          fs(f),
          table(std::move(t)),
          name(escaped(table->name)),
          root(local_path(*table, base)) {}

    Status open() {
        MR_TRY(size_max, bytes_option(*table, "sink.rolling-policy.file-size", 128LL << 20));
        MR_TRY(age_max_ms, duration_option(*table, "sink.rolling-policy.rollover-interval", 1'800'000));
        MR_TRY(idle_max_ms, duration_option(*table, "sink.rolling-policy.inactivity-interval", 60'000));
        const std::string_view policy = table->option("sink.partition-commit.policy.kind");
        if (policy.find("success-file") != std::string_view::npos)
            success_file = table->option("sink.partition-commit.success-file.name", "_SUCCESS");
        MR_TRY_VOID(fs.make_dirs(root));
        MR_TRY_VOID(recover());
        MR_TRY_VOID(read_on());
        columns_of_file();
        return {};
    }

    Result<std::size_t> run_once() {
        Result<std::size_t> done = work();
        if (done) return done;
        // What is in the open files is not known any more: again from the last commit.
        files.clear();
        uncommitted = 0;
        MR_TRY_VOID(read_on());
        return done;
    }

  private:
    Status read_on() {
        MR_TRY(reader, TableReader::open(broker, table, "files of " + table->name, last.position));
        position = last.position;
        return {};
    }

    Result<std::size_t> work() {
        if (!renamed) MR_TRY_VOID(rename_all());
        while (true) {
            MR_TRY(const TableBatch batch, reader->read(kReadBytes));
            if (batch.rows.empty()) break;
            MR_TRY_VOID(write(batch));
            position = batch.position;
            written_ns = clock.monotonic_ns();
            if (large()) return commit();
        }
        const std::int64_t now = clock.monotonic_ns();
        const bool old = !files.empty() && now - opened_ns >= age_max_ms * 1'000'000;
        const bool idle = !files.empty() && now - written_ns >= idle_max_ms * 1'000'000;
        return old || idle ? commit() : Result<std::size_t>(0);
    }

    struct Open {
        std::unique_ptr<FileWriter> writer;
        std::string from, to;  ///< below root
    };

    [[nodiscard]] std::string commit_path() const { return join_path(root, ".millrace-" + name); }

    /// ".part-<table>-3-0.inprogress"
    [[nodiscard]] bool is_hidden_file(std::string_view file) const {
        const std::string prefix = ".part-" + name + "-";
        constexpr std::string_view kEnd = ".inprogress";
        if (!file.starts_with(prefix) || !file.ends_with(kEnd)) return false;
        const std::string_view numbers =
            file.substr(prefix.size(), file.size() - prefix.size() - kEnd.size());
        return std::ranges::count(numbers, '-') == 1 &&
               numbers.find_first_not_of("0123456789-") == std::string_view::npos;
    }

    Status recover() {
        if (fs.exists(commit_path())) {
            MR_TRY(const std::string text, read_file(fs, commit_path()));
            auto parsed = FileCommit::parse(text);
            if (!parsed) return annotate(parsed.error(), commit_path());
            last = std::move(*parsed);
            MR_TRY_VOID(rename_all());
        }
        // Hidden files of commits that never were.
        namespace files = std::filesystem;
        std::error_code error;
        std::vector<std::string> gone;
        for (files::recursive_directory_iterator it(root, error), end; !error && it != end;
             it.increment(error)) {
            if (is_hidden_file(it->path().filename().string())) gone.push_back(it->path());
        }
        for (const std::string& path : gone) MR_TRY_VOID(fs.remove(path));
        return {};
    }

    /// What the last commit says.
    Status rename_all() {
        std::set<std::string> folders;
        for (const FileCommit::Rename& r : last.files) {
            const std::string from = join_path(root, r.from);
            const std::string to = join_path(root, r.to);
            if (fs.exists(from)) MR_TRY_VOID(fs.rename(from, to));
            folders.insert(parent_path(to));
        }
        for (const std::string& folder : folders) {
            if (!success_file.empty() && !fs.exists(join_path(folder, success_file)))
                MR_TRY_VOID(write_file_atomic(fs, join_path(folder, success_file), ""));
            MR_TRY_VOID(fs.sync_dir(folder));
        }
        renamed = true;
        return {};
    }

    /// Everything but the columns that are in the folders' names.
    void columns_of_file() {
        const Schema& all = reader->schema();
        for (const int p : table->partitioned_by)
            partition_columns.push_back(all.find(table->columns[static_cast<std::size_t>(p)].name));
        for (std::size_t c = 0; c < all.size(); ++c) {
            if (std::ranges::find(partition_columns, static_cast<int>(c)) != partition_columns.end())
                continue;
            file_columns.push_back(c);
            file_schema.fields.push_back(all[c]);
        }
    }

    [[nodiscard]] std::string folder_of(const Delta& rows, std::size_t row) const {
        std::string out;
        for (const int p : partition_columns) {
            const auto c = static_cast<std::size_t>(p);
            const Field& f = reader->schema()[c];
            const Value value = rows.columns[c]->value(row);
            const bool empty = value.is_null() || (f.type.is_character() && value.text().empty());
            const std::string text =
                empty ? std::string(table->option("partition.default-name", "__DEFAULT_PARTITION__"))
                      : escaped(to_string(value, f.type));
            out += fmt::format("{}={}/", f.name, text);
        }
        return out;
    }

    Status write(const TableBatch& batch) {
        std::vector<ColumnPtr> columns;
        for (const std::size_t c : file_columns) columns.push_back(batch.rows.columns[c]);
        std::map<std::string, std::vector<std::uint32_t>> by_folder;
        for (std::uint32_t row = 0; row < batch.rows.size(); ++row) {
            // Append-only: the planner has refused anything else.
            if (batch.rows.weight[row] > 0) by_folder[folder_of(batch.rows, row)].push_back(row);
        }
        for (const auto& [folder, rows] : by_folder) {
            MR_TRY(Open * file, file_of(folder));
            std::vector<std::string> skipped;
            MR_TRY_VOID(file->writer->write(columns, rows, skipped));
            for (const std::string& why : skipped)
                log_error("sink", "table {}: a row is left out: {}", table->name, why);
            uncommitted += rows.size() - skipped.size();
        }
        return {};
    }

    Result<Open*> file_of(const std::string& folder) {
        if (const auto it = files.find(folder); it != files.end()) return &it->second;
        if (!folder.empty()) MR_TRY_VOID(fs.make_dirs(join_path(root, folder)));
        const std::string part = fmt::format("part-{}-{}-{}", name, last.number + 1, files.size());
        Open open{.writer = nullptr,
                  .from = fmt::format("{}.{}.inprogress", folder, part),
                  .to = fmt::format("{}{}.{}", folder, part, table->option("format"))};
        MR_TRY(open.writer, FileWriter::open(fs, join_path(root, open.from), *table, file_schema));
        if (files.empty()) opened_ns = clock.monotonic_ns();
        return &(files[folder] = std::move(open));
    }

    [[nodiscard]] bool large() const {
        return files.size() > kOpenMax || std::ranges::any_of(files, [&](const auto& f) {
                   return f.second.writer->bytes() >= size_max;
               });
    }

    Result<std::size_t> commit() {
        FileCommit next{.position = position, .number = last.number + 1, .files = {}};
        for (auto& [folder, file] : files) {
            MR_TRY_VOID(file.writer->finish());
            MR_TRY_VOID(fs.sync_dir(parent_path(join_path(root, file.from))));
            next.files.push_back({file.from, file.to});
        }
        MR_TRY_VOID(write_file_atomic(fs, commit_path(), next.to_text()));
        // From here on it has happened, whatever comes.
        last = std::move(next);
        renamed = false;
        files.clear();
        const std::size_t rows = std::exchange(uncommitted, 0);
        MR_TRY_VOID(rename_all());
        reader->confirm(last.position);
        return rows;
    }

    broker::Broker& broker;
    Clock& clock;
    FileSystem& fs;
    const plan::TablePtr table;
    const std::string name;  ///< the table's, as part of a file's
    const std::string root;
    std::int64_t size_max = 0, age_max_ms = 0, idle_max_ms = 0;
    std::string success_file;  ///< empty: none
    FileCommit last;
    bool renamed = true;  ///< last's files
    std::unique_ptr<TableReader> reader;
    TopicPosition position;  ///< of what is in the open files
    std::vector<int> partition_columns;
    std::vector<std::size_t> file_columns;
    Schema file_schema;
    std::map<std::string, Open> files;  ///< by folder below root, "" or "day=…/"
    std::int64_t opened_ns = 0, written_ns = 0;
    std::size_t uncommitted = 0;
};

Result<std::unique_ptr<FileSink>> FileSink::open(broker::Broker& broker, Clock& clock, FileSystem& fs,
                                                 const plan::TablePtr& table, const std::string& base) {
    auto impl = std::make_unique<Impl>(broker, clock, fs, table, base);
    MR_TRY_VOID(impl->open());
    return std::make_unique<FileSink>(std::move(impl));
}

FileSink::FileSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileSink::~FileSink() = default;
Result<std::size_t> FileSink::run_once() {
    return impl_->run_once();
}

}  // namespace mr::connect
