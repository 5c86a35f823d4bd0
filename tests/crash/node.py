"""A node as the crash tests run it: the real binary, restarted on the same ports and data, its log read as it is written.

The log says when a checkpoint, a sink's commit or a recovery begins and ends (at debug level: -v). `Log` knows which of them are open;
what is open when the process is killed was hit by the kill.
"""
import collections
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.environ.get("MILLRACE_BIN", os.path.join(HERE, "../../build/release/src/cli/millrace"))
PHASES = ("checkpoint", "commit", "recovery")
MARK = re.compile(rb"\[(?:journal\] (checkpoint) \d+|sink\] (commit) of (?:lake|archive) \S+|node\] (recovery)) (begins|ends)")
# The kill happens in the thread that reads the log: it must not wait for the others' turns.
sys.setswitchinterval(0.0005)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Log:
    """What one process writes to stderr, copied to a file, and the phases that are open in it."""

    def __init__(self, pipe, path):
        self.open = {}
        self.lines = collections.deque(maxlen=400)
        self.durations = collections.defaultdict(list)
        self.changed = threading.Condition()
        self.trap = None
        self.path = path
        self.thread = threading.Thread(target=self.read, args=(pipe,), daemon=True)
        self.thread.start()

    def read(self, pipe):
        with open(self.path, "ab", buffering=0) as copy, pipe:
            for line in pipe:
                mark = MARK.search(line)
                if mark:
                    self.note(next(filter(None, mark.group(1, 2, 3))).decode(), mark.group(4) == b"begins")
                copy.write(line)
                self.lines.append(line.decode(errors="replace").rstrip())

    def note(self, phase, begins):
        with self.changed:
            if begins:
                self.open[phase] = time.monotonic()
                if self.trap and self.trap[0] == phase:
                    trap, self.trap = self.trap, None
                    trap[1]()
            elif phase in self.open:
                self.durations[phase].append(time.monotonic() - self.open.pop(phase))
            self.changed.notify_all()

    def when(self, phase, do):
        """Calls `do` in this log's thread at the next beginning of `phase`; or now, if it has begun just now."""
        with self.changed:
            self.trap = (phase, do)


class Node:
    """The process. `data` and `work` outlive it."""

    def __init__(self, work, project=None, settings=(), environment=None, prefix=(), verbose=True):
        self.work = work
        self.project = project or os.path.join(HERE, "project")
        self.data = os.path.join(work, "data")
        self.ready = os.path.join(work, "ready.json")
        self.log_path = os.path.join(work, "node.log")
        self.kafka, self.http, self.registry = free_ports(3)
        self.settings = list(settings)
        self.environment = environment
        self.prefix = list(prefix)
        self.verbose = verbose
        self.process = None
        self.log = None
        self.starts = 0

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.kafka}"

    def start(self, wait=True, trap=None, seconds=60):
        """`trap`: (phase, function) armed before the first line can come."""
        if os.path.exists(self.ready):
            os.unlink(self.ready)
        settings = [f"kafka.listen=127.0.0.1:{self.kafka}", f"http.listen=127.0.0.1:{self.http}",
                    f"registry.listen=127.0.0.1:{self.registry}", *self.settings]
        command = [*self.prefix, BINARY, "run", self.project, "--data-dir", self.data, "--ready-file", self.ready]
        if self.verbose:
            command.append("-v")
        for s in settings:
            command += ["-X", s]
        self.starts += 1
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment)
        self.log = Log(self.process.stderr, self.log_path)
        if trap:
            self.log.when(*trap)
        if wait and not self.wait_ready(seconds):
            raise Failure(f"the node did not start (exit {self.process.poll()}):\n" + self.tail())
        return self

    def wait_ready(self, seconds=60):
        deadline = time.monotonic() + seconds
        while not os.path.exists(self.ready):
            if self.process.poll() is not None:
                self.log.thread.join()  # its last words are the interesting ones
                return False
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def kill(self):
        """kill -9. The phases it hit."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.thread.join()
        return set(self.log.open)

    def terminate(self, seconds=60):
        """SIGTERM; its exit code."""
        self.process.terminate()
        code = self.process.wait(seconds)
        self.log.thread.join()
        return code

    def wait_exit(self, seconds=60):
        code = self.process.wait(seconds)
        self.log.thread.join()
        return code

    def signal(self, number):
        self.process.send_signal(number)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def tail(self, lines=15):
        return "\n".join("    " + line for line in list(self.log.lines)[-lines:])

    def errors(self):
        """Lines at error level of all its lives."""
        with open(self.log_path, errors="replace") as f:
            return [line.rstrip() for line in f if re.match(r"\S+Z [EC] ", line)]

    def request(self, path, body=None, timeout=20, port=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.http}{path}", data=data,
                                         headers={"Content-Type": "application/json"} if data else {})
        with urllib.request.urlopen(request, timeout=timeout) as r:
            return json.load(r)

    def view(self, name):
        return self.request(f"/api/v1/views/{name}?limit=10000")["rows"]

    def sql(self, text):
        return self.request("/api/v1/sql", {"sql": text})["rows"]


class Failure(Exception):
    """The product broke a promise (or did not start)."""


def wait_until(what, check, seconds=60):
    """Until check() returns None; what it returned last is the failure."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            wrong = check()
        except (OSError, urllib.error.URLError) as error:
            wrong = str(error)
        if wrong is None:
            return
        if time.monotonic() > deadline:
            raise Failure(f"{what}: {wrong}")
        time.sleep(0.1)
