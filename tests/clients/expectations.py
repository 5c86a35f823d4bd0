"""What every Python client checks: the records it writes and the cross topic. No client library here."""
import os
import sys

RUN_ID = os.environ.get("MILLRACE_RUN_ID", "0")
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
CROSS_COUNT = 100
# Compressions a client cannot write; everything else must be there.
CANNOT = {"kafkajs": {"zstd"}}


def topic(client, what):
    return f"{client}-{what}-{RUN_ID}"


def cross_value(client, codec, i):
    return f"{client}/{codec}/{i}/".encode() + b"payload-" * (i % 50)


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def able(*names):
    """This client does these things here: a row of the matrix that run.sh prints."""
    print("able", *names, flush=True)


def check_cross(values, clients):
    """`values` is every value of the cross topic, in any order."""
    wanted = {
        cross_value(client, codec, i)
        for client in clients
        for codec in CODECS
        if codec not in CANNOT.get(client, set())
        for i in range(CROSS_COUNT)
    }
    seen = set(values)
    check(len(values) == len(seen), f"{len(values) - len(seen)} duplicates in the cross topic")
    check(not wanted - seen, f"{len(wanted - seen)} records missing, e.g. {sorted(wanted - seen)[:3]}")
    check(not seen - wanted, f"{len(seen - wanted)} records nobody wrote, e.g. {sorted(seen - wanted)[:3]}")


def main(own, cross):
    """argv: bootstrap, own|cross, cross topic, clients that have run."""
    bootstrap, mode, cross_topic, *clients = sys.argv[1:]
    own(bootstrap, cross_topic) if mode == "own" else cross(bootstrap, cross_topic, clients)
    print("done")
