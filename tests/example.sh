#!/usr/bin/env bash
# The example's own tests, and a project as `millrace init` writes it, with the release binary.
set -euo pipefail
cd "$(dirname "$0")/.."
millrace=${MILLRACE_BIN:-build/release/src/cli/millrace}
"$millrace" check examples/fulfilment
"$millrace" test examples/fulfilment
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$millrace" init "$work/p" >/dev/null
"$millrace" check "$work/p"
"$millrace" test "$work/p"

# Functions in C, built as their author does; then once more, otherwise.
cp -r examples/functions "$work/f"
rm -rf "$work/f/functions" "$work/f/build"
build() { cmake -S "$1" -B "$1/build" -DMILLRACE_INCLUDE="$PWD/include" "${@:2}" >/dev/null && cmake --build "$1/build" >/dev/null; }
build "$work/f"
"$millrace" check "$work/f"
"$millrace" test "$work/f"
cp -r "$work/f" "$work/g"
rm -rf "$work/g/build"
build "$work/g" -DCMAKE_C_FLAGS_RELEASE=-O1
told=$("$millrace" plan "$work/g" --against "$work/f")
grep -q '^pipeline stops: changed' <<<"$told" && grep -q 'DISTANCE_KM@' <<<"$told" || { echo "FAIL a changed library is no change: $told"; exit 1; }
told=$("$millrace" plan "$work/f" --against "$work/f")
grep -q '^pipeline stops: kept' <<<"$told" || { echo "FAIL the same library is a change: $told"; exit 1; }
told=$("$millrace" compile --target flink "$work/f" 2>&1) && { echo "FAIL compiled for Flink: $told"; exit 1; }
grep -q 'Flink cannot load a library' <<<"$told" || { echo "FAIL $told"; exit 1; }
rm "$work/f/functions/geo.so"
told=$("$millrace" check "$work/f" 2>&1) && { echo "FAIL checked without its library: $told"; exit 1; }
grep -q 'streams/stops.sql:3:45' <<<"$told" && grep -q 'there is no library functions/geo.so' <<<"$told" || { echo "FAIL $told"; exit 1; }
echo "functions in C: as documented"
