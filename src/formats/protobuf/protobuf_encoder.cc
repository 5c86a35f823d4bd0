#include <algorithm>

#include "formats/protobuf/message_plan.h"
#include "formats/protobuf/protobuf_format.h"
#include "formats/protobuf/wire.h"

namespace mr::formats {
namespace {

using protobuf::append_block;
using protobuf::append_fixed;
using protobuf::append_tag;
using protobuf::append_varint;
using protobuf::Encoding;
using protobuf::FieldPlan;
using protobuf::MessagePlan;
using protobuf::Wire;

/// Where the values of a message's fields come from: the columns, or those in a ROW's.
class Source {
  public:
    explicit Source(std::span<const ColumnPtr> columns) : columns_(columns) {}
    explicit Source(const Column& row) : row_(&row) {}
    [[nodiscard]] const Column& operator[](std::size_t i) const {
        return row_ == nullptr ? *columns_[i] : *row_->child(i);
    }

  private:
    std::span<const ColumnPtr> columns_;
    const Column* row_ = nullptr;
};

class Encoder final : public RowEncoder {
  public:
    Encoder(std::shared_ptr<const MessagePlan> plan, std::string null_string)
        : plan_(std::move(plan)), null_string_(std::move(null_string)) {}

    Result<bool> encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) override {
        const std::size_t before = out.size();
        const Status made = message(*plan_, Source(columns), row, out);
        if (made) return true;
        out.resize(before);
        return std::unexpected(made.error());
    }

  private:
    Status message(const MessagePlan& plan, const Source& from, std::size_t row, std::string& out) const {
        for (const std::size_t i : plan.in_order) {
            const FieldPlan& f = plan.fields[i];
            const Column& column = from[i];
            if (column.is_null(row)) {
                // NULL is a field that is not set.
                if (!f.required) continue;
                return fail(Code::invalid_argument, "field `{}` of message {} is required and NULL", f.name,
                            plan.name);
            }
            if (f.oneof >= 0 && later_is_set(plan, i, from, row)) continue;
            MR_TRY_VOID(field(f, column, row, out));
        }
        return {};
    }

    /// Of the fields of a oneof the last column that is not NULL counts.
    static bool later_is_set(const MessagePlan& plan, std::size_t i, const Source& from, std::size_t row) {
        const auto& all = plan.oneofs[static_cast<std::size_t>(plan.fields[i].oneof)];
        return std::ranges::any_of(
            all, [&](std::uint32_t other) { return other > i && !from[other].is_null(row); });
    }

    Status field(const FieldPlan& f, const Column& column, std::size_t row, std::string& out) const {
        if (f.is_map) return map(f, column, row, out);
        if (f.repeated) return list(f, column, row, out);
        const std::size_t before = out.size();
        append_tag(out, f.number, wire_of(f.encoding));
        const std::size_t begin = out.size();
        MR_TRY_VOID(value(f, column, row, out));
        // A number of zero, or a length.
        const bool zero = std::all_of(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
                                      [](char c) { return c == 0; });
        if (f.implicit && zero) out.resize(before);
        return {};
    }

    Status list(const FieldPlan& f, const Column& column, std::size_t row, std::string& out) const {
        const std::uint32_t begin = column.list_begin(row);
        const std::uint32_t end = column.list_end(row);
        if (begin == end) return {};
        if (f.packed) append_tag(out, f.number, Wire::bytes);
        const std::size_t from = out.size();
        for (std::uint32_t i = begin; i < end; ++i) {
            if (!f.packed) append_tag(out, f.number, wire_of(f.encoding));
            MR_TRY_VOID(value(f, *column.child(0), i, out));
        }
        if (f.packed) protobuf::prefix_length(out, from);
        return {};
    }

    /// An entry is a message of a key and a value, and has both.
    Status map(const FieldPlan& f, const Column& column, std::size_t row, std::string& out) const {
        for (std::uint32_t i = column.list_begin(row); i < column.list_end(row); ++i) {
            append_tag(out, f.number, Wire::bytes);
            const std::size_t from = out.size();
            for (std::size_t part = 0; part < 2; ++part) {
                const FieldPlan& p = f.message->fields[part];
                append_tag(out, p.number, wire_of(p.encoding));
                MR_TRY_VOID(value(p, *column.child(part), i, out));
            }
            protobuf::prefix_length(out, from);
        }
        return {};
    }

    /// A NULL, which only an element of an array or map can be here, is the type's default.
    Status value(const FieldPlan& f, const Column& column, std::size_t row, std::string& out) const {
        const bool null = column.is_null(row);
        switch (f.encoding) {
            case Encoding::bool_:
                append_varint(out, !null && column.boolean(row) ? 1 : 0);
                return {};
            case Encoding::float_:
                append_fixed(
                    out, std::bit_cast<std::uint32_t>(null ? 0.0F : static_cast<float>(column.real(row))));
                return {};
            case Encoding::double_:
                append_fixed(out, std::bit_cast<std::uint64_t>(null ? 0.0 : column.real(row)));
                return {};
            case Encoding::string:
                append_block(out, null ? std::string_view(null_string_) : column.text(row));
                return {};
            case Encoding::bytes:
                append_block(out, null ? std::string_view() : column.text(row));
                return {};
            case Encoding::message: {
                const std::size_t from = out.size();
                if (!null) MR_TRY_VOID(message(*f.message, Source(column), row, out));
                protobuf::prefix_length(out, from);
                return {};
            }
            case Encoding::group:
                if (!null) MR_TRY_VOID(message(*f.message, Source(column), row, out));
                append_tag(out, f.number, Wire::end_group);
                return {};
            case Encoding::enum_:
                append_varint(out, static_cast<std::uint64_t>(enumeration(f, column, row)));
                return {};
            default:
                number(f, null ? 0 : column.integer(row), out);
                return {};
        }
    }

    /// What the enum does not have is its first value, as in Flink.
    static std::int64_t enumeration(const FieldPlan& f, const Column& column, std::size_t row) {
        auto it = f.values.end();
        if (!column.is_null(row)) {
            it = column.type().kind == TypeKind::string
                     ? std::ranges::find(f.values, column.text(row), &protobuf::EnumValue::name)
                     : std::ranges::find(f.values, column.integer(row), &protobuf::EnumValue::number);
        }
        return it == f.values.end() ? f.values.front().number : it->number;
    }

    static void number(const FieldPlan& f, std::int64_t v, std::string& out) {
        switch (f.encoding) {
            case Encoding::fixed32:
                append_fixed(out, static_cast<std::uint32_t>(v));
                return;
            case Encoding::fixed64:
                append_fixed(out, static_cast<std::uint64_t>(v));
                return;
            case Encoding::sint:
                append_varint(out,
                              (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
                return;
            default:
                append_varint(out, f.is_unsigned && !f.wide ? static_cast<std::uint32_t>(v)
                                                            : static_cast<std::uint64_t>(v));
        }
    }

    const std::shared_ptr<const MessagePlan> plan_;
    const std::string null_string_;
};

}  // namespace

Result<std::unique_ptr<RowEncoder>> protobuf_encoder(const Schema& columns, const ProtobufOptions& options) {
    MR_TRY(auto plan, protobuf::plan_message(options.schema, options.message, columns.fields, false));
    if (!plan->not_writable.empty()) {
        return fail(Code::invalid_argument,
                    "field {} is required and has no column, so no record can be written",
                    plan->not_writable);
    }
    return std::make_unique<Encoder>(std::move(plan), options.null_string);
}

}  // namespace mr::formats
