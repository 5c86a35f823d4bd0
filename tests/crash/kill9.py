#!/usr/bin/env python3
"""kill -9 under load: nothing acknowledged is lost, nothing is doubled, every derived thing equals a recomputation (checker.py).

    kill9.py [--kills N] [--rate EVENTS_PER_SECOND] [--seed S] [--keep] [--least N]

A node (MILLRACE_BIN) runs tests/crash/project. A producer sends events with unique ids to three topics of three partitions and keeps
the acknowledgements. The node is killed at times drawn uniformly: over seconds, and over the length of a checkpoint, of a lake commit
and of a recovery, in turn. The node's log says which of these a kill fell into; there must be --least kills in each.

Exit 0 passed, 1 failed, 77 a tool is missing.
"""
import argparse
import collections
import multiprocessing
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time

try:
    import pyiceberg  # noqa: F401
    from checker import serve
    from load import Load
except ImportError as missing:
    print(f"kill9: skipped: {missing}")
    sys.exit(77)
from node import PHASES, Failure, Node

TARGETS = ("uniform", *PHASES)
FIRST_GUESS = {"checkpoint": 0.05, "commit": 0.04, "recovery": 0.03}


class Killer:
    def __init__(self, node, dice, least):
        self.node = node
        self.dice = dice
        self.least = least
        self.hits = collections.Counter()
        self.durations = collections.defaultdict(list)
        self.kills = 0

    def length(self, phase):
        """Of one of the last such phases: some are ten times as long as others."""
        return self.dice.choice(self.durations[phase][-50:] or [FIRST_GUESS[phase]])

    def target(self):
        """In turn; every fifth time what was hit least."""
        turn = self.kills % 5
        return TARGETS[turn] if turn < len(TARGETS) else min(PHASES, key=lambda p: self.hits[p])

    def trap(self, phase, done):
        """A kill at a uniform time of the next such phase, done by the thread that reads the log."""
        delay = self.dice.uniform(0, self.length(phase))
        process = None

        def spring():
            time.sleep(delay)
            os.kill(process or self.node.process.pid, signal.SIGKILL)
            done.set()
        return phase, spring

    def one(self):
        """Kills the node once and starts it again."""
        target = self.target()
        done = threading.Event()
        if target == "uniform":
            time.sleep(self.dice.uniform(0.05, 2))
        elif target == "recovery":
            time.sleep(self.dice.uniform(0.1, 0.6))
            self.note(self.node.kill())
            self.node.start(wait=False, trap=self.trap("recovery", done))
            done.wait(10)
        else:
            self.node.log.when(*self.trap(target, done))
            done.wait(5)
        self.note(self.node.kill())
        started = time.monotonic()
        self.node.start()
        self.durations["start"].append(time.monotonic() - started)

    def note(self, phases):
        self.kills += 1
        for phase in phases or ["none of them"]:
            self.hits[phase] += 1
        for phase, seconds in self.node.log.durations.items():
            self.durations[phase] += seconds


class Checking:
    """The checker's process, seen from here."""

    def __init__(self, node):
        context = multiprocessing.get_context("fork")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other, node), daemon=True)
        self.process.start()
        self.told = 0
        self.rounds = 0
        self.busy = False

    def tell(self, load):
        ids = list(load.acked.items())[self.told:]
        self.told += len(ids)
        self.connection.send(("acks", dict(ids)))

    def round(self):
        """Asks for a check unless one is running."""
        while self.busy and self.connection.poll(0):
            self.answer()
        if not self.busy:
            self.connection.send(("round", self.rounds))
            self.rounds += 1
            self.busy = True

    def answer(self):
        what, text = self.connection.recv()
        if what == "failed":
            raise Failure(text)
        self.busy = False
        return text

    def finish(self, sent):
        if self.busy:
            self.answer()
        self.connection.send(("finish", sent))
        lines = self.answer()
        self.process.join(10)
        return lines


def run(args, node):
    # The checker is forked before there are threads.
    checking = Checking(node)
    node.start()
    load = Load(node.bootstrap, args.rate, args.seed)
    load.start()
    begun = time.monotonic()
    killer = Killer(node, random.Random(args.seed), args.least)
    while killer.kills < args.kills or (any(killer.hits[p] < args.least for p in PHASES) and killer.kills < 2 * args.kills):
        before = killer.kills
        killer.one()
        checking.tell(load)
        checking.round()
        if args.verbose:
            print(f"  kill {before + 1} to {killer.kills}: {dict(killer.hits)}, start took {killer.durations['start'][-1]:.2f} s", flush=True)
    seconds = time.monotonic() - begun
    left = load.finish()
    if left or load.failed:
        raise Failure(f"{left} records undelivered, {len(load.failed)} refused {load.failed[:3]}")
    print(f"kill9: {load.sent} events in {seconds:.0f} s, {killer.kills} kills: {dict(sorted(killer.hits.items()))}")
    for phase in (*PHASES, "start"):
        if killer.durations[phase]:
            print(f"kill9: {phase}: median {1000 * statistics.median(killer.durations[phase]):.0f} ms of {len(killer.durations[phase])}")
    checking.tell(load)
    for line in checking.finish(load.sent):
        print(f"kill9: {line}")
    few = {p: killer.hits[p] for p in PHASES if killer.hits[p] < args.least}
    if few:
        raise Failure(f"fewer than {args.least} kills fell into {few}")
    errors = node.errors()
    if errors:
        raise Failure(f"{len(errors)} errors in the log, for instance\n    " + "\n    ".join(errors[:5]))
    code = node.terminate()
    if code != 0:
        raise Failure(f"SIGTERM ended it with {code}:\n{node.tail()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--least", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    print(f"kill9: {args.kills} kills at {args.rate} events/s, seed {args.seed}", flush=True)
    work = tempfile.mkdtemp(prefix="millrace-kill9-")
    node = Node(work)
    failed = False
    try:
        run(args, node)
        print("kill9: passed")
    except Failure as failure:
        failed = True
        print(f"kill9: FAILED: {failure}\nkill9: data and log are kept in {work}")
    finally:
        if node.running():
            node.kill()
        if not (failed or args.keep):
            shutil.rmtree(work, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
