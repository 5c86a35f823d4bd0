#!/usr/bin/env python3
"""Reads a lake with other people's code: pyiceberg (snapshots, statistics, time travel, schemas) and DuckDB (iceberg_scan
where its extension is there, else the Parquet files the manifests name). Shares no code with millrace.

  lake.py LAKE            checks every table below the directory
  lake.py --writer BIN    lets BIN (connect_test) write one first, and checks what it must hold

Exit status: 0 all good, 1 a finding, 77 pyiceberg or DuckDB is missing."""
import datetime
import decimal
import glob
import math
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


def with_iceberg():
    """A DuckDB with its iceberg extension, out of PyPI's wheels, or without."""
    scratch = tempfile.mkdtemp()
    connection = duckdb.connect(config={"extension_directory": scratch})
    connection.sql("SET TimeZone = 'UTC'")
    try:
        from duckdb_extensions import import_extension
        for name in ("avro", "iceberg"):
            import_extension(name, con=connection)
        return connection, True
    except (ImportError, duckdb.Error, OSError) as e:
        print(f"DuckDB without its iceberg extension: {e}")
        return connection, False


connection, has_iceberg = with_iceberg()


def check_duckdb(name, path, table, expected):
    """By the table's folder, as a user would: DuckDB goes by version-hint.text."""
    if has_iceberg:
        count = connection.sql(f"SELECT count(*) FROM iceberg_scan('{path}')").fetchone()[0]
        how = "iceberg_scan"
        for snapshot in table.metadata.snapshots[:20]:
            then = connection.sql(f"SELECT count(*) FROM iceberg_scan('{path}', snapshot_from_id = {snapshot.snapshot_id}::UBIGINT)").fetchone()[0]
            said = int(snapshot.summary["total-records"])
            check(then == said, f"{name}: DuckDB reads {then} rows of snapshot {snapshot.snapshot_id}, which says {said}")
    else:
        files = [task.file.file_path for task in table.scan().plan_files()]
        count = connection.sql(f"SELECT count(*) FROM read_parquet({files!r}, union_by_name = true)").fetchone()[0] if files else 0
        how = "files of the manifests"
    check(count == expected, f"{name}: DuckDB ({how}) reads {count} rows, pyiceberg {expected}")
    return how


def check_time_travel(name, table):
    """Each snapshot has the rows its summary says, in files that are there; the numbers add up from one to the next."""
    before = None
    for snapshot in sorted(table.metadata.snapshots, key=lambda s: s.sequence_number):
        said = {k: int(v) for k, v in snapshot.summary.additional_properties.items() if v.lstrip("-").isdigit()}
        operation = snapshot.summary.operation.value
        rows = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow().num_rows
        where = f"{name}: {operation} snapshot {snapshot.snapshot_id}"
        check(rows == said["total-records"], f"{where} has {rows} rows, says {said['total-records']}")
        check("millrace.through" in said, f"{where} has no position")
        if before is not None and before[0] == snapshot.parent_snapshot_id:
            for total, added, removed in (("total-records", "added-records", "deleted-records"),
                                          ("total-data-files", "added-data-files", "deleted-data-files"),
                                          ("total-files-size", "added-files-size", "removed-files-size")):
                if total not in said or total not in before[1]:
                    continue
                now = before[1][total] + said.get(added, 0) - said.get(removed, 0)
                check(said[total] == now, f"{where}: {total} is {said[total]}, not {now}")
        if operation == "replace":
            check(said.get("added-records") == said.get("deleted-records"), f"{where} changes the number of rows")
        if operation == "append":
            check("deleted-records" not in said, f"{where} removes rows")
        before = (snapshot.snapshot_id, said)
    ids = {s.snapshot_id for s in table.metadata.snapshots}
    log = [entry.snapshot_id for entry in table.metadata.snapshot_log]
    check(set(log) <= ids and (not log or log[-1] == table.metadata.current_snapshot_id), f"{name}: snapshot log {log[-3:]}")
    check(table.metadata.refs["main"].snapshot_id == table.metadata.current_snapshot_id, f"{name}: refs")


def check_orphans(name, path, table):
    """Every data file on the disk belongs to a snapshot, and the other way round."""
    on_disk = {f for f in glob.glob(os.path.join(path, "data", "**", "*.parquet"), recursive=True)
               if not os.path.basename(f).startswith("mr-tmp-")}
    named = {task.file.file_path for s in table.metadata.snapshots for task in table.scan(snapshot_id=s.snapshot_id).plan_files()}
    check(named <= on_disk, f"{name}: files are gone: {sorted(named - on_disk)[:3]}")
    check(on_disk <= named, f"{name}: files nobody names: {sorted(on_disk - named)[:3]}")


def check_statistics(name, table):
    """Counts and bounds of every file against its rows."""
    from pyiceberg.conversions import from_bytes
    fields = {f.field_id: f for f in table.schema().fields}
    for task in table.scan().plan_files():
        file = task.file
        rows = connection.sql(f"SELECT * FROM read_parquet('{file.file_path}', hive_partitioning = false)")
        check(file.split_offsets and file.split_offsets == sorted(file.split_offsets), f"{name}: split offsets of {file.file_path}")
        check(os.path.getsize(file.file_path) == file.file_size_in_bytes, f"{name}: size of {file.file_path}")
        for column in rows.columns:
            field = next((f for f in fields.values() if f.name == column), None)
            if field is None or not field.field_type.is_primitive:
                continue
            quoted = '"' + column + '"'
            total, nulls = rows.aggregate(f"count(*), count(*) - count({quoted})").fetchone()
            at = f"{name}: {column} of {os.path.basename(file.file_path)}"
            check((file.value_counts or {}).get(field.field_id) == total, f"{at}: {(file.value_counts or {}).get(field.field_id)} values, not {total}")
            check((file.null_value_counts or {}).get(field.field_id) == nulls, f"{at}: NULLs")
            kind = str(field.field_type)
            if kind in ("float", "double"):
                nans = rows.filter(f"isnan({quoted})").aggregate("count(*)").fetchone()[0]
                check((file.nan_value_counts or {}).get(field.field_id) == nans, f"{at}: NaNs")
            if kind in ("int", "long", "date", "string") and field.field_id in (file.lower_bounds or {}):
                low = from_bytes(field.field_type, file.lower_bounds[field.field_id])
                highest = (file.upper_bounds or {}).get(field.field_id)
                real_low, real_high = rows.aggregate(f"min({quoted}), max({quoted})").fetchone()
                if kind == "date":
                    real_low, real_high = ((d - datetime.date(1970, 1, 1)).days for d in (real_low, real_high))
                check(low <= real_low, f"{at}: lower bound {low!r} above {real_low!r}")
                if highest is not None:
                    high = from_bytes(field.field_type, highest)
                    check(real_high <= high, f"{at}: upper bound {high!r} below {real_high!r}")


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
    check_orphans(name, path, table)
    check_statistics(name, table)
    by_folder = StaticTable.from_metadata(path)
    check(by_folder.metadata.last_sequence_number == table.metadata.last_sequence_number, f"{name}: by its folder it is another")
    how = check_duckdb(name, path, table, rows.num_rows)
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
    check_types(lake)
    check_upkeep(lake)
    check_evolution(lake)


def check_types(lake):
    """Every type there and back."""
    utc, D = datetime.timezone.utc, decimal.Decimal
    _, rows = check_table(lake, os.path.join(lake, "main", "types"))
    expected = [
        dict(id=1, b=True, i=2**31 - 1, l=2**63 - 1, f=1.5, d=1e300, m4=D("99.99"), m18=D("12345678901234.5678"),
             m38=D("1234567890123456789012345678.0123456789"), s="h\u00e9llo \u2603 \U0001d11e", dt=datetime.date(2026, 2, 28),
             tm=datetime.time(23, 59, 59, 123000), ts=datetime.datetime(2026, 5, 28, 20, 26, 40, 123000),
             tz=datetime.datetime(2026, 5, 28, 20, 26, 40, 123000, utc), a=[1, None, 3], mp=[("k", 1), ("z", None)],
             r=dict(x=1, y="q", z=[dict(k="v"), dict(k=None), None])),
        dict(id=2, b=False, i=-2**31, l=-2**63, f=-0.0, d=-1e-300, m4=D("-99.99"), m18=D("-0.0001"), m38=D("-0.0000000001"), s="",
             dt=datetime.date(1969, 12, 31), tm=datetime.time(0), ts=datetime.datetime(1969, 12, 31, 23, 59, 59, 999000),
             tz=datetime.datetime(1969, 12, 31, 23, 59, 59, 999000, utc), a=[], mp=[], r=dict(x=None, y=None, z=[])),
        dict.fromkeys(["b", "i", "l", "f", "d", "m4", "m18", "m38", "s", "dt", "tm", "ts", "tz", "a", "mp", "r"]) | dict(id=3),
        dict.fromkeys(["b", "i", "l", "f", "d", "m4", "m18", "m38", "tm", "a", "mp", "r"])
        | dict(id=4, s="x" * 1_000_000, dt=datetime.date(1, 1, 1), ts=datetime.datetime(1, 1, 1),
               tz=datetime.datetime(9999, 12, 31, 23, 59, 59, 999000, utc)),
    ]
    got = sorted(rows.to_pylist(), key=lambda row: row["id"])
    for want, have in zip(expected, got, strict=True):
        for column, value in want.items():
            check(have[column] == value, f"types: row {want['id']} column {column}: {str(have[column])[:80]!r}, not {str(value)[:80]!r}")
    check(math.copysign(1, got[1]["f"]) == -1, "types: -0.0 lost its sign")


def check_upkeep(lake):
    """Compaction and retention: each row once in every snapshot, the position kept."""
    table, rows = check_table(lake, os.path.join(lake, "raw", "upkeep"))
    operations = [s.summary.operation.value for s in sorted(table.metadata.snapshots, key=lambda s: s.sequence_number)]
    check("replace" in operations and "delete" in operations, f"raw/upkeep: operations {operations}")
    check(rows.num_rows == 2, f"raw/upkeep: {rows.num_rows} rows after the retention, not 2")
    before = next(s for s in table.metadata.snapshots if s.summary.operation.value == "replace")
    files = list(table.scan(snapshot_id=before.snapshot_id).plan_files())
    check(len(files) == 1, f"raw/upkeep: {len(files)} files after the rewrite, not 1")
    old = table.scan(snapshot_id=before.snapshot_id).to_arrow()
    keys = sorted(zip(old["partition"].to_pylist(), old["offset"].to_pylist()))
    check(keys == [(p, o) for p in (0, 1) for o in range(10)], f"raw/upkeep: records before the retention: {keys}")


def check_evolution(lake):
    """A column added, one widened: old rows read NULL and the wider type, also by the old snapshot."""
    table, rows = check_table(lake, os.path.join(lake, "main", "evolves"))
    got = sorted(rows.to_pylist(), key=lambda row: row["id"])
    check([(r["id"], r["n"], r.get("note")) for r in got] == [(1, 7, None), (2, 2**40, "new")], f"evolves: {got}")
    schemas = table.schemas()
    check(len(schemas) == 2 and table.metadata.current_schema_id == 1, f"evolves: schemas {list(schemas)}")
    check(str(table.schema().find_field("n").field_type) == "long", "evolves: n was not widened")
    check(schemas[0].find_field("id").field_id == schemas[1].find_field("id").field_id, "evolves: field ids moved")
    first = min(table.metadata.snapshots, key=lambda s: s.sequence_number)
    then = table.scan(snapshot_id=first.snapshot_id).to_arrow().to_pylist()
    check([(r["id"], r["n"]) for r in then] == [(1, 7)] and "note" not in then[0], f"evolves: first snapshot {then}")


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
