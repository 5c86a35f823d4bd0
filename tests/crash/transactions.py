#!/usr/bin/env python3
"""Transactions under faults, checked as Jepsen's Kafka workload does.

    transactions.py [--seconds N] [--broker BINARY] [--every SECONDS] [--writers N] [--movers N] [--readers N] [--rate N] [--seed S] [--keep]
                    [--debug CONTEXTS]

Concurrent transactional writers send unique values to several partitions and commit or abort; movers consume one topic and
produce another with the offsets in the transaction; readers poll everything read_committed all the time. Every few seconds
something befalls the broker (nemesis.py): SIGKILL or SIGTERM and a restart on its data, a pause, or connections that are cut or stall.
BINARY is the node (MILLRACE_BIN), the broker alone of tests/clients/broker_main.cc, or a folder whose up.sh starts Apache Kafka: what is
found there as well is the clients' doing. In the end everything is read once more, and checked (history.py):

    lost write          a value of a transaction whose commit was acknowledged is missing
    aborted read        a value of a transaction that was aborted, or never committed, was seen by anybody, at any time
    torn transaction    of one whose outcome is not known some values are there and some are not
    duplicate           a value is at two offsets
    inconsistent offset two readers saw different values at one offset, a reader saw what the last read does not have, or the broker
                        acknowledged another offset than the value has
    non-monotonic poll  offsets a reader got do not grow
    non-monotonic send  what a producer sent to a partition is there in another order
    skipped by a poll   a reader did not get a record that lies between two that it got
    moved twice / never an input of the movers is in their output other than exactly once

Not checked, as in no order between transactions is promised: cycles of writes and reads over several transactions. The checker shares no
code with the product; the clients are librdkafka's, each in a process of its own (txn_clients.py, supervise.py): one that dies of its
library's own assertion is told, counted and started anew. Exit 0 passed, 1 failed, 77 a tool is missing.
"""
import argparse
import collections
import importlib.util
import os
import random
import shutil
import sys
import tempfile
import time

from history import History, check
from nemesis import Nemesis
from node import Failure
from supervise import Clients

HERE = os.path.dirname(os.path.abspath(__file__))
BROKER = os.path.join(HERE, "../../build/dev/tests/clients/test_broker")


class Progress:
    """How many transactions have ended, from what was added to the files of events since it was asked last."""

    def __init__(self, clients):
        self.clients = clients
        self.places = collections.Counter()
        self.ended = 0

    def count(self):
        for _, path in self.clients.files():
            with open(path, "rb") as f:
                f.seek(self.places[path])
                added = f.read()
            whole = added.rfind(b"\n") + 1
            self.places[path] += whole
            self.ended += added[:whole].count(b'["end",')
        return self.ended


def trouble(options, nemesis, clients, rng):
    """Faults until the time is over. What is wrong with how the broker took one, if anything is."""
    progress = Progress(clients)
    end = time.monotonic() + options.seconds
    told = time.monotonic()
    while time.monotonic() < end:
        time.sleep(min(options.every * rng.uniform(0.4, 1.6), max(0.1, end - time.monotonic())))
        wrong = nemesis.act()
        if wrong is not None:
            return wrong
        if time.monotonic() - told > 60:
            told = time.monotonic()
            print(f"transactions: {progress.count()} so far, {dict(nemesis.done)}, {len(clients.crashes)} crashes of clients, "
                  f"{len(clients.errors)} errors", flush=True)
    return None


def run(options, nemesis, clients):
    """Everything at once for a while, then all is read once more."""
    clients.run("setup", 120)
    feeder = clients.start("feeder")
    writers, movers, readers = (clients.start(role, getattr(options, f"{role}s")) for role in ("writer", "mover", "reader"))
    wrong = trouble(options, nemesis, clients, random.Random(options.seed))
    if wrong is not None:
        clients.errors.append(wrong)
    if not nemesis.broker.running():
        nemesis.start()
    clients.stop(writers + feeder, 180)
    clients.stop(movers, 180)
    clients.stop(readers, 30)
    clients.run("final", 600)


def report(options, history, clients, nemesis):
    outcomes = collections.Counter(outcome for outcome, _ in history.transactions)
    print(f"transactions: faults {dict(nemesis.done)}; transactions {dict(outcomes)}; {len(history.inputs)} inputs to be moved; "
          f"{history.polled()} records polled by readers in {len(history.sessions)} sessions; "
          f"{sum(len(r) for r in history.final.values())} records in the end; errors the clients met {dict(history.kinds)}")
    print(f"transactions: {len(clients.crashes)} clients died of their library, with {history.orphans} transactions under way")
    for crash in clients.crashes:
        print("  ", crash)
    if outcomes["ok"] < options.seconds / 4:
        yield f"too little happened: {outcomes['ok']} transactions committed"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--broker", default=os.environ.get("MILLRACE_TEST_BROKER", BROKER))
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--movers", type=int, default=2)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--rate", type=float, default=25, help="transactions a second of each writer, at most")
    parser.add_argument("--every", type=float, default=3.75, help="seconds between two faults, on average; Kafka's start takes longer")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--keep", action="store_true", help="leave the data directory")
    parser.add_argument("--debug", default="", help="librdkafka's contexts, as eos,protocol: into the clients' logs, which get large")
    return parser.parse_args()


def main():
    options = arguments()
    if importlib.util.find_spec("confluent_kafka") is None:
        print("transactions: skipped: no module named confluent_kafka")
        return 77
    print(f"transactions: seed {options.seed}, {options.seconds} s", flush=True)
    work = tempfile.mkdtemp(prefix="transactions-")
    try:
        nemesis = Nemesis(options.broker, work, random.Random(options.seed + 1))
    except Failure as failure:
        print(f"transactions: FAILED: {failure}\n   data and log: {work}")
        return 1
    clients = Clients(os.path.join(work, "clients"), nemesis.address, vars(options))
    history = History()
    try:
        run(options, nemesis, clients)
    except Failure as failure:
        clients.errors.append(str(failure))
    finally:
        clients.close()
        nemesis.end()
    for who, path in clients.files():
        history.load(who, path)
    problems = [*clients.errors, *check(history), *report(options, history, clients, nemesis)]
    for problem in problems[:30]:
        print("  ", problem)
    if options.keep or problems:
        print(f"   data and log: {work}")
    else:
        shutil.rmtree(work, ignore_errors=True)
    print(f"transactions: {'FAILED, ' + str(len(problems)) + ' problems' if problems else 'passed'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
