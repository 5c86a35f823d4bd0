// The views over HTTP: list, one view, many at once, changes since a version. docs/openapi.yaml describes the
// answers. Small questions are answered on the loop from memory; a question that would look at many rows is
// answered by a worker from a snapshot, so that it holds nobody up.
// Thread: loop.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "serve/http/body_cache.h"
#include "serve/http/router.h"
#include "serve/view_params.h"
#include "views/view_store.h"

namespace mr::serve {

struct ViewRoutesOptions {
    std::int64_t min_version_wait_ms = 100;
    std::size_t batch_max = 256;
    /// Rows a question may look at on the loop (about 1 us each).
    std::size_t loop_rows_max = 4'096;
    /// Runs work on another thread; without one everything runs on the loop.
    std::function<void(std::move_only_function<void()>)> offload;
};

class ViewRoutes final : public views::ViewListener {
  public:
    /// REQUIRES: loop and store outlive it.
    ViewRoutes(net::EventLoop& loop, views::ViewStore& store, ViewRoutesOptions options);
    ~ViewRoutes() override;

    void add_to(Router& router);
    void on_changed(views::View& view) override;
    void on_replaced(views::View& view) override { on_changed(view); }

  private:
    /// What became of one question, for a GET or as an item of a batch.
    struct Answer {
        int status = 200;
        std::string etag;
        Seq version;
        TimestampMs commit_time;
        SharedBytes body;  ///< the JSON object of a 200, or of an error
        bool truncated = false;
    };
    using Done = std::function<void(Answer)>;
    struct Waiter;

    void list(net::HttpResponder responder);
    void get(RouteCall call, net::HttpResponder responder);
    void batch(RouteCall call, net::HttpResponder responder);
    void changes(RouteCall call, net::HttpResponder responder);

    /// Answers now, or when the view has reached min_version, or when a worker is done.
    void ask(const std::string& view, const Params& params, const std::string& if_none_match, Done done);
    void answer(const std::string& view, const ViewParams& params, const std::string& if_none_match,
                Done done);
    void wait(const std::string& view, ViewParams params, std::string if_none_match, Done done);
    [[nodiscard]] bool reached(const views::View& view, Seq version) const;
    Answer failed(const Error& error, std::string_view help = {}) const;
    Error unknown_view(const std::string& name) const;

    net::EventLoop& loop_;
    views::ViewStore& store_;
    const ViewRoutesOptions options_;
    BodyCache cache_;
    std::list<std::shared_ptr<Waiter>> waiters_;
    /// Work that a worker brings back checks that this object is still there.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace mr::serve
