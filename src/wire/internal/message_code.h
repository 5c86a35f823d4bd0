// The bodies of encode_message, decode_message and print_message; included only by the .cc files that
// instantiate them with MR_WIRE_MESSAGE_CODE.
#pragma once

#include "wire/internal/decoder.h"
#include "wire/internal/encoder.h"
#include "wire/internal/printer.h"
#include "wire/message.h"

namespace mr::wire {

template <class M>
void encode_message(const M& message, std::int16_t version, Output& out) {
    internal::Encoder encoder(out, version, is_flexible<M>(version));
    encoder.structure(message);
}

template <class M>
Result<M> decode_message(const SharedBytes& body, std::int16_t version, Trailing trailing) {
    internal::Decoder decoder(body, version, is_flexible<M>(version));
    M message;
    decoder.structure(message);
    MR_TRY_VOID(decoder.finish(trailing));
    return message;
}

template <class M>
std::string print_message(const M& message, std::int16_t version) {
    std::string out;
    internal::Printer(out, version).structure(message);
    return out;
}

}  // namespace mr::wire

#define MR_WIRE_MESSAGE_CODE(M)                                                                             \
    template void encode_message<M>(const M& message, std::int16_t version, Output& out);                   \
    template Result<M> decode_message<M>(const SharedBytes& body, std::int16_t version, Trailing trailing); \
    template std::string print_message<M>(const M& message, std::int16_t version)
