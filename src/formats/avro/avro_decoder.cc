#include <fmt/format.h>

#include <map>

#include "base/bytes.h"
#include "formats/avro/avro_format.h"
#include "formats/avro/read_plan.h"

namespace mr::formats::avro {
namespace {

/// Plans kept; a topic sees a handful of schemas.
constexpr std::size_t kPlansMax = 1'000;
constexpr std::size_t kFrameBytes = 5;

class BareDecoder final : public RowDecoder {
  public:
    explicit BareDecoder(ReadPlan plan) : plan_(std::move(plan)) {}
    Status decode(std::string_view bytes, Seq, std::span<ColumnBuilder> builders) override {
        return plan_.read(bytes, builders);
    }

  private:
    const ReadPlan plan_;
};

class ConfluentDecoder final : public RowDecoder {
  public:
    ConfluentDecoder(mr::Schema columns, SchemaSource& schemas, DocumentPtr reader)
        : columns_(std::move(columns)), schemas_(schemas), reader_(std::move(reader)) {}

    Status decode(std::string_view bytes, Seq at, std::span<ColumnBuilder> builders) override {
        if (bytes.empty()) return fail(Code::invalid_argument, "empty: it has no schema id");
        if (bytes[0] != 0) {
            return fail(Code::invalid_argument,
                        "byte 0x{:02x} is not the 0x00 that Confluent's serializers begin with",
                        static_cast<unsigned char>(bytes[0]));
        }
        if (bytes.size() < kFrameBytes)
            return fail(Code::invalid_argument, "{} bytes are too few for a schema id", bytes.size());
        const auto id = internal::load<std::int32_t>(bytes.data() + 1, Endian::big);
        if (last_ == nullptr || id != last_id_) {
            MR_TRY(last_, plan_for(id, at));
            last_id_ = id;
        }
        const Status read = last_->read(bytes.substr(kFrameBytes), builders);
        if (!read) return fail(read.error().code, "schema {}: {}", id, read.error().message);
        return {};
    }

  private:
    /// Ids never change their schema, and positions only grow: a plan once made stays right.
    Result<const ReadPlan*> plan_for(std::int32_t id, Seq at) {
        if (const auto known = plans_.find(id); known != plans_.end()) return &known->second;
        last_ = nullptr;
        MR_TRY(const DocumentPtr writer, schemas_.avro_schema(id, at));
        auto plan = ReadPlan::make(writer->root(), reader_ == nullptr ? nullptr : &reader_->root(), columns_);
        if (!plan) return fail(plan.error().code, "schema {}: {}", id, plan.error().message);
        if (plans_.size() >= kPlansMax) plans_.clear();
        return &plans_.emplace(id, std::move(*plan)).first->second;
    }

    const mr::Schema columns_;
    SchemaSource& schemas_;
    const DocumentPtr reader_;
    std::map<std::int32_t, ReadPlan> plans_;
    std::int32_t last_id_ = 0;
    const ReadPlan* last_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<RowDecoder>> bare_decoder(const mr::Schema& columns, const DocumentPtr& writer) {
    MR_TRY(auto plan, ReadPlan::make(writer->root(), nullptr, columns));
    return std::make_unique<BareDecoder>(std::move(plan));
}

Result<std::unique_ptr<RowDecoder>> confluent_decoder(const mr::Schema& columns, SchemaSource& schemas,
                                                      DocumentPtr reader) {
    if (reader != nullptr) {
        // What the reader's schema gives must fit the columns, whoever wrote the data.
        MR_TRY(const auto plan, ReadPlan::make(reader->root(), &reader->root(), columns));
        const auto failures = plan.failures();
        if (!failures.empty())
            return fail(Code::invalid_argument, "the schema does not fit the table: {}", failures.front());
    }
    return std::make_unique<ConfluentDecoder>(columns, schemas, std::move(reader));
}

}  // namespace mr::formats::avro
