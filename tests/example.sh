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
