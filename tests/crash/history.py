"""What the clients of a run know, and whether it can have been: the checks of Jepsen's Kafka workload.

Shares no code with the product and needs no client library.
"""
import array
import bisect
import collections
import threading

MOVED = "moved-"
MASK = (1 << 64) - 1


def mix(offset):
    """Spreads an offset over 64 bits, so that sums of them tell sets of offsets apart."""
    x = (offset + 1) * 0x9E3779B97F4A7C15 & MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    return (x ^ x >> 27) * 0x94D049BB133111EB & MASK


class Session:
    """What one reader got of one partition between two seeks: where from, where to, how many, a sum over all offsets."""

    def __init__(self, who, place):
        self.who, self.place = who, place
        self.first = self.last = None
        self.count = self.sum = 0

    def saw(self, offset):
        self.first = offset if self.first is None else self.first
        self.last = offset
        self.count += 1
        self.sum = self.sum + mix(offset) & MASK


class History:
    """What happened, as far as the clients know. Any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.transactions = []  # (outcome, [(topic, partition, value)]), outcome: ok | fail | unknown
        self.sent = collections.defaultdict(list)  # (producer, topic, partition) -> values in the order of sending
        self.acked = {}  # value -> (topic, partition, offset), as the broker answered
        self.seen = collections.defaultdict(dict)  # (topic, partition) -> offset -> value, by any reader
        self.sessions = []
        self.errors = []
        self.inputs = set()
        self.next = 0
        self.polled = 0
        self.kinds = collections.Counter()

    def value(self):
        with self.lock:
            self.next += 1
            return f"v{self.next}"

    def sends(self, who, topic, partition, value):
        self.sent[who, topic, partition].append(value)

    def acks(self, topic, partition, offset, value):
        self.acked[value] = (topic, partition, offset)

    def done(self, outcome, writes):
        with self.lock:
            self.transactions.append((outcome, writes))

    def error(self, text):
        with self.lock:
            self.errors.append(text)

    def session(self, who, place):
        session = Session(who, place)
        with self.lock:
            self.sessions.append(session)
        return session

    def saw(self, topic, partition, offset, value, who):
        with self.lock:
            self.polled += 1
            before = self.seen[topic, partition].setdefault(offset, value)
        if before != value:
            self.error(f"inconsistent offset: {who} saw {value} at {topic}-{partition}@{offset}, another saw {before}")


def check(history, final):
    """`final`: (topic, partition) -> offset -> value, read committed when all was quiet. Gives the problems."""
    problems = list(history.errors)
    where = collections.defaultdict(list)
    for place, records in final.items():
        for offset, value in records.items():
            where[value].append((*place, offset))
    for value, places in where.items():
        if len(places) > 1:
            problems.append(f"duplicate: {value} at {places}")
    for place, records in history.seen.items():
        for offset, value in records.items():
            if final[place].get(offset) != value:
                problems.append(f"inconsistent offset: {value} was seen at {place}@{offset}, "
                                f"the last read has {final[place].get(offset)}")
    problems += check_transactions(history, where)
    problems += check_order(history, where)
    problems += check_sessions(history, final)
    problems += check_moved(history, final)
    return problems


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


def check_sessions(history, final):
    """A reader got every record between the first and the last it got: none was skipped by a poll or between two."""
    offsets, sums = {}, {}
    for place, records in final.items():
        offsets[place] = array.array("q", sorted(records))
        sums[place] = [0]
        for offset in offsets[place]:
            sums[place].append(sums[place][-1] + mix(offset) & MASK)
    for s in history.sessions:
        if s.count == 0:
            continue
        low = bisect.bisect_left(offsets[s.place], s.first)
        high = bisect.bisect_right(offsets[s.place], s.last)
        if high - low != s.count or sums[s.place][high] - sums[s.place][low] & MASK != s.sum:
            yield f"skipped by a poll: {s.who} got {s.count} records of {s.place} from {s.first} to {s.last}, there are {high - low}"


def check_moved(history, final):
    moved = {v.removeprefix(MOVED) for (t, _), records in final.items() if t == "out" for v in records.values()}
    inputs = {v for (t, _), records in final.items() if t == "in" for v in records.values()}
    if history.inputs - inputs:
        yield f"lost write: {sorted(history.inputs - inputs)[:5]} of topic in"
    if moved - inputs:
        yield f"moved from nowhere: {sorted(moved - inputs)[:5]}"
    if inputs - moved:
        yield f"never moved: {len(inputs - moved)}, as {sorted(inputs - moved)[:5]}"
