#include "model_actors.h"

#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace mr::sim {
namespace {

using journal::Appender;
using journal::Cut;
using journal::Entry;
using journal::Kind;
using journal::Participant;
using journal::Proposal;

class FunctionProposal final : public Proposal {
  public:
    FunctionProposal(std::function<void(Appender&)> order, std::size_t bytes)
        : order_(std::move(order)), bytes_(bytes) {}
    void order(Appender& out) override { order_(out); }
    void done() override {}
    [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  private:
    std::function<void(Appender&)> order_;
    std::size_t bytes_;
};

/// "<key> <id> xxxx": key and id decide the effect, the rest is weight.
std::string make_payload(std::uint64_t key, std::uint64_t id, std::size_t bytes) {
    std::string payload = fmt::format("{} {:08} ", key, id);
    if (payload.size() < bytes) payload.append(bytes - payload.size(), static_cast<char>('a' + id % 26));
    return payload;
}

struct Parsed {
    std::uint64_t key = 0;
    std::uint64_t id = 0;
};
Parsed parse(std::string_view payload) {
    Parsed out;
    out.key = static_cast<std::uint64_t>(payload[0] - '0');
    for (std::size_t i = 2; i < 10; ++i) out.id = out.id * 10 + static_cast<std::uint64_t>(payload[i] - '0');
    return out;
}

std::size_t draw_size(SimRandom& random, std::size_t fixed) {
    if (fixed > 0) return fixed;
    // Now and then more than a file holds: written in parts.
    if (random.chance(3)) return 16'000 + random.below(20'000);
    return random.chance(10) ? 400 + random.below(900) : 12 + random.below(120);
}

/// state[key] = state[key] * 31 + id: order and number of applications both show.
class KvParticipant final : public Participant {
  public:
    explicit KvParticipant(SimRandom& random) : random_(random) {}

    [[nodiscard]] std::string_view name() const override { return "kv"; }
    [[nodiscard]] bool reads(Kind kind) const override {
        return kind == Kind::group_offsets || kind == Kind::step;
    }
    void apply(const Entry& entry) override {
        const Parsed change = parse(entry.payload.view());
        state_[change.key] = state_[change.key] * 31 + change.id;
        applied_ = entry.seq;
        if (random_.chance(5)) stash_ = Stash{state_, applied_};
    }
    /// As a pipeline does: the state of now, an older one, or the one of the last checkpoint.
    std::unique_ptr<Cut> cut() override {
        const std::uint64_t mood = random_.below(10);
        if (mood < 2) return nullptr;
        const bool old = mood < 5 && stash_.has_value();
        auto cut = std::make_unique<Cut>();
        cut->through = old ? stash_->through : applied_;
        cut->write = [copy = old ? stash_->state : state_](std::string& out) -> Status {
            ByteWriter writer(out);
            for (const auto& [key, value] : copy) {
                writer.u64(key);
                writer.u64(value);
            }
            return {};
        };
        return cut;
    }
    Status restore(std::string_view bytes, Seq through) override {
        ByteReader reader(bytes);
        while (!reader.at_end()) {
            const std::uint64_t key = reader.u64();
            state_[key] = reader.u64();
        }
        applied_ = through;
        return reader.finish("kv snapshot");
    }
    [[nodiscard]] Seq applied_through() const override { return applied_; }

    [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& state() const { return state_; }

  private:
    struct Stash {
        std::map<std::uint64_t, std::uint64_t> state;
        Seq through;
    };
    SimRandom& random_;
    std::map<std::uint64_t, std::uint64_t> state_;
    std::optional<Stash> stash_;
    Seq applied_;
};

class KvActor final : public SimActor {
  public:
    explicit KvActor(std::size_t payload_bytes) : payload_bytes_(payload_bytes) {}

    Participant& start() override {
        participant_ = std::make_unique<KvParticipant>(random_);
        return *participant_;
    }
    std::unique_ptr<Proposal> propose(SimRandom& random, std::uint64_t id) override {
        const std::uint64_t key = random.below(7);
        const std::size_t size = draw_size(random, payload_bytes_);
        const std::uint64_t mood = random.below(10);
        if (mood < 2) {
            // Decided when ordered: refused, with nothing appended, if the key was never written.
            return std::make_unique<FunctionProposal>(
                [this, key, id, size](Appender& out) {
                    if (!participant_->state().contains(key)) return;
                    out.append(Kind::group_offsets, make_payload(key, id, size));
                },
                size);
        }
        const std::size_t count = mood < 4 ? 1 + random.below(4) : 1;
        const Kind kind = mood < 6 ? Kind::step : Kind::group_offsets;
        return std::make_unique<FunctionProposal>(
            [key, id, size, count, kind](Appender& out) {
                for (std::size_t i = 0; i < count; ++i)
                    out.append(kind, make_payload((key + i) % 7, id, size));
            },
            size * count);
    }
    [[nodiscard]] std::string expected(std::span<const Recorded> history) const override {
        std::uint64_t values[7] = {};
        bool there[7] = {};
        for (const Recorded& entry : history) {
            if (entry.kind != Kind::group_offsets && entry.kind != Kind::step) continue;
            const auto key = static_cast<std::size_t>(entry.payload.at(0) - '0');
            values[key] = values[key] * 31 + std::stoull(entry.payload.substr(2, 8));
            there[key] = true;
        }
        std::string out;
        for (std::size_t key = 0; key < 7; ++key) {
            if (there[key]) out += fmt::format("{}={}\n", key, values[key]);
        }
        return out;
    }
    [[nodiscard]] std::string observed() const override {
        std::string out;
        for (const auto& [key, value] : participant_->state()) out += fmt::format("{}={}\n", key, value);
        return out;
    }

  private:
    const std::size_t payload_bytes_;
    SimRandom random_{7};
    std::unique_ptr<KvParticipant> participant_;
};

/// Keeps the first 10 bytes of every line, in order.
class LogParticipant final : public Participant {
  public:
    [[nodiscard]] std::string_view name() const override { return "log"; }
    [[nodiscard]] bool reads(Kind kind) const override {
        return kind == Kind::topic_batch || kind == Kind::step;
    }
    void apply(const Entry& entry) override {
        lines_.push_back(entry.payload.slice(0, 10));
        applied_ = entry.seq;
    }
    std::unique_ptr<Cut> cut() override {
        auto cut = std::make_unique<Cut>();
        cut->through = applied_;
        cut->write = [copy = lines_](std::string& out) -> Status {
            for (const SharedBytes& line : copy) ByteWriter(out).sized(line.view());
            return {};
        };
        return cut;
    }
    Status restore(std::string_view bytes, Seq through) override {
        ByteReader reader(bytes);
        while (!reader.at_end()) lines_.emplace_back(std::string(reader.sized()));
        applied_ = through;
        return reader.finish("log snapshot");
    }
    [[nodiscard]] Seq applied_through() const override { return applied_; }

    /// Slices of the groups' buffers, kept: what they point to must stay as it was.
    [[nodiscard]] const std::vector<SharedBytes>& lines() const { return lines_; }

  private:
    std::vector<SharedBytes> lines_;
    Seq applied_;
};

class LogActor final : public SimActor {
  public:
    explicit LogActor(std::size_t payload_bytes) : payload_bytes_(payload_bytes) {}

    Participant& start() override {
        participant_ = std::make_unique<LogParticipant>();
        return *participant_;
    }
    std::unique_ptr<Proposal> propose(SimRandom& random, std::uint64_t id) override {
        const std::size_t size = draw_size(random, payload_bytes_);
        return std::make_unique<FunctionProposal>(
            [id, size](Appender& out) { out.append(Kind::topic_batch, make_payload(0, id, size)); }, size);
    }
    [[nodiscard]] std::string expected(std::span<const Recorded> history) const override {
        std::string out;
        for (const Recorded& entry : history) {
            if (entry.kind == Kind::topic_batch || entry.kind == Kind::step) {
                out += entry.payload.substr(0, 10) + "\n";
            }
        }
        return out;
    }
    [[nodiscard]] std::string observed() const override {
        std::string out;
        for (const SharedBytes& line : participant_->lines()) out += std::string(line.view()) + "\n";
        return out;
    }

  private:
    const std::size_t payload_bytes_;
    std::unique_ptr<LogParticipant> participant_;
};

}  // namespace

std::unique_ptr<SimActor> make_kv_actor(std::size_t payload_bytes) {
    return std::make_unique<KvActor>(payload_bytes);
}
std::unique_ptr<SimActor> make_log_actor(std::size_t payload_bytes) {
    return std::make_unique<LogActor>(payload_bytes);
}

}  // namespace mr::sim
