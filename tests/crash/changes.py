#!/usr/bin/env python3
"""Queries are changed while they serve a month of history and orders go on coming: no gap, nothing twice, and a way back.

    changes.py [NAME…]      all, or those named

Each case runs the real binary (MILLRACE_BIN) on a project of one pipeline: a view by site, one by day, and large orders inserted into a topic. It
edits the folder and says `millrace apply`; some kill the node (-9) at a random moment of that. The rows are compared with a recomputation
here. Exit 0 passed, 1 failed, 77 a tool is missing.
"""
import collections
import datetime
import json
import os
import random
import subprocess
import sys
import threading
import time

try:
    import websocket
    from confluent_kafka import Consumer, Producer, TopicPartition
except ImportError as missing:
    print(f"changes: skipped: {missing}")
    sys.exit(77)
from cases import case, expect, main
from node import BINARY, Failure, Node, wait_until

MONTH = 40_000  # orders of 30 days
SITES = 40
BEGIN = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)
STREAMS = """CREATE TABLE orders (
  id BIGINT NOT NULL, site STRING NOT NULL, amount BIGINT NOT NULL, placed_at TIMESTAMP_LTZ(3) NOT NULL,
  WATERMARK FOR placed_at AS placed_at - INTERVAL '1' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');
CREATE TABLE large (id BIGINT NOT NULL, amount BIGINT NOT NULL) WITH ('connector' = 'kafka', 'topic' = 'large', 'format' = 'json');
"""
BY_DAY = """CREATE MATERIALIZED VIEW by_day AS
SELECT window_start, COUNT(*) AS orders FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(placed_at), INTERVAL '1' DAY))
GROUP BY window_start, window_end;
"""


def by_site(columns, where=""):
    return f"CREATE MATERIALIZED VIEW by_site AS SELECT site, {columns} FROM orders {where} GROUP BY site;\n"


def pipeline(columns, where="", more=""):
    return by_site(columns, where) + BY_DAY + more + "INSERT INTO large SELECT id, amount FROM orders WHERE amount >= 900;\n"


# What changes, and the rows of by_site that must come of it: of a list of amounts.
FIRST = pipeline("COUNT(*) AS orders, SUM(amount) AS total")
VERSIONS = {
    "a column": (pipeline("COUNT(*) AS orders, SUM(amount) AS total, SUM(amount) / COUNT(*) AS mean"),
                 lambda a: {"orders": len(a), "total": sum(a), "mean": sum(a) // len(a)}),
    "a second aggregate": (pipeline("COUNT(*) AS orders, SUM(amount) AS total, MAX(amount) AS largest"),
                           lambda a: {"orders": len(a), "total": sum(a), "largest": max(a)}),
    "a filter": (pipeline("COUNT(*) AS orders, SUM(amount) AS total, MAX(amount) AS largest", "WHERE amount > 100"),
                 lambda a: {"orders": len(b := [x for x in a if x > 100]), "total": sum(b), "largest": max(b)}),
    "a function": (pipeline("COUNT(*) AS orders, SUM(ABS(amount - 500)) AS total"),
                   lambda a: {"orders": len(a), "total": sum(abs(x - 500) for x in a)}),
    "a second view": (pipeline("COUNT(*) AS orders, SUM(amount) AS total", "", "CREATE MATERIALIZED VIEW large_by_site AS SELECT site, "
                               "COUNT(*) AS orders FROM orders WHERE amount >= 900 GROUP BY site;\n"),
                      lambda a: {"orders": len(a), "total": sum(a)}),
}
PLAIN = VERSIONS["a second view"][1]


class Month:
    """The node, its project, and every order that was acknowledged."""

    def __init__(self, work, history=MONTH):
        self.project, self.elsewhere = os.path.join(work, "project"), os.path.join(work, "elsewhere")
        self.write(FIRST)
        self.node = Node(work, self.project, settings=["lake.enabled=false", "warehouse.enabled=false"], verbose=False).start()
        self.step = datetime.timedelta(days=30) / MONTH
        self.random = random.Random(7)
        self.orders = []
        self.produce(history)
        self.check(PLAIN)

    def write(self, sql, folder=None):
        for name, text in (("streams/orders.sql", STREAMS), ("pipelines/live.sql", sql)):
            path = os.path.join(folder or self.project, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)

    def produce(self, count):
        producer = Producer({"bootstrap.servers": self.node.bootstrap, "linger.ms": 5, "queue.buffering.max.messages": 1_000_000})
        for _ in range(count):
            i = len(self.orders)
            order = (i, f"S{self.random.randrange(SITES):02}", self.random.randrange(1_000), BEGIN + i * self.step)
            self.orders.append(order)
            at = order[3].isoformat(timespec="milliseconds").replace("+00:00", "Z")
            producer.produce("orders", json.dumps({"id": i, "site": order[1], "amount": order[2], "placed_at": at}), partition=0)
        if producer.flush(60) != 0:
            raise Failure("orders were not acknowledged")

    def cli(self, *args):
        return [BINARY, *args, "--url", f"127.0.0.1:{self.node.http}"]

    def run(self, *args):
        done = subprocess.run(self.cli(*args), capture_output=True, text=True, timeout=120)
        expect(done.returncode == 0, f"millrace {' '.join(args)}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def by_site(self, aggregate):
        sites = collections.defaultdict(list)
        for _, site, amount, _ in self.orders:
            sites[site].append(amount)
        return {site: aggregate(amounts) for site, amounts in sites.items()}

    def check(self, aggregate, name="by_site"):
        wanted = self.by_site(aggregate)

        def rows():
            got = {r.pop("site"): r for r in self.node.view(name)}
            if got == wanted:
                return None
            wrong = next(s for s in sorted({*got, *wanted}) if got.get(s) != wanted.get(s))
            return f"{wrong} is {got.get(wrong)}, not {wanted.get(wrong)} ({len(got)} sites of {len(wanted)})"
        wait_until(f"view {name} after {len(self.orders)} orders", rows, 60)
        days = collections.Counter(at.strftime("%Y-%m-%d") for *_, at in self.orders)
        closed = {r["window_start"][:10]: r["orders"] for r in self.node.view("by_day")}
        expect(all(days[day] == orders for day, orders in closed.items()) and len(closed) >= len(days) - 2, f"by_day: {closed}")

    def records(self, topic):
        """Every record of a topic as (key, value), in order."""
        consumer = Consumer({"bootstrap.servers": self.node.bootstrap, "group.id": f"changes-{random.random()}",
                             "auto.offset.reset": "earliest", "enable.partition.eof": True, "isolation.level": "read_committed"})
        consumer.assign([TopicPartition(topic, 0, 0)])
        out, deadline = [], time.monotonic() + 60
        while time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error():
                break  # the end of the only partition
            out.append((message.key(), message.value()))
        else:
            raise Failure(f"topic {topic} was not read to its end")
        consumer.close()
        return out

    def check_topics(self, aggregate):
        """Large orders are in their topic once each; the topic of by_site ends with the view's rows."""
        wanted = [i for i, _, amount, _ in self.orders if amount >= 900]
        got = sorted(json.loads(value)["id"] for _, value in self.records("large"))
        if got != wanted:
            counts = collections.Counter(got)
            twice, missing = [i for i, n in counts.items() if n > 1], [i for i in wanted if i not in counts]
            raise Failure(f"large: {len(got)} records for {len(wanted)} orders; twice {twice[:5]} ({len(twice)}), missing {missing[:5]} ({len(missing)})")
        rows = {}
        for key, value in self.records("by_site"):
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = json.loads(value)
        expect({r.pop("site"): r for r in rows.values()} == self.by_site(aggregate), "the topic of by_site ends with other rows than the view")


class Watcher(threading.Thread):
    """Somebody who looks at the view all the time: it always has rows, of one version or the other, and of no less input than before."""

    def __init__(self, month):
        super().__init__(daemon=True)
        self.month, self.wrong, self.looks, self.over = month, None, 0, threading.Event()

    def run(self):
        most = 0
        while not self.over.wait(0.02):
            try:
                rows = self.month.node.view("by_site")
            except (OSError, ValueError):
                continue  # it was killed
            orders = sum(r["orders"] for r in rows)
            if len(rows) < SITES or orders < most:
                self.wrong = self.wrong or f"{len(rows)} sites, {orders} orders after {most}"
            most, self.looks = max(most, orders), self.looks + 1

    def stop(self):
        self.over.set()
        self.join()
        expect(self.wrong is None, f"while it was changed the view showed {self.wrong}")
        expect(self.looks > 10, f"the view was looked at {self.looks} times only")


class Subscriber(threading.Thread):
    """A dashboard that was opened before: its subscription goes on, with a reset where the version changed, and ends with the view's rows."""

    def __init__(self, month):
        super().__init__(daemon=True)
        self.month, self.resets, self.wrong, self.epochs, self.over = month, 0, None, [], False
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{month.node.http}/api/v1/live", subprotocols=["millrace.v1"], timeout=60)
        self.socket.send(json.dumps({"t": "sub", "id": 1, "view": "by_site", "mode": "delta"}))

    def run(self):
        while not self.over:
            try:
                frame = json.loads(self.socket.recv())
            except (OSError, ValueError, websocket.WebSocketException) as error:
                self.wrong = self.wrong or (None if self.over else str(error))
                return
            if frame["t"] == "reset":
                self.resets += 1
                self.epochs.append(frame["epoch"])
            elif frame["t"] == "err":
                self.wrong = self.wrong or str(frame)

    def stop(self, resets):
        wait_until("the subscription's resets", lambda: None if self.resets >= resets else f"{self.resets} of {resets}", 30)
        self.over = True
        self.socket.close()
        expect(self.wrong is None, f"the subscription was told {self.wrong}")
        expect(self.resets == resets and len(set(self.epochs)) == resets - 1, f"{self.resets} resets, epochs {self.epochs}")


@case
def a_month(work):
    """A column, a second aggregate, a function and a second view, each beside the old one while orders come; then back."""
    month = Month(work)
    watcher, subscriber = Watcher(month), Subscriber(month)
    watcher.start()
    subscriber.start()
    for name in ("a column", "a second aggregate", "a function", "a second view"):
        sql, aggregate = VERSIONS[name]
        month.write(sql)
        plan = json.loads(month.run("plan", month.project, "--format", "json"))
        expect(plan["pipelines"][0]["change"] == "changed", f"{name}: plan says {plan['pipelines'][0]['change']}")
        apply = subprocess.Popen(month.cli("apply", month.project), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while apply.poll() is None:
            month.produce(50)
        expect(apply.returncode == 0, f"{name}: apply: exit {apply.returncode}: {apply.stdout.read()}")
        month.produce(50)
        month.check(aggregate)
        month.check_topics(aggregate)
    large = collections.Counter(site for _, site, amount, _ in month.orders if amount >= 900)
    expect({r["site"]: r["orders"] for r in month.node.view("large_by_site")} == large, "the second view")
    month.produce(100)
    month.run("rollback", "live")
    before = VERSIONS["a function"][1]
    month.check(before)
    month.produce(100)
    month.check(before)
    month.check_topics(before)
    watcher.stop()
    subscriber.stop(5)  # four changes; the way back to the version before, whose epoch is known
    expect(month.node.terminate() == 0, "SIGTERM: exit 0")
    return f"{len(month.orders)} orders, looked at {watcher.looks} times"


@case
def a_filter_compared(work):
    """--compare shows what a filter takes away and swaps nothing; rollback drops the version; the view stays; then the filter comes."""
    month = Month(work)
    month.write(VERSIONS["a filter"][0])
    told = json.loads(month.run("apply", month.project, "--compare", "--format", "json"))
    views = {v["view"]: v for v in told["views"]}
    taken = sum(amounts != kept for amounts, kept in ((v["orders"], w["orders"]) for v, w in zip(
        month.by_site(PLAIN).values(), month.by_site(VERSIONS["a filter"][1]).values())))
    expect(views["by_site"]["different"] == taken and views["by_site"]["equal"] == SITES - taken, f"by_site differs: {views['by_site']}")
    expect(views["by_day"]["different"] == 0 and views["by_day"]["equal"] > 0, f"by_day does not: {views['by_day']}")
    month.check(PLAIN)
    month.run("rollback", "live")
    expect(json.loads(month.run("pipeline", "changes", "--format", "json"))["changes"] == [], "the version is dropped")
    month.produce(100)
    month.check(PLAIN)
    month.run("apply", month.project)
    month.check(VERSIONS["a filter"][1])
    month.check_topics(VERSIONS["a filter"][1])
    expect(month.node.terminate() == 0, "SIGTERM: exit 0")
    return f"{taken} of {SITES} sites differ"


@case
def killed(work):
    """kill -9 at random moments of changes and of a rollback: the next start goes on with them, from the old folder or the new one."""
    month = Month(work, 10_000)
    kills = 0
    moment = random.Random(int.from_bytes(os.urandom(4), "big"))
    for name in ("a second aggregate", "a filter", "a function"):
        sql, aggregate = VERSIONS[name]
        # In the node's own folder a start would bring the change about by itself, in place, had it not begun.
        month.write(sql, month.elsewhere)
        for _ in range(2):
            apply = subprocess.Popen(month.cli("apply", month.elsewhere), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(moment.uniform(0, 0.5))
            month.node.kill()
            kills += 1
            apply.wait(120)
            month.node.start()
            month.produce(100)
        month.run("apply", month.elsewhere)
        month.write(sql)
        month.produce(100)
        month.check(aggregate)
        month.check_topics(aggregate)
    back = subprocess.Popen(month.cli("rollback", "live"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(moment.uniform(0, 0.2))
    month.node.kill()
    back.wait(120)
    month.node.start()
    month.produce(100)
    served = json.loads(month.run("pipeline", "changes", "--format", "json"))["changes"][0]
    after = VERSIONS["a filter" if not served["beside_is_older"] else "a function"][1]
    month.check(after)
    month.check_topics(after)
    expect(month.node.terminate() == 0, "SIGTERM: exit 0")
    return f"{kills + 1} kills"


if __name__ == "__main__":
    sys.exit(main("changes"))
