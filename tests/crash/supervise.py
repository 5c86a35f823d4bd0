"""Client processes that may die: each has a file of events and a log, and is started anew, under the same name, until it was told to stop
and ended well. A death by a signal is the library's own crash: counted and told, no finding. An exception of Python is the checker's
mistake, and a finding, so that nothing passes for checked that was not.
"""
import collections
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MISTAKES_MAX = 5
# What a crash says of itself, rather than the lines around it.
CRASH = re.compile(r"Assertion .*failed|BUG:|Fatal Python error|terminate called")


def last_words(path, lines=3):
    """Of a log: what speaks of a crash, else its end."""
    with open(path, "rb") as f:
        f.seek(max(0, os.path.getsize(path) - 65536))
        tail = f.read().decode(errors="replace").splitlines()
    return " | ".join(([line for line in tail if CRASH.search(line)] or tail)[-lines:])


class Process:
    """One name, and the processes that have it one after the other."""

    def __init__(self, folder, role, name, address, options, ends):
        self.folder, self.role, self.name, self.address, self.options = folder, role, name, address, options
        self.ends = ends  # by itself, without being told
        self.life = 0
        self.stopping = False
        self.process = None
        self.files = []
        self.start()

    def start(self):
        self.life += 1
        self.files.append(os.path.join(self.folder, f"{self.name}.{self.life}.events"))
        open(self.files[-1], "w").close()
        self.log = os.path.join(self.folder, f"{self.name}.{self.life}.log")
        command = [sys.executable, os.path.join(HERE, "txn_clients.py"), self.role, self.name, str(self.life), self.address,
                   self.files[-1], json.dumps(self.options)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        if self.stopping:
            self.process.stdin.close()

    def stop(self):
        self.stopping = True
        self.process.stdin.close()

    def done(self):
        return (self.stopping or self.ends) and self.process.poll() == 0


class Clients:
    """All of them, watched by a thread of its own."""

    def __init__(self, folder, address, options):
        os.makedirs(folder)
        self.folder, self.address, self.options = folder, address, options
        self.lock = threading.Lock()
        self.all = []
        self.crashes = []  # what is to be told
        self.errors = []
        self.mistakes = collections.Counter()
        self.stopped = threading.Event()
        threading.Thread(target=self.watch, daemon=True).start()

    def start(self, role, count=None, ends=False):
        """`count` of that role, or one."""
        names = [role] if count is None else [f"{role}-{i}" for i in range(count)]
        started = [Process(self.folder, role, name, self.address, self.options, ends) for name in names]
        with self.lock:
            self.all += started
        return started

    def run(self, role, seconds):
        """One that ends by itself."""
        [process] = self.start(role, ends=True)
        deadline = time.monotonic() + seconds
        while not process.done():
            if time.monotonic() > deadline:
                self.end(process, f"{role} did not end in {seconds} s")
                return
            time.sleep(0.05)

    def stop(self, processes, seconds):
        with self.lock:
            for process in processes:
                process.stop()
        deadline = time.monotonic() + seconds
        for process in processes:
            while not process.done():
                if time.monotonic() > deadline:
                    self.end(process, f"{process.name} did not end: stuck; {last_words(process.log)}")
                    break
                time.sleep(0.05)

    def end(self, process, why):
        with self.lock:
            self.errors.append(why)
            self.all.remove(process)
        process.process.send_signal(signal.SIGABRT)  # says where it was
        try:
            process.process.wait(10)
        except subprocess.TimeoutExpired:
            process.process.kill()

    def watch(self):
        while not self.stopped.wait(0.1):
            with self.lock:
                for process in list(self.all):
                    code = process.process.poll()
                    if code is not None and not process.done():
                        self.died(process, code)

    def died(self, process, code):
        words = last_words(process.log)
        if code < 0:
            self.crashes.append(f"{process.name}.{process.life} died of {signal.Signals(-code).name}: {words}")
            print(f"transactions: {self.crashes[-1]}", flush=True)
        else:
            self.errors.append(f"the checker's {process.name}.{process.life} ended with {code}: {words}")
            self.mistakes[process.name] += 1
        if self.mistakes[process.name] < MISTAKES_MAX:
            process.start()
        else:
            self.all.remove(process)

    def files(self):
        """(name, path) of all events, the last read first, those of one name in order."""
        found = []
        for name in os.listdir(self.folder):
            who, life, what = name.rsplit(".", 2)
            if what == "events":
                found.append((who != "final", who, int(life), os.path.join(self.folder, name)))
        return [(who, path) for _, who, _, path in sorted(found)]

    def close(self):
        self.stopped.set()
        with self.lock:
            for process in self.all:
                if process.process.poll() is None:
                    process.process.kill()
