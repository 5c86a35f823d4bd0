#!/usr/bin/env python3
"""Tables of the connectors datagen, filesystem and print under kill -9: a generator writes CSV (partitioned) and Parquet files, others read them back.

    files.py

The real binary (MILLRACE_BIN), killed a few times while rows are made, written and read. At the end every row is in exactly one visible file, and the views over
what was read back equal the one over what was made. Exit 0 passed, 1 failed.
"""
import glob
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.environ.get("MILLRACE_BIN", os.path.join(HERE, "../../build/release/src/cli/millrace"))
ROWS = 12_000
KILLS = 3
PACKED = 20_000
STREAMS = """
CREATE TABLE made (id BIGINT NOT NULL, kind INT, name STRING, amount DECIMAL(8, 2), at TIMESTAMP_LTZ(3)) WITH (
  'connector' = 'datagen', 'rows-per-second' = '4000', 'number-of-rows' = '{rows}', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1',
  'fields.id.end' = '1000000', 'fields.kind.min' = '1', 'fields.kind.max' = '3', 'fields.name.length' = '5', 'fields.amount.min' = '0',
  'fields.amount.max' = '100');
CREATE TABLE csv_out (id BIGINT, name STRING, kind INT) PARTITIONED BY (kind) WITH ('connector' = 'filesystem', 'path' = 'out/csv', 'format' = 'csv',
  'sink.rolling-policy.file-size' = '40 kb', 'sink.rolling-policy.rollover-interval' = '1 s', 'sink.rolling-policy.inactivity-interval' = '1 s');
CREATE TABLE parquet_out (id BIGINT, amount DECIMAL(8, 2), at TIMESTAMP_LTZ(3)) WITH ('connector' = 'filesystem', 'path' = 'out/parquet',
  'format' = 'parquet', 'sink.rolling-policy.rollover-interval' = '1 s', 'sink.rolling-policy.inactivity-interval' = '1 s');
CREATE TABLE csv_in (id BIGINT, name STRING, kind INT) PARTITIONED BY (kind) WITH ('connector' = 'filesystem', 'path' = 'out/csv', 'format' = 'csv',
  'source.monitor-interval' = '300 ms');
CREATE TABLE parquet_in (id BIGINT, amount DECIMAL(8, 2), at TIMESTAMP_LTZ(3)) WITH ('connector' = 'filesystem', 'path' = 'out/parquet',
  'format' = 'parquet', 'source.monitor-interval' = '300 ms');
CREATE TABLE packed_in (id BIGINT, name STRING, source STRING NOT NULL METADATA FROM 'file.name' VIRTUAL, bytes BIGINT NOT NULL METADATA FROM 'file.size' VIRTUAL,
  at TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'file.modification-time' VIRTUAL) WITH ('connector' = 'filesystem', 'path' = 'packed', 'format' = 'csv');
CREATE TABLE shown (id BIGINT, name STRING) WITH ('connector' = 'print', 'print-identifier' = 'shown');
CREATE TABLE hole (id BIGINT) WITH ('connector' = 'blackhole');
"""
WRITE = """
INSERT INTO csv_out SELECT id, name, kind FROM made;
INSERT INTO parquet_out SELECT id, amount, at FROM made;
INSERT INTO hole SELECT id FROM made;
INSERT INTO shown SELECT id, name FROM made WHERE id <= 10;
CREATE MATERIALIZED VIEW made_total AS SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids, SUM(amount) AS s, SUM(kind) AS k FROM made;
"""
READ = """
CREATE MATERIALIZED VIEW csv_total AS SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids, SUM(kind) AS k FROM csv_in;
CREATE MATERIALIZED VIEW packed_total AS SELECT source, COUNT(*) AS n, SUM(id) AS s, MAX(bytes) AS bytes, CAST(MAX(at) AS STRING) AS at
FROM packed_in GROUP BY source;
CREATE MATERIALIZED VIEW parquet_total AS SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids, SUM(amount) AS s FROM parquet_in;
"""


class Run:
    def __init__(self, folder):
        self.folder = folder
        for name, text in (("streams/tables.sql", STREAMS.format(rows=ROWS)), ("pipelines/write.sql", WRITE), ("pipelines/read.sql", READ)):
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        os.makedirs(os.path.join(folder, "out/csv"))
        os.makedirs(os.path.join(folder, "out/parquet"))
        os.makedirs(os.path.join(folder, "packed"))
        self.packed = os.path.join(folder, "packed/rows.csv.gz")
        with gzip.open(self.packed, "wt") as f:
            f.writelines(f"{i},row {i}\n" for i in range(1, PACKED + 1))
        os.utime(self.packed, (86_400.125, 86_400.125))

    def start(self):
        ready = os.path.join(self.folder, "ready.json")
        if os.path.exists(ready):
            os.remove(ready)
        command = [BINARY, "run", self.folder, "--data-dir", os.path.join(self.folder, "data"), "--ready-file", ready]
        for listener in ("http", "kafka", "registry"):
            command += ["-X", f"{listener}.listen=127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=open(self.path("stdout"), "ab"), stderr=open(self.path("stderr"), "ab"))
        wait(lambda: os.path.exists(ready) or self.process.poll() is not None, 60)
        if self.process.poll() is not None:
            raise AssertionError("the node did not start:\n" + open(self.path("stderr")).read()[-2000:])
        self.http = json.load(open(ready))["http"]

    def path(self, name):
        return os.path.join(self.folder, name)

    def row(self, view):
        with urllib.request.urlopen(f"http://{self.http}/api/v1/views/{view}", timeout=10) as answer:
            rows = json.load(answer)["rows"]
        return rows[0] if rows else {"n": 0}

    def kill(self):
        self.process.kill()
        self.process.wait()


def wait(done, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.05)
    return False


def main():
    folder = tempfile.mkdtemp(prefix="millrace-files-")
    run = Run(folder)
    try:
        for n in range(KILLS):
            run.start()
            # Killed with a part of the rows made: some files committed, some open, some read.
            wait(lambda: run.row("made_total")["n"] >= ROWS * (n + 1) // (KILLS + 2), 60)
            run.kill()
        run.start()
        wait(lambda: run.row("csv_total")["n"] >= ROWS and run.row("parquet_total")["n"] >= ROWS, 60)
        made, csv, parquet = run.row("made_total"), run.row("csv_total"), run.row("parquet_total")
        assert (made["n"], made["ids"]) == (ROWS, ROWS), made
        assert (csv["n"], csv["ids"], csv["k"]) == (ROWS, ROWS, made["k"]), (csv, made)
        assert (parquet["n"], parquet["ids"], parquet["s"]) == (ROWS, ROWS, made["s"]), (parquet, made)
        wait(lambda: run.row("packed_total")["n"] >= PACKED, 60)
        packed = run.row("packed_total")
        assert packed == {"source": "rows.csv.gz", "n": PACKED, "s": PACKED * (PACKED + 1) // 2, "bytes": os.path.getsize(run.packed),
                          "at": "1970-01-02 00:00:00.125"}, packed
        run.process.terminate()
        assert run.process.wait(60) == 0
        ids = []
        for name in glob.glob(run.path("out/csv/*/part-*.csv")):
            ids += [int(line.split(",")[0]) for line in open(name)]
        assert sorted(ids) == list(range(1, ROWS + 1)), (len(ids), len(set(ids)))
        printed = re.findall(r"^shown> \+I\[(\d+), [0-9a-f]{5}\]$", open(run.path("stdout")).read(), re.M)
        assert len(printed) <= 10 and set(printed) <= {str(i) for i in range(1, 11)}, printed
        print(f"files: {ROWS} rows in {len(glob.glob(run.path('out/*/**/part-*'), recursive=True))} files, each once, over {KILLS} kill -9")
    except AssertionError as e:
        print(f"files: FAILED: {e}\n{folder}")
        return 1
    finally:
        if run.process.poll() is None:
            run.kill()
    shutil.rmtree(folder)
    return 0


sys.exit(main())
