// Whatever lies in a data directory: a start gives a journal or an error, never a crash. The first byte says
// what the rest is:
//   0  the payload of a step, or of a pipeline entry
//   1  the raw bytes of a journal file, once as they are and once behind a good header
//   2  a script that writes entries with good checksums but wild numbers into several files
//   3  a manifest and a snapshot, with their checksums made right
// Invariants: what opens has entries 1, 2, 3 … without a gap; it opens again with the same ones, and with one
// more after one was appended.
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "base/sim_file_system.h"
#include "journal/internal/checkpoint_store.h"
#include "journal/internal/entry_codec.h"
#include "journal/internal/journal_file.h"
#include "journal/journal.h"
#include "journal/pipeline_entry.h"
#include "journal/step_entry.h"

namespace {

using namespace mr;
using namespace mr::journal;
namespace inner = mr::journal::internal;

constexpr std::uint64_t kFileBytes = 16U << 10;
constexpr const char* kDirectory = "d/journal";
constexpr const char* kCheckpoints = "d/checkpoints";

class Counter final : public Participant {
  public:
    [[nodiscard]] std::string_view name() const override { return "p"; }
    [[nodiscard]] bool reads(Kind) const override { return true; }
    void apply(const Entry& entry) override {
        MR_CHECK(entry.seq == applied_.next(), "{} after {}", entry.seq, applied_);
        applied_ = entry.seq;
    }
    std::unique_ptr<Cut> cut() override { return nullptr; }
    Status restore(std::string_view, Seq through) override {
        applied_ = through;
        return {};
    }
    [[nodiscard]] Seq applied_through() const override { return applied_; }

  private:
    Seq applied_;
};

class OneEntry final : public Proposal {
  public:
    void order(Appender& out) override { out.append(Kind::topic_batch, "one more"); }
    void done() override {}
    [[nodiscard]] std::size_t bytes() const override { return 8; }
};

/// Opens, appends one entry where `append` says so; the last sequence, or nothing if it was refused.
std::optional<Seq> open_once(SimFileSystem& fs, bool append) {
    VirtualClock clock(TimestampMs(0));
    Metrics metrics;
    Counter participant;
    Options options;
    options.directory = kDirectory;
    options.checkpoint_directory = kCheckpoints;
    options.file_bytes = kFileBytes;
    auto opened = Journal::open(fs, clock, metrics, options, {&participant});
    if (!opened) return std::nullopt;
    Journal& opened_journal = **opened;
    MR_CHECK(participant.applied_through() == opened_journal.recovery().last);
    std::unique_ptr<Proposal> proposal = std::make_unique<OneEntry>();
    if (append) MR_CHECK(opened_journal.try_submit(Lane::clients, proposal));
    bool busy = true;
    while (busy) {
        busy = opened_journal.run_once();
        busy = opened_journal.sync_once() || busy;
        busy = opened_journal.settle_once() || busy;
    }
    return opened_journal.durable();
}

void try_directory(SimFileSystem& fs) {
    const auto first = open_once(fs, false);
    if (!first) return;
    MR_CHECK(open_once(fs, true) == first->next());
    fs.crash();
    MR_CHECK(open_once(fs, false) == first->next());
}

void put_file(SimFileSystem& fs, const std::string& path, const std::string& bytes) {
    MR_CHECK(write_file_atomic(fs, path, bytes).has_value());
}

void make_directories(SimFileSystem& fs) {
    MR_CHECK(fs.make_dirs(kDirectory).has_value() && fs.make_dirs(kCheckpoints).has_value());
}

void try_raw(const std::string& bytes) {
    for (const bool with_header : {false, true}) {
        SimFileSystem fs(1);
        make_directories(fs);
        const std::string header = inner::encode_file_header(
            {.number = 1, .salt = 0, .file_bytes = kFileBytes, .base = Seq(1), .synced = Seq(0)});
        put_file(fs, join_path(kDirectory, inner::journal_file_name(1)),
                 with_header ? header + bytes : bytes);
        try_directory(fs);
    }
}

void try_script(std::string_view script) {
    SimFileSystem fs(1);
    make_directories(fs);
    ByteReader in(script);
    for (std::uint64_t number = 1; number <= 4 && !in.at_end(); ++number) {
        inner::FileHeader header;
        header.number = number;
        header.file_bytes = kFileBytes;
        header.base = Seq(in.u8());
        header.synced = Seq(in.u8());
        std::string bytes = inner::encode_file_header(header);
        const std::uint32_t seed = inner::file_seed(number, 0);
        for (std::uint8_t count = in.u8() % 16; count > 0 && !in.at_end(); --count) {
            const std::uint8_t what = in.u8();
            const Kind kind = what % 4 == 0    ? Kind::mark
                              : what % 17 == 1 ? static_cast<Kind>(99)
                                               : Kind::step;
            const Seq seq(in.u8());
            const Seq synced(in.u8());
            const std::string payload(in.u8() % 64, 'x');
            inner::encode_entry(bytes, seed, {.seq = seq, .synced = synced, .kind = kind}, payload);
            // Now and then damaged, or with a hole behind.
            if (what % 11 == 2) bytes[bytes.size() - 1 - what % 40] ^= 0x40;
            if (what % 13 == 3) bytes.append(40, '\0');
        }
        if (bytes.size() < kFileBytes) bytes.resize(kFileBytes, '\0');
        put_file(fs, join_path(kDirectory, inner::journal_file_name(number)), bytes);
    }
    try_directory(fs);
}

void try_checkpoint(std::string bytes) {
    static_cast<void>(inner::decode_manifest(bytes, "fuzz"));
    if (bytes.size() < 16) return;
    bytes.replace(0, 12, std::string("MRCHKPNT\x01\0\0\0", 12));
    ByteWriter(bytes).patch(12, crc32c(std::string_view(bytes).substr(16)));
    SimFileSystem fs(1);
    make_directories(fs);
    if (auto manifest = inner::decode_manifest(bytes, "fuzz")) {
        MR_CHECK(inner::decode_manifest(inner::encode_manifest(*manifest), "fuzz") == *manifest);
        put_file(fs, join_path(kCheckpoints, fmt::format("{:012}.manifest", manifest->id)), bytes);
    }
    try_directory(fs);
    bytes.replace(0, 8, "MRSNAPSH");
    inner::SnapshotRef ref;
    ref.participant = "p";
    static_cast<void>(inner::decode_snapshot(bytes, ref, "fuzz"));
}

void try_step(std::string bytes) {
    if (const auto pipeline = decode_pipeline(bytes)) {
        const std::string again = encode_pipeline(*pipeline);
        const auto back = decode_pipeline(again);
        MR_CHECK(back && encode_pipeline(*back) == again);
    }
    if (const auto step = decode_step(bytes)) {
        MR_CHECK(decode_step_header(bytes) && decode_step_outputs(bytes) && decode_step_views(bytes));
        for (std::size_t i = 0; i < step->outputs.size(); ++i) {
            std::string patched = bytes;
            MR_CHECK(patch_step_output(patched, i, Offset(7), LeaderEpoch(9)).has_value());
            const auto again = decode_step_outputs(patched);
            MR_CHECK(again && (*again)[i].base_offset == Offset(7) &&
                     (*again)[i].batch == step->outputs[i].batch);
        }
        MR_CHECK(decode_step(encode_step(*step)).has_value());
    }
    static_cast<void>(decode_step_header(bytes));
    static_cast<void>(decode_step_outputs(bytes));
    static_cast<void>(decode_step_views(bytes));
    static_cast<void>(patch_step_output(bytes, 3, Offset(1), LeaderEpoch(1)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    set_log_level(LogLevel::off);
    if (size == 0) return 0;
    const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 4) {
        case 0:
            try_step(rest);
            break;
        case 1:
            try_raw(rest);
            break;
        case 2:
            try_script(rest);
            break;
        default:
            try_checkpoint(rest);
            break;
    }
    return 0;
}
