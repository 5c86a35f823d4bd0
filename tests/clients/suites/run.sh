#!/usr/bin/env bash
# The Kafka clients' own test suites against a fresh node (MILLRACE_BIN): run.sh [SUITE...]
#
# Suites: franz sarama kafka_go kafka_python (default: all). Each is copied from where its package manager puts it (Go's module
# cache, PyPI's source archive), gets the environment it expects (users, proxies, ports, a broker of its own) and runs. Only
# where a suite starts or names its brokers is anything changed, never what it checks. What needs several brokers, or is not
# ours, is not run: <suite>.skip says which and why. A suite prints passed / failed / not applicable; one whose tool, network or
# port is missing is skipped with a message. Exit 1 if anything failed, 77 if nothing ran. Takes 12 minutes, most of it waiting.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
millrace=${MILLRACE_BIN:-$here/../../../build/release/src/cli/millrace}
export MILLRACE_BIN=$millrace
suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(franz sarama kafka_go kafka_python)
work=$(mktemp -d)
started=()
trap 'stop_all; chmod -R u+w "$work"; rm -rf "$work"' EXIT

stop_all() {
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    started=()
}

# start_node PORT SETTING...: a fresh node; its HTTP address is in $http.
start_node() {
    local port=$1 settings=() setting
    shift
    for setting in kafka.listen=127.0.0.1:"$port" http.listen=127.0.0.1:0 registry.listen=127.0.0.1:0 lake.enabled=false \
        warehouse.enabled=false kafka.group-initial-delay=0s "$@"; do
        settings+=(-X "$setting")
    done
    mkdir -p "$work/project"
    rm -rf "$work/data" "$work/ready"
    "$millrace" run "$work/project" --data-dir "$work/data" --ready-file "$work/ready" "${settings[@]}" >"$work/log" 2>&1 &
    started+=($!)
    for _ in $(seq 600); do
        [ -s "$work/ready" ] && break
        kill -0 "${started[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    [ -s "$work/ready" ] || { cat "$work/log"; echo "the node did not start"; return 1; }
    http=http://$(sed -n 's/.*"http": *"\([^"]*\)".*/\1/p' "$work/ready")
    kafka=$(sed -n 's/.*"kafka": *"\([^"]*\)".*/\1/p' "$work/ready")
}

create_user() {
    printf '%s\n' "$2" | "$millrace" user create "$1" --password-file - --url "$http" >/dev/null 2>&1
}

taken() {
    local port
    for port in "$@"; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$name: skipped: the suite needs port $port, which something else listens at"
            return 0
        fi
    done
    return 1
}

# go_suite MODULE FOLDER: the module's source, of the version that tests/clients/go pins, writable in $work/src.
go_suite() {
    command -v go >/dev/null || { echo "$name: skipped: go is not installed"; return 1; }
    local source
    (cd "$here/../go" && go mod download "$1") >"$work/out" 2>&1 &&
        source=$(cd "$here/../go" && go list -m -f '{{.Dir}}' "$1") && [ -d "$source" ] ||
        { echo "$name: skipped: go could not fetch $1: $(tail -1 "$work/out")"; return 1; }
    version=$(basename "$source")
    rm -rf "$work/src"
    cp -r "$source" "$work/src" && chmod -R u+w "$work/src"
}

# go_test FOLDER BUILD-FLAG...: builds the tests and runs all but those of <suite>.skip.
go_test() {
    local folder=$work/src/$1
    shift
    (cd "$folder" && GOFLAGS=-mod=mod go test -buildvcs=false "$@" -c -o "$work/tests" .) >"$work/out" 2>&1 && [ -x "$work/tests" ] ||
        { echo "$name: skipped: its tests did not build: $(tail -1 "$work/out")"; return 1; }
    local skip
    skip=$(sed -n 's/^\([^# ][^ ]*\) .*/^\1$/p' "$here/$name.skip" | sed 's,/,$/^,g' | paste -sd'|')
    (cd "$folder" && "$work/tests" -test.v -test.timeout 900s ${skip:+-test.skip "$skip"}) >"$work/out" 2>&1
    local status=$?
    local passed failed skipped
    passed=$(grep -cE '^ *--- PASS: ' "$work/out")
    failed=$(grep -cE '^ *--- FAIL: ' "$work/out")
    skipped=$(grep -cE '^ *--- SKIP: ' "$work/out")
    [ $status = 0 ] || [ "$failed" -gt 0 ] || failed=1
    report "$passed" "$failed" "$skipped"
}

report() {
    echo "$name $version: $1 passed, $2 failed, $3 skipped by themselves, $(grep -c '^[^#]' "$here/$name.skip") not applicable"
    ran=$((ran + 1))
    [ "$2" -gt 0 ] || return 0
    grep -E '^ *--- FAIL|^FAILED|^ERROR|^panic:' "$work/out"
    cp "$work/out" "${TMPDIR:-/tmp}/millrace-suite-$name.log" && echo "its output: ${TMPDIR:-/tmp}/millrace-suite-$name.log"
    broken=$((broken + 1))
}

run_franz() {
    go_suite github.com/twmb/franz-go && start_node 0 || return
    KGO_SEEDS=$kafka KGO_TEST_RF=1 KGO_TEST_RECORDS=${SUITE_RECORDS:-100000} KGO_LOG_LEVEL=none go_test pkg/kgo
}

run_sarama() {
    taken 29091 29092 29093 29094 29095 && return
    go_suite github.com/IBM/sarama || return
    GOBIN=$work GOFLAGS=-mod=mod go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0 >"$work/out" 2>&1 ||
        { echo "$name: skipped: go could not fetch toxiproxy: $(tail -1 "$work/out")"; return; }
    # Its Kafka has five brokers behind proxies, and makes no topics unasked; here all five proxies lead to one node.
    start_node 0 kafka.advertise=127.0.0.1:29091 kafka.auto-create-topics=false || return
    local proxies=28474 n
    "$work/server" -host 127.0.0.1 -port $proxies >"$work/proxies.log" 2>&1 &
    started+=($!)
    for n in 1 2 3 4 5; do
        curl -sf --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$proxies/proxies" -o "$work/out" \
            -d "{\"name\":\"kafka$n\",\"listen\":\"127.0.0.1:2909$n\",\"upstream\":\"$kafka\",\"enabled\":true}" ||
            { echo "$name: the proxies did not start"; broken=$((broken + 1)); return; }
    done
    sed -i 's/ReplicationFactor: 3,/ReplicationFactor: 1,/' "$work/src/functional_test.go"
    TOXIPROXY_ADDR=http://127.0.0.1:$proxies KAFKA_VERSION=4.3.1 go_test . -tags functional
}

run_kafka_go() {
    taken 9092 9093 && return
    go_suite github.com/segmentio/kafka-go || return
    start_node 9092 kafka.advertise=localhost:9092 kafka.listeners=sasl_plaintext://127.0.0.1:9093 \
        kafka.advertised-listeners=sasl_plaintext://localhost:9093 kafka.sasl.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512 \
        kafka.acls.enabled=true kafka.acls.allow-if-none=true || return
    create_user adminplain admin-secret
    create_user adminscram256 admin-secret-256
    create_user adminscram512 admin-secret-512
    KAFKA_VERSION=4.0.0 go_test .
}

run_kafka_python() {
    local python=${XDG_CACHE_HOME:-$HOME/.cache}/millrace/suites/venv/bin/python archive
    command -v openssl >/dev/null || { echo "$name: skipped: openssl is not installed"; return; }
    version=$(sed -n 's/^kafka-python==//p' "$here/../../../scripts/requirements-test.txt")
    if ! "$python" -c 'import kafka, pytest, pytest_timeout, py, crc32c' 2>/dev/null; then
        python3 -m venv "$(dirname "$(dirname "$python")")" >"$work/out" 2>&1 &&
            "$python" -m pip install -q pytest pytest-timeout pytest-mock py crc32c lz4 zstandard python-snappy setuptools wheel \
                "kafka-python==$version" >"$work/out" 2>&1 ||
            { echo "$name: skipped: pip could not install what it needs: $(tail -1 "$work/out")"; return; }
    fi
    "$python" -m pip download -q --no-deps --no-binary :all: -d "$work/archive" "kafka-python==$version" >"$work/out" 2>&1 ||
        { echo "$name: skipped: pip could not fetch its source: $(tail -1 "$work/out")"; return; }
    archive=("$work"/archive/*.tar.gz)
    rm -rf "$work/src"
    mkdir -p "$work/src"
    # Its tests alone: the package is the installed one. The archive lacks the file that makes them a package.
    tar -xzf "${archive[0]}" -C "$work/src" --strip-components=1 --wildcards '*/test/*' && : >"$work/src/test/__init__.py"
    # One test assigns replicas to broker 0, as its fixtures number theirs; ours is broker 1.
    sed -i 's/NewPartitions(new_total, \[\[0\], \[0\]\])/NewPartitions(new_total, [[1], [1]])/' "$work/src/test/integration/test_admin_integration.py"
    local without
    mapfile -t without < <(sed -n 's/^\([^# ][^ ]*\) .*/--deselect=\1/p' "$here/$name.skip")
    (cd "$work/src" && PYTHONPATH=$here:. "$python" -m pytest "${without[@]}" -p kafka_python_node test/integration -q --timeout 120 --tb short \
        -p no:cacheprovider) >"$work/out" 2>&1
    local status=$? last
    # Not the last line: the fixtures say something while they are taken down.
    last=$(grep -E '(passed|failed|error).* in [0-9.]+s' "$work/out" | tail -1)
    count() { grep -oE "[0-9]+ $1" <<<"$last" | grep -oE '^[0-9]+' || echo 0; }
    local failed=$(($(count failed) + $(count error)))
    [ $status = 0 ] || [ $failed -gt 0 ] || failed=1
    report "$(count passed)" $failed "$(count skipped)"
}

ran=0 broken=0
for name in "${suites[@]}"; do
    declare -F "run_$name" >/dev/null || { echo "unknown suite $name: franz sarama kafka_go kafka_python"; exit 2; }
    version=
    "run_$name"
    stop_all
done
[ $broken = 0 ] || exit 1
[ $ran -gt 0 ] || exit 77
