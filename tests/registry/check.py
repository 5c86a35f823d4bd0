#!/usr/bin/env python3
"""Confluent's own serializers against a whole node: check.py MILLRACE

Avro and JSON Schema records by confluent-kafka, a schema that evolves, ids that do not exist and garbage, tables written
back in Avro, csv and raw, positions to start from; then the registry as other clients use it. The node is killed and
started again half-way: what was rejected stays rejected, and nothing is counted twice. Exit 77: a library is missing."""
import datetime
import decimal
import json
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

try:
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
    from confluent_kafka.schema_registry.error import SchemaRegistryError
    from confluent_kafka.schema_registry.json_schema import JSONSerializer
    from confluent_kafka.serialization import MessageField, SerializationContext
except ImportError as missing:
    print(f"SKIP: {missing}")
    sys.exit(77)

HERE = pathlib.Path(__file__).parent
UTC = datetime.timezone.utc


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def equal(found, expected, what):
    check(found == expected, f"{what}:\n  found    {found}\n  expected {expected}")


class Node:
    def __init__(self, binary, work):
        self.binary, self.work = binary, work
        self.project = work / "project"
        shutil.copytree(HERE / "project", self.project)
        self.process = None
        self.start()

    def start(self):
        ready = self.work / "ready"
        ready.unlink(missing_ok=True)
        self.log = open(self.work / "log", "a")
        self.process = subprocess.Popen(
            [self.binary, "run", str(self.project), "--data-dir", str(self.work / "data"), "--ready-file", str(ready)],
            stderr=self.log, stdout=self.log)
        deadline = time.time() + 60
        while not ready.exists() or not ready.read_text().strip():
            check(self.process.poll() is None and time.time() < deadline, "the node did not start")
            time.sleep(0.05)
        addresses = json.loads(ready.read_text())
        self.kafka, self.http, self.registry = addresses["kafka"], addresses["http"], addresses["registry"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        equal(self.process.wait(30), 0, "exit status")

    def view(self, name):
        with urllib.request.urlopen(f"http://{self.http}/api/v1/views/{name}?limit=1000", timeout=10) as answer:
            return json.load(answer)["rows"]

    def wait_view(self, name, rows, what, key=None):
        """Until the view has as many rows (or the condition holds); then the rows."""
        deadline = time.time() + 20
        while True:
            found = self.view(name)
            if rows(found) if callable(rows) else len(found) == rows:
                return sorted(found, key=key) if key else found
            check(time.time() < deadline, f"{what}: {name} has {found}")
            time.sleep(0.05)

    def request(self, method, path, body=None, accept="application/vnd.schemaregistry.v1+json", status=False):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": accept, "Content-Type": "application/vnd.schemaregistry.v1+json"}
        request = urllib.request.Request(f"http://{self.registry}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                code, text = answer.status, answer.read()
                equal(answer.headers["Content-Type"], "application/vnd.schemaregistry.v1+json", "content type")
        except urllib.error.HTTPError as error:
            code, text = error.code, error.read()
        value = json.loads(text) if text else None
        return (code, value) if status else value

    def refused(self, method, path, code, body=None):
        status, answer = self.request(method, path, body, status=True)
        equal((status, answer.get("error_code")), (code // 100 if code > 999 else code, code), f"{method} {path}: {answer}")

    def produce(self, topic, key, value, partition=0):
        failures = []
        producer = Producer({"bootstrap.servers": self.kafka})
        producer.produce(topic, key=key, value=value, partition=partition,
                         on_delivery=lambda e, m: failures.append(e) if e else None)
        equal(producer.flush(20), 0, "not delivered")
        check(not failures, f"{failures[:1]}")

    def consume(self, topic):
        """Everything in the topic, by partition and offset."""
        consumer = Consumer({"bootstrap.servers": self.kafka, "group.id": "check", "enable.auto.commit": False})
        try:
            left, out = {}, []
            for p in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)
                if high > low:
                    left[p] = high
            consumer.assign([TopicPartition(topic, p, 0) for p in left])
            deadline = time.time() + 20
            while left:
                check(time.time() < deadline, f"{topic}: not read to the end")
                for m in consumer.consume(100, timeout=0.2):
                    check(not m.error(), m.error())
                    out.append(m)
                    if m.offset() + 1 >= left.get(m.partition(), 1 << 60):
                        del left[m.partition()]
            return out
        finally:
            consumer.close()


def logical(base, name, **more):
    return {"type": base, "logicalType": name, **more}


ORDER_1 = {"type": "record", "name": "order", "namespace": "shop", "fields": [
    {"name": "id", "type": "int"}, {"name": "city", "type": "string"}, {"name": "amount", "type": "float"},
    {"name": "price", "type": logical("bytes", "decimal", precision=8, scale=2)},
    {"name": "placed", "type": logical("long", "timestamp-micros")},
    {"name": "status", "type": {"type": "enum", "name": "status", "symbols": ["NEW", "PAID"]}},
    {"name": "tags", "type": ["null", {"type": "array", "items": "string"}], "default": None},
    {"name": "attributes", "type": {"type": "map", "values": "int"}},
    {"name": "customer", "type": ["null", {"type": "record", "name": "customer", "fields": [
        {"name": "vip", "type": "boolean"}, {"name": "name", "type": "string"}]}]},
    {"name": "internal", "type": {"type": "fixed", "name": "hash", "size": 4}}]}
# A field with a default in front, int to long, float to double, one dropped that nobody reads.
ORDER_2 = {**ORDER_1, "fields": [{"name": "channel", "type": "string", "default": "web"}] + [
    {**f, "type": {"id": "long", "amount": "double"}.get(f["name"], f["type"])}
    for f in ORDER_1["fields"] if f["name"] != "internal"]}


def order(n, **more):
    return {"id": n, "city": f"city-{n}", "amount": n + 0.5, "price": decimal.Decimal(n) / 4,
            "placed": datetime.datetime(2024, 1, 31, 10, 5, n, 123456, UTC), "status": "PAID" if n % 2 else "NEW",
            "tags": [f"t{n}", "x"] if n % 2 else None, "attributes": {"floor": n}, "customer": {"vip": n == 1, "name": "N"},
            "internal": b"\0\1\2\3", **more}


def rejected_of(node, topic, count):
    """(partition, offset, reason) in order of arrival; waits for that many."""
    deadline = time.time() + 20
    while True:
        try:
            rows = [json.loads(m.value()) for m in node.consume(topic)]
        except KeyError:
            rows = []
        # Statements of one pipeline may read a topic each for themselves; the key of a rejected record is its place.
        rows = list({(r["pipeline"], r["partition"], r["offset"]): r for r in reversed(rows)}.values())
        if len(rows) >= count:
            return sorted((r["partition"], r["offset"], r["reason"], r["pipeline"]) for r in rows)
        check(time.time() < deadline, f"{topic}: {rows}")
        time.sleep(0.1)


def avro_scenario(node):
    registry = SchemaRegistryClient({"url": f"http://{node.registry}"})
    key_serializer = AvroSerializer(registry, '"string"')
    first = AvroSerializer(registry, json.dumps(ORDER_1))
    value = SerializationContext("orders", MessageField.VALUE)
    key = SerializationContext("orders", MessageField.KEY)
    for n in (1, 2):
        node.produce("orders", key_serializer(f"k{n}", key), first(order(n), value))
    second = AvroSerializer(registry, json.dumps(ORDER_2))
    for n in (3, 4):
        row = order(n, channel="app")
        node.produce("orders", key_serializer(f"k{n}", key), second(row, value), partition=1)
    rows = node.wait_view("order_list", 4, "Avro orders", key=lambda r: r["id"])
    equal([(r["id"], r["order_key"], r["city"], r["amount"], r["channel"]) for r in rows],
          [(1, "k1", "city-1", 1.5, None), (2, "k2", "city-2", 2.5, None), (3, "k3", "city-3", 3.5, "app"),
           (4, "k4", "city-4", 4.5, "app")], "orders of both schemas")
    equal({k: rows[0][k] for k in ("price", "placed", "status", "tag", "floor_no", "vip")},
          {"price": 0.25, "placed": "2024-01-31T10:05:01.123Z", "status": "PAID", "tag": "t1", "floor_no": 1, "vip": True},
          "logical types, enum, array, map, row")
    equal(rows[1]["tag"], None, "a null in a union")
    towns = node.wait_view("towns", 4, "reader's schema", key=lambda r: r["id"])
    equal([(r["town"], r["channel"]) for r in towns],
          [("city-1", "unknown"), ("city-2", "unknown"), ("city-3", "app"), ("city-4", "app")], "aliases and defaults")
    equal(sorted(registry.get_subjects()), ["orders-key", "orders-value", "totals-key", "totals-record"], "subjects")

    # What cannot be read.
    good = first(order(5), value)
    bad = [struct.pack(">bI", 0, 4711) + good[5:], b"\0\0", b"{\"id\": 5}", good[:20], good + b"tail", None]
    for broken in bad:
        node.produce("orders", key_serializer("bad", key), broken)
    node.produce("orders", b"no avro", good)
    found = [(o, r) for p, o, r, by in rejected_of(node, "rejected.orders", 7)]
    equal([o for o, r in found], [2, 3, 4, 5, 6, 7, 8], "offsets of rejected records")
    for (_, reason), part in zip(found, [
            "schema id 4711 is not in the registry", "too few for a schema id", "byte 0x7b is not the 0x00",
            "the value ends too early", "follow the value", "has no value", "key: byte 0x6e"]):
        check(part in reason, f"reason: {reason!r} lacks {part!r}")
    equal(len(node.view("order_list")), 4, "rows after the bad ones")
    return registry, len(found)


def written_scenario(node, registry):
    deserialize_key, deserialize = AvroDeserializer(registry), AvroDeserializer(registry)
    deadline = time.time() + 20
    while len(messages := node.consume("totals")) < 4:
        check(time.time() < deadline, "totals are not written")
        time.sleep(0.1)
    rows = {}
    for m in messages:
        k = deserialize_key(m.key(), SerializationContext("totals", MessageField.KEY))
        rows[k["id"]] = deserialize(m.value(), SerializationContext("totals", MessageField.VALUE))
    equal(rows[3], {"city": "city-3", "doubled": decimal.Decimal("1.50"),
                    "placed": datetime.datetime(2024, 1, 31, 10, 5, 3, 123000, UTC), "tags": ["t3", "x"]}, "a row written in Avro")
    equal(rows[4]["tags"], None, "a NULL written in Avro")
    schema = json.loads(registry.get_latest_version("totals-record").schema.schema_str)
    equal((schema["name"], schema["namespace"]), ("record", "org.apache.flink.avro.generated"), "the schema Flink derives")


def json_scenario(node, registry):
    text = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "title": "click", "type": "object",
                       "properties": {"user_id": {"type": "string"}, "n": {"type": "integer"}}, "required": ["user_id"]})
    serializer = JSONSerializer(text, registry)
    where = SerializationContext("clicks", MessageField.VALUE)
    for n in (1, 2, 3):
        node.produce("clicks", None, serializer({"user_id": "u", "n": n}, where))
    node.produce("clicks", None, b'{"user_id": "v", "n": 7}')
    node.produce("clicks", None, struct.pack(">bI", 0, 4711) + b'{"user_id": "v", "n": 7}')
    node.wait_view("click_counts", lambda rows: {r["user_id"]: r["clicks"] for r in rows} == {"u": 6, "v": 7}, "JSON clicks")
    found = rejected_of(node, "rejected.clicks", 1)
    check("schema id 4711" in found[0][2], found)
    equal(registry.get_latest_version("clicks-value").schema.schema_type, "JSON", "schema type")


def text_scenario(node):
    for line in (b'1;"a;b";1.5', b"2;n/a;n/a\n", b"# note", b"3;short", b"x;y;1"):
        node.produce("lines", None, line)
    rows = node.wait_view("line_list", 2, "csv", key=lambda r: r["id"])
    equal([(r["id"], r["name"], r["weight"]) for r in rows], [(1, "a;b", 1.5), (2, None, None)], "csv rows")
    reasons = [r for _, _, r, _ in rejected_of(node, "rejected.lines", 3)]
    equal(reasons, ["a comment, not a row", "3 fields expected, found 2", "field `id`: expected INT NOT NULL, found `x`"], "csv reasons")
    deadline = time.time() + 20
    while len(out := node.consume("lines-out")) < 2:
        check(time.time() < deadline, "csv is not written")
    equal([m.value() for m in out], [b"1,a;b,1.5", b"2,-,-"], "csv written")
    for sensor, value in (("s1", 5), ("s1", -7), ("s2", 1 << 20)):
        node.produce("readings", sensor.encode(), struct.pack("<i", value))
    node.produce("readings", b"s3", b"123")
    rows = node.wait_view("sensors", 2, "raw", key=lambda r: r["sensor"])
    equal([(r["sensor"], r["total"]) for r in rows], [("s1", -2), ("s2", 1 << 20)], "raw rows")
    equal([r for _, _, r, _ in rejected_of(node, "rejected.readings", 1)], ["a raw INT has 4 bytes, found 3"], "raw reason")


def restart_scenario(node, rejected):
    before = {v: sorted(map(json.dumps, node.view(v))) for v in ("order_list", "towns", "click_counts", "line_list", "sensors")}
    node.kill()
    node.start()
    for view, rows in before.items():
        node.wait_view(view, lambda found: sorted(map(json.dumps, found)) == rows, f"{view} after kill -9")
    time.sleep(0.5)
    equal(len(rejected_of(node, "rejected.orders", rejected)), rejected, "rejected once, after kill -9 too")


def startup_scenario(node):
    """latest-offset: what was there when the pipeline was deployed is not read; what came later is, also after a restart."""
    equal(node.view("news_seen"), [], "news before")
    node.produce("news", None, b'{"n": 1}')
    node.wait_view("news_seen", 1, "news")
    node.stop()
    sql = node.project / "pipelines" / "news.sql"
    sql.write_text(sql.read_text().replace("COUNT(*)", "SUM(n)"))
    node.start()
    node.produce("news", None, b'{"n": 2}')
    equal([r["n"] for r in node.wait_view("news_seen", lambda rows: len(rows) > 0, "news")], [2], "only what is new")
    node.kill()
    node.start()
    equal([r["n"] for r in node.wait_view("news_seen", lambda rows: len(rows) > 0, "news")], [2], "the position was kept")


def registry_scenario(node, registry):
    """Habits of other clients: the Java client, Karapace's, curl."""
    r, refused = node.request, node.refused
    equal(r("GET", "/"), {}, "the root")
    equal(r("GET", "/contexts"), ["."], "contexts")
    equal(r("GET", "/mode"), {"mode": "READWRITE"}, "mode")
    equal(r("GET", "/config"), {"compatibilityLevel": "BACKWARD"}, "config")
    equal(sorted(r("GET", "/schemas/types")), ["AVRO", "JSON", "PROTOBUF"], "types")
    text = json.dumps({"type": "record", "name": "t", "fields": [{"name": "a", "type": "int"}]})
    subject = urllib.parse.quote("team/a b", safe="")
    first = r("POST", f"/subjects/{subject}/versions?normalize=true", {"schema": text})
    equal(r("POST", f"/subjects/{subject}/versions", {"schema": text, "schemaType": "AVRO"})["id"], first["id"], "the same id")
    latest = r("GET", f"/subjects/{subject}/versions/latest")
    equal((latest["subject"], latest["version"], latest["id"]), ("team/a b", 1, first["id"]), "latest")
    equal(r("GET", f"/schemas/ids/{first['id']}/versions"), [{"subject": "team/a b", "version": 1}], "versions of an id")
    equal(r("GET", f"/schemas/ids/{first['id']}/subjects"), ["team/a b"], "subjects of an id")
    equal(json.loads(r("GET", f"/schemas/ids/{first['id']}")["schema"]), json.loads(text), "schema by id")
    equal(r("POST", f"/subjects/{subject}?normalize=true&deleted=false", {"schema": text})["version"], 1, "lookup")
    incompatible = json.dumps({"type": "record", "name": "t", "fields": [{"name": "b", "type": "string"}]})
    refused("POST", f"/subjects/{subject}/versions", 409, {"schema": incompatible})
    verbose = r("POST", f"/compatibility/subjects/{subject}/versions/latest?verbose=true", {"schema": incompatible})
    check(verbose["is_compatible"] is False and verbose["messages"], verbose)
    equal(r("POST", "/compatibility/subjects/none/versions", {"schema": text})["is_compatible"], True, "no versions yet")
    refused("GET", "/subjects/none/versions", 40401)
    refused("GET", f"/subjects/{subject}/versions/99", 40402)
    refused("GET", "/schemas/ids/4711", 40403)
    refused("POST", f"/subjects/{subject}", 40403, {"schema": incompatible})
    refused("POST", f"/subjects/{subject}/versions", 42201, {"schema": "{"})
    refused("GET", f"/subjects/{subject}/versions/zero", 42202)
    refused("PUT", f"/config/{subject}", 42203, {"compatibility": "SIDEWAYS"})
    refused("PUT", "/mode", 42204, {"mode": "ASLEEP"})
    refused("GET", "/nothing/here", 404)
    equal(r("PUT", f"/config/{subject}", {"compatibility": "NONE"}), {"compatibility": "NONE"}, "set config")
    equal(r("POST", f"/subjects/{subject}/versions", {"schema": incompatible})["id"] > first["id"], True, "with NONE")
    equal(r("GET", f"/subjects/{subject}/versions"), [1, 2], "versions")
    equal(r("DELETE", f"/subjects/{subject}/versions/1"), 1, "soft delete")
    equal(r("GET", f"/subjects/{subject}/versions?deleted=true"), [1, 2], "with deleted ones")
    equal(r("DELETE", f"/subjects/{subject}"), [2], "delete the rest")
    check("team/a b" in r("GET", "/subjects?deleted=true") and "team/a b" not in r("GET", "/subjects"), "deleted subjects")
    equal(r("DELETE", f"/subjects/{subject}?permanent=true"), [1, 2], "for good")

    # References, by the client.
    registry.register_schema("address", Schema(json.dumps({"type": "record", "name": "Address", "namespace": "geo", "fields": [
        {"name": "street", "type": "string"}]}), "AVRO"))
    who = Schema(json.dumps({"type": "record", "name": "Person", "fields": [{"name": "home", "type": "geo.Address"}]}), "AVRO",
                 [SchemaReference("geo.Address", "address", 1)])
    identity = registry.register_schema("person", who)
    equal(registry.get_schema(identity).references[0].subject, "address", "references come back")
    equal(r("GET", "/subjects/address/versions/1/referencedby"), [identity], "referenced by")
    refused("DELETE", "/subjects/address/versions/1", 42206)
    refused("POST", "/subjects/person/versions", 42201, {"schema": who.schema_str})
    equal(registry.test_compatibility("person", who), True, "test_compatibility")

    # Protobuf: parsed and compared.
    proto = 'syntax = "proto3"; message A { int32 x = 1; string s = 2; }'
    equal(registry.register_schema("proto", Schema(proto, "PROTOBUF")) > 0, True, "Protobuf is stored")
    registry.register_schema("proto", Schema(proto.replace("int32", "int64"), "PROTOBUF"))
    for wrong, code in ((proto.replace("string s", "double s"), 409), ("message A { int32 x = }", 42201)):
        try:
            registry.register_schema("proto", Schema(wrong, "PROTOBUF"))
            check(False, f"taken: {wrong}")
        except SchemaRegistryError as error:
            equal(error.error_code, code, wrong)


def main(binary):
    work = pathlib.Path(tempfile.mkdtemp(prefix="millrace-registry-"))
    node = None
    try:
        node = Node(binary, work)
        registry, rejected = avro_scenario(node)
        written_scenario(node, registry)
        json_scenario(node, registry)
        text_scenario(node)
        restart_scenario(node, rejected)
        registry = SchemaRegistryClient({"url": f"http://{node.registry}"})
        registry_scenario(node, registry)
        startup_scenario(node)
        node.stop()
        print("registry: all passed")
    except Exception:
        if node is not None:
            print((work / "log").read_text()[-4000:])
        raise
    finally:
        if node is not None and node.process.poll() is None:
            node.kill()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
