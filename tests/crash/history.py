"""What the clients of a run wrote down, and whether it can have been: the checks of Jepsen's Kafka workload.

Shares no code with the product and needs no client library. Every client process writes its own file of events, one JSON array a line,
flushed before what it announces is done, so that what a process knew survives its death:

    ["send", who, topic, partition, value]         about to be sent
    ["ack", topic, partition, offset, value]       the broker says it is there
    ["begin", n, [[topic, partition, value], ...]] its transaction number n, before anything of it is sent
    ["commit", n]                                  about to ask for the commit
    ["end", n, "ok" | "fail" | "unknown"]          how it went, as far as the client was told
    ["input", value]                               a plain record, acknowledged, for the movers
    ["saw", topic, partition, offset, value]       a reader got it for the first time
    ["session", id, topic, partition, first, last, count, sum]   all it got since it was there, so far: the last one of an id counts
    ["read", topic, partition, offset, value]      the last read, when all was quiet
    ["count", kind]                                something to be counted in the report
    ["error", text]                                the client itself saw what must not be

A transaction without an end is one whose client died: its outcome is unknown if the commit was asked for, else nobody can have committed it.
"""
import array
import bisect
import collections
import json

MOVED = "moved-"
MASK = (1 << 64) - 1


def mix(offset):
    """Spreads an offset over 64 bits, so that sums of them tell sets of offsets apart."""
    x = (offset + 1) * 0x9E3779B97F4A7C15 & MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    return (x ^ x >> 27) * 0x94D049BB133111EB & MASK


class Session:
    """What one reader got of one partition between two seeks: where from, where to, how many, a sum over all offsets."""

    def __init__(self):
        self.first = self.last = None
        self.count = self.sum = 0

    def saw(self, offset):
        self.first = offset if self.first is None else self.first
        self.last = offset
        self.count += 1
        self.sum = self.sum + mix(offset) & MASK


class History:
    """All that was written down, as far as it is needed."""

    def __init__(self):
        self.transactions = []  # (outcome, [(topic, partition, value)]), outcome: ok | fail | unknown
        self.orphans = 0  # of these: whose client died
        self.sent = collections.defaultdict(list)  # (producer, topic, partition) -> values in the order of sending
        self.acked = {}  # value -> (topic, partition, offset), as the broker answered
        self.sessions = {}  # (file, id) -> (who, place, first, last, count, sum)
        self.final = collections.defaultdict(dict)  # (topic, partition) -> offset -> value, by the last read
        self.errors = []
        self.inputs = set()
        self.kinds = collections.Counter()

    def load(self, who, path):
        """One process's file: those of the last read first, those of one name in the order in which they were written."""
        open_ = {}
        with open(path, encoding="utf-8") as f:
            for line in f:
                if line.endswith("\n"):  # else it died while it wrote
                    self.take(who, path, json.loads(line), open_)
        for asked, writes in open_.values():
            self.orphans += 1
            self.transactions.append(("unknown" if asked else "fail", writes))

    def take(self, who, path, event, open_):
        what, *rest = event
        if what == "send":
            self.sent[rest[0], rest[1], rest[2]].append(rest[3])
        elif what == "ack":
            self.acked[rest[3]] = tuple(rest[:3])
        elif what == "begin":
            open_[rest[0]] = (False, [tuple(w) for w in rest[1]])
        elif what == "commit":
            open_[rest[0]] = (True, open_[rest[0]][1])
        elif what == "end":
            self.transactions.append((rest[1], open_.pop(rest[0])[1]))
        elif what == "input":
            self.inputs.add(rest[0])
        elif what == "saw":
            self.compare(who, *rest)
        elif what == "session":
            self.sessions[path, rest[0]] = (who, (rest[1], rest[2]), *rest[3:])
        elif what == "read":
            self.final[rest[0], rest[1]][rest[2]] = rest[3]
        elif what == "count":
            self.kinds[rest[0]] += 1
        else:
            self.errors.append(rest[0])

    def compare(self, who, topic, partition, offset, value):
        last = self.final[topic, partition].get(offset)
        if last != value:
            self.errors.append(f"inconsistent offset: {who} saw {value} at {topic}-{partition}@{offset}, the last read has {last}")

    def polled(self):
        return sum(s[4] for s in self.sessions.values())


def check(history):
    """The problems, as text."""
    yield from history.errors
    where = collections.defaultdict(list)
    for place, records in history.final.items():
        for offset, value in records.items():
            where[value].append((*place, offset))
    for value, places in where.items():
        if len(places) > 1:
            yield f"duplicate: {value} at {places}"
    yield from check_transactions(history, where)
    yield from check_order(history, where)
    yield from check_sessions(history)
    yield from check_moved(history)


def check_transactions(history, where):
    for outcome, writes in history.transactions:
        there = [w for w in writes if where.get(w[2])]
        for topic, partition, value in there:
            if where[value][0][:2] != (topic, partition):
                yield f"{value} was sent to {topic}-{partition} and is at {where[value]}"
            acked = history.acked.get(value)
            if outcome == "ok" and acked is not None and acked != where[value][0]:
                yield f"inconsistent offset: {value} was acknowledged at {acked} and is at {where[value]}"
        if outcome == "ok" and len(there) < len(writes):
            yield f"lost write: {[w for w in writes if w not in there]} of {writes}, which was committed"
        if outcome == "fail" and there:
            yield f"aborted read: {there} of a transaction that was aborted"
        if outcome == "unknown" and 0 < len(there) < len(writes):
            yield f"torn transaction: {there} of {writes}"


def check_order(history, where):
    for (who, topic, partition), values in history.sent.items():
        last = (-1, None)
        for value in values:
            for _, _, offset in where.get(value, ()):
                if offset < last[0]:
                    yield f"non-monotonic send: {who} sent {value} after {last[1]}, and it is before it in {topic}-{partition}"
                last = (offset, value)


def check_sessions(history):
    """A reader got every record between the first and the last it got: none was skipped by a poll or between two."""
    offsets, sums = {}, {}
    for place, records in list(history.final.items()):
        offsets[place] = array.array("q", sorted(records))
        sums[place] = [0]
        for offset in offsets[place]:
            sums[place].append(sums[place][-1] + mix(offset) & MASK)
    for who, place, first, last, count, total in history.sessions.values():
        low = bisect.bisect_left(offsets[place], first)
        high = bisect.bisect_right(offsets[place], last)
        if high - low != count or sums[place][high] - sums[place][low] & MASK != total:
            yield f"skipped by a poll: {who} got {count} records of {place} from {first} to {last}, there are {high - low}"


def check_moved(history):
    moves = [v.removeprefix(MOVED).partition("#")[0] for (t, _), records in history.final.items() if t == "out" for v in records.values()]
    moved = set(moves)
    inputs = {v for (t, _), records in history.final.items() if t == "in" for v in records.values()}
    if history.inputs - inputs:
        yield f"lost write: {sorted(history.inputs - inputs)[:5]} of topic in"
    if len(moves) > len(moved):
        yield f"moved twice: {[v for v, n in collections.Counter(moves).items() if n > 1][:5]}"
    if moved - inputs:
        yield f"moved from nowhere: {sorted(moved - inputs)[:5]}"
    if inputs - moved:
        yield f"never moved: {len(inputs - moved)}, as {sorted(inputs - moved)[:5]}"
