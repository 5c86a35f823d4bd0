"""Brokers as the checker of transactions runs them, and what befalls them: kill -9, SIGTERM, a pause, a network that cuts or stalls.

Clients reach the broker through a proxy (proxy.py), whose address it tells them.
"""
import collections
import os
import signal
import socket
import subprocess
import sys
import time

from node import BINARY, Failure, Node, free_ports

HERE = os.path.dirname(os.path.abspath(__file__))


class ApacheKafka:
    """The original, for comparison: FOLDER/up.sh DATA PORT starts it and writes its process id to DATA/broker.pid."""

    def __init__(self, folder, work, advertise):
        self.folder, self.advertise = folder, advertise
        self.data = os.path.join(work, "kafka")
        self.kafka = self.free_pair()
        self.log_path = os.path.join(self.data, "server.log")
        self.pid = None

    @staticmethod
    def free_pair():
        """A port whose next one is free as well: the controller's."""
        while True:
            [port] = free_ports(1)
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port + 1)) != 0:
                    return port

    def start(self, seconds=180):
        os.makedirs(self.data, exist_ok=True)
        listeners = f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.advertise},CONTROLLER://127.0.0.1:{self.kafka + 1}"
        environment = {**os.environ, "EXTRA": f"{listeners} group.initial.rebalance.delay.ms=200"}
        up = subprocess.run([os.path.join(self.folder, "up.sh"), self.data, str(self.kafka)], env=environment, timeout=seconds,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if up.returncode != 0:
            raise Failure(f"Kafka did not start:\n{up.stdout[-3000:]}")
        with open(os.path.join(self.data, "broker.pid"), encoding="ascii") as f:
            self.pid = int(f.read())

    def running(self):
        """It is no child of this process: whoever is, may not have taken note of its end yet."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=60):
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                raise Failure(f"Kafka, process {self.pid}, did not end")
            time.sleep(0.02)
        os.unlink(os.path.join(self.data, "broker.pid"))

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait()

    def terminate(self, seconds=60):
        self.signal(signal.SIGTERM)
        self.wait(seconds)
        return 0


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

    def signal(self, number):
        self.process.send_signal(number)

    def running(self):
        return self.process is not None and self.process.poll() is None


class Nemesis:
    """The broker with its network. `act` does one thing to it; afterwards it runs and can be reached."""

    def __init__(self, binary, work, rng):
        self.rng = rng
        self.port = free_ports(1)[0]
        self.address = f"127.0.0.1:{self.port}"
        self.done = collections.Counter()
        if os.path.isdir(binary):
            self.broker = ApacheKafka(binary, work, self.port)
        elif os.path.basename(binary) == "millrace":
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
            return f"the broker ended by itself; see {self.broker.log_path}"
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
            self.broker.signal(signal.SIGSTOP)
            time.sleep(self.rng.uniform(0.5, 4))
            self.broker.signal(signal.SIGCONT)
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
