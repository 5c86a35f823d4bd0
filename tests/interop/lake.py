#!/usr/bin/env python3
"""Reads a lake with other people's code: pyiceberg (snapshots, statistics, time travel) and DuckDB (iceberg_scan where
its extension is there, else the Parquet files the manifests name). Shares no code with millrace.

  lake.py LAKE            checks every table below the directory
  lake.py --writer BIN    lets BIN (connect_test) write one first, and checks what it must hold

Exit status: 0 all good, 1 a finding, 77 pyiceberg or DuckDB is missing."""
import datetime
import glob
import os
import re
import subprocess
import sys
import tempfile

try:
    import duckdb
    from pyiceberg.table import StaticTable
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

findings = []


def check(condition, what):
    if not condition:
        findings.append(what)
        print(f"FAILED {what}")


def newest_metadata(table):
    def version(path):
        return int(re.search(r"/v(\d+)\.metadata\.json$", path).group(1))

    files = glob.glob(os.path.join(table, "metadata", "v*.metadata.json"))
    newest = max(files, key=version)
    hint = int(open(os.path.join(table, "metadata", "version-hint.text")).read())
    check(hint <= version(newest), f"{table}: hint {hint} beyond {newest}")
    return newest


def tables_of(lake):
    return sorted(os.path.dirname(os.path.dirname(p))
                  for p in glob.glob(os.path.join(lake, "*", "*", "metadata", "version-hint.text")))


def check_files(name, table):
    """Every file's partition is the hour of each of its rows, and its bounds hold."""
    spec = table.spec()
    if not spec.fields:
        return
    column = table.schema().find_field(spec.fields[0].source_id).name
    epoch = datetime.datetime(1970, 1, 1)
    paths = set()
    for task in table.scan().plan_files():
        path, hour = task.file.file_path, task.file.partition[0]
        check(path not in paths, f"{name}: {path} listed twice")
        paths.add(path)
        rows = duckdb.sql(f"SELECT \"{column}\" AT TIME ZONE 'UTC' AS t FROM '{path}'"
                          if "tz" in str(table.schema().find_field(column).field_type)
                          else f"SELECT \"{column}\" AS t FROM '{path}'").fetchall()
        hours = {None if t is None else (t - epoch) // datetime.timedelta(hours=1) for (t,) in rows}
        check(hours == {hour}, f"{name}: {path} is of hour {hour}, its rows of {hours}")
        check(len(rows) == task.file.record_count, f"{name}: {path}: {task.file.record_count} rows named")


def check_duckdb(name, metadata, table, expected):
    try:
        duckdb.sql("LOAD iceberg")
        count = duckdb.sql(f"SELECT count(*) FROM iceberg_scan('{metadata}')").fetchone()[0]
        how = "iceberg_scan"
    except duckdb.Error:
        files = [task.file.file_path for task in table.scan().plan_files()]
        count = duckdb.sql(f"SELECT count(*) FROM read_parquet({files!r}, union_by_name = true)").fetchone()[0] if files else 0
        how = "files of the manifests"
    check(count == expected, f"{name}: DuckDB ({how}) reads {count} rows, pyiceberg {expected}")
    return how


def check_time_travel(name, table):
    """Each snapshot has the rows its summary says, and no fewer than its parent (millrace only appends)."""
    before = 0
    for snapshot in sorted(table.metadata.snapshots, key=lambda s: s.sequence_number):
        rows = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow().num_rows
        said = int(snapshot.summary["total-records"])
        check(rows == said, f"{name}: snapshot {snapshot.snapshot_id} has {rows} rows, says {said}")
        check(rows >= before, f"{name}: snapshot {snapshot.snapshot_id} lost rows: {before} -> {rows}")
        check("millrace.through" in snapshot.summary.additional_properties,
              f"{name}: snapshot {snapshot.snapshot_id} has no position")
        before = rows


def check_table(lake, path):
    name = os.path.relpath(path, lake)
    metadata = newest_metadata(path)
    table = StaticTable.from_metadata(metadata)
    rows = table.scan().to_arrow()
    if name.startswith("raw/"):
        keys = set(zip(rows["topic"].to_pylist(), rows["partition"].to_pylist(), rows["offset"].to_pylist()))
        check(len(keys) == rows.num_rows, f"{name}: {rows.num_rows - len(keys)} records twice")
        for partition in {k[1] for k in keys}:
            offsets = [k[2] for k in keys if k[1] == partition]
            position = table.current_snapshot().summary.additional_properties[f"millrace.offsets.{partition}"]
            check(max(offsets) < int(position), f"{name}/{partition}: offset {max(offsets)} beyond the position {position}")
    check_files(name, table)
    check_time_travel(name, table)
    how = check_duckdb(name, metadata, table, rows.num_rows)
    print(f"{name}: {rows.num_rows} rows, {len(table.metadata.snapshots)} snapshots, DuckDB by {how}")
    return table, rows


def check_written(lake):
    """What connect_test wrote (src/connect/lake_sink_test.cc)."""
    table, rows = check_table(lake, os.path.join(lake, "raw", "orders"))
    check(rows.num_rows == 17, f"raw/orders: {rows.num_rows} rows, not 17")
    values = rows["value"].to_pylist()
    check(b"\xff\xfe" in values and b"\0\0\0\0\7x" in values, "raw/orders: bytes were not kept")
    check([i for i in rows["schema_id"].to_pylist() if i is not None] == [7], "raw/orders: schema ids")
    check(rows["timestamp"].null_count == 1, "raw/orders: a record without a timestamp")
    hours = {task.file.partition[0] for task in table.scan().plan_files()}
    check(len(hours) == 13, f"raw/orders: hours {hours}")
    narrow = table.scan(row_filter="offset == 1 and partition == 0").to_arrow()
    check(narrow["value"].to_pylist() == [b"b"], f"raw/orders: filtered {narrow}")
    _, rows = check_table(lake, os.path.join(lake, "fulfilment", "payments"))
    by_id = {row["id"]: row for row in rows.to_pylist()}
    check(str(by_id["p1"]["amount"]) == "12.50" and str(by_id["p2"]["amount"]) == "-0.01", f"amounts: {by_id}")
    check(by_id["p1"]["tags"] == ["a", "b"] and by_id["p2"]["tags"] == [], f"tags: {by_id}")
    check(by_id[None]["at"] is None, f"NULL time: {by_id}")
    check(by_id["p1"]["at"].isoformat() == "2026-05-28T20:26:40+00:00", f"time: {by_id['p1']['at']}")


def main():
    if sys.argv[1:2] == ["--writer"]:
        with tempfile.TemporaryDirectory() as lake:
            subprocess.run([sys.argv[2], "--gtest_filter=Interop.*"], check=True, stdout=subprocess.DEVNULL,
                           env=dict(os.environ, MILLRACE_LAKE_OUT=lake))
            check_written(lake)
    else:
        lake = os.path.abspath(sys.argv[1])
        tables = tables_of(lake)
        check(tables, f"no tables in {lake}")
        for path in tables:
            check_table(lake, path)
    print(f"lake: {len(findings)} findings")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
