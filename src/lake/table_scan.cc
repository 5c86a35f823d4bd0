#include "lake/table_scan.h"

#include <algorithm>

#include "base/bytes.h"
#include "lake/folder.h"
#include "lake/metadata.h"

namespace mr::lake {
namespace {

constexpr std::int64_t kBatchRows = 2'048;

Result<TableMetadata> newest(const Folder& folder) {
    auto version = folder.newest_version();
    if (!version || *version == 0)
        return fail(Code::not_found, "there is no lake table in {}", folder.directory());
    const std::string path = folder.version_path(*version);
    MR_TRY(const std::string text, folder.read(path));
    auto metadata = TableMetadata::parse(text);
    if (!metadata) return annotate(std::move(metadata).error(), path);
    return metadata;
}

Result<DataType> type_of(const LakeField& field) {
    auto type = data_type(field.type);
    if (!type) return annotate(std::move(type).error(), fmt::format("column `{}`", field.name));
    return type;
}

/// A bound of an integer or timestamp column.
std::optional<std::int64_t> bound_of(const std::map<int, std::string>& bounds, int id) {
    const auto found = bounds.find(id);
    if (found == bounds.end()) return std::nullopt;
    ByteReader in(found->second);
    if (found->second.size() == 8) return in.i64();
    if (found->second.size() == 4) return in.i32();
    return std::nullopt;
}

bool may_match(const LakeSchema& schema, const DataFile& file, const std::map<int, ColumnRange>& ranges) {
    return std::ranges::all_of(ranges, [&](const auto& wanted) {
        const int id = schema.fields.at(static_cast<std::size_t>(wanted.first)).id;
        const auto low = bound_of(file.lower_bounds, id), high = bound_of(file.upper_bounds, id);
        return !(low && *low > wanted.second.high) && !(high && *high < wanted.second.low);
    });
}

}  // namespace

Result<Schema> TableScan::schema(FileSystem& fs, const std::string& directory) {
    MR_TRY(const TableMetadata metadata, newest(Folder(fs, directory)));
    Schema out;
    for (const LakeField& f : metadata.schema.fields) {
        MR_TRY(DataType type, type_of(f));
        out.fields.push_back({f.name, std::move(type)});
    }
    return out;
}

Result<std::unique_ptr<TableScan>> TableScan::open(FileSystem& fs, const std::string& directory,
                                                   const std::vector<int>& columns,
                                                   const std::map<int, ColumnRange>& ranges) {
    const Folder folder(fs, directory);
    MR_TRY(const TableMetadata metadata, newest(folder));
    std::vector<LakeField> fields;
    std::vector<DataType> types;
    for (const int c : columns) {
        const LakeField& field = metadata.schema.fields.at(static_cast<std::size_t>(c));
        MR_TRY(DataType type, type_of(field));
        fields.push_back(field);
        types.push_back(std::move(type));
    }
    auto out = std::make_unique<TableScan>(fs, std::move(fields), std::move(types));
    const Snapshot* current = metadata.current();
    if (current == nullptr) return out;
    MR_TRY(const std::string list_bytes, folder.read(current->manifest_list));
    MR_TRY(auto list, decode_manifest_list(list_bytes));
    std::ranges::stable_sort(list, {}, &ManifestFile::min_sequence);
    for (const ManifestFile& m : list) {
        if (m.content != 0)
            return fail(Code::unsupported, "{} has another writer's delete files, which are not read here",
                        directory);
        MR_TRY(const std::string bytes, folder.read(m.path));
        MR_TRY(const auto entries, decode_manifest(bytes, m));
        for (const ManifestEntry& e : entries) {
            if (e.status == EntryStatus::deleted || !may_match(metadata.schema, e.file, ranges)) continue;
            MR_TRY(std::string path, folder.local(e.file.path));
            out->paths_.push_back(std::move(path));
        }
    }
    return out;
}

Result<std::optional<ParquetReader::Batch>> TableScan::next() {
    for (;;) {
        if (reader_ == nullptr) {
            if (at_ == paths_.size()) return std::nullopt;
            MR_TRY(reader_, ParquetReader::open(fs_, paths_[at_++], fields_, types_, kBatchRows));
        }
        MR_TRY(auto batch, reader_->next());
        if (batch && batch->rows > 0) return batch;
        if (!batch) reader_.reset();
    }
}

}  // namespace mr::lake
