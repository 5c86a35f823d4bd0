#!/usr/bin/env bash
# Real clients against a broker: tests/clients/run.sh HOST:PORT [client...]
#
# Clients: kcat librdkafka confluent kafka_python aiokafka kafkajs franz sarama kafkago java tools (default: all). Each runs
# its own scenario (admin, produce with every compression, consume, groups with a rebalance, idempotent and transactional
# producers, committed offsets) and adds to a topic that at the end every client reads whole, so that each reads what each
# other wrote. Clients say what they have done ("able …"): that is the matrix at the end, and it must be the one of
# docs/kafka-compatibility.md. A client whose tool is not installed is skipped with a message. Exit 1 if any failed.
set -uo pipefail
bootstrap=${1:?usage: run.sh HOST:PORT [client...]}
shift
here=$(cd "$(dirname "$0")" && pwd)
clients=("$@")
[ ${#clients[@]} -gt 0 ] || clients=(kcat librdkafka confluent kafka_python aiokafka kafkajs franz sarama kafkago java tools)
deps=${MILLRACE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/deps-2}
python=${MILLRACE_PYTHON:-$deps/venv/bin/python}
[ -x "$python" ] || python=python3
run_id=${RUN_ID:-$(date +%s)}
export MILLRACE_RUN_ID=$run_id
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cross=cross-$run_id
failed=()
ran=()
declare -A able
abilities=(admin produce consume rebalance idempotent transactional kip848)

missing() {
    echo "SKIP $1: $2"
}

# How to run a client; prints nothing and fails when its tool is missing.
command_of() {
    case $1 in
    kcat) command -v kcat >/dev/null || { missing kcat "kcat is not installed"; return 1; }
        cmd=("$here/kcat.sh") ;;
    librdkafka)
        pkg-config --exists rdkafka++ 2>/dev/null && command -v g++ >/dev/null || { missing librdkafka "librdkafka-dev or g++ is not installed"; return 1; }
        [ -x "$work/librdkafka" ] || g++ -std=c++17 -O1 "$here/client_librdkafka.cc" -o "$work/librdkafka" -lrdkafka++ -lrdkafka ||
            { failed+=("librdkafka (compile)"); return 1; }
        cmd=("$work/librdkafka") ;;
    franz | sarama | kafkago)
        command -v go >/dev/null || { missing "$1" "go is not installed"; return 1; }
        if [ ! -x "$work/go-clients" ]; then
            (cd "$here/go" && go mod download) >"$work/out" 2>&1 || { missing "$1" "go could not fetch it: $(tail -1 "$work/out")"; return 1; }
            (cd "$here/go" && go build -buildvcs=false -o "$work/go-clients" .) || { failed+=("$1 (compile)"); return 1; }
        fi
        cmd=("$work/go-clients" "$1") ;;
    confluent | kafka_python | aiokafka)
        local module=$1
        [ "$1" = confluent ] && module=confluent_kafka
        [ "$1" = kafka_python ] && module=kafka
        "$python" -c "import $module" 2>/dev/null || { missing "$1" "python module $module is not installed"; return 1; }
        cmd=("$python" "$here/client_$1.py") ;;
    kafkajs)
        command -v node >/dev/null && command -v npm >/dev/null || { missing kafkajs "node or npm is not installed"; return 1; }
        # Its codecs are native modules, built for one version of Node: prefer the system's, whose headers are there.
        local PATH=${PATH//$deps\/node\/bin:/}
        command -v node >/dev/null || PATH="$deps/node/bin:$PATH"
        local cache; cache="$deps/clients-js-$(node --version)"
        mkdir -p "$cache" && cp "$here/js/package.json" "$here/js/package-lock.json" "$here"/js/*.mjs "$cache/"
        cmp -s "$here/js/package-lock.json" "$cache/.installed" || (cd "$cache" && npm ci --silent --no-audit --no-fund && cp package-lock.json .installed) ||
            { missing kafkajs "npm could not install it"; return 1; }
        cmd=("$(command -v node)" "$cache/client.mjs") ;;
    java)
        command -v java >/dev/null && command -v mvn >/dev/null || { missing java "java or maven is not installed"; return 1; }
        local jars="$work/java.cp"
        (cd "$here/java" && mvn -q dependency:build-classpath -Dmdep.outputFile="$jars") >/dev/null 2>&1 ||
            { missing java "maven could not fetch kafka-clients"; return 1; }
        mkdir -p "$work/java" && javac -nowarn -cp "$(cat "$jars")" -d "$work/java" "$here"/java/src/main/java/millrace/{Client,Transactions}.java ||
            { failed+=("java (compile)"); return 1; }
        cmd=(java -XX:+UseSerialGC -Xmx256m -cp "$work/java:$(cat "$jars")" millrace.Client) ;;
    tools)
        command -v java >/dev/null && command -v mvn >/dev/null || { missing tools "java or maven is not installed"; return 1; }
        # Maven once: finding a hundred jars takes longer than the tools themselves.
        local path="$work/tools.cp"
        [ -s "$path" ] || (cd "$here/tools" && mvn -q dependency:build-classpath -Dmdep.outputFile="$path") >/dev/null 2>&1 ||
            { missing tools "maven could not fetch kafka-tools"; return 1; }
        mkdir -p "$work/tools"
        [ -e "$work/tools/millrace/Tools.class" ] ||
            javac -nowarn -cp "$(cat "$path")" -d "$work/tools" "$here"/tools/src/main/java/millrace/*.java ||
            { failed+=("tools (compile)"); return 1; }
        cmd=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx512m -cp "$work/tools:$(cat "$path")" millrace.Tools) ;;
    *) echo "unknown client $1"; exit 2 ;;
    esac
}

run_one() {
    local name=$1 mode=$2
    local start=$SECONDS
    if timeout 300 "${cmd[@]}" "$bootstrap" "$mode" "$cross" "${ran[@]}" >"$work/out" 2>&1; then
        echo "ok   $name $mode ($((SECONDS - start)) s)"
        [ "$mode" = own ] && able[$name]=$(sed -n 's/^able / /p' "$work/out" | tr -d '\n')
        return 0
    fi
    echo "FAIL $name $mode ($((SECONDS - start)) s)"
    tail -40 "$work/out" | sed 's/^/     | /'
    failed+=("$name $mode")
    return 1
}

for client in "${clients[@]}"; do
    command_of "$client" || continue
    run_one "$client" own && ran+=("$client")
done
for client in "${ran[@]}"; do
    command_of "$client" || continue
    run_one "$client" cross
done

# The matrix, a row a client, as docs/kafka-compatibility.md has it.
document="$here/../../docs/kafka-compatibility.md"
header="| client |$(printf ' %s |' "${abilities[@]}")"
echo "$header"
for client in "${ran[@]}"; do
    row="| $client |"
    for ability in "${abilities[@]}"; do
        [[ " ${able[$client]} " == *" $ability "* ]] && row+=" yes |" || row+=" - |"
    done
    echo "$row"
    grep -qxF -- "$row" "$document" || failed+=("the row of $client is not in docs/kafka-compatibility.md")
done
grep -qxF -- "$header" "$document" || failed+=("the matrix of docs/kafka-compatibility.md has other columns")
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}"
    exit 1
fi
echo "all passed: ${ran[*]}"
