#include "connect/print_sink.h"

#include <fmt/format.h>

#include "columnar/temporal.h"

namespace mr::connect {
namespace {

constexpr std::size_t kBytesMax = 256U << 10;

/// The seconds of a LocalTime: missing where there are none, fractions of three, six or nine digits.
std::string seconds_text(std::int64_t second, std::int32_t nanos, bool always) {
    if (second == 0 && nanos == 0 && !always) return "";
    std::string out = fmt::format(":{:02}", second);
    if (nanos == 0) return out;
    if (nanos % 1'000'000 == 0) return out + fmt::format(".{:03}", nanos / 1'000'000);
    if (nanos % 1'000 == 0) return out + fmt::format(".{:06}", nanos / 1'000);
    return out + fmt::format(".{:09}", nanos);
}

std::string date_text(std::int64_t days) {
    const CivilDate d = civil_from_days(days);
    return fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day);
}

std::string moment_text(const Moment& m, bool instant) {
    const std::int64_t days = floor_div(m.seconds, 86'400);
    const std::int64_t second = m.seconds - days * 86'400;
    return fmt::format("{}T{:02}:{:02}{}{}", date_text(days), second / 3'600, second / 60 % 60,
                       seconds_text(second % 60, m.nanos, instant), instant ? "Z" : "");
}

std::string list_text(const Value& value, const DataType& type) {
    const std::vector<Value>& list = value.list();
    std::string out;
    if (type.kind == TypeKind::map) {
        for (std::size_t i = 0; i + 1 < list.size(); i += 2) {
            out += fmt::format("{}{}={}", out.empty() ? "" : ", ", java_text(list[i], type.child(0).type),
                               java_text(list[i + 1], type.child(1).type));
        }
        return "{" + out + "}";
    }
    const bool row = type.kind == TypeKind::row;
    for (std::size_t i = 0; i < list.size(); ++i)
        out += (i == 0 ? "" : ", ") + java_text(list[i], type.child(row ? i : 0).type);
    return (row ? "+I[" : "[") + out + "]";
}

}  // namespace

std::string java_text(const Value& value, const DataType& type) {
    if (value.is_null()) return "null";
    switch (type.kind) {
        case TypeKind::boolean:
            return value.boolean() ? "true" : "false";
        case TypeKind::bytes: {
            std::string out;
            for (const char c : value.text())
                out += fmt::format("{}{}", out.empty() ? "" : ", ",
                                   static_cast<int>(static_cast<signed char>(c)));
            return "[" + out + "]";
        }
        case TypeKind::date:
            return date_text(value.integer());
        case TypeKind::time: {
            const std::int64_t second = value.integer() / 1'000;
            const auto nanos = static_cast<std::int32_t>(value.integer() % 1'000 * 1'000'000);
            return fmt::format("{:02}:{:02}{}", second / 3'600, second / 60 % 60,
                               seconds_text(second % 60, nanos, false));
        }
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return moment_text(Moment::of(value.integer(), type.time_unit()),
                               type.kind == TypeKind::timestamp_ltz);
        case TypeKind::array:
        case TypeKind::map:
        case TypeKind::row:
            return list_text(value, type);
        default:
            return to_string(value, type);
    }
}

PrintSink::PrintSink(plan::TablePtr table, std::unique_ptr<TableReader> reader, Out out)
    : table_(std::move(table)),
      reader_(std::move(reader)),
      out_(std::move(out)),
      error_(table_->option("standard-error") == "true") {
    if (const auto name = table_->option("print-identifier"); !name.empty())
        prefix_ = std::string(name) + "> ";
}

Result<std::unique_ptr<PrintSink>> PrintSink::open(broker::Broker& broker, const plan::TablePtr& table,
                                                   Out out) {
    // Read from here on: what was computed before this run was printed in it, or nobody waits for it now.
    const TopicPosition now{.through = broker.durable_through(), .next_offset = {}};
    MR_TRY(auto reader, TableReader::open(broker, table, "print " + table->name, now));
    return std::make_unique<PrintSink>(table, std::move(reader), std::move(out));
}

Result<std::size_t> PrintSink::run_once() {
    std::size_t lines = 0;
    while (true) {
        MR_TRY(const TableBatch batch, reader_->read(kBytesMax));
        if (batch.rows.empty()) return lines;
        std::string text;
        for (std::size_t row = 0; row < batch.rows.size(); ++row) {
            text += prefix_ + (batch.rows.weight[row] > 0 ? "+I[" : "-D[");
            for (std::size_t c = 0; c < batch.rows.columns.size(); ++c) {
                if (c > 0) text += ", ";
                text += java_text(batch.rows.columns[c]->value(row), reader_->schema()[c].type);
            }
            text += "]\n";
        }
        out_(text, error_);
        lines += batch.rows.size();
        reader_->confirm(batch.position);
    }
}

}  // namespace mr::connect
