#include <algorithm>
#include <limits>
#include <map>

#include "base/json_writer.h"
#include "formats/protobuf/message_plan.h"
#include "formats/protobuf/protobuf_format.h"
#include "formats/protobuf/wire.h"

namespace mr::formats {
namespace {

using protobuf::Encoding;
using protobuf::FieldPlan;
using protobuf::KnownField;
using protobuf::MessagePlan;
using protobuf::Wire;
using protobuf::WireReader;

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// Where the values of a message's fields go: the columns' builders, or those in a ROW's.
class Target {
  public:
    explicit Target(std::span<ColumnBuilder> columns) : columns_(columns) {}
    explicit Target(ColumnBuilder& row) : row_(&row) {}
    [[nodiscard]] ColumnBuilder& operator[](std::size_t i) const {
        return row_ == nullptr ? columns_[i] : row_->child(i);
    }

  private:
    std::span<ColumnBuilder> columns_;
    ColumnBuilder* row_ = nullptr;
};

std::unexpected<Error> wrong(const FieldPlan& f, std::string_view what) {
    return fail(Code::invalid_argument, "protobuf: field `{}` {}", f.name, what);
}

/// A message is read twice: first where its fields' values lie, in whatever order and however often they are
/// there, then column by column.
class Decoder final : public RowDecoder {
  public:
    explicit Decoder(std::shared_ptr<const MessagePlan> plan) : plan_(std::move(plan)) {}

    Status decode(std::string_view bytes, Seq, std::span<ColumnBuilder> builders) override {
        found_.clear();
        chains_.clear();
        Status read = message(*plan_, bytes, Target(builders));
        if (read) return read;
        // Those that are a value ahead of the last.
        std::size_t rows = std::numeric_limits<std::size_t>::max();
        for (const ColumnBuilder& b : builders) rows = std::min(rows, b.size());
        for (ColumnBuilder& b : builders) b.truncate(rows);
        return read;
    }

  private:
    /// A field's value where it stands in the data.
    struct Occurrence {
        std::uint64_t number = 0;
        std::string_view bytes{};
        bool block = false;          ///< `bytes` counts, not `number`
        std::uint32_t next = kNone;  ///< of the same field
    };
    /// The occurrences of a field, of found_.
    struct Chain {
        std::uint32_t first = kNone;
        std::uint32_t last = kNone;
    };

    Status message(const MessagePlan& plan, std::string_view bytes, const Target& out) {
        const std::size_t chains = chains_.size();
        const std::size_t found = found_.size();
        MR_TRY_VOID(collect(plan, bytes, chains));
        for (std::size_t i = 0; i < plan.fields.size(); ++i)
            MR_TRY_VOID(field(plan.fields[i], chains_[chains + i], out[i]));
        chains_.resize(chains);
        found_.resize(found);
        return {};
    }

    /// Fills the chains from `chains` on, one a slot of the plan.
    Status collect(const MessagePlan& plan, std::string_view text, std::size_t chains) {
        chains_.resize(chains + plan.slots);
        for (WireReader bytes(text); !bytes.empty();) {
            const std::size_t at = text.size() - bytes.left();
            const auto tag = bytes.varint();
            if (!tag || *tag >> 3 == 0 || *tag > UINT32_MAX)
                return fail(Code::invalid_argument, "protobuf: no field begins at byte {} of {}", at,
                            plan.name);
            const auto wire = static_cast<Wire>(*tag & 7);
            const auto number = static_cast<std::uint32_t>(*tag >> 3);
            const auto known = std::ranges::lower_bound(plan.known, number, {}, &KnownField::number);
            // A field of another encoding than its own is not known, either.
            const bool taken = known != plan.known.end() && known->number == number &&
                               (known->wire == wire || (known->packable && wire == Wire::bytes));
            if (!(taken ? take(plan, *known, wire, bytes, chains) : bytes.skip(wire, number)))
                return fail(Code::invalid_argument, "protobuf: field {} of {} is torn at byte {}", number,
                            plan.name, at);
        }
        for (const protobuf::Required& needed : plan.required) {
            if (chains_[chains + needed.slot].first == kNone)
                return fail(Code::invalid_argument, "protobuf: {} lacks its required field {}", plan.name,
                            needed.name);
        }
        return {};
    }

    /// False where the value is torn.
    bool take(const MessagePlan& plan, const KnownField& known, Wire wire, WireReader& bytes,
              std::size_t chains) {
        Occurrence found;
        if (wire == Wire::bytes || wire == Wire::group) {
            const auto block = wire == Wire::bytes ? bytes.block() : bytes.group(known.number);
            if (!block) return false;
            found.block = true;
            found.bytes = *block;
        } else {
            const auto number = bytes.number(wire);
            if (!number) return false;
            found.number = *number;
        }
        if (known.slot < plan.fields.size() && !found.block &&
            unknown(plan.fields[known.slot], found.number)) {
            passed_over_ = true;
            return true;
        }
        if (known.oneof >= 0) {
            for (const std::uint32_t other : plan.oneofs[static_cast<std::size_t>(known.oneof)]) {
                if (other != known.slot) chains_[chains + other] = {};
            }
        }
        Chain& chain = chains_[chains + known.slot];
        const auto index = static_cast<std::uint32_t>(found_.size());
        found_.push_back(found);
        if (chain.first == kNone) {
            chain.first = index;
        } else {
            found_[chain.last].next = index;
        }
        chain.last = index;
        return true;
    }

    /// A closed enum's number without a value is as a field that is not known.
    static bool unknown(const FieldPlan& f, std::uint64_t number) {
        return f.closed && std::ranges::find(f.values, static_cast<std::int32_t>(number),
                                             &protobuf::EnumValue::number) == f.values.end();
    }

    Status field(const FieldPlan& f, Chain chain, ColumnBuilder& out) {
        const bool nested = f.encoding == Encoding::message || f.encoding == Encoding::group;
        if (chain.first == kNone && !f.defaults) return null(f, out);
        if (f.is_map) return map(f, chain, out);
        if (f.repeated) return list(f, chain, out);
        if (nested) return one_message(f, chain, out);
        if (chain.first == kNone) {
            out.append_value(f.missing);
            return {};
        }
        return scalar(f, found_[chain.last], out);
    }

    static Status null(const FieldPlan& f, ColumnBuilder& out) {
        if (!out.type().nullable) return wrong(f, "is not there, and its column is NOT NULL");
        out.append_null();
        return {};
    }

    Status row(const FieldPlan& f, std::string_view bytes, ColumnBuilder& out) {
        MR_TRY_VOID(message(*f.message, bytes, Target(out)));
        out.append_row();
        return {};
    }

    Status one_message(const FieldPlan& f, Chain chain, ColumnBuilder& out) {
        if (chain.first == chain.last) {
            // None at all: with nothing in it. Its required fields do not count then.
            if (chain.first == kNone) return empty_row(f, out);
            return row(f, found_[chain.first].bytes, out);
        }
        // Parts of one message.
        std::string all;
        for (std::uint32_t i = chain.first; i != kNone; i = found_[i].next) all += found_[i].bytes;
        return row(f, all, out);
    }

    Status empty_row(const FieldPlan& f, ColumnBuilder& out) {
        for (std::size_t i = 0; i < f.message->fields.size(); ++i)
            MR_TRY_VOID(field(f.message->fields[i], {}, out.child(i)));
        out.append_row();
        return {};
    }

    /// An array or map whose elements are appended; one of none is as if it were not there.
    static Status close(const FieldPlan& f, bool empty, ColumnBuilder& out) {
        if (empty && !f.defaults) return null(f, out);
        out.append_list();
        return {};
    }

    Status list(const FieldPlan& f, Chain chain, ColumnBuilder& out) {
        ColumnBuilder& element = out.child(0);
        const std::size_t before = element.size();
        const Wire wire = wire_of(f.encoding);
        for (std::uint32_t i = chain.first; i != kNone; i = found_[i].next) {
            const Occurrence found = found_[i];
            if (f.message != nullptr) {
                MR_TRY_VOID(row(f, found.bytes, element));
            } else if (!found.block || wire == Wire::bytes) {
                MR_TRY_VOID(scalar(f, found, element));
            } else {
                for (WireReader packed(found.bytes); !packed.empty();) {
                    const auto value = packed.number(wire);
                    if (!value) return wrong(f, "is torn");
                    if (unknown(f, *value)) continue;
                    MR_TRY_VOID(scalar(f, {.number = *value}, element));
                }
            }
        }
        return close(f, element.size() == before, out);
    }

    /// The last entry of a key counts. An entry is a message of a key and a value.
    Status map(const FieldPlan& f, Chain chain, ColumnBuilder& out) {
        const FieldPlan& key = f.message->fields[0];
        const std::size_t chains = chains_.size();
        const std::size_t found = found_.size();
        std::map<std::pair<std::uint64_t, std::string_view>, std::size_t> last;
        std::vector<std::size_t> entries;
        for (std::uint32_t i = chain.first; i != kNone; i = found_[i].next) {
            const std::size_t entry = chains_.size();
            passed_over_ = false;
            MR_TRY_VOID(collect(*f.message, found_[i].bytes, entry));
            // With a value that its enum does not have the whole entry is not known.
            if (passed_over_) continue;
            const std::uint32_t at = chains_[entry].last;
            const Occurrence k = at == kNone ? Occurrence{} : found_[at];
            last[{same_number(key, k.number), k.bytes}] = entry;
            entries.push_back(entry);
        }
        for (const std::size_t entry : entries) {
            const std::uint32_t at = chains_[entry].last;
            const Occurrence k = at == kNone ? Occurrence{} : found_[at];
            if (last[{same_number(key, k.number), k.bytes}] != entry) continue;
            MR_TRY_VOID(field(key, chains_[entry], out.child(0)));
            MR_TRY_VOID(field(f.message->fields[1], chains_[entry + 1], out.child(1)));
        }
        chains_.resize(chains);
        found_.resize(found);
        return close(f, entries.empty(), out);
    }

    /// Of numbers that are read as the same value.
    static std::uint64_t same_number(const FieldPlan& key, std::uint64_t number) {
        if (key.encoding == Encoding::bool_) return number != 0 ? 1 : 0;
        return key.wide ? number : number & UINT32_MAX;
    }

    static Status scalar(const FieldPlan& f, const Occurrence& o, ColumnBuilder& out) {
        // Narrow ones are cut and unsigned ones wrap around, as in Java.
        const auto narrow = static_cast<std::uint32_t>(o.number);
        switch (f.encoding) {
            case Encoding::bool_:
                out.append_boolean(o.number != 0);
                return {};
            case Encoding::float_:
                out.append_real(static_cast<double>(std::bit_cast<float>(narrow)));
                return {};
            case Encoding::double_:
                out.append_real(std::bit_cast<double>(o.number));
                return {};
            case Encoding::string:
                if (!is_utf8(o.bytes)) return wrong(f, "is not UTF-8");
                out.append_text(o.bytes);
                return {};
            case Encoding::bytes:
                out.append_text(o.bytes);
                return {};
            case Encoding::sint: {
                const std::uint64_t v = f.wide ? o.number : narrow;
                out.append_integer(static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1));
                return {};
            }
            case Encoding::enum_:
                return enumeration(f, static_cast<std::int32_t>(narrow), out);
            default:
                out.append_integer(f.wide ? static_cast<std::int64_t>(o.number)
                                          : std::int64_t{static_cast<std::int32_t>(narrow)});
                return {};
        }
    }

    static Status enumeration(const FieldPlan& f, std::int32_t number, ColumnBuilder& out) {
        if (out.type().kind == TypeKind::string) {
            const auto it = std::ranges::find(f.values, number, &protobuf::EnumValue::number);
            // A value of a later version of the schema has no name here.
            out.append_text(it == f.values.end() ? "UNRECOGNIZED" : std::string_view(it->name));
            return {};
        }
        const bool tiny = out.type().kind == TypeKind::tinyint && number != static_cast<std::int8_t>(number);
        const bool small =
            out.type().kind == TypeKind::smallint && number != static_cast<std::int16_t>(number);
        if (tiny || small) return wrong(f, fmt::format("is {}, beyond {}", number, out.type().to_string()));
        out.append_integer(number);
        return {};
    }

    const std::shared_ptr<const MessagePlan> plan_;
    std::vector<Occurrence> found_;  ///< of the messages being read, the innermost last
    std::vector<Chain> chains_;
    bool passed_over_ = false;  ///< a number that its enum does not have
};

}  // namespace

Result<std::unique_ptr<RowDecoder>> protobuf_decoder(const Schema& columns, const std::vector<bool>& wanted,
                                                     const ProtobufOptions& options) {
    std::vector<Field> row;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (wanted[i]) row.push_back(columns[i]);
    }
    // Of all columns, so that a mistake shows whoever reads the table.
    MR_TRY_VOID(protobuf::plan_message(options.schema, options.message, columns.fields, false));
    MR_TRY(auto plan,
           protobuf::plan_message(options.schema, options.message, row, options.read_default_values));
    return std::make_unique<Decoder>(std::move(plan));
}

}  // namespace mr::formats
