#!/usr/bin/env python3
"""The checks of history.py, each on a history that breaks one promise and on one that keeps it. Needs nothing but Python."""
import json
import os
import tempfile
import unittest

from history import History, Session, check

FINAL = [["read", "x", 0, 0, "a"], ["read", "x", 0, 2, "b"], ["read", "x", 0, 4, "c"]]
AB = [["x", 0, "a"], ["x", 0, "b"]]
AZ = [["x", 0, "a"], ["x", 0, "z"]]
Z = [["x", 0, "z"]]


def problems(events, final=(), cut=""):
    """Of one client's events, after a last read of FINAL and `final`. `cut`: what it was writing when it died."""
    history = History()
    with tempfile.TemporaryDirectory() as folder:
        for who, lines in (("final", [*FINAL, *final]), ("writer-0", events)):
            path = os.path.join(folder, who)
            with open(path, "w", encoding="utf-8") as f:
                f.write("".join(json.dumps(line) + "\n" for line in lines) + cut)
            history.load(who, path)
    return [problem.partition(":")[0] for problem in check(history)]


def session(offsets):
    s = Session()
    for offset in offsets:
        s.saw(offset)
    return ["session", "1", "x", 0, s.first, s.last, s.count, s.sum]


class Checks(unittest.TestCase):
    def transaction(self, writes, *events):
        return problems([["begin", 1, writes], *events], cut='["end",1')

    def test_outcomes(self):
        commit = ["commit", 1]
        self.assertEqual(self.transaction(AB, commit, ["end", 1, "ok"]), [])
        self.assertEqual(self.transaction(AZ, commit, ["end", 1, "ok"]), ["lost write"])
        self.assertEqual(self.transaction(Z, ["end", 1, "fail"]), [])
        self.assertEqual(self.transaction(AB, ["end", 1, "fail"]), ["aborted read"])
        for end in ([], [["end", 1, "unknown"]]):
            self.assertEqual(self.transaction(AB, commit, *end), [])
            self.assertEqual(self.transaction(Z, commit, *end), [])
            self.assertEqual(self.transaction(AZ, commit, *end), ["torn transaction"])

    def test_a_client_that_died_before_it_asked_for_the_commit(self):
        self.assertEqual(self.transaction(Z), [])
        self.assertEqual(self.transaction(AB), ["aborted read"])

    def test_acknowledged_offsets(self):
        ok = [["begin", 1, AB], ["commit", 1], ["end", 1, "ok"]]
        self.assertEqual(problems([["ack", "x", 0, 2, "b"], *ok]), [])
        self.assertEqual(problems([["ack", "x", 0, 4, "b"], *ok]), ["inconsistent offset"])

    def test_readers(self):
        self.assertEqual(problems([["saw", "x", 0, 2, "b"], session([0, 2, 4]), session([2, 4])]), [])
        self.assertEqual(problems([["saw", "x", 0, 2, "q"]]), ["inconsistent offset"])
        self.assertEqual(problems([["saw", "x", 0, 3, "q"]]), ["inconsistent offset"])
        self.assertEqual(problems([session([0, 4])]), ["skipped by a poll"])
        self.assertEqual(problems([session([0, 3, 4])]), ["skipped by a poll"])

    def test_order_and_duplicates(self):
        self.assertEqual(problems([["send", "w", "x", 0, "a"], ["send", "w", "x", 0, "q"], ["send", "w", "x", 0, "c"]]), [])
        self.assertEqual(problems([["send", "w", "x", 0, "b"], ["send", "w", "x", 0, "a"]]), ["non-monotonic send"])
        self.assertEqual(problems([], [["read", "x", 1, 0, "a"]]), ["duplicate"])

    def test_moved(self):
        there, moved = ["read", "in", 0, 0, "v"], ["read", "out", 0, 0, "moved-v#mover-0.1.1"]
        self.assertEqual(problems([["input", "v"]], [there, moved]), [])
        self.assertEqual(problems([["input", "v"]]), ["lost write"])
        self.assertEqual(problems([], [there]), ["never moved"])
        self.assertEqual(problems([], [moved]), ["moved from nowhere"])
        self.assertEqual(problems([], [there, moved, ["read", "out", 0, 1, "moved-v#mover-1.1.8"]]), ["moved twice"])

    def test_what_a_client_saw_itself(self):
        self.assertEqual(problems([["error", "non-monotonic poll: x"]]), ["non-monotonic poll"])


if __name__ == "__main__":
    unittest.main()
