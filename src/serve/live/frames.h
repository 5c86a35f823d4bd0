// The frames of /api/v1/live as text. Format: docs/formats/live.md. Thread: any.
//
// Frames that many clients share are built as a tail: everything behind {"t":…,"id":N. The head is each
// client's own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "serve/json.h"
#include "serve/view_params.h"
#include "views/query.h"
#include "views/view.h"

namespace mr::serve {

enum class LiveMode : std::uint8_t { inv, delta };

struct ResumePoint {
    std::string epoch;
    Seq version;
};

struct PaintSample {
    double ms = 0;
};

/// A client's frame, decoded.
struct ClientFrame {
    enum class Type : std::uint8_t { sub, unsub, pause, resume, paint, auth };
    Type type{};
    std::optional<std::int64_t> id;  ///< always there for sub and unsub
    // sub:
    std::string view;
    Params params;
    LiveMode mode = LiveMode::inv;
    std::optional<ResumePoint> from;
    double max_hz = 20;
    // paint:
    std::vector<PaintSample> samples;
};

/// What was wrong with a client's frame, and with which id it came, if one could be read.
struct FrameError {
    Error error;
    std::optional<std::int64_t> id;
};
std::expected<ClientFrame, FrameError> parse_client_frame(std::string_view text);

/// {"t":"delta","id":1
std::string frame_head(std::string_view type, std::int64_t id);
/// ,"epoch":…,"version":…,"ct":…,"key":[…]} and, for a reset, "why" at the end.
std::string position_tail(const views::View& view, Seq version, std::string_view why = {});
/// ,"version":…,"ct":…,"n":…}
std::string inv_tail(Seq version, TimestampMs commit_time, std::uint64_t commits);
/// ,"from":…,"version":…,"ct":…,"up":[…],"del":[…]}; of rows matching the filters. Nothing when none does.
/// `from` is what the receiver has; `changes` may start later, if nothing that matches came between.
std::optional<std::string> delta_tail(const views::ViewDefinition& view, const views::RowJson& json,
                                      const std::vector<views::Equals>& filters, Seq from,
                                      const views::ChangeSet& changes);
/// Does a row matching the filters differ?
bool touches(const views::ViewDefinition& view, const std::vector<views::Equals>& filters,
             const views::ChangeSet& changes);
std::string heartbeat_frame(TimestampMs now);
std::string error_frame(const Error& error, std::optional<std::int64_t> id, std::string_view help = {});

}  // namespace mr::serve
