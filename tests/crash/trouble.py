#!/usr/bin/env python3
"""What goes wrong besides kill -9: the node refuses clearly or stops safely, names the remedy, and loses nothing acknowledged.

    trouble.py [NAME…]      all, or those named; `trouble.py --list` names them

Each case runs the real binary (MILLRACE_BIN) on tests/crash/project. Exit 0 passed, 1 failed, 77 a tool is missing. A case whose means are
missing here (mounting a small file system needs root or user namespaces) says so and is skipped.
"""
import contextlib
import glob
import os
import random
import shutil
import subprocess
import sys
import threading
import time

try:
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.admin import KafkaAdminClient, NewTopic
    from kafka.errors import KafkaTimeoutError
    from load import TOPICS, Load
except ImportError as missing:
    print(f"trouble: skipped: {missing}")
    sys.exit(77)
from cases import Skipped, case, expect, main
from node import BINARY, HERE, Node, wait_until


# --- helpers ------------------------------------------------------------------------------------------------------------------------------

def produce(node, seconds, rate=500, seed=1, **more):
    """A load that ran for a while and was waited for. Its acks."""
    load = Load(node.bootstrap, rate, seed, **more)
    load.start()
    time.sleep(seconds)
    left = load.finish(60)
    expect(left == 0, f"{left} records were not delivered")
    return load


def read_values(node, seconds=60):
    """{(topic, partition, offset): value} of the three inputs."""
    consumer = KafkaConsumer(bootstrap_servers=node.bootstrap, enable_auto_commit=False, fetch_max_wait_ms=50)
    partitions = [TopicPartition(t, p) for t in TOPICS for p in sorted(consumer.partitions_for_topic(t))]
    ends = consumer.end_offsets(partitions)
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    values = {}
    deadline = time.monotonic() + seconds
    while any(consumer.position(p) < ends[p] for p in partitions):
        expect(time.monotonic() < deadline, "the topics cannot be read to their end")
        for p, batch in consumer.poll(timeout_ms=100).items():
            for r in batch:
                values[(p.topic, p.partition, r.offset)] = r.value
    consumer.close()
    return values


def check_kept(node, *loads):
    """Every acknowledged record is where it was acknowledged, and the view counts every record once."""
    values = read_values(node)
    for load in loads:
        for id_, place in load.acked.items():
            found = values.get(place, b"")
            expect(found.startswith(b'{"id": %d,' % id_), f"id {id_} was acknowledged at {place}, found {found[:40]}")

    def counted():
        n = sum(r["n"] for r in node.view("totals"))
        return None if n == len(values) else f"the view counts {n} of {len(values)} records"
    wait_until("totals", counted, 60)
    return len(values)


def refused_start(node, *needles):
    """The node must refuse to start, within seconds, with a message that holds these."""
    node.start(wait=False)
    expect(not node.wait_ready(30), "it started")
    expect(node.process.poll() is not None, "it neither started nor ended")
    code = node.wait_exit(30)
    text = "\n".join(node.log.lines)
    expect(code not in (0, -6, -11), f"it ended with {code}:\n{node.tail()}")
    for needle in needles:
        expect(needle in text, f"its message does not say `{needle}`:\n{node.tail()}")
    return text


class SmallDisk:
    """A file system of some megabytes, mounted on a folder."""

    def __init__(self, path, megabytes):
        os.makedirs(path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", path], capture_output=True, check=False)
        if done.returncode != 0:
            raise Skipped("cannot mount a small file system here")
        self.path = path

    def grow(self, megabytes):
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", self.path], check=True)

    def read_only(self, yes):
        subprocess.run(["mount", "-o", "remount," + ("ro" if yes else "rw"), self.path], check=True)

    def close(self):
        for _ in range(50):
            if subprocess.run(["umount", self.path], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)


def fill(path):
    """A file that takes what there is."""
    with open(path, "wb", buffering=0) as f:
        for size in (1 << 20, 1 << 12):
            try:
                while f.write(b"\0" * size) == size:
                    pass
            except OSError:
                pass


SMALL = ["journal.file-bytes=1MiB", "journal.checkpoint-bytes=4MiB"]


# --- the disk -----------------------------------------------------------------------------------------------------------------------------

@case
def full_disk(work):
    """Produces until nothing fits: refused by the protocol or stopped safely with the remedy; after room is made nothing is lost."""
    disk = SmallDisk(os.path.join(work, "disk"), 24)
    node = Node(work, settings=SMALL)
    node.data = os.path.join(disk.path, "data")
    try:
        node.start()
        load = Load(node.bootstrap, 3000, 1, padding=2000, timeout_ms=4000)
        load.start()
        deadline = time.monotonic() + 60
        while node.running() and not load.failed and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)
        stopped = not node.running()
        load.stopping = True
        load.join()
        load.producer.flush(6)
        expect(stopped or load.failed, "the disk is full and it goes on without a word")
        log = open(node.log_path, errors="replace").read()
        expect("make room" in log, f"no message names the remedy:\n{node.tail()}")
        if stopped:
            code = node.wait_exit()
            expect(code != 0, "it stopped, and said that all was well")
            # Started on the full disk it may refuse, with the remedy, but not fall over its own files.
            node.start(wait=False)
            if not node.wait_ready(20):
                expect(node.process.poll() is not None, "on a full disk it neither starts nor ends")
                expect("make room" in "\n".join(node.log.lines), f"no message names the remedy:\n{node.tail()}")
            else:
                node.kill()
        elif node.running():
            node.kill()
        disk.grow(400)
        node.start()
        count = check_kept(node, load)
        more = produce(node, 1, seed=2)
        expect(node.terminate() == 0, "it does not end well afterwards")
        return f"{'stopped' if stopped else 'refused'} after {len(load.acked)} acknowledged; {count} records and {len(more.acked)} new ones are there"
    finally:
        if node.running():
            node.kill()
        disk.close()


@case
def full_disk_freed_while_it_runs(work):
    """Room is made before the journal needs it: a checkpoint or a segment that did not fit is written later, nothing stays broken."""
    disk = SmallDisk(os.path.join(work, "disk"), 40)
    node = Node(work, settings=SMALL)
    node.data = os.path.join(disk.path, "data")
    ballast = os.path.join(disk.path, "ballast")
    try:
        node.start()
        first = produce(node, 1)
        fill(ballast)
        time.sleep(3)
        survived = node.running()
        os.unlink(ballast)
        if not survived:
            node.start()
        second = produce(node, 2, seed=2)
        check_kept(node, first, second)

        def calm():
            parts = node.request("/readyz")
            return None if parts.get("status", "ok") in ("ok", "ready") else str(parts)
        wait_until("readyz", calm, 30)
        node.kill()
        node.start()
        count = check_kept(node, first, second)
        expect(node.terminate() == 0, "it does not end well afterwards")
        return f"{'went on' if survived else 'stopped'}; {count} records are there"
    finally:
        if node.running():
            node.kill()
        disk.close()


@case
def read_only_directory(work):
    """A data directory that cannot be written is named."""
    disk = SmallDisk(os.path.join(work, "disk"), 100)
    node = Node(work, settings=SMALL)
    node.data = os.path.join(disk.path, "data")
    try:
        node.start()
        load = produce(node, 1)
        expect(node.terminate() == 0, "it does not end well")
        disk.read_only(True)
        refused_start(node, node.data)
        disk.read_only(False)
        node.start()
        return f"{check_kept(node, load)} records are there afterwards"
    finally:
        if node.running():
            node.kill()
        disk.close()


@case
def second_process(work):
    """Refused, with the remedy; the first one is not disturbed."""
    first = Node(work)
    first.start()
    try:
        load = produce(first, 1)
        os.makedirs(os.path.join(work, "other"))
        second = Node(os.path.join(work, "other"))
        second.data = first.data
        refused_start(second, "in use by another process", "--data-dir")
        check_kept(first, load)
    finally:
        first.kill()


# --- damage -------------------------------------------------------------------------------------------------------------------------------

def some_data(work, settings=(), seconds=2):
    """A node's data after a clean end, with a checkpoint, segments and entries after it."""
    node = Node(work, settings=settings)
    node.start()
    load = produce(node, seconds)
    check_kept(node, load)
    node.kill()
    return node, load


def flip(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 0x40]))


def entries_end(path):
    """Where the zeros begin."""
    with open(path, "rb") as f:
        return len(f.read().rstrip(b"\0"))


@case
def damaged_journal(work):
    """A changed byte in the middle of what was synced: refused with file and place; or, where nobody needs it any more, harmless."""
    node, load = some_data(work, settings=["journal.checkpoint-interval=1h"])
    journal = max(glob.glob(os.path.join(node.data, "journal", "*.journal")), key=entries_end)
    end = entries_end(journal)
    expect(end > 50_000, f"only {end} bytes in {journal}")
    flip(journal, 4096 + (end - 4096) // 2)
    text = refused_start(node, os.path.basename(journal), "damaged", "backup")
    flip(journal, 4096 + (end - 4096) // 2)
    node.start()
    check_kept(node, load)
    node.kill()
    return [line for line in text.splitlines() if "damaged" in line][0][:160]


@case
def damaged_checkpoint(work):
    """Snapshots and manifest: a changed byte in any of them is refused, and the file is named."""
    node, load = some_data(work)
    folder = os.path.join(node.data, "checkpoints")
    names = sorted(os.listdir(folder))
    expect(any(n.endswith(".manifest") for n in names), f"no checkpoint was taken: {names}")
    for name in names:
        path = os.path.join(folder, name)
        flip(path, os.path.getsize(path) // 2)
        refused_start(node, name)
        flip(path, os.path.getsize(path) // 2)
    node.start()
    check_kept(node, load)
    node.kill()
    return f"{len(names)} files, each refused"


def segments(node, topic="a"):
    return sorted((p for p in glob.glob(os.path.join(node.data, "topics", topic, "*", "*", "*.log")) if os.path.getsize(p) > 2000),
                  key=os.path.getsize)


@case
def damaged_segment(work):
    """A changed byte in a segment is never served as data: the start refuses, or reading says so."""
    node, load = some_data(work, settings=["broker.tail-bytes=1KiB"])
    found = segments(node)
    expect(found, "nothing was moved to segments")
    flip(found[-1], os.path.getsize(found[-1]) // 2)
    return check_damage(node, load, found[-1])


@case
def deleted_segment(work):
    """A segment that is gone is noticed."""
    node, load = some_data(work, settings=["broker.tail-bytes=1KiB"])
    found = segments(node)
    expect(found, "nothing was moved to segments")
    os.unlink(found[-1])
    return check_damage(node, load, found[-1])


def check_damage(node, load, path):
    node.start(wait=False)
    if not node.wait_ready(30):
        expect(node.process.poll() is not None, "it neither started nor ended")
        expect(node.wait_exit() not in (-6, -11), f"it crashed:\n{node.tail()}")
        text = "\n".join(node.log.lines)
        expect(os.path.basename(path) in text or os.path.dirname(path) in text, f"the file is not named:\n{node.tail()}")
        return "refused to start: " + [line for line in text.splitlines() if os.path.dirname(path) in line][-1][-200:]
    try:
        values = read_values(node, 5)
    except Exception as error:  # the client's own way of saying that the broker will not give it
        node.kill()
        text = open(node.log_path, errors="replace").read()
        expect(os.path.dirname(path) in text or os.path.basename(path) in text, f"reading failed ({error!r}), the log does not say why")
        return f"reading refused: {type(error).__name__}"
    wrong = [place for id_, place in load.acked.items() if not values.get(place, b"").startswith(b'{"id": %d,' % id_)]
    node.kill()
    text = open(node.log_path, errors="replace").read()
    expect(not wrong, f"{len(wrong)} records are gone or changed without a word")
    expect(os.path.dirname(path) in text, "the damage went unnoticed")
    return "repaired"


# --- the surroundings ---------------------------------------------------------------------------------------------------------------------

@case
def clock_goes_back(work):
    """The wall clock jumps back by a day between two starts, and it is only a time."""
    node, load = some_data(work)
    library = shutil.which("faketime")
    if library is None:
        preload = build_fake_clock(work)
        node.environment = {**os.environ, "LD_PRELOAD": preload, "CLOCK_SHIFT": "-86400"}
    else:
        node.prefix = [library, "-f", "-1d"]
    node.start()
    second = produce(node, 2, seed=2)
    count = check_kept(node, load, second)
    node.kill()
    node.environment, node.prefix = None, []
    node.start()
    third = produce(node, 1, seed=3)
    count = check_kept(node, load, second, third)
    wait_until("rollup", lambda: None if sum(r["n"] for r in node.sql("SELECT n FROM per_key")) == count else "not all counted")
    expect(node.terminate() == 0, "it does not end well")
    return f"{count} records are there"


def build_fake_clock(work):
    """A library that shifts CLOCK_REALTIME, for this test only."""
    source = os.path.join(work, "clock.c")
    with open(source, "w") as f:
        f.write("""#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec* out) {
    int done = (int)syscall(SYS_clock_gettime, id, out);
    if (id == CLOCK_REALTIME) out->tv_sec += atol(getenv("CLOCK_SHIFT") ? getenv("CLOCK_SHIFT") : "0");
    return done;
}
""")
    library = os.path.join(work, "clock.so")
    if subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=False).returncode != 0:
        raise Skipped("no C compiler")
    return library


@case
def few_files(work):
    """ulimit -n 64: whoever comes too late waits or is refused; those who are in are served; nothing is lost."""
    node = Node(work, prefix=["prlimit", "--nofile=96:96"])
    node.start()
    load = produce(node, 1)
    import socket
    others = []
    for _ in range(200):
        s = socket.socket()
        s.settimeout(0.2)
        try:
            s.connect(("127.0.0.1", node.kafka))
            others.append(s)
        except OSError:
            s.close()
    time.sleep(1.5)
    expect(node.running(), f"it ended:\n{node.tail()}")
    for s in others:
        s.close()
    second = produce(node, 2, seed=2)
    count = check_kept(node, load, second)
    lines = open(node.log_path, errors="replace").read().count("Too many open files")
    expect(lines < 2000, f"{lines} lines about open files: the log must not fill the disk")
    expect(node.running(), "it ended")
    node.kill()
    node.prefix = []
    node.start()
    check_kept(node, load, second)
    node.kill()
    return f"{count} records are there"


@case
def sigterm_under_load(work):
    """SIGTERM while clients produce: exits 0 soon; a restart has everything that was acknowledged, and the load goes on."""
    node = Node(work)
    node.start()
    load = Load(node.bootstrap, 1000, 1)
    load.start()
    times = []
    for _ in range(3):
        time.sleep(1.5)
        begun = time.monotonic()
        code = node.terminate(30)
        times.append(time.monotonic() - begun)
        expect(code == 0, f"it ended with {code}:\n{node.tail()}")
        node.start()
    left = load.finish(60)
    expect(left == 0 and not load.failed, f"{left} undelivered, {len(load.failed)} refused: {load.failed[:2]}")
    count = check_kept(node, load)
    expect(count == load.sent, f"{load.sent} sent, {count} there")
    expect(max(times) < 10, f"a stop took {max(times):.1f} s")
    expect(node.terminate() == 0, "it does not end well")
    return f"{count} records are there once; a stop took {max(times):.1f} s at most"


@case
def async_topic_killed(work):
    """durability=async acknowledges before the disk has it: kill -9 at any moment still takes nothing that was acknowledged."""
    node = Node(work)
    node.start()
    admin = KafkaAdminClient(bootstrap_servers=node.bootstrap)
    admin.create_topics([NewTopic("clicks", 1, 1, topic_configs={"durability": "async"})])
    admin.close()
    acked = {}
    dice = random.Random(11)
    for life in range(5):
        producer = KafkaProducer(bootstrap_servers=node.bootstrap, linger_ms=0, retries=0, request_timeout_ms=5000)
        stop = threading.Event()

        def send():
            number = 0
            while not stop.is_set():
                value = f"{life}/{number}".encode()
                producer.send("clicks", value).add_callback(lambda m, value=value: acked.__setitem__(m.offset, value))
                number += 1
                time.sleep(0.001)

        thread = threading.Thread(target=send)
        thread.start()
        time.sleep(dice.uniform(0.3, 1.2))
        node.kill()
        stop.set()
        thread.join()
        with contextlib.suppress(KafkaTimeoutError):  # what was under way never gets its answer
            producer.close(timeout=0.5)
        node.start()
    # Before the end is asked for: a producer whose close() timed out lives on and delivers the rest to the node started anew.
    expected = dict(acked)
    consumer = KafkaConsumer(bootstrap_servers=node.bootstrap, enable_auto_commit=False)
    partition = TopicPartition("clicks", 0)
    end = consumer.end_offsets([partition])[partition]
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    there = {}
    deadline = time.monotonic() + 30
    while consumer.position(partition) < end and time.monotonic() < deadline:
        for batch in consumer.poll(timeout_ms=100).values():
            there.update({r.offset: r.value for r in batch})
    consumer.close()
    lost = [offset for offset, value in expected.items() if there.get(offset) != value]
    expect(len(expected) > 500, f"only {len(expected)} records were acknowledged")
    expect(not lost, f"{len(lost)} acknowledged records are not where they were acknowledged, the first at {min(lost, default=0)}")
    expect(node.terminate() == 0, "it does not end well")
    return f"{len(expected)} acknowledged over 5 kills, all there"


@case
def kill_while_duckdb_writes(work):
    """The warehouse file is written with every commit: killed then, it opens again and goes on where its position says."""
    node = Node(work)
    node.start()
    load = Load(node.bootstrap, 1500, 1)
    load.start()
    dice = random.Random(7)
    path = os.path.join(node.data, "warehouse.duckdb.wal")
    hits = 0
    for _ in range(6):
        before = os.path.getmtime(path) if os.path.exists(path) else 0
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            now = os.path.getmtime(path) if os.path.exists(path) else 0
            if now != before:
                hits += 1
                break
        time.sleep(dice.uniform(0, 0.003))
        node.kill()
        node.start()
    left = load.finish(60)
    expect(left == 0 and not load.failed, f"{left} undelivered, {len(load.failed)} refused")
    count = check_kept(node, load)
    wait_until("rollup", lambda: None if sum(r["n"] for r in node.sql("SELECT n FROM per_key")) == count else "not all counted")
    expect(node.terminate() == 0, "it does not end well")
    return f"killed {hits} times as the file changed; {count} records are counted once"


if __name__ == "__main__":
    sys.exit(main("trouble"))
