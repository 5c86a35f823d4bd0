# millrace: the newcomer's two commands are `make run` and `make test`.
#
#   make run      install what is missing, build, start the fulfilment example and replay real events into it
#   make test     install what is missing, build, run every test (TREE=dev: without the sanitizers, faster to build)
#   make bench    build for speed, print the figures of docs/benchmarks.md (BENCH=--full: all of them; bench/run.sh says what else)
#   make build    only the release binary:  build/release/millrace
#   make web      only the dashboard (web/dist), which the binary embeds
#   make fmt      clang-format over src/ tests/ bench/ fuzz/
#   make clean
SHELL := /bin/bash
JOBS ?= $(shell nproc)
# The build tree the unit tests run in: asan or dev.
TREE ?= asan
# What runs under the thread sanitizer besides: where threads meet.
THREAD_TESTS := journal_test net_test pipeline_test
export TREE
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

.PHONY: run test tests bench bench-tools build web fmt clean deps deps-build

run: build
	@scripts/run-example.sh

build: deps-build web
	@cmake --preset release >/dev/null && cmake --build --preset release -j $(JOBS) -t millrace

web: deps-build
	@scripts/build-web.sh

tests: deps
	@cmake --preset $(TREE) >/dev/null && cmake --build --preset $(TREE) -j $(JOBS)
	@cmake --preset tsan >/dev/null && cmake --build --preset tsan -j $(JOBS) -t $(THREAD_TESTS)

test: tests bench-tools
	@scripts/test.sh

bench: deps build
	@cmake --build --preset release -j $(JOBS) && bench/run.sh $(BENCH)

bench-tools: build
	@cmake --build --preset release -j $(JOBS) -t latency_bench broker_bench pipeline_bench

deps-build:
	@scripts/install-deps.sh --build

deps:
	@scripts/install-deps.sh

fmt:
	@git ls-files -co --exclude-standard 'src/*.h' 'src/*.cc' 'tests/*.cc' 'tests/*.h' 'bench/*.cc' 'fuzz/*.cc' | xargs -r clang-format-19 -i

clean:
	@rm -rf build web/dist web/node_modules
