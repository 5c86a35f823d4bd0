#include "lake/rewrite.h"

#include "lake/folder.h"

namespace mr::lake {
namespace {

/// A slice: about 2 MiB of the archive's records.
constexpr std::int64_t kBatchRows = 1'024;

}  // namespace

Rewrite::~Rewrite() {
    writer_.reset();
    file_.reset();
    if (!path_.empty()) static_cast<void>(fs_.remove(path_));
    for (const DataFile& f : outputs_) static_cast<void>(fs_.remove(f.path));
}

Status Rewrite::open_output() {
    path_ = join_path(plan_.directory, temporary_name(fmt::format("{}-{}.parquet", plan_.id, ++files_)));
    MR_TRY(file_, fs_.open(path_, FileSystem::Mode::create));
    at_ = 0;
    MR_TRY(writer_, ParquetWriter::open(plan_.fields, plan_.types, plan_.parquet,
                                        [this](std::string_view bytes) -> Status {
                                            MR_TRY_VOID(file_->write_at(at_, bytes));
                                            at_ += bytes.size();
                                            return {};
                                        }));
    return {};
}

Status Rewrite::close_output() {
    if (writer_ == nullptr) return {};
    MR_TRY(DataFile file, writer_->finish());
    MR_TRY_VOID(file_->sync());
    writer_.reset();
    file_.reset();
    file.path = std::exchange(path_, {});
    file.hour = plan_.hour;
    outputs_.push_back(std::move(file));
    return {};
}

Result<bool> Rewrite::run_slice() {
    if (finished_) return true;
    if (reader_ == nullptr) {
        if (next_input_ == plan_.paths.size()) {
            MR_TRY_VOID(close_output());
            finished_ = true;
            return true;
        }
        MR_TRY(reader_,
               ParquetReader::open(fs_, plan_.paths[next_input_++], plan_.fields, plan_.types, kBatchRows));
    }
    MR_TRY(const auto batch, reader_->next());
    if (!batch) {
        reader_.reset();
        return false;
    }
    if (batch->rows == 0) return false;
    if (writer_ == nullptr) MR_TRY_VOID(open_output());
    MR_TRY_VOID(writer_->write(batch->columns));
    if (writer_->bytes() >= plan_.target_bytes) MR_TRY_VOID(close_output());
    return false;
}

}  // namespace mr::lake
