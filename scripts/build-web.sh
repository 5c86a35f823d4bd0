#!/usr/bin/env bash
# Builds the dashboard into web/dist when its sources are newer than the last build. The binary embeds what is there.
set -euo pipefail
cd "$(dirname "$0")/../web"
deps=${MILLRACE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/deps-2}
export PATH="$deps/node/bin:$PATH"
stamp=$(cat package-lock.json $(find src public index.html vite.config.ts tsconfig.json -type f | sort) | sha256sum)
[ -f dist/.stamp ] && [ "$(cat dist/.stamp)" = "$stamp" ] && exit 0
echo "web: building the dashboard"
npm ci --no-audit --no-fund --loglevel=error >/dev/null
npm run --silent build
echo "$stamp" >dist/.stamp
