#!/usr/bin/env python3
"""Checks of the repository that no compiler does: run as a test, prints `file:line: what`, exits 1 on any finding.

  layers    src/<m>/ includes only modules of lower layers (the table in CMakeLists.txt); `internal/` stays private
  lines     at most 120 columns in C++ (clang-format aims at 110), no tabs, no trailing blanks, newline at the end
  files     every C++ file below src/ opens with a comment in its header; at most 800 lines a file
  memory    no naked new/delete; mutexes only where a thread boundary is (base/ and the allow-list here)
  docs      relative links in *.md point to files that exist
  blobs     nothing above 4 MiB in git
"""
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), ".."))
CODE = (".h", ".cc")
MAX_LINES = 800
MAX_COLUMNS = 120
# Files outside base/ that may hold a mutex, atomic or condition variable, with the reason.
MUTEX_ALLOWED = (
    "src/journal/",     # hands groups from the journal thread to the sync thread
    "src/broker/",      # publishes partition views by atomic pointer
    "src/pipeline/",    # wakes pipeline threads
    "src/node/",        # threads and shutdown
    "src/net/",         # posting to the loop from other threads
    "src/warehouse/",   # one DuckDB connection a worker
    "src/lake/",        # commit state read by the status page
    "src/registry/",    # published snapshot of the schemas
    "src/security/",    # published snapshot of users and ACLs
    "src/views/",       # published snapshots
    "src/cli/",         # the stop flag that a signal handler sets
    "tests/", "bench/", "fuzz/",
)
findings = []


def report(path, line, what):
    findings.append(f"{path}:{line}: {what}")


def tracked():
    out = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    return [p for p in out.stdout.splitlines() if os.path.isfile(os.path.join(ROOT, p))]


def layers():
    text = open(os.path.join(ROOT, "CMakeLists.txt")).read()
    block = re.search(r"set\(MILLRACE_LAYERS(.*?)\)", text, re.S).group(1)
    result = {}
    for number, names in enumerate(re.findall(r'"([^"]*)"', block)):
        for name in names.split():
            result[name] = number
    result["base"] = -1
    return result


def check_code(path, lines, layer_of):
    module = path.split("/")[1] if path.startswith("src/") else None
    if len(lines) > MAX_LINES:
        report(path, len(lines), f"{len(lines)} lines: split it (at most {MAX_LINES})")
    if path.endswith(".h") and lines and not lines[0].startswith("//"):
        report(path, 1, "a header opens with a comment: what it is and what it promises")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            report(path, number, f"{len(line)} columns")
        if "\t" in line:
            report(path, number, "tab")
        if line != line.rstrip():
            report(path, number, "trailing blank")
        include = re.match(r'#include "([a-z_]+)/(.*)"', line)
        if include and module:
            other, rest = include.group(1), include.group(2)
            if other not in layer_of:
                report(path, number, f"unknown module {other}")
            elif other != module and layer_of[other] >= layer_of.get(module, 99):
                report(path, number, f"{module} must not include {other}: not a lower layer")
            elif other != module and rest.startswith("internal/"):
                report(path, number, f"{other}/internal/ is private to {other}")
        if path.startswith("src/"):
            code = re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]
            if re.search(r"(=|\(|return|,)\s*new\s+[A-Za-z_:]", code) or re.search(r"\bdelete\s+[a-z_]", code):
                report(path, number, "naked new or delete")
            locks = re.search(r"std::(mutex|shared_mutex|atomic|condition_variable)\b", code)
            if locks and not path.startswith("src/base/") and not path.startswith(MUTEX_ALLOWED):
                report(path, number, f"std::{locks.group(1)} outside the allow-list of tools/tidy.py")


def check_links(path, text):
    for match in re.finditer(r"\]\(([^)#:\s]+)(#[^)]*)?\)", text):
        target = os.path.normpath(os.path.join(ROOT, os.path.dirname(path), match.group(1)))
        if not os.path.exists(target):
            report(path, text.count("\n", 0, match.start()) + 1, f"dead link {match.group(1)}")


def main():
    layer_of = layers()
    for path in tracked():
        full = os.path.join(ROOT, path)
        if os.path.getsize(full) > 4 << 20:
            report(path, 1, "larger than 4 MiB")
        if path.endswith(CODE) and path.split("/")[0] in ("src", "tests", "bench", "fuzz"):
            text = open(full, encoding="utf-8").read()
            if not text.endswith("\n"):
                report(path, text.count("\n") + 1, "no newline at the end")
            check_code(path, text.splitlines(), layer_of)
        elif path.endswith(".md"):
            check_links(path, open(full, encoding="utf-8").read())
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings")
    sys.exit(1 if findings else 0)


main()
