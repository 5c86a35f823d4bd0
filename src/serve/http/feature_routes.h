// Online features: rows of a view by key, with event time and version, one or many at a time.
//
//   GET  /api/v1/features/{view}?key=C-07            one `key` for each key column, in key order
//   GET  /api/v1/features/{view}?zone=C-07           … or by name
//   POST /api/v1/features/{view} {"keys":["C-07",["C-08"],{"zone":"P-01"}],"features":["p95_ms"]}
//
// The event time is the view's time column ('view.time-column'), or where it has none the time of the commit
// that wrote the row. Everything comes from memory at one version. Thread: loop.
#pragma once

#include "serve/http/router.h"
#include "serve/json.h"
#include "views/view_store.h"

namespace mr::serve {

class FeatureRoutes {
  public:
    /// REQUIRES: store outlives it.
    explicit FeatureRoutes(views::ViewStore& store) : store_(store) {}
    void add_to(Router& router);

  private:
    struct Question;
    void get(RouteCall call, net::HttpResponder responder);
    void post(RouteCall call, net::HttpResponder responder);
    Result<views::View*> view_of(const RouteCall& call) const;
    views::ViewStore& store_;
};

}  // namespace mr::serve
