#include "formats/raw_format.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <bit>

namespace mr::formats {
namespace {

/// Bytes of a value; 0: any number of them, -1: no raw form.
int raw_width(TypeKind kind) {
    switch (kind) {
        case TypeKind::boolean:
        case TypeKind::tinyint:
            return 1;
        case TypeKind::smallint:
            return 2;
        case TypeKind::integer:
        case TypeKind::float_:
            return 4;
        case TypeKind::bigint:
        case TypeKind::double_:
            return 8;
        case TypeKind::string:
        case TypeKind::bytes:
            return 0;
        default:
            return -1;
    }
}

bool is_ascii(std::string_view bytes) {
    for (const char c : bytes) {
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    }
    return true;
}

std::string latin1_to_utf8(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out.push_back(c);
        } else {
            out.push_back(static_cast<char>(0xc0 | (byte >> 6)));
            out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
        }
    }
    return out;
}

/// What the charset cannot say becomes "?", as Java writes it.
std::string from_utf8(std::string_view text, unsigned last) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const std::size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        unsigned code = byte;
        if (length == 2 && i + 1 < text.size())
            code = ((byte & 0x1fU) << 6) | (static_cast<unsigned char>(text[i + 1]) & 0x3fU);
        if (length > 2) code = 0xffff;
        out.push_back(code <= last ? static_cast<char>(code) : '?');
        i += length;
    }
    return out;
}

class Decoder final : public RowDecoder {
  public:
    Decoder(DataType type, RawOptions options, bool wanted)
        : type_(std::move(type)), options_(options), wanted_(wanted) {}

    Status decode(std::string_view bytes, Seq, std::span<ColumnBuilder> builders) override {
        if (!wanted_) return {};
        const auto width = static_cast<std::size_t>(raw_width(type_.kind));
        if (width > 0 && bytes.size() != width)
            return fail(Code::invalid_argument, "a raw {} has {} bytes, found {}", type_.to_string(), width,
                        bytes.size());
        ColumnBuilder& out = builders[0];
        switch (type_.kind) {
            case TypeKind::boolean:
                out.append_boolean(bytes[0] != 0);
                return {};
            case TypeKind::float_:
                out.append_real(
                    std::bit_cast<float>(internal::load<std::uint32_t>(bytes.data(), options_.endian)));
                return {};
            case TypeKind::double_:
                out.append_real(
                    std::bit_cast<double>(internal::load<std::uint64_t>(bytes.data(), options_.endian)));
                return {};
            case TypeKind::bytes:
                out.append_text(bytes);
                return {};
            case TypeKind::string:
                return text(bytes, out);
            default:
                out.append_integer(integer(bytes));
                return {};
        }
    }

  private:
    [[nodiscard]] std::int64_t integer(std::string_view bytes) const {
        switch (bytes.size()) {
            case 1:
                return static_cast<std::int8_t>(bytes[0]);
            case 2:
                return internal::load<std::int16_t>(bytes.data(), options_.endian);
            case 4:
                return internal::load<std::int32_t>(bytes.data(), options_.endian);
            default:
                return internal::load<std::int64_t>(bytes.data(), options_.endian);
        }
    }

    Status text(std::string_view bytes, ColumnBuilder& out) const {
        if (options_.charset == Charset::iso_8859_1) {
            out.append_text(latin1_to_utf8(bytes));
            return {};
        }
        const bool good = options_.charset == Charset::us_ascii
                              ? is_ascii(bytes)
                              : simdjson::validate_utf8(bytes.data(), bytes.size());
        if (!good)
            return fail(Code::invalid_argument, "not {} (raw.charset)",
                        options_.charset == Charset::us_ascii ? "US-ASCII" : "UTF-8");
        out.append_text(bytes);
        return {};
    }

    const DataType type_;
    const RawOptions options_;
    const bool wanted_;
};

class Encoder final : public RowEncoder {
  public:
    explicit Encoder(RawOptions options) : options_(options) {}

    Result<bool> encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) override {
        const Column& c = *columns[0];
        if (c.type().kind == TypeKind::null || c.is_null(row)) return false;
        ByteWriter to(out, options_.endian);
        switch (c.type().kind) {
            case TypeKind::boolean:
                to.u8(c.boolean(row) ? 1 : 0);
                break;
            case TypeKind::tinyint:
                to.i8(static_cast<std::int8_t>(c.integer(row)));
                break;
            case TypeKind::smallint:
                to.i16(static_cast<std::int16_t>(c.integer(row)));
                break;
            case TypeKind::integer:
                to.i32(static_cast<std::int32_t>(c.integer(row)));
                break;
            case TypeKind::bigint:
                to.i64(c.integer(row));
                break;
            case TypeKind::float_:
                to.f32(static_cast<float>(c.real(row)));
                break;
            case TypeKind::double_:
                to.f64(c.real(row));
                break;
            case TypeKind::string:
                if (options_.charset != Charset::utf_8) {
                    out += from_utf8(c.text(row), options_.charset == Charset::us_ascii ? 0x7f : 0xff);
                    break;
                }
                [[fallthrough]];
            default:
                to.raw(c.text(row));
        }
        return true;
    }

  private:
    const RawOptions options_;
};

}  // namespace

std::unique_ptr<RowDecoder> raw_decoder(const Schema& column, RawOptions options) {
    if (column.size() == 0) return std::make_unique<Decoder>(DataType::bytes(), options, false);
    if (column.size() > 1 || raw_width(column[0].type.kind) < 0) return nullptr;
    return std::make_unique<Decoder>(column[0].type, options, true);
}

std::unique_ptr<RowEncoder> raw_encoder(const Schema& column, RawOptions options) {
    if (column.size() != 1 || raw_width(column[0].type.kind) < 0) return nullptr;
    return std::make_unique<Encoder>(options);
}

}  // namespace mr::formats
