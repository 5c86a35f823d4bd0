#!/usr/bin/env bash
# Every test there is, over the trees that `make tests` and `make build` made. Prints one line a stage; exits 1 if any failed. Stages whose
# tool is missing say so and are counted as skipped.
#   scripts/test.sh            all
#   scripts/test.sh unit e2e   some
#   scripts/test.sh suites     the Kafka clients' own test suites; not among all, for they take a quarter of an hour
set -uo pipefail
cd "$(dirname "$0")/.."
deps=${MILLRACE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/deps-2}
export PATH="$deps/node/bin:$PATH"
python="$deps/venv/bin/python"
millrace=$PWD/build/release/src/cli/millrace
export MILLRACE_BIN=$millrace
tree=${TREE:-asan}
# Leaks are looked for where the system lets a process trace itself; a run of no test shows whether it does.
leaks=1
"build/$tree/src/base/base_test" --gtest_filter=none >/dev/null 2>&1 || leaks=0
export ASAN_OPTIONS=detect_leaks=$leaks UBSAN_OPTIONS=print_stacktrace=1
wanted=("$@")
# One file a stage: its exit code.
results=$(mktemp -d); trap 'rm -rf "$results"' EXIT

stage() {
    local name=$1; shift
    if [ ${#wanted[@]} -gt 0 ] && [[ ! " ${wanted[*]} " == *" $name "* ]]; then return; fi
    local from=$SECONDS
    echo "--- $name"
    "$@"
    local code=$?
    echo "$code" >"$results/$name"
    case $code in
        0) echo "--- $name: passed in $((SECONDS - from)) s" ;;
        77) echo "--- $name: skipped" ;;
        *) echo "--- $name: FAILED ($code) after $((SECONDS - from)) s" ;;
    esac
}

# Three rows of stages run beside each other: they mostly wait. What the second and third say is shown at their end.
clients() {
    stage clients tests/clients/with_node.sh
    stage ecosystem "$python" tests/interop/ecosystem.py
    stage groups "$python" tests/crash/groups.py
}
dangers() {
    stage trouble "$python" tests/crash/trouble.py
    stage security "$python" tests/security/check.py "$millrace"
    stage history "$python" tests/crash/history_test.py
    stage transactions "$python" tests/crash/transactions.py --seconds 60 --broker "build/$tree/tests/clients/test_broker"
}
# Other inputs for every fuzz target, made of its seeds, for so many seconds each; the same ones every time unless FUZZ_SEED says otherwise.
fuzz() {
    export seconds=${FUZZ_SECONDS:-1} seed=${FUZZ_SEED:-1}
    ASAN_OPTIONS=$ASAN_OPTIONS:abort_on_error=1 UBSAN_OPTIONS=$UBSAN_OPTIONS:abort_on_error=1 xargs -P 2 -I{} bash -c \
        'name=$(basename {} _fuzz); {} --seconds "$seconds" --seed "$seed" "fuzz/corpus/$name" || { echo "$name: FAILED"; exit 1; }' \
        < <(printf '%s\n' "build/$tree"/fuzz/*_fuzz)
}
surroundings() {
    stage web bash -c '[ ! -d web/test ] || { cd web && npm test --silent; }'
    stage example tests/example.sh
    stage slt tests/slt.sh
    stage fuzz fuzz
    stage figures tests/figures.sh
    stage crash "$python" tests/crash/kill9.py
    stage surface "$python" tests/surface/run.py
    stage registry "$python" tests/registry/check.py "$millrace"
    stage formats "$millrace" test tests/registry/project
    stage lake "$python" tests/interop/lake.py --writer "build/$tree/src/connect/connect_test"
    # That the benches run and that nothing is lost on the way; no timing.
    stage bench bench/run.sh --smoke
    stage limits "$python" tests/crash/limits.py
    stage files "$python" tests/crash/files.py
    stage changes "$python" tests/crash/changes.py
    # What a browser shows in a minute depends on the replay and the machine: one more try before it counts as failed.
    stage e2e bash -c 'tests/e2e/run.sh; code=$?; [ $code = 0 ] || [ $code = 77 ] && exit $code; tests/e2e/run.sh'
}

# The clients' own suites take a quarter of an hour and two well-known ports: only when asked for.
[[ ! " ${wanted[*]:-} " == *" suites "* ]] || stage suites tests/clients/suites/run.sh
# The clients' tests mostly wait.
stage unit ctest --preset "$tree" -j 3 --output-on-failure
stage threads ctest --preset tsan -j 2 -R '^(journal|net|pipeline)$' --no-tests=error --output-on-failure
clients >"$results/.clients" 2>&1 &
dangers >"$results/.dangers" 2>&1 &
surroundings
wait
cat "$results/.clients" "$results/.dangers"
count() { cat "$results"/* 2>/dev/null | grep -cx -- "$1"; }
all=$(ls "$results" | wc -l)
failed=$((all - $(count 0) - $(count 77)))
echo "$(count 0) passed, $failed failed, $(count 77) skipped"
[ "$failed" = 0 ]
