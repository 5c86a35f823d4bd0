"""kafka-python's integration tests against millrace: a pytest plugin that puts a millrace node in the place of the Kafka
distribution which their fixtures start (KafkaFixture.open). The tests themselves are untouched.

MILLRACE_BIN names the binary. With KAFKA_URI set the tests take that broker, as upstream documents.
"""
import json
import os
import subprocess
import sys
import time
import types
from pathlib import Path

# Their archive leaves test/service.py out, which starts the Java process; nothing of it is needed.
service = types.ModuleType("test.service")
service.ExternalService = type("ExternalService", (), {"__init__": lambda self, host, port: None, "dump_logs": lambda self: None})
service.SpawnedService = None
sys.modules["test.service"] = service

os.environ.setdefault("KAFKA_VERSION", "4.3.0")
os.environ.setdefault("KAFKA_ROOT", "/")


class Child:
    """What is started: a node. The fixtures ask it only to show its log."""

    def __init__(self, fixture):
        self.work = Path(str(fixture.tmp_dir))
        project, ready = self.work / "project", self.work / "ready"
        project.mkdir()
        scheme = fixture.transport.lower()
        kafka = {"group-initial-delay": "0s", "num-partitions": fixture.partitions, "auto-create-topics": fixture.auto_create_topic,
                 "acls": {"enabled": True, "allow-if-none": True}}
        # The users are made over the administration interface; the tests' own port is kafka.listen or the secured listener.
        if scheme == "plaintext":
            kafka |= {"listen": f"127.0.0.1:{fixture.port}", "advertise": f"localhost:{fixture.port}"}
        else:
            kafka |= {"listen": "127.0.0.1:0", "listeners": [f"{scheme}://127.0.0.1:{fixture.port}"],
                      "advertised-listeners": [f"{scheme}://localhost:{fixture.port}"]}
        if fixture.sasl_enabled:
            kafka["sasl"] = {"mechanisms": [fixture.sasl_mechanism]}
        if fixture.ssl_enabled:
            self.certificates(fixture)
            kafka["tls"] = {"certificate": str(self.work / "ssl/server.pem"), "key": str(self.work / "ssl/server.key")}
        settings = {"http": {"listen": "127.0.0.1:0"}, "registry": {"listen": "127.0.0.1:0"}, "lake": {"enabled": False},
                    "warehouse": {"enabled": False}, "kafka": kafka}
        (project / "millrace.yaml").write_text(json.dumps(settings))
        self.log = open(self.work / "log", "wb")
        self.process = subprocess.Popen([os.environ["MILLRACE_BIN"], "run", str(project), "--data-dir", str(self.work / "data"),
                                         "--ready-file", str(ready)], stdout=self.log, stderr=self.log)
        deadline = time.time() + 60
        while not ready.exists() or not ready.read_text().strip():
            if self.process.poll() is not None or time.time() > deadline:
                self.stop()
                raise RuntimeError("the node did not start: " + (self.work / "log").read_text())
            time.sleep(0.05)
        if fixture.sasl_enabled:
            url = "http://" + json.loads(ready.read_text())["http"]
            subprocess.run([os.environ["MILLRACE_BIN"], "user", "create", fixture.broker_user, "--password-file", "-", "--url", url],
                           input=fixture.broker_password + "\n", text=True, check=True)

    def certificates(self, fixture):
        fixture.ssl_dir = str(self.work / "ssl")
        script = """mkdir -p "$0" && cd "$0"
            openssl req -new -x509 -newkey rsa:2048 -nodes -keyout ca-key -out ca-cert -days 1 -subj /CN=suites -addext keyUsage=critical,keyCertSign,cRLSign
            openssl req -new -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
            printf 'subjectAltName=DNS:localhost' >names
            openssl x509 -req -CA ca-cert -CAkey ca-key -CAcreateserial -in server.csr -out server.pem -days 1 -extfile names"""
        subprocess.run(["bash", "-ec", script, fixture.ssl_dir], check=True, capture_output=True)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def dump_logs(self):
        print((self.work / "log").read_text())


def pytest_configure(config):
    from kafka import KafkaAdminClient
    from test.integration import fixtures
    import py

    def open_node(self):
        if self.running:
            return
        if self.tmp_dir is None:
            self.tmp_dir = py.path.local.mkdtemp()
        self.tmp_dir.ensure(dir=True)
        self.child = Child(self)
        self.running = True

    def topic_names(self):
        with KafkaAdminClient(**self._enrich_client_params({"client_id": "topic_names"})) as admin:
            return admin.list_topics()

    fixtures.KafkaFixture.open = open_node
    fixtures.KafkaFixture.get_topic_names = topic_names
    fixtures.KafkaFixture.dump_logs = lambda self: self.child.dump_logs()
