#!/usr/bin/env python3
"""Goal: what a person meets first is as the documents say: verbs, exit codes, the shape of errors, HTTP, metrics.

Method: the release binary on a project that `millrace init` wrote, from outside: command line, HTTP, a Kafka client. It checks that
  - every verb has help with examples, and a wrong word names the nearest right one (exit 2);
  - mistakes in SQL, settings, dashboards and alerts are shown with code, place, caret and suggestion;
  - docs/openapi.yaml is what is served: every path in it answers, every route in the sources is in it;
  - bad records are set aside and counted (in = accepted + rejected) at /metrics and by `millrace pipeline`;
  - ETags, filters, unknown columns, allowed hosts and origins behave; a view over view.max-rows pauses its pipeline alone, and
    `millrace pipeline resume` lets it go on;
  - topics are altered, groups reset and deleted, transactions aborted, from the command line;
  - `millrace plan` tells, operator by operator, how a changed project differs from what runs, and changes nothing;
  - a step of 40 MB is journalled in parts and survives kill -9;
  - a changed pipeline is rebuilt with a message, the other keeps its state; SIGTERM ends with 0.
Usage: tests/surface/run.py   (MILLRACE_BIN names the binary)
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

root = Path(__file__).resolve().parents[2]
binary = os.environ.get("MILLRACE_BIN", str(root / "build/release/src/cli/millrace"))
work = Path(tempfile.mkdtemp(prefix="millrace-surface-"))
failures = []


def check(ok, what):
    print(("ok   " if ok else "FAIL ") + what, flush=True)
    if not ok:
        failures.append(what)


def cli(*args, url=None, registry=None):
    env = dict(os.environ)
    if url:
        env["MILLRACE_URL"] = url
    if registry:
        env["MILLRACE_REGISTRY"] = registry
    done = subprocess.run([binary, *args], capture_output=True, text=True, env=env, timeout=120)
    return done.returncode, done.stdout, done.stderr


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    return condition()


class Node:
    """`millrace run` on free ports."""

    def __init__(self, project, *args):
        self.log = open(work / "node.log", "a+")
        self.from_byte = self.log.tell()
        ready = work / "ready.json"
        ready.unlink(missing_ok=True)
        free = [f"-X{name}.listen=127.0.0.1:0" for name in ("kafka", "http", "registry")]
        self.process = subprocess.Popen([binary, "run", str(project), "--ready-file", str(ready), *free, *args],
                                        stderr=self.log, stdout=self.log)
        until(lambda: ready.exists() or self.process.poll() is not None, 120)
        at = json.loads(ready.read_text())
        self.kafka, self.url, self.registry = at["kafka"], "http://" + at["http"], "http://" + at["registry"]

    def cli(self, *args):
        return cli(*args, url=self.url, registry=self.registry)

    def json(self, *args):
        code, out, err = self.cli(*args, "--format", "json")
        return json.loads(out) if code == 0 else {"exit": code, "error": err}

    def http(self, path, method="GET", body=None, headers=None):
        data = None if body is None else json.dumps(body).encode()
        all_headers = {"Content-Type": "application/json"} if data is not None else {}
        all_headers.update(headers or {})
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=all_headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()

    def produce(self, topic, *lines):
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": self.kafka})
        for line in lines:
            producer.produce(topic, line.encode())
        assert producer.flush(60) == 0

    def said(self):
        self.log.flush()
        return (work / "node.log").read_text()[self.from_byte:]

    def stop(self):
        self.process.terminate()
        return self.process.wait(120)


def command_line():
    verbs = ["init", "run", "check", "test", "sql", "generate", "replay", "topic", "group", "txn", "user", "acl", "schema", "view", "pipeline", "plan", "apply", "rollback", "version"]
    for verb in verbs:
        code, out, _ = cli(verb, "--help")
        check(code == 0 and "Examples:" in out, f"{verb} --help has examples")
    for args, hint in [(["vesion"], "did you mean `version`?"), (["topic", "lst"], "did you mean `list`?"),
                       (["topic", "list", "--fromat", "json"], "did you mean `--format`?"), ([], "--help")]:
        code, _, err = cli(*args)
        check(code == 2 and hint in err, f"`millrace {' '.join(args)}` is wrong use: {hint}")
    code, _, err = cli("topic", "--url", "127.0.0.1:1", "--format", "json")
    check(code == 3 and json.loads(err)["error"]["code"] == "unavailable", "no server: exit 3, and JSON on request")
    check(cli("run", str(work / "nowhere"))[0] == 2, "no project: exit 2")


def mistakes(project):
    def said(path, text, expected, exit_code):
        broken = work / "broken"
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(project, broken)
        (broken / path).parent.mkdir(exist_ok=True)
        (broken / path).write_text(text)
        code, _, err = cli("check", str(broken))
        shaped = re.search(r"error\[M\d{4}\]: .*\n  --> .*" + re.escape(path) + r":\d+:\d+\n.*\|.*\n.*\| *\^+", err)
        check(code == exit_code and shaped is not None and expected in err, f"{path}: {expected}")

    said("pipelines/live.sql", "CREATE MATERIALIZED VIEW v AS SELECT sit, COUNT(*) AS n FROM orders GROUP BY site;", 'did you mean "site"?', 1)
    said("pipelines/live.sql", "CREATE MATERIALIZED VIEW v AS SELECT site, COUNT(*) AS n FROM ordrs GROUP BY site;", 'did you mean "orders"?', 1)
    said("millrace.yaml", "kafka:\n  lisen: 127.0.0.1:0\n", "did you mean `kafka.listen`?", 2)
    said("millrace.yaml", "topics: {orders: {partitons: 3}}", "did you mean `partitions`?", 2)
    said("millrace.yaml", "topics: {orders: {retention.m: 3}}", "did you mean `retention.ms`?", 2)
    said("dashboards/live.yaml", "panels:\n  - {type: tle, view: orders_by_site}", "did you mean `tile`?", 1)
    said("dashboards/live.yaml", "panels:\n  - {type: tile, view: orders_by_sit}", "did you mean `orders_by_site`?", 1)
    said("alerts/a.yaml", "- name: a\n  veiw: orders_by_site\n", "did you mean `view`?", 1)
    code, _, err = cli("run", str(project), "-X", "kafka.lisen=1")
    check(code == 2 and "did you mean `kafka.listen`?" in err, "-X with an unknown setting: exit 2")


def documented(node):
    text = (root / "docs/openapi.yaml").read_text()
    in_document, path = set(), None
    for line in text.split("\npaths:\n")[1].split("\ncomponents:")[0].splitlines():
        if match := re.match(r"  (/\S+):", line):
            path = match[1]
        elif match := re.match(r"    (get|post|patch|delete|put):", line):
            in_document.add((match[1].upper(), re.sub(r"\{.*?\}", "{}", path)))
    served = set()
    for source in [*(root / "src/serve/http").glob("*.cc"), *(root / "src/node").glob("*.cc")]:
        if not source.name.endswith("_test.cc"):
            for method, route in re.findall(r'\.add\(\s*"(\w+)",\s*"(/[^"]*)"', source.read_text()):
                served.add((method, re.sub(r"\{.*?\}", "{}", route)))
    served.add(("GET", "/api/v1/live"))  # the WebSocket
    check(in_document == served, f"openapi.yaml has what is served: only there {sorted(in_document - served)}, only served {sorted(served - in_document)}")
    for method, path in sorted(in_document):
        status, _, body = node.http(path.replace("{}", "nothing"), method, {} if method in ("POST", "PATCH") else None)
        check("no such path" not in body and status != 405 and status < 500, f"{method} {path} answers ({status})")
    check(node.http("/api/v1/openapi.yaml")[2] == text, "the node serves this very document")


def bad_records(node):
    good = '{"order_id":"1","site":"L","amount":12.5,"placed_at":"2026-01-31T10:00:00Z"}'
    node.produce("orders", good, "not json", "[]", '{"order_id":"2","amount":1,"placed_at":"2026-01-31T10:00:00Z"}', "",
                 good.replace("12.5", '"x"'), good.replace("L", "M"))
    live = until(lambda: next((p for p in node.json("pipeline") if p["name"] == "live" and p["in"] == 7), None))
    check(bool(live) and live["accepted"] == 2 and live["rejected"] == 5, f"in = accepted + rejected: {live}")
    metrics = node.http("/metrics")[2]
    lines = [line for line in metrics.splitlines() if not line.startswith("#")]
    name = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
    wrong = [line for line in lines if not re.fullmatch(name + r'(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[0-9.eE+-]+|[+-]Inf|NaN)', line)]
    check(not wrong, f"/metrics is Prometheus text: {wrong[:3]}")
    check('millrace_events_dropped_total{pipeline="live",stream="orders",reason="rejected"} 5' in lines, "rejected records are counted at /metrics")
    for metric in ["millrace_build_info", "millrace_step_seconds_count", "millrace_event_to_view_seconds_count", "millrace_view_rows",
                   "millrace_pipeline_lag_records", "millrace_topic_bytes", "millrace_state_bytes", "millrace_journal_sync_seconds_count"]:
        check(any(line.startswith(metric) for line in lines), f"/metrics has {metric}")
    rejected = [r for r in node.json("topic", "tail", "rejected.orders", "--offset", "0", "--limit", "100") if r["value"]["pipeline"] == "live"]
    asked = [node.json("sql", f"SELECT COUNT(*) AS n FROM {name}") for name in ("rejected.orders", '"rejected.orders"')]
    check(asked[0] == asked[1] and asked[0][0]["n"] >= 5, f"SQL asks a topic with a dot in its name, quoted or not: {asked}")
    check(len(rejected) == 5 and all("reason" in r["value"] and "offset" in r["value"] for r in rejected), "each rejected record tells why and where")


def http_api(node):
    status, headers, body = node.http("/api/v1/views/orders_by_site?site=L")
    check(status == 200 and [r["site"] for r in json.loads(body)["rows"]] == ["L"], "a filter")
    tag = headers["ETag"]
    check(node.http("/api/v1/views/orders_by_site?site=L", headers={"If-None-Match": tag})[0] == 304, "If-None-Match: 304")
    rows = json.loads(node.http("/api/v1/views/orders_by_site?order=site:desc&limit=1")[2])["rows"]
    check([r["site"] for r in rows] == ["M"], "order and limit")
    for query, hint in [("sit=L", "site"), ("order=sit", "site"), ("limit=x", "limit"), ("site=L&site=M", "twice"), ("min_version=x", "version")]:
        status, _, body = node.http("/api/v1/views/orders_by_site?" + query)
        check(status == 400 and hint in body, f"?{query} is refused and says why")
    status, _, body = node.http("/api/v1/views/orders_by_sit")
    check(status == 404 and "orders_by_site" in body, "an unknown view names the nearest")
    batch = json.loads(node.http("/api/v1/views:batch", "POST", [{"view": "orders_by_site", "params": {"site": "M"}}, {"view": "no"}])[2])
    check([r["status"] for r in batch["results"]] == [200, 404], "batch GET")
    view = json.loads(node.http("/api/v1/views/orders_by_site")[2])
    frame = json.loads(node.http(f"/api/v1/views/orders_by_site/changes?epoch={view['epoch']}&since={view['version']}")[2])
    check(frame["t"] == "delta" and frame["up"] == [], "changes since a version")
    check(json.loads(node.http("/api/v1/views/orders_by_site/changes?epoch=x&since=1")[2])["t"] == "reset", "changes of another epoch: reset")
    check(node.http("/api/v1/views", headers={"Host": "evil.example"})[0] == 421, "another host's name is refused")
    check(node.http("/api/v1/views", headers={"Host": "floor.example"})[0] == 200, "http.allowed-hosts")
    check(node.http("/api/v1/views", headers={"Origin": "https://evil.example"})[0] == 403, "another origin is refused")
    status, headers, _ = node.http("/api/v1/views", headers={"Origin": "https://wall.example"})
    check(status == 200 and headers.get("Access-Control-Allow-Origin") == "https://wall.example", "http.allowed-origins")
    ask = {"Origin": "https://wall.example", "Access-Control-Request-Method": "POST"}
    check(node.http("/api/v1/sql", "OPTIONS", headers=ask)[0] == 204, "a preflight")
    check(node.http("/api/v1/topics", "POST", {"name": "t"}, {"Content-Type": "text/plain"})[0] == 415, "a form cannot post")


def topics(node):
    check(node.cli("topic", "create", "t1", "--partitions", "3")[0] == 0, "topic create")
    check(node.json("topic", "describe", "t1")["partitions"] == 3, "topic describe")
    code, _, err = node.cli("topic", "create", "t2", "--config", "retention.m=4")
    check(code == 1 and "did you mean `retention.ms`?" in err, "a wrong topic setting names the nearest")
    code, _, err = node.cli("topic", "delete", "t1")
    check(code == 1 and "--yes" in err, "topic delete says what would be lost")
    check(node.cli("topic", "alter", "t1", "--config", "retention.ms=86400000", "--config", "max.message.bytes=2000")[0] == 0, "topic alter")
    check(node.cli("topic", "alter", "t1", "--config", "max.message.bytes", "--partitions", "4")[0] == 0, "topic alter, back to a default")
    described = node.json("topic", "describe", "t1")
    check(described["configs"] == {"retention.ms": "86400000"} and described["partitions"] == 4, f"… as described: {described}")
    code, _, err = node.cli("topic", "alter", "t1", "--config", "retention.m=4")
    check(code == 1 and "did you mean `retention.ms`?" in err, "topic alter of a setting there is not names the nearest")
    check(node.cli("topic", "alter", "t1", "--partitions", "2")[0] == 1, "partitions cannot become fewer")
    check(node.cli("topic", "delete", "t1", "--yes")[0] == 0, "topic delete --yes")
    check("error" in node.json("group", "describe", "none"), "group describe of nothing")
    (work / "o.avsc").write_text('{"type":"record","name":"o","fields":[{"name":"a","type":"string"}]}')
    check(node.cli("schema", "register", "orders-value", str(work / "o.avsc"))[0] == 0, "schema register")
    check([s["subject"] for s in node.json("schema")] == ["orders-value"], "schema")


def decoded(node):
    """Records written with a schema are shown by it; bytes that are no text in base64."""
    from confluent_kafka import Producer
    schema = {"type": "record", "name": "o", "fields": [{"name": "a", "type": "string"}, {"name": "n", "type": ["null", "long"]}]}
    request = urllib.request.Request(node.registry + "/subjects/framed-value/versions", method="POST",
                                     data=json.dumps({"schema": json.dumps(schema)}).encode(), headers={"Content-Type": "application/json"})
    identity = json.loads(urllib.request.urlopen(request, timeout=30).read())["id"]
    node.cli("topic", "create", "framed")
    producer = Producer({"bootstrap.servers": node.kafka})
    frame = b"\0" + identity.to_bytes(4, "big")
    for value in [frame + b"\x04hi\x02\x0e", frame + b"\x04hi\x00", frame + b"\x04h", b"\xff\xfe", None]:
        producer.produce("framed", value, key=b"k")
    producer.flush(30)
    values = [r["value"] for r in node.json("topic", "tail", "framed")]
    check(values[:2] == [{"a": "hi", "n": 7}, {"a": "hi", "n": None}], f"topic tail decodes Avro by its schema: {values[:2]}")
    check("base64" not in str(values[2]) and values[3] == {"base64": "//4="} and values[4] is None, f"… and shows what it cannot decode: {values[2:]}")


def groups(node):
    from confluent_kafka import Consumer
    node.cli("topic", "create", "moves", "--partitions", "1")
    node.produce("moves", *[str(i) for i in range(10)])

    def read(count):
        consumer = Consumer({"bootstrap.servers": node.kafka, "group.id": "g1", "auto.offset.reset": "earliest", "enable.auto.commit": False})
        consumer.subscribe(["moves"])
        got = consumer.consume(count, 60)
        consumer.commit(asynchronous=False)
        code, _, err = node.cli("group", "reset", "g1", "--to", "earliest")
        check(code == 1 and "has members" in err, "a group with members is not reset")
        consumer.close()
        return [m.value().decode() for m in got]

    def reset(*args):
        answer = node.json("group", "reset", "g1", *args)
        return [(o["from"], o["to"]) for o in answer] if isinstance(answer, list) else answer

    check(read(6) == list("012345"), "a group reads")
    check(reset("--to", "earliest", "--dry-run") == [(6, 0)], "group reset --dry-run shows what would be")
    check(reset("--to=-2") == [(6, 4)], "… and --to=-2 goes back two")
    check(reset("--to", "latest", "--dry-run") == [(4, 10)] and reset("--to", "99", "--dry-run") == [(4, 10)], "… latest, and beyond the end")
    check(reset("--to", "2001-01-01T00:00:00Z", "--dry-run") == [(4, 0)] and reset("--to", "2999-01-01T00:00:00Z", "--dry-run") == [(4, 10)], "… an instant")
    check(read(2) == ["4", "5"], "its consumers go on from there")
    code, _, err = node.cli("group", "reset", "g1", "--to", "yesterday")
    check(code == 1 and "not an instant" in err, "a wrong place says so")
    code, _, err = node.cli("group", "reset", "g1", "--to", "earliest", "--topic", "movs")
    check(code == 1 and "did you mean `moves`?" in err, "an unknown topic names the nearest")
    check(reset("--topic", "moves", "--to", "3") == [(6, 3)], "… one topic, an offset")
    check(node.cli("topic", "delete-records", "moves", "--partition", "0", "--before", "5")[0] == 1, "delete-records says what would be lost")
    check(node.cli("topic", "delete-records", "moves", "--partition", "0", "--before", "5", "--yes")[0] == 0, "delete-records")
    check(node.json("topic", "describe", "moves")["logs"][0]["start"] == 5, "… and they are gone")
    check(node.cli("group", "delete", "g1", "--yes")[0] == 0 and "error" in node.json("group", "describe", "g1"), "group delete")


def transactions(node):
    from confluent_kafka import KafkaException, Producer
    producer = Producer({"bootstrap.servers": node.kafka, "transactional.id": "billing-1"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("moves", b"in a transaction")
    producer.flush(30)
    listed = node.json("txn")
    check([(t["transactional_id"], t["state"]) for t in listed] == [("billing-1", "Ongoing")], f"txn: {listed}")
    check(node.json("txn", "describe", "billing-1")["partitions"] == [{"topic": "moves", "partition": 0}], "txn describe")
    check(node.cli("txn", "abort", "billing-1")[0] == 1, "txn abort says what would be lost")
    check(node.cli("txn", "abort", "billing-1", "--yes")[0] == 0, "txn abort")
    check(node.json("txn", "describe", "billing-1")["state"] in ("CompleteAbort", "Empty"), "… and it is ended")
    try:
        producer.commit_transaction(30)
        check(False, "its producer may not commit what was aborted")
    except KafkaException as error:
        check(True, f"its producer may not commit what was aborted: {error.args[0].name()}")
    check(node.cli("txn", "abort", "billing-1", "--yes")[0] == 1 and node.cli("txn", "describe", "none")[0] == 1, "nothing open, nothing known")


def large_step(project, options):
    """One transaction of 40 MB is one step of two pipelines, of which each writes as much: journalled in parts, whole after kill -9."""
    from confluent_kafka import Consumer, Producer
    count = 20_000
    (project / "pipelines/second.sql").write_text(
        "CREATE TABLE copies (order_id STRING, site STRING) WITH ('connector'='kafka', 'topic'='copies', 'format'='json');\n"
        "INSERT INTO copies SELECT order_id, site FROM orders WHERE amount = 77;\n"
        "CREATE MATERIALIZED VIEW seen AS SELECT order_id, MAX(site) AS site FROM orders WHERE amount = 77 GROUP BY order_id;\n")
    node = Node(project, *options)
    producer = Producer({"bootstrap.servers": node.kafka, "transactional.id": "large", "queue.buffering.max.kbytes": 200_000, "linger.ms": 20})
    producer.init_transactions(60)
    producer.begin_transaction()
    for i in range(count):
        producer.produce("orders", json.dumps({"order_id": f"large{i}", "site": "L" * 2000, "amount": 77, "placed_at": "2026-01-31T10:00:00Z"}).encode())
        producer.poll(0)
    producer.commit_transaction(60)
    del producer

    def rows():
        answer = node.json("sql", "SELECT COUNT(*) AS n, MIN(LENGTH(site)) AS short FROM seen")
        return isinstance(answer, list) and (answer[0]["n"], answer[0]["short"])
    check(until(lambda: rows() == (count, 2000), 120), f"a view of {count} rows from one transaction: {rows()}")
    node.process.kill()
    node.process.wait()
    node = Node(project, *options)
    check(until(lambda: rows() == (count, 2000), 60), f"… and after kill -9: {rows()}")
    consumer = Consumer({"bootstrap.servers": node.kafka, "group.id": "copies", "auto.offset.reset": "earliest"})
    consumer.subscribe(["copies"])
    got = []
    while len(got) < count and (batch := consumer.consume(5_000, 20)):
        got += [json.loads(m.value()) for m in batch]
    more = consumer.consume(1, 2)
    consumer.close()
    check(len({r["order_id"] for r in got}) == len(got) == count and not more and all(len(r["site"]) == 2000 for r in got),
          f"its topic has every record once: {len(got)}")
    check(node.stop() == 0, "SIGTERM: exit 0")


def profile(node):
    """EXPLAIN ANALYZE: the figures of a pipeline at work."""
    def explained():
        return node.json("pipeline", "explain", "orders_by_site")
    taken = until(lambda: [n["rows_in"] for s in explained()["sinks"] for n in s["plan"]["nodes"] if n.get("rows_in", 0) > 0])
    nodes = explained()["sinks"][0]["plan"]["nodes"]
    source = next((n for n in nodes if "records_in" in n), {})
    check(taken and [s["name"] for s in explained()["sinks"]] == ["orders_by_site"] and source.get("records_in") == source["rows_out"] + source["rejected"] > 0
          and all(n["time_ms"] > 0 for n in nodes if n.get("rows_in")), "pipeline explain: rows and time of each operator of a view")
    code, text, _ = node.cli("pipeline", "explain", "live")
    check(code == 0 and "orders_by_site: " in text and "rows " in text and "state " in text, "… of a pipeline, as a tree")
    lines = node.json("sql", "EXPLAIN ANALYZE MATERIALIZED VIEW orders_by_site")
    check(isinstance(lines, list) and any("Aggregate(" in line["plan"] for line in lines), "EXPLAIN ANALYZE of a view in SQL")
    code, _, said = node.cli("sql", "EXPLAIN ANALYZE orders_by_sit")
    check(code == 1 and "did you mean `orders_by_site`" in said, "… of a name that is not there")
    check(node.cli("sql", "EXPLAIN ANALYZE SELECT 1")[0] == 0, "EXPLAIN ANALYZE of a query is DuckDB's")
    fractions = "SELECT CAST(931.6 AS DECIMAL(12, 2)) AS price, CAST(0.1 AS DOUBLE) AS share, -2.5e-7 AS little"
    check(node.json("sql", fractions) == [{"price": 931.6, "share": 0.1, "little": -2.5e-7}], "fractions are shown as they are")
    check("931.6" in node.cli("sql", fractions)[1], "… in a table too")


def over_the_limit(node):
    order = '{"order_id":"big%d","site":"S","amount":10,"placed_at":"2026-01-31T10:00:00Z"}'
    for i in range(8):
        node.produce("orders", order % i)
        time.sleep(0.05)
    state = lambda name: next(p for p in node.json("pipeline") if p["name"] == name)
    paused = until(lambda: state("second")["state"] == "paused")
    check(paused and "view.max-rows" in state("second")["error"], "a view over view.max-rows pauses its pipeline and says what to do")
    check(state("live")["state"] == "running" and node.http("/readyz")[0] == 503, "the other pipeline runs; /readyz tells")
    check(node.cli("pipeline", "resume", "second")[0] == 0, "pipeline resume")
    check(until(lambda: len(json.loads(node.http("/api/v1/views/big_orders")[2])["rows"]) == 9), "it goes on")
    check(node.cli("pipeline", "resume", "live")[0] == 1, "what runs cannot be resumed")


def plans(node, project):
    changed = work / "changed"
    shutil.copytree(project, changed, ignore=shutil.ignore_patterns(".millrace"))
    code, out, _ = node.cli("plan", str(changed))
    check(code == 0 and "pipelines: 2 kept" in out and "changed" not in out, "plan: nothing changes")
    sql = changed / "pipelines/live.sql"
    sql.write_text("-- Another way to write it is no change.\n" + sql.read_text().replace("COUNT(*) AS orders", "count(*) AS orders"))
    check(node.json("plan", str(changed))["operators"]["changed"] == 0, "… nor by another way to write it")
    sql.write_text(sql.read_text().replace("MAX(placed_at) AS last_at", "MAX(placed_at) AS last_at, MIN(placed_at) AS first_at")
                   .replace("GROUP BY", "WHERE amount > 0\nGROUP BY"))
    (changed / "pipelines/second.sql").rename(changed / "pipelines/third.sql")
    plan = node.json("plan", str(changed))
    by_name = {p["name"]: p for p in plan["pipelines"]}
    check({n: p["change"] for n, p in by_name.items()} == {"live": "changed", "second": "removed", "third": "added"}, "plan: pipelines by name")
    sink = by_name["live"]["sinks"][0]
    fates = {}
    for op in sink["operators"]:
        fates.setdefault(op["change"], []).append(op["operator"])
    check("Aggregate" in fates["changed"] and "Filter" in fates["added"], f"… operator by operator: {fates}")
    check([(c["name"], c["change"]) for c in sink["columns"]] == [("first_at", "added")], f"… and the view's columns: {sink['columns']}")
    read = next(i for i in plan["inputs"] if i["pipeline"] == "live")
    orders = node.json("topic", "describe", "orders")
    check(read["topic"] == "orders" and read["records"] == orders["records"] and read["gone"] == 0, f"… and what it reads anew: {read}")
    text = node.cli("plan", str(changed))[1]
    check("column first_at: TIMESTAMP_LTZ(3)" in text and "pipelines: 1 changed, 1 added, 1 removed" in text, "… as text")
    code, out, _ = cli("plan", str(changed), "--against", str(project), "--format", "json")
    alone = json.loads(out)
    check(code == 0 and alone["pipelines"] == plan["pipelines"] and "inputs" not in alone, "plan --against a folder says the same without a node")
    check("first_at" not in node.http("/api/v1/views/orders_by_site")[2], "what runs is as it was")
    sql.write_text("CREATE MATERIALIZED VIEW v AS SELECT sit FROM orders GROUP BY site;")
    code, _, err = node.cli("plan", str(changed))
    check(code == 1 and "M2" in err and "nothing to compare" in err, f"plan of a project with errors: exit 1, and the errors ({code})")
    status, _, body = node.http("/api/v1/plan", "POST", {"streams": "x"})
    check(status == 400 and "expected" in body, "the route names what it expects")


def restarts(project, options):
    sql = project / "pipelines/live.sql"
    sql.write_text(sql.read_text().replace("MAX(placed_at) AS last_at", "MIN(placed_at) AS first_at"))
    node = Node(project, *options)
    said = node.said()
    check("live has changed: rebuilding" in said and "second has changed" not in said, "only the changed pipeline is rebuilt")
    rows = until(lambda: [r for r in json.loads(node.http("/api/v1/views/orders_by_site")[2])["rows"] if "first_at" in r and r["site"] == "M"])
    check(bool(rows), "… from its earliest input")
    second = subprocess.run([binary, "run", str(project), "-Xkafka.listen=127.0.0.1:0", "-Xhttp.listen=127.0.0.1:0", "-Xregistry.listen=127.0.0.1:0"],
                            capture_output=True, text=True, timeout=60)
    check(second.returncode == 1 and "in use by another process" in second.stderr, "a second process on the data directory is refused")
    check(node.stop() == 0, "SIGTERM: exit 0")


def taken_out(project, options):
    """A pipeline that a checkpoint knows is taken out of the project, and put back."""
    sql = project / "pipelines/third.sql"
    text = "CREATE MATERIALIZED VIEW third AS SELECT site, COUNT(*) AS n FROM orders GROUP BY site;\n"
    often = [*options, "-Xjournal.checkpoint-interval=200ms"]

    def rows(node):
        status, _, body = node.http("/api/v1/views/third")
        return sorted((r["site"], r["n"]) for r in json.loads(body)["rows"]) if status == 200 else []

    def known():
        return any("-pipeline-third." in f.name for f in project.rglob("*.snapshot"))

    made = 0

    def work_until(node, condition):
        """With something to do all along: a node without news makes no checkpoint."""
        def step():
            nonlocal made
            made += 1
            node.produce("orders", '{"order_id":"out%d","site":"OUT","amount":1,"placed_at":"2026-01-31T10:00:00Z"}' % made)
            return condition()
        return bool(until(step))

    sql.write_text(text)
    node = Node(project, *often)
    check(work_until(node, known) and bool(until(lambda: ("OUT", made) in rows(node))), "a pipeline that a checkpoint holds")
    check(node.stop() == 0, "SIGTERM: exit 0")
    sql.unlink()
    node = Node(project, *often)
    check("third is no longer in the project" in node.said() and node.http("/api/v1/views/third")[0] == 404, "the node starts without it, and drops it")
    check(work_until(node, lambda: not known()), "the next checkpoint knows nothing of it")
    node.process.kill()
    node.process.wait()
    sql.write_text(text)
    node = Node(project, *often)
    check(bool(until(lambda: ("OUT", made) in rows(node))), "put back it is built from the beginning of its input")
    check(node.stop() == 0, "SIGTERM: exit 0")
    sql.unlink()


def roles(project, options):
    """Only the broker: what comes meanwhile waits for the pipelines."""
    count = lambda node: sum(r["orders"] for r in json.loads(node.http("/api/v1/views/orders_by_site")[2])["rows"])
    node = Node(project, *options, "--roles", "broker")
    before = count(node)
    check(all(p["state"] == "stopped" for p in node.json("pipeline")) and node.http("/readyz")[0] == 200, "--roles broker: pipelines stand still")
    check(node.http("/api/v1/sql", "POST", {"sql": "SELECT 1"})[0] == 404, "… and there is no warehouse")
    node.produce("orders", *(json.dumps({"order_id": f"R-{i}", "site": "M", "amount": 1, "placed_at": "2026-01-31T10:00:00Z"}) for i in range(3)))
    check(node.stop() == 0, "SIGTERM: exit 0")
    node = Node(project, *options)
    check(until(lambda: count(node) == before + 3), "with them again nothing is missing")
    check(node.stop() == 0, "SIGTERM: exit 0")
    code, _, said = cli("run", str(project), "--roles", "brokers")
    check(code == 2 and "brokers" in said, "an unknown role is named")


def main():
    command_line()
    project = work / "project"
    check(cli("init", str(project))[0] == 0, "init")
    check(cli("init", str(project))[0] == 1, "init does not overwrite")
    check(cli("check", str(project))[0] == 0 and cli("test", str(project))[0] == 0, "the template checks and its tests pass")
    mistakes(project)
    (project / "pipelines/second.sql").write_text(
        "CREATE MATERIALIZED VIEW big_orders (PRIMARY KEY (order_id) NOT ENFORCED) WITH ('view.max-rows'='5') AS\n"
        "SELECT order_id, site, amount FROM orders WHERE order_id <> '1' OR site = 'M';\n")
    options = ["-Xhttp.allowed-hosts=floor.example", "-Xhttp.allowed-origins=https://wall.example"]
    node = Node(project, *options)
    try:
        bad_records(node)
        http_api(node)
        documented(node)
        topics(node)
        decoded(node)
        groups(node)
        transactions(node)
        profile(node)
        over_the_limit(node)
        plans(node, project)
        check(node.stop() == 0, "SIGTERM: exit 0")
    finally:
        if node.process.poll() is None:
            node.process.kill()
    restarts(project, options)
    taken_out(project, options)
    roles(project, options)
    large_step(project, options)


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
print(f"surface: {len(failures)} checks failed" if failures else "surface: all is well")
sys.exit(1 if failures else 0)
