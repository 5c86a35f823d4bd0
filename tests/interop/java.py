"""Programs from Maven packages, for the tests of this folder."""
import hashlib
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../crash"))
from node import Failure  # noqa: E402
DEPS = os.environ.get("MILLRACE_DEPS", os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "millrace/deps-2"))
OPENS = [f"--add-opens=java.base/{p}=ALL-UNNAMED" for p in ("java.lang", "java.util", "java.net", "java.nio", "java.time", "sun.nio.ch",
                                                           "java.util.concurrent", "java.util.concurrent.atomic", "java.lang.reflect")]
JVM = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]


class Unavailable(Exception):
    """What is needed cannot be had here: a skip."""


def class_path(name, work):
    """The jars of a pom, and our classes beside it. Finding jars takes Maven seconds: their list is kept by the pom's checksum."""
    pom = os.path.join(HERE, name, "pom.xml")
    with open(pom, "rb") as f:
        key = hashlib.sha256(f.read()).hexdigest()[:16]
    kept = os.path.join(DEPS, "interop", f"{name}-{key}.cp")
    if not os.path.exists(kept) or not all(os.path.exists(jar) for jar in open(kept).read().strip().split(":")):
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        found = subprocess.run(["mvn", "-q", "-B", "-f", pom, "dependency:build-classpath", f"-Dmdep.outputFile={kept}.new"],
                               capture_output=True, text=True)
        if found.returncode != 0:
            raise Unavailable(f"maven could not fetch {name}: {found.stdout[-300:]}")
        os.rename(f"{kept}.new", kept)
    with open(kept) as f:
        jars = f.read().strip()
    sources = os.path.join(HERE, name, "src")
    classes = os.path.join(work, name)
    os.makedirs(classes, exist_ok=True)
    files = [os.path.join(sources, f) for f in os.listdir(sources)] if os.path.isdir(sources) else []
    if files and subprocess.run(["javac", "-nowarn", "-cp", jars, "-d", classes, *files], check=False).returncode != 0:
        raise Failure(f"{name} does not compile")
    return f"{classes}:{jars}"


class Program:
    """A process whose output goes to a file."""

    def __init__(self, work, name, command, environment=None):
        self.path = os.path.join(work, f"{name}.log")
        with open(self.path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=work, env=environment)

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(60)

    def text(self):
        with open(self.path, errors="replace") as f:
            return f.read()

    def tail(self):
        return self.text()[-2500:]


def wait_for(what, check, program, seconds=60):
    """Until check() returns None; what it returned last is the failure."""
    deadline = time.monotonic() + seconds
    while (wrong := check()) is not None:
        if time.monotonic() > deadline or program.process.poll() is not None:
            ended = "" if program.process.poll() is None else f" (it ended with {program.process.poll()})"
            raise Failure(f"{what}: {wrong}{ended}\n{program.tail()}")
        time.sleep(0.1)
