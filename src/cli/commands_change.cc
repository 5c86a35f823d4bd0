// The verbs that change what a running node computes.
#include "cli/change.h"
#include "cli/commands.h"

namespace mr::cli {

void add_change_verbs(CLI::App& app, Arguments& a, const AddVerb& add_verb) {
    CLI::App* plan = add_verb(
        app, "plan", "Show how the project differs from what runs: each operator kept, changed, rebuilt.",
        "millrace plan\nmillrace plan examples/fulfilment --format json\n"
        "millrace plan new-version --against old-version",
        [](Arguments& x) { return plan_change(x.local, x.remote, x.change); });
    plan->add_option("DIR", a.local.project, "the project's folder")->capture_default_str();
    plan->add_option("--against", a.change.against, "another folder to compare with, instead of a node");
}

}  // namespace mr::cli
