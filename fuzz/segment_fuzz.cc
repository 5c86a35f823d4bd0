// Whatever lies in the files of a segment: readers get what is there or an error, never a crash. The first
// byte says which of the five files the rest replaces (0 to 4; the others are good), or changes (10 to 14; a
// place, 2 bytes, and what stands there), or else that the rest are the numbers a checkpoint gave.
// Invariants: what is read lies within the file and within the limits asked for.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/sim_file_system.h"
#include "broker/internal/segment.h"
#include "wire/record.h"

namespace {

using namespace mr;
using namespace mr::broker;

constexpr const char* kDirectory = "t/0";
constexpr Offset kBase{1'000};
constexpr int kBatches = 6;
constexpr std::int64_t kRecords = 3;

struct Good {
    SegmentInfo info;
    std::string files[SegmentFiles::kFiles];
};

Good make_good() {
    Good out;
    SegmentInfo& info = out.info;
    info.base = kBase;
    write_seq_index_header(out.files[SegmentFiles::seq_index], kBase);
    for (int i = 0; i < kBatches; ++i) {
        wire::BatchBuilder builder;
        for (int r = 0; r < kRecords; ++r) builder.add(TimestampMs(1'000 + i), "key", std::string(40, 'v'));
        std::string batch = builder.finish();
        const Offset base = kBase.plus(i * kRecords);
        ByteWriter(batch, Endian::big).patch(0, base.value);
        const auto position = static_cast<std::uint32_t>(info.log_bytes);
        write_seq_index_entry(out.files[SegmentFiles::seq_index], kBase,
                              {base, position, Seq(static_cast<std::uint64_t>(10 + i)), base.plus(kRecords)});
        ByteWriter index(out.files[SegmentFiles::index], Endian::big);
        index.i32(static_cast<std::int32_t>(base.value - kBase.value + kRecords - 1));
        index.i32(static_cast<std::int32_t>(position));
        ByteWriter times(out.files[SegmentFiles::time_index], Endian::big);
        times.i64(1'000 + i);
        times.i32(static_cast<std::int32_t>(base.value - kBase.value + kRecords - 1));
        out.files[SegmentFiles::log] += batch;
        info.log_bytes = out.files[SegmentFiles::log].size();
    }
    write_txn_index_entry(out.files[SegmentFiles::txn_index], {7, kBase, kBase.plus(4), kBase.plus(5)});
    info.next = kBase.plus(kBatches * kRecords);
    info.batches = info.index_entries = info.time_entries = kBatches;
    info.aborted = 1;
    info.first_seq = Seq(10);
    info.last_seq = Seq(10 + kBatches - 1);
    info.max_timestamp = TimestampMs(1'000 + kBatches - 1);
    info.max_timestamp_offset = kBase.plus(kBatches * kRecords - 1);
    info.time_index_last = info.max_timestamp;
    return out;
}

/// The numbers a checkpoint might hold; its checksum keeps damage out, not a file that was cut behind its
/// back.
void wild_numbers(SegmentInfo& info, std::string_view bytes) {
    ByteReader in(bytes);
    info.batches = 1 + in.u8();
    info.time_entries = in.u8();
    info.index_entries = in.u8();
    info.aborted = in.u8();
    info.log_bytes = in.u16();
    info.next = kBase.plus(in.u16());
}

constexpr std::size_t kChanged = 10;  ///< and up: changes of a good file

std::string changed(std::string file, std::string_view edits) {
    for (; edits.size() >= 3; edits.remove_prefix(3)) {
        const std::size_t at =
            static_cast<std::uint8_t>(edits[0]) * 256U + static_cast<std::uint8_t>(edits[1]);
        if (!file.empty()) file[at % file.size()] = edits[2];
    }
    return file;
}

void read_all(const Segment& segment) {
    for (const std::int64_t offset : {-1, 0, 999, 1'000, 1'004, 1'017, 1'018, 9'999})
        static_cast<void>(segment.find_offset(Offset(offset)));
    for (const std::uint64_t seq : {0, 9, 12, 99}) static_cast<void>(segment.find_seq(Seq(seq)));
    for (const std::int64_t time : {-1, 0, 1'003, 9'999})
        static_cast<void>(segment.find_time(TimestampMs(time)));
    static_cast<void>(segment.aborted());
    for (std::uint32_t from = 0; from < segment.info().batches; ++from) {
        for (const std::size_t bytes : {std::size_t{1}, std::size_t{300}, std::size_t{1} << 20}) {
            const auto run = segment.read(from, bytes, 4);
            if (!run) continue;
            MR_CHECK(!run->places.empty() && run->places.size() <= 4, "{}", run->places.size());
            for (std::size_t i = 0; i < run->places.size(); ++i)
                MR_CHECK(run->batch(i).size() <= run->bytes.size());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static const Good good = make_good();
    const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
    SimFileSystem fs(1);
    MR_CHECK(fs.make_dirs(kDirectory).has_value());
    const auto files = std::make_shared<SegmentFiles>(fs, kDirectory, kBase);
    for (std::size_t i = 0; i < SegmentFiles::kFiles; ++i) {
        const auto which = static_cast<SegmentFiles::Which>(i);
        const auto file = fs.open(files->path(which), FileSystem::Mode::create);
        MR_CHECK(file.has_value());
        std::string content = good.files[i];
        if (data[0] == i) content = rest;
        if (data[0] == kChanged + i) content = changed(std::move(content), rest);
        MR_CHECK((*file)->write_at(0, content).has_value());
    }
    SegmentInfo info = good.info;
    if (data[0] >= SegmentFiles::kFiles && (data[0] < kChanged || data[0] >= kChanged + SegmentFiles::kFiles))
        wild_numbers(info, rest);
    read_all(Segment(info, files));
    return 0;
}
