#!/usr/bin/env python3
"""Records Flink's answers as expectations of `millrace test`: see docs/testing.md, "Flink's answers".

    tests/slt/record.py [PROJECT[:VIEW,VIEW] ...]  all folders with a tests/flink.slt by default; needs Java and FLINK_PEER (the oracle's folder)
    (with views named, the others keep what the file has)

A project's pipelines/*.sql hold one CREATE MATERIALIZED VIEW a case, tests/T.jsonl the input of table T (topic T). For each view
the query is run by a real Flink 2.2 over the same input to its end, and the final rows are written to tests/flink.slt, where
millrace, after the input and 30 years of silence (so that every window has closed), must have the same: names, types, rows.
A comment `-- flink: SELECT ...` (one line) is asked of Flink instead of the view's query. A view whose comment says `-- flink: differs` keeps the answer already in the file (docs/sql/differences.md says why)."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PEER = pathlib.Path(os.environ.get("FLINK_PEER", "/work/shared/peers/flink"))
VIEW = re.compile(
    r"^CREATE\s+MATERIALIZED\s+VIEW\s+(\w+)\s*(\(\s*PRIMARY\s+KEY\s*\([^)]*\)\s*NOT\s+ENFORCED\s*\)|\([^)]*\))?\s*"
    r"(?:WITH\s*\([^)]*\)\s*)?AS\s+(.*)$", re.S | re.I)


def statements(text):
    """(comment lines above, statement), split at ';' outside strings and comments."""
    out, comment, sql, i = [], [], "", 0
    while i < len(text):
        c = text[i]
        if text.startswith("--", i):
            end = text.find("\n", i)
            end = len(text) if end < 0 else end
            if not sql.strip():
                comment.append(text[i + 2:end].strip())
            i = end
            continue
        if text.startswith("$$", i):
            end = text.index("$$", i + 2)
            sql += text[i:end + 2]
            i = end + 2
            continue
        if c in "'`":
            end = text.index(c, i + 1)
            sql += text[i:end + 1]
            i = end + 1
            continue
        if c == ";":
            if sql.strip():
                out.append((comment, sql.strip()))
            sql, comment = "", []
            i += 1
            continue
        if c == "\n" and not sql.strip() and text.startswith("\n\n", i):
            comment = []
        sql += c
        i += 1
    return out


def stage(project, folder, only):
    """The project as the recorder reads it; the cases in order: (name, comment)."""
    setup, views = [], []
    for path in sorted((project / "streams").glob("*.sql")) + sorted((project / "pipelines").glob("*.sql")):
        for comment, sql in statements(path.read_text()):
            match = VIEW.match(sql)
            if match:
                name, columns, query = match.group(1), match.group(2) or "", match.group(3)
                if re.match(r"\(\s*PRIMARY", columns, re.I):
                    columns = ""
                views.append((name, comment))
                # What Flink has no words for (a function in SQL) is said in its own.
                for line in comment:
                    if line.startswith("flink: SELECT"):
                        query = line[7:]
                setup.append(f"CREATE VIEW `{name}` {columns} AS {query}")
                (folder / "queries").mkdir(exist_ok=True, parents=True)
                if not only or name in only:
                    (folder / "queries" / f"{name}.sql").write_text(f"SELECT * FROM `{name}`")
            elif re.match(r"CREATE\s+(TEMPORARY\s+)?(TABLE|VIEW)|SET\b", sql, re.I):
                setup.append(sql)
    (folder / "setup.sql").write_text(";\n".join(setup) + ";\n")
    for path in (project / "tests").glob("*.jsonl"):
        shutil.copy(path, folder / path.name)
    return views


def old_answers(path):
    out, name, rows = {}, None, []
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith("view "):
            name, rows = line.split()[1], []
        elif name and line == "":
            out[name], name = rows, None
        elif name and line != "----":
            rows.append(line)
    if name:
        out[name] = rows
    return out


def write_script(project, views, folder):
    path = project / "tests" / "flink.slt"
    old = old_answers(path)
    lines = ["# Flink 2.2's answers, written by tests/slt/record.py. Do not edit.", ""]
    for data in sorted((project / "tests").glob("*.jsonl")):
        lines.append(f"produce {data.stem} {data.name}")
    lines += ["settle", "clock +10s", "settle", "clock +10950d", "settle", ""]
    failed = 0
    for name, comment in views:
        asked = folder / "queries" / f"{name}.out"
        answer = asked.read_text().splitlines() if asked.exists() else old.get(name, ["types"])
        lines += [f"# {c}" for c in comment]
        if any(c.startswith("flink: differs") for c in comment):
            answer = old.get(name, ["types"])
        elif answer and answer[0].startswith("# ERROR"):
            print(f"{project.name}.{name}: {answer[0][:400]}")
            failed += 1
            answer = old.get(name, ["types"])
        lines += [f"view {name}", "----"] + [row or "(null)" for row in answer] + [""]
    path.write_text("\n".join(lines).rstrip("\n") + "\n")
    return failed


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("--")]
    only = {n.split(":")[0]: n.split(":")[1].split(",") for n in names if ":" in n}
    projects = [HERE / n.split(":")[0] for n in names] if names else sorted(p.parents[1] for p in HERE.glob("*/tests/flink.slt"))
    work = pathlib.Path(tempfile.mkdtemp(prefix="slt-record-"))
    try:
        plans = []
        for project in projects:
            folder = work / project.name
            folder.mkdir()
            plans.append((project, folder, stage(project, folder, only.get(project.name))))
        script = f"""
set -euo pipefail
. "{PEER}/env.sh"; ensure_jars
javac -nowarn -d "{work}/classes" -cp "$CP" "{HERE}/SltRecord.java"
exec java -Xmx2g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto $OPENS \
  -Dlog4j2.configurationFile="{PEER}/log4j2-quiet.properties" -cp "{work}/classes:$CP" peer.SltRecord {" ".join(str(f) for _, f, _ in plans)}
"""
        done = subprocess.run(["bash", "-c", script], stderr=subprocess.PIPE, text=True)
        # Flink logs every exception it throws on the way; only the recorder's own lines matter.
        said = [line for line in done.stderr.splitlines() if done.returncode or line.startswith("record: ")]
        print("\n".join(said[-60:]), file=sys.stderr)
        if done.returncode:
            sys.exit(done.returncode)
        failed = sum(write_script(p, v, f) for p, f, v in plans)
        print(f"{sum(len(v) for _, _, v in plans)} answers, {failed} refused by Flink")
    finally:
        shutil.rmtree(work)


main()
