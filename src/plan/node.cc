#include "plan/node.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace mr::plan {
namespace {

// Part of every fingerprint: raise it when describe() or a codec of state changes meaning.
constexpr std::string_view kFingerprintVersion = "millrace-plan-1";

/// FNV-1a with a final mix: stable over builds and machines.
class Hash {
  public:
    void add(std::string_view bytes) {
        for (const char c : bytes) step(static_cast<unsigned char>(c));
        step(0xff);  // so that ("ab", "c") and ("a", "bc") differ
    }
    void add(std::uint64_t v) {
        for (int i = 0; i < 8; ++i) step(static_cast<unsigned char>(v >> (8 * i)));
    }
    [[nodiscard]] std::uint64_t value() const {
        std::uint64_t h = state_;
        h ^= h >> 33;
        h *= 0xff51afd7ed558ccdULL;
        h ^= h >> 33;
        h *= 0xc4ceb9fe1a85ec53ULL;
        return h ^ (h >> 33);
    }

  private:
    void step(unsigned char byte) {
        state_ ^= byte;
        state_ *= 0x100000001b3ULL;
    }
    std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

}  // namespace

std::string operator_name(const Operator& op) {
    static constexpr std::array<std::string_view, std::variant_size_v<Operator>> kNames = {
        "Source",    "Project",      "Filter",       "Aggregate", "WindowTvf",      "WindowAggregate",
        "Join",      "IntervalJoin", "TemporalJoin", "Over",      "TopN",           "Deduplicate",
        "Unnest",    "UnionAll",     "Normalize",    "Values",    "ProcessingTime", "Match",
        "SortedOver"};
    return std::string(kNames[op.index()]);
}

std::uint64_t compute_fingerprint(const Node& node) {
    Hash hash;
    hash.add(kFingerprintVersion);
    hash.add(describe(node));
    hash.add(node.schema.to_string());
    hash.add(static_cast<std::uint64_t>(node.mode));
    for (const NodePtr& in : node.inputs) hash.add(in->fingerprint);
    return hash.value();
}

}  // namespace mr::plan
