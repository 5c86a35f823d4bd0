#!/usr/bin/env python3
"""Writes the Avro golden files: data by fastavro, which shares no code with the decoder under test.

tests/golden/avro/make.py > tests/golden/avro/data.txt

One case a line: name, tab, writer's schema as JSON, tab, the datum in hex."""
import datetime
import decimal
import io
import json
import uuid

import fastavro

D = decimal.Decimal
UTC = datetime.timezone.utc


def logical(base, name, **more):
    return {"type": base, "logicalType": name, **more}


EVERY = {
    "type": "record", "name": "every", "namespace": "millrace.test", "fields": [
        {"name": "b", "type": "boolean"}, {"name": "i", "type": "int"}, {"name": "l", "type": "long"},
        {"name": "f", "type": "float"}, {"name": "d", "type": "double"}, {"name": "s", "type": "string"},
        {"name": "y", "type": "bytes"},
        {"name": "dec", "type": logical("bytes", "decimal", precision=10, scale=2)},
        {"name": "fdec", "type": {"type": "fixed", "name": "f8", "size": 8, "logicalType": "decimal", "precision": 18, "scale": 3}},
        {"name": "day", "type": logical("int", "date")}, {"name": "tm", "type": logical("int", "time-millis")},
        {"name": "tu", "type": logical("long", "time-micros")},
        {"name": "ms", "type": logical("long", "timestamp-millis")}, {"name": "us", "type": logical("long", "timestamp-micros")},
        {"name": "lms", "type": logical("long", "local-timestamp-millis")},
        {"name": "lus", "type": logical("long", "local-timestamp-micros")},
        {"name": "id", "type": logical("string", "uuid")},
        {"name": "e", "type": {"type": "enum", "name": "colour", "symbols": ["RED", "GREEN", "BLUE"]}},
        {"name": "fx", "type": {"type": "fixed", "name": "f4", "size": 4}},
        {"name": "n", "type": ["null", "string"], "default": None}, {"name": "n2", "type": ["string", "null"], "default": "x"},
        {"name": "list", "type": {"type": "array", "items": ["null", "int"]}},
        {"name": "map", "type": {"type": "map", "values": "double"}},
        {"name": "r", "type": {"type": "record", "name": "inner", "fields": [
            {"name": "x", "type": "int"}, {"name": "items", "type": {"type": "array", "items": {
                "type": "record", "name": "item", "fields": [{"name": "sku", "type": "string"}, {"name": "n", "type": "int"}]}}}]}},
    ]}
ROW = {
    "b": True, "i": -7, "l": 1 << 40, "f": 1.5, "d": -2.25, "s": "Gr\u00fc\u00dfe", "y": b"\x00\xff", "dec": D("-123.45"),
    "fdec": D("98765.432"), "day": datetime.date(2024, 2, 29), "tm": datetime.time(1, 2, 3, 4000),
    "tu": datetime.time(23, 59, 59, 999999), "ms": datetime.datetime(2024, 1, 31, 10, 5, 9, 123000, UTC),
    "us": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), "lms": datetime.datetime(2024, 1, 31, 10, 5, 9, 5000),
    "lus": datetime.datetime(2024, 1, 31, 10, 5, 9, 123456), "id": uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"),
    "e": "BLUE", "fx": b"\x01\x02\x03\x04", "n": None, "n2": "y", "list": [1, None, -3], "map": {"k": 0.5, "m": 2.0},
    "r": {"x": 9, "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]}}

LIST = {"type": "record", "name": "Node", "fields": [
    {"name": "v", "type": "int"}, {"name": "next", "type": ["null", "Node"]}, {"name": "after", "type": "string"}]}

CASES = [
    ("every", EVERY, ROW),
    ("recursive", LIST, {"v": 1, "next": {"v": 2, "next": None, "after": "b"}, "after": "a"}),
    ("bare_string", "string", "key-1"),
    ("union_top", ["null", {"type": "record", "name": "t", "fields": [{"name": "a", "type": "int"}]}], {"a": 5}),
    ("odd_branch", {"type": "record", "name": "o", "fields": [{"name": "a", "type": ["null", "string", "int"]}]}, {"a": 3}),
    ("v1", {"type": "record", "name": "order", "fields": [{"name": "id", "type": "int"}, {"name": "city", "type": "string"},
                                                          {"name": "amount", "type": "float"}]},
     {"id": 1, "city": "Oslo", "amount": 0.5}),
    ("v2", {"type": "record", "name": "order", "fields": [{"name": "amount", "type": "double"}, {"name": "id", "type": "long"},
                                                          {"name": "town", "type": "string"}, {"name": "extra", "type": {
                                                              "type": "array", "items": {"type": "map", "values": "bytes"}}}]},
     {"id": 2, "town": "Rome", "amount": 1.5, "extra": [{"a": b"1"}, {}]}),
]

if __name__ == "__main__":
    for name, schema, value in CASES:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
        print(name, json.dumps(schema, separators=(",", ":")), out.getvalue().hex(), sep="\t")
