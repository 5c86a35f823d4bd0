#include "broker/internal/key_map.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"

namespace mr::broker::internal {
namespace {

constexpr std::size_t kSlotsMin = 1'024;

class Sip {
  public:
    explicit Sip(const HashKey& key)
        : v0_(key[0] ^ 0x736f6d6570736575ULL),
          v1_(key[1] ^ 0x646f72616e646f6dULL ^ 0xee),
          v2_(key[0] ^ 0x6c7967656e657261ULL),
          v3_(key[1] ^ 0x7465646279746573ULL) {}

    void word(std::uint64_t m) {
        v3_ ^= m;
        rounds(2);
        v0_ ^= m;
    }
    Hash128 finish() {
        Hash128 out;
        v2_ ^= 0xee;
        rounds(4);
        out.low = v0_ ^ v1_ ^ v2_ ^ v3_;
        v1_ ^= 0xdd;
        rounds(4);
        out.high = v0_ ^ v1_ ^ v2_ ^ v3_;
        return out;
    }

  private:
    void rounds(int n) {
        for (int i = 0; i < n; ++i) {
            v0_ += v1_;
            v1_ = std::rotl(v1_, 13) ^ v0_;
            v0_ = std::rotl(v0_, 32);
            v2_ += v3_;
            v3_ = std::rotl(v3_, 16) ^ v2_;
            v0_ += v3_;
            v3_ = std::rotl(v3_, 21) ^ v0_;
            v2_ += v1_;
            v1_ = std::rotl(v1_, 17) ^ v2_;
            v2_ = std::rotl(v2_, 32);
        }
    }
    std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

Hash128 siphash128(const HashKey& key, std::string_view bytes) {
    Sip sip(key);
    const std::size_t whole = bytes.size() / 8 * 8;
    for (std::size_t at = 0; at < whole; at += 8) {
        sip.word(mr::internal::load<std::uint64_t>(bytes.data() + at, Endian::little));
    }
    std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56;
    for (std::size_t i = whole; i < bytes.size(); ++i) {
        last |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * (i - whole));
    }
    sip.word(last);
    return sip.finish();
}

KeyMap::KeyMap(const HashKey& key, std::size_t bytes_max)
    : key_(key),
      slots_max_(std::bit_floor(std::max(bytes_max / sizeof(Slot), kSlotsMin))),
      slots_(kSlotsMin) {}

std::size_t KeyMap::place_of(const Hash128& hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>(hash.low) & mask;
    while (slots_[at].offset >= 0 && slots_[at].hash != hash) at = (at + 1) & mask;
    return at;
}

bool KeyMap::grow() {
    if (slots_.size() >= slots_max_) return false;
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
        if (slot.offset >= 0) slots_[place_of(slot.hash)] = slot;
    }
    return true;
}

bool KeyMap::put(std::string_view key, Offset offset) {
    const Hash128 hash = siphash128(key_, key);
    std::size_t at = place_of(hash);
    if (slots_[at].offset < 0) {
        if (size_ + 1 > slots_.size() / 4 * 3) {
            if (!grow()) return false;
            at = place_of(hash);
        }
        ++size_;
        slots_[at].hash = hash;
    }
    slots_[at].offset = std::max(slots_[at].offset, offset.value);
    return true;
}

std::optional<Offset> KeyMap::find(std::string_view key) const {
    const Slot& slot = slots_[place_of(siphash128(key_, key))];
    if (slot.offset < 0) return std::nullopt;
    return Offset(slot.offset);
}

}  // namespace mr::broker::internal
