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

    CLI::App* apply =
        add_verb(app, "apply",
                 "Bring a changed project about: each changed pipeline is built beside the one that serves "
                 "and takes its "
                 "place.",
                 "millrace apply\nmillrace apply examples/fulfilment --compare\nmillrace rollback live",
                 [](Arguments& x) { return apply_change(x.local, x.remote, x.change, x.stop); });
    apply->add_option("DIR", a.local.project, "the project's folder")->capture_default_str();
    apply->add_flag("--compare", a.change.compare,
                    "build the new version and show how its rows differ; swap nothing");
    apply->add_flag("--without-history", a.change.without_history,
                    "also where a topic no longer holds its beginning");
    apply->add_flag("--no-wait", a.change.no_wait,
                    "return at once; `millrace pipeline changes` shows the rest");

    add_verb(
        app, "rollback", "Let the version that served before serve again; drop one that has not served yet.",
        "millrace rollback live", [](Arguments& x) { return roll_back(x.remote, x.change.pipeline, x.stop); })
        ->add_option("PIPELINE", a.change.pipeline, "its name: the file's, without .sql")
        ->required();
}

void add_version_verbs(CLI::App& pipeline, Arguments& a, const AddVerb& add_verb) {
    add_verb(pipeline, "changes", "Versions beside those that serve.", "millrace pipeline changes",
             [](Arguments& x) { return list_changes(x.remote); });
    CLI::App* compare = add_verb(pipeline, "compare", "How the rows of a pipeline's two versions differ.",
                                 "millrace pipeline compare live --format json",
                                 [](Arguments& x) { return compare_versions(x.remote, x.change.pipeline); });
    CLI::App* discard = add_verb(pipeline, "discard", "Drop the version that does not serve.",
                                 "millrace pipeline discard live",
                                 [](Arguments& x) { return discard_version(x.remote, x.change.pipeline); });
    for (CLI::App* sub : {compare, discard})
        sub->add_option("PIPELINE", a.change.pipeline, "its name: the file's, without .sql")->required();
}

}  // namespace mr::cli
