// A job that writes the rows of several small data files into few larger ones. It holds no table: it reads
// immutable files and writes under names that nothing mentions, so it runs beside appends, on a thread that
// takes its time; Table::commit_rewrite() makes its work count. Memory: one batch and one row group.
// Format: docs/formats/iceberg-mapping.md. Thread: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "lake/parquet.h"
#include "lake/parquet_reader.h"

namespace mr::lake {

class Rewrite {
  public:
    struct Plan {
        std::vector<ManifestEntry> inputs;  ///< in the order of their arrival
        std::vector<std::string> paths;     ///< where they lie
        std::optional<std::int32_t> hour;   ///< the partition
        std::string directory;              ///< of its files
        std::vector<LakeField> fields;      ///< of the table
        std::vector<DataType> types;
        ParquetOptions parquet;
        std::int64_t target_bytes = 0;
        std::int64_t arrived_ms = 0;  ///< of the newest row
        std::string id;               ///< unique
    };
    Rewrite(FileSystem& fs, Plan plan) : fs_(fs), plan_(std::move(plan)) {}
    /// Removes what was written, unless it was committed.
    ~Rewrite();
    Rewrite(const Rewrite&) = delete;
    Rewrite& operator=(const Rewrite&) = delete;

    /// Reads and writes about one batch; true when everything is written and synced. After an error the job
    /// is of no use any more.
    Result<bool> run_slice();

    [[nodiscard]] const Plan& plan() const { return plan_; }
    /// Of a finished job; each with the temporary path it lies at.
    [[nodiscard]] std::vector<DataFile>& outputs() { return outputs_; }
    [[nodiscard]] bool finished() const { return finished_; }
    /// The outputs belong to the table now.
    void release() { outputs_.clear(); }

  private:
    Status open_output();
    Status close_output();

    FileSystem& fs_;
    const Plan plan_;
    std::size_t next_input_ = 0;
    std::unique_ptr<ParquetReader> reader_;
    std::unique_ptr<ParquetWriter> writer_;
    std::unique_ptr<File> file_;
    std::string path_;
    std::uint64_t at_ = 0;
    std::vector<DataFile> outputs_;
    int files_ = 0;
    bool finished_ = false;
};

}  // namespace mr::lake
