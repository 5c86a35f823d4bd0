#!/usr/bin/env bash
# Every project below tests/slt: SQL whose expected rows are Flink 2.2's recorded answers (tests/slt/record.py).
#   tests/slt.sh            all
#   tests/slt.sh windows    some
set -uo pipefail
cd "$(dirname "$0")/.."
millrace=${MILLRACE_BIN:-build/release/src/cli/millrace}
failed=0
if [ $# -gt 0 ]; then projects=("${@/#/tests/slt/}"); else projects=(tests/slt/*/tests); projects=("${projects[@]%/tests}"); fi
for project in "${projects[@]}"; do
    "$millrace" test "$project" || failed=1
done
cases=$(grep -h '^view ' tests/slt/*/tests/*.slt | wc -l)
echo "$cases cases in ${#projects[@]} projects"
exit $failed
