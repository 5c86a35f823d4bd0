"""Brokers as the checker of transactions runs them, and what befalls them: kill -9, SIGTERM, a pause, a network that cuts or stalls.

Clients reach the broker through a proxy (proxy.py), whose address it tells them.
"""
import collections
import os
import signal
import subprocess
import sys
import time

from node import BINARY, Failure, Node, free_ports

HERE = os.path.dirname(os.path.abspath(__file__))


class TestBroker:
    """A broker alone (tests/clients/broker_main.cc), as built for tests, with sanitizers perhaps."""

    def __init__(self, binary, work, advertise):
        self.binary, self.work, self.advertise = binary, work, advertise
        self.kafka = free_ports(1)[0]
        self.process = None
        self.log_path = os.path.join(work, "broker.log")

    def start(self, seconds=60):
        ready = os.path.join(self.work, "ready")
        if os.path.exists(ready):
            os.unlink(ready)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.binary, os.path.join(self.work, "data"), ready, str(self.kafka), str(self.advertise)],
                                            stdout=log, stderr=log)
        deadline = time.monotonic() + seconds
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log_path, errors="replace") as f:
                    raise Failure(f"the broker did not start (exit {self.process.poll()}):\n{f.read()[-3000:]}")
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self, seconds=60):
        self.process.terminate()
        return self.process.wait(seconds)

    def running(self):
        return self.process is not None and self.process.poll() is None


class Nemesis:
    """The broker with its network. `act` does one thing to it; afterwards it runs and can be reached."""

    def __init__(self, binary, work, rng):
        self.rng = rng
        self.port = free_ports(1)[0]
        self.address = f"127.0.0.1:{self.port}"
        self.done = collections.Counter()
        if os.path.basename(binary) == "millrace":
            if os.path.realpath(binary) != os.path.realpath(BINARY):
                sys.exit(f"transactions: set MILLRACE_BIN={binary}")
            project = os.path.join(work, "project")
            os.mkdir(project)
            self.broker = Node(work, project=project, verbose=False,
                               settings=[f"kafka.advertise={self.address}", "kafka.group-initial-delay=200ms"])
        else:
            self.broker = TestBroker(binary, work, self.port)
        self.start()
        self.proxy = subprocess.Popen([sys.executable, os.path.join(HERE, "proxy.py"), str(self.port), str(self.broker.kafka)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.proxy.stdout.readline()

    def start(self):
        self.broker.start(seconds=180)  # a busy machine is no finding

    def tell_proxy(self, command):
        self.proxy.stdin.write(command + "\n")
        self.proxy.stdin.flush()
        self.proxy.stdout.readline()

    def act(self):
        """One fault. Gives what is wrong with how the broker took it, or None."""
        if not self.broker.running():
            return f"the broker ended by itself with {self.broker.process.returncode}; see {self.broker.log_path}"
        what = self.rng.choices(["kill -9", "SIGTERM", "pause", "cut", "stall"], [60, 10, 10, 10, 10])[0]
        self.done[what] += 1
        wrong = None
        if what == "kill -9":
            self.broker.kill()
            time.sleep(self.rng.choice([0, 0.2, 1]))
            self.start()
        elif what == "SIGTERM":
            code = self.broker.terminate(120)
            wrong = f"SIGTERM: it ended with {code}" if code != 0 else None
            self.start()
        elif what == "pause":
            self.broker.process.send_signal(signal.SIGSTOP)
            time.sleep(self.rng.uniform(0.5, 4))
            self.broker.process.send_signal(signal.SIGCONT)
        elif what == "cut":
            self.tell_proxy("cut")
        else:
            self.tell_proxy(f"stall {self.rng.uniform(0.5, 4):.1f}")
        return wrong

    def restarts(self):
        return self.done["kill -9"] + self.done["SIGTERM"]

    def end(self):
        if self.broker.running():
            self.broker.kill()
        self.proxy.stdin.close()
        self.proxy.wait(10)
