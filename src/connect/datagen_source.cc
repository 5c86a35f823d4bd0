#include "connect/datagen_source.h"

#include <algorithm>

#include "connect/datagen_rows.h"
#include "engine/table_format.h"
#include "wire/record.h"

namespace mr::connect {
namespace {

constexpr std::int64_t kBatchRows = 1'000;
constexpr std::size_t kBatchBytes = 512U << 10;
/// What a machine that slept makes up for.
constexpr std::int64_t kBehindMaxMs = 10'000;

}  // namespace

Result<std::unique_ptr<DatagenSource>> DatagenSource::open(broker::Broker& broker, Clock& clock,
                                                           TopicFeed::Submit submit,
                                                           const plan::TablePtr& table) {
    auto spec = plan::datagen_spec(*table);
    if (!spec) {
        return fail(Code::invalid_argument, "{}:{}: table {}: {}", table->file, table->line, table->name,
                    spec.error().message);
    }
    Schema schema;
    for (const plan::TableColumn& c : table->columns) {
        if (c.kind == plan::ColumnKind::physical) schema.fields.push_back({c.name, c.type});
    }
    MR_TRY(auto encoder, engine::make_encoder(*table, engine::RecordPart::value, schema, nullptr));
    return std::make_unique<DatagenSource>(clock, TopicFeed(broker, std::move(submit), table->source_topic()),
                                           std::move(*spec), std::move(encoder));
}

std::int64_t DatagenSource::due(std::int64_t next) {
    const std::int64_t now = clock_.now().value;
    const std::int64_t behind_rows = kBehindMaxMs * spec_.rows_per_second / 1'000;
    if (first_ < 0) {
        first_ = next;
        since_ms_ = now;
    }
    std::int64_t due = first_ + std::max<std::int64_t>(0, now - since_ms_) * spec_.rows_per_second / 1'000;
    if (due - next > behind_rows + kBatchRows) {
        first_ = next;
        since_ms_ = now - kBehindMaxMs;
        due = next + behind_rows;
    }
    return spec_.rows ? std::min(due, *spec_.rows) : due;
}

Result<bool> DatagenSource::run_once() {
    MR_TRY(const std::optional<Offset> end, feed_.idle());
    if (!end) return false;
    const std::int64_t next = end->value;
    const std::int64_t wanted = std::min(due(next) - next, kBatchRows);
    if (wanted <= 0) return false;
    const TimestampMs now = clock_.now();
    const std::vector<ColumnPtr> rows = datagen_rows(spec_, next, static_cast<std::size_t>(wanted), now);
    wire::BatchBuilder batch;
    std::string value;
    for (std::size_t row = 0; row < static_cast<std::size_t>(wanted) && batch.bytes() < kBatchBytes; ++row) {
        value.clear();
        MR_TRY(const bool made, encoder_->encode(rows, row, value));
        batch.add(now, std::nullopt, made ? std::optional<std::string_view>(value) : std::nullopt);
    }
    return feed_.send({{feed_.topic(), batch.finish()}});
}

}  // namespace mr::connect
