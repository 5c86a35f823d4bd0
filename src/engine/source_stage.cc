#include "engine/source_stage.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/expr/evaluator.h"
#include "engine/record_decoder.h"
#include "engine/watermark_tracker.h"

namespace mr::engine {
namespace {

/// Marks the columns that `wanted` ones are computed from, and those of the watermark.
std::vector<bool> columns_needed(const plan::Table& table, const std::vector<int>& read) {
    std::vector<bool> wanted(table.columns.size(), false);
    for (const int c : read) wanted[static_cast<std::size_t>(c)] = true;
    if (table.watermark) {
        wanted[static_cast<std::size_t>(table.watermark->column)] = true;
        for (const int c : plan::columns_read(*table.watermark->expression))
            wanted[static_cast<std::size_t>(c)] = true;
    }
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const plan::TableColumn& column = table.columns[i];
        if (!wanted[i] || column.kind != plan::ColumnKind::computed) continue;
        for (const int c : plan::columns_read(*column.expression)) wanted[static_cast<std::size_t>(c)] = true;
    }
    // NOT NULL is a promise about the record, whether or not a query reads the column.
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const plan::TableColumn& column = table.columns[i];
        if (column.kind == plan::ColumnKind::physical && !column.type.nullable) wanted[i] = true;
    }
    return wanted;
}

/// Floor of a timestamp in milliseconds.
std::int64_t to_ms(std::int64_t ticks, std::int64_t unit) {
    const std::int64_t per_ms = unit / 1'000;
    const std::int64_t ms = ticks / per_ms;
    return ticks % per_ms < 0 ? ms - 1 : ms;
}

}  // namespace

class SourceStage::Impl {
  public:
    struct Pending {
        PartitionId partition;
        wire::Record record;
        std::uint64_t arrival = 0;
        RowKind kind = RowKind::put;  ///< put or remove
        bool first_of_two = false;    ///< of an update: it and the next row are one record
    };
    struct Computed {
        std::size_t column = 0;
        std::unique_ptr<Evaluator> evaluator;
    };

    plan::TablePtr table;
    Schema schema;          ///< of the table, all columns
    std::vector<int> read;  ///< output columns
    std::unique_ptr<RecordDecoder> decoder;
    Seq entry{UINT64_MAX};
    std::vector<Computed> computed;
    std::unique_ptr<Evaluator> watermark;
    WatermarkTracker tracker;
    std::vector<Pending> rows;                              ///< those the decoder took
    std::vector<std::pair<std::size_t, Rejected>> refused;  ///< by the decoder; before which row
    SourceCounts counts;

    void reject(const Pending& p, std::string reason, std::vector<Rejected>& rejected) {
        ++counts.rejected;
        rejected.push_back(make_rejected(p.partition, p.record, std::move(reason)));
    }

    static Rejected make_rejected(PartitionId partition, const wire::Record& record, std::string reason) {
        return {.partition = partition,
                .offset = record.offset,
                .timestamp = record.timestamp,
                .reason = std::move(reason),
                .key = std::string(record.key.value_or("")),
                .value = std::string(record.value.value_or(""))};
    }

    /// Why each row cannot be used; rows that can are absent. `columns` gets computed columns added.
    std::vector<RowError> check_rows(std::vector<ColumnPtr>& columns, std::int64_t processing_time_ms) {
        std::vector<RowError> errors;
        const EvalInput input{
            .columns = columns, .rows = rows.size(), .wm = {}, .processing_time_ms = processing_time_ms};
        for (Computed& c : computed) columns[c.column] = c.evaluator->evaluate_one(input, errors);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const plan::TableColumn& declared = table->columns[i];
            const bool time = table->watermark && table->watermark->column == static_cast<int>(i);
            if (columns[i] == nullptr || !columns[i]->has_nulls() || (declared.type.nullable && !time))
                continue;
            for (std::size_t row = 0; row < rows.size(); ++row) {
                if (!columns[i]->is_null(row) || rows[row].kind == RowKind::remove) continue;
                errors.push_back(
                    {static_cast<std::uint32_t>(row), fmt::format("field `{}`: {}", declared.name,
                                                                  time ? "the event time is NULL or missing"
                                                                       : "is NOT NULL but NULL or missing")});
            }
        }
        return failed_rows(std::move(errors));
    }

    /// By row, why its record cannot be used, or nullptr: both rows of an update fall together. Empty: all
    /// can.
    [[nodiscard]] std::vector<const RowError*> by_record(const std::vector<RowError>& bad) const {
        std::vector<const RowError*> out;
        if (bad.empty()) return out;
        out.resize(rows.size(), nullptr);
        for (const RowError& e : bad) {
            out[e.row] = &e;
            if (rows[e.row].first_of_two) out[e.row + 1] = &e;
            if (e.row > 0 && rows[e.row - 1].first_of_two) out[e.row - 1] = &e;
        }
        return out;
    }

    Delta finish(std::int64_t processing_time_ms, std::vector<Rejected>& rejected) {
        for (auto& [before, r] : refused) rejected.push_back(std::move(r));
        refused.clear();
        std::vector<ColumnPtr> columns(table->columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = decoder->take(i);
        const std::vector<RowError> bad = check_rows(columns, processing_time_ms);
        std::vector<RowError> watermark_errors;
        ColumnPtr candidates;
        if (watermark && !rows.empty()) {
            const EvalInput input{
                .columns = columns, .rows = rows.size(), .wm = {}, .processing_time_ms = processing_time_ms};
            candidates = watermark->evaluate_one(input, watermark_errors);
        }
        Delta delta;
        std::vector<std::uint32_t> kept;
        const std::int64_t unit = candidates ? candidates->type().time_unit() : 1'000;
        const std::vector<const RowError*> refused_rows = by_record(bad);
        std::size_t records = 0;
        for (std::uint32_t row = 0; row < rows.size(); ++row) {
            if (!refused_rows.empty() && refused_rows[row] != nullptr) {
                if (!rows[row].first_of_two) reject(rows[row], refused_rows[row]->message, rejected);
                continue;
            }
            kept.push_back(row);
            records += rows[row].first_of_two ? 0 : 1;
            delta.weight.push_back(rows[row].kind == RowKind::put ? 1 : -1);
            delta.arrival.push_back(rows[row].arrival);
            delta.wm.push_back(tracker.current());
            if (candidates && !candidates->is_null(row)) {
                tracker.observe(rows[row].partition.value, to_ms(candidates->integer(row), unit));
            }
        }
        counts.accepted += records;
        for (const int c : read) {
            const ColumnPtr& column = columns[static_cast<std::size_t>(c)];
            delta.columns.push_back(kept.size() == rows.size() ? column : Column::take(column, kept));
        }
        delta.end_watermark = tracker.current();
        rows.clear();
        return delta;
    }
};

Result<std::unique_ptr<SourceStage>> SourceStage::create(const plan::Node& node,
                                                         formats::SchemaSource* schemas,
                                                         const std::vector<formats::FieldsRead>& reads) {
    const auto& source = std::get<plan::SourceNode>(node.op);
    auto impl = std::make_unique<Impl>();
    impl->table = source.table;
    impl->schema = source.table->schema();
    impl->read = source.columns;
    const std::vector<bool> wanted = columns_needed(*source.table, source.columns);
    MR_TRY(impl->decoder, RecordDecoder::create(source.table, wanted, schemas, reads));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const plan::TableColumn& column = source.table->columns[i];
        if (!wanted[i] || column.kind != plan::ColumnKind::computed) continue;
        MR_TRY(auto evaluator, Evaluator::create(column.expression, impl->schema));
        impl->computed.push_back({i, std::move(evaluator)});
    }
    if (source.table->watermark) {
        MR_TRY(impl->watermark, Evaluator::create(source.table->watermark->expression, impl->schema));
    }
    return std::make_unique<SourceStage>(std::move(impl));
}

SourceStage::SourceStage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SourceStage::~SourceStage() = default;

void SourceStage::set_partitions(std::int32_t count) {
    impl_->tracker.set_partitions(count);
}

void SourceStage::add(PartitionId partition, const wire::Record& record, std::uint64_t arrival) {
    ++impl_->counts.in;
    auto kind = impl_->decoder->decode(partition, record, impl_->entry);
    if (!kind) {
        ++impl_->counts.rejected;
        impl_->refused.emplace_back(impl_->rows.size(),
                                    Impl::make_rejected(partition, record, std::move(kind.error().message)));
        return;
    }
    if (*kind == RowKind::none) {
        ++impl_->counts.accepted;
    } else if (*kind == RowKind::update) {
        impl_->rows.push_back({partition, record, arrival, RowKind::remove, true});
        impl_->rows.push_back({partition, record, arrival, RowKind::put, false});
    } else {
        impl_->rows.push_back({partition, record, arrival, *kind, false});
    }
}

void SourceStage::set_entry(Seq entry) {
    impl_->entry = entry;
}

std::size_t SourceStage::pending() const {
    return impl_->rows.size() + impl_->refused.size();
}

Delta SourceStage::finish(std::int64_t processing_time_ms, std::vector<Rejected>& rejected) {
    return impl_->finish(processing_time_ms, rejected);
}

void SourceStage::set_idle(PartitionId partition, bool idle) {
    impl_->tracker.set_idle(partition.value, idle);
}
bool SourceStage::is_idle(PartitionId partition) const {
    return impl_->tracker.is_idle(partition.value);
}
void SourceStage::advance(std::int64_t watermark_ms) {
    impl_->tracker.advance(watermark_ms);
}
std::int64_t SourceStage::watermark() const {
    return impl_->tracker.current();
}
bool SourceStage::has_watermark() const {
    return impl_->watermark != nullptr;
}
std::int32_t SourceStage::partitions() const {
    return impl_->tracker.partitions();
}
std::int32_t SourceStage::held_by() const {
    return impl_->tracker.held_by();
}
void SourceStage::encode_state(std::string& out) const {
    impl_->tracker.encode(out);
}
Status SourceStage::restore_state(std::string_view bytes) {
    return impl_->tracker.decode(bytes);
}
const SourceCounts& SourceStage::counts() const {
    return impl_->counts;
}
const plan::Table& SourceStage::table() const {
    return *impl_->table;
}

}  // namespace mr::engine
