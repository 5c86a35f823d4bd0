#!/usr/bin/env python3
"""Security of a whole node's listeners, by real clients: check.py MILLRACE

confluent-kafka and kafka-python over SASL_SSL with PLAIN, SCRAM and OAUTHBEARER, over SSL with client certificates, with ACLs that
allow and deny; ACLs and users by `millrace acl|user`, by the admin clients and by Kafka's own tools; `kill -9`, a certificate
that is renewed, sessions that must authenticate again, the audit log. Tokens and roles of HTTP, WebSocket and the registry, by
the command line, Confluent's registry client and plain requests. Exit 77: a library is missing; without Java its part
is left out with a message."""
import base64
import contextlib
import datetime
import glob
import hashlib
import hmac
import ipaddress
import json
import logging
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

try:
    from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
    from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, NewTopic, ResourcePatternType,
                                       ResourceType, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion)
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
    from confluent_kafka.schema_registry.error import SchemaRegistryError
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.x509.oid import NameOID
    import kafka
    import kafka.errors
    from kafka.net.sasl.oauth import AbstractTokenProvider
except ImportError as missing:
    print(f"SKIP: {missing}")
    sys.exit(77)

logging.getLogger("kafka").setLevel(logging.CRITICAL)
HERE = pathlib.Path(__file__).parent
CLIENTS = HERE.parent / "clients"
PASSWORDS = {"admin": "admin-secret", "alice": "alice-secret", "bob": "bob,=secret"}


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def equal(found, expected, what):
    check(found == expected, f"{what}:\n  found    {found}\n  expected {expected}")


# --- certificates and tokens

class Authority:
    def __init__(self, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.sign(self.name, self.key.public_key(), True)

    def sign(self, subject, key, is_ca):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                   .not_valid_after(now + datetime.timedelta(days=1))
                   .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False))
        if not is_ca:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        else:
            builder = builder.add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, folder, file, **subject):
        key = ec.generate_private_key(ec.SECP256R1())
        kinds = {"C": NameOID.COUNTRY_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "CN": NameOID.COMMON_NAME}
        name = x509.Name([x509.NameAttribute(kinds[kind], value) for kind, value in subject.items()])
        certificate = self.sign(name, key.public_key(), False)
        (folder / f"{file}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        (folder / f"{file}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Signs tokens as an identity provider does."""

    def __init__(self):
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.secret = os.urandom(32)

    def key_set(self):
        public, point = self.rsa.public_key().public_numbers(), self.ec.public_key().public_numbers()
        number = lambda n, size=None: b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))
        return {"keys": [{"kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": number(public.n), "e": number(public.e)},
                         {"kty": "EC", "kid": "e", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)},
                         {"kty": "oct", "kid": "h", "k": b64(self.secret)}]}

    def token(self, user, algorithm="RS256", seconds=600, **changes):
        kid = {"RS256": "r", "ES256": "e", "HS256": "h"}[algorithm]
        claims = {"sub": user, "iss": "https://id.example", "aud": ["millrace"], "scope": "kafka other", "exp": time.time() + seconds, **changes}
        signed = b64(json.dumps({"alg": algorithm, "kid": kid}).encode()) + "." + b64(json.dumps(claims).encode())
        if algorithm == "RS256":
            signature = self.rsa.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        elif algorithm == "ES256":
            r, s = decode_dss_signature(self.ec.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        else:
            signature = hmac.new(self.secret, signed.encode(), hashlib.sha256).digest()
        return signed + "." + b64(signature)


# --- the node

class Node:
    def __init__(self, binary, work):
        self.binary, self.work = binary, work
        self.project = work / "project"
        self.project.mkdir()
        self.authority, self.issuer = Authority("check authority"), Issuer()
        (self.project / "ca.pem").write_bytes(self.authority.certificate.public_bytes(serialization.Encoding.PEM))
        self.authority.issue(self.project, "server", O="first", CN="localhost")
        self.authority.issue(work, "alice", O="millrace", OU="floor", CN="alice")
        self.authority.issue(work, "guest", O="elsewhere", CN="guest")
        Authority("somebody else").issue(work, "forged", O="millrace", OU="floor", CN="alice")
        (self.project / "jwks.json").write_text(json.dumps(self.issuer.key_set()))
        (self.project / "millrace.yaml").write_text("""
http: {listen: "127.0.0.1:0"}
registry: {listen: "127.0.0.1:0"}
lake: {enabled: false}
warehouse: {enabled: false}
kafka:
  listen: 127.0.0.1:0
  group-initial-delay: 200ms
  listeners: [sasl_ssl://127.0.0.1:0, ssl://127.0.0.1:0, sasl_plaintext://127.0.0.1:0]
  tls:
    certificate: server.pem
    key: server.key
    client-ca: ca.pem
    client-auth: requested
    principal-rules: RULE:^CN=([^,]+),OU=floor,.*$/$1/, DEFAULT
  sasl: {mechanisms: [PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER]}
  oauth: {keys: jwks.json, issuer: "https://id.example", audience: millrace, scopes: kafka}
  acls: {enabled: true, super-users: User:admin}
""")
        self.start()

    def start(self, *settings):
        ready = self.work / "ready"
        ready.unlink(missing_ok=True)
        with open(self.work / "log", "a") as log:
            self.process = subprocess.Popen([self.binary, "run", str(self.project), "--data-dir", str(self.work / "data"), "--ready-file", str(ready),
                                             *[word for setting in settings for word in ("-X", setting)]], stderr=log, stdout=log)
        deadline = time.time() + 60
        while not ready.exists() or not ready.read_text().strip():
            check(self.process.poll() is None and time.time() < deadline, "the node did not start")
            time.sleep(0.05)
        addresses = json.loads(ready.read_text())
        self.http, self.registry = addresses["http"], addresses["registry"]
        self.listeners = dict(text.split("://") for text in addresses["kafka_listeners"])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        equal(self.process.wait(30), 0, "exit status")

    def log(self):
        return (self.work / "log").read_text()

    def cli(self, *words, stdin="", fails=False):
        done = subprocess.run([self.binary, *words, "--url", f"http://{self.http}"], input=stdin, capture_output=True, text=True, timeout=60)
        check((done.returncode != 0) == fails, f"millrace {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return done

    # --- how clients connect
    def confluent(self, how, user=None, **changes):
        protocol = "SSL" if how == "mtls" else "SASL_SSL"
        config = {"bootstrap.servers": self.listeners[protocol].replace("127.0.0.1", "localhost"), "security.protocol": protocol,
                  "ssl.ca.location": str(self.project / "ca.pem"), "broker.address.family": "v4", "socket.timeout.ms": 5000,
                  "log_level": 0, "error_cb": lambda error: None}
        if how == "mtls":
            config |= {"ssl.certificate.location": str(self.work / f"{user}.pem"), "ssl.key.location": str(self.work / f"{user}.key")}
        elif how.startswith("OAUTH"):
            algorithm = how.partition(":")[2] or "RS256"
            config |= {"sasl.mechanism": "OAUTHBEARER",
                       "oauth_cb": lambda _: (self.issuer.token(user, algorithm), time.time() + 600)}
        else:
            config |= {"sasl.mechanism": how, "sasl.username": user, "sasl.password": PASSWORDS[user]}
        return config | changes

    def kafka_python(self, how, user=None, **changes):
        protocol = "SSL" if how == "mtls" else "SASL_SSL"
        config = {"bootstrap_servers": self.listeners[protocol].replace("127.0.0.1", "localhost"), "security_protocol": protocol,
                  "ssl_cafile": str(self.project / "ca.pem"), "request_timeout_ms": 8000}
        if how == "mtls":
            config |= {"ssl_certfile": str(self.work / f"{user}.pem"), "ssl_keyfile": str(self.work / f"{user}.key")}
        elif how.startswith("OAUTH"):
            issuer, algorithm = self.issuer, how.partition(":")[2] or "RS256"

            class Provider(AbstractTokenProvider):
                def token(self):
                    return issuer.token(user, algorithm)
            config |= {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": Provider()}
        else:
            config |= {"sasl_mechanism": how, "sasl_plain_username": user, "sasl_plain_password": PASSWORDS[user]}
        return config | changes


# --- what clients do

def produce(config, topic, value):
    """The error's name, or None."""
    outcome = []
    producer = Producer(config | {"message.timeout.ms": 6000})
    producer.produce(topic, value, callback=lambda error, message: outcome.append(error.name() if error else None))
    producer.flush(10)
    return outcome[0] if outcome else "_TIMED_OUT"


def consume(config, topic, count, group):
    consumer = Consumer(config | {"group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    values, deadline = [], time.time() + 15
    try:
        while len(values) < count and time.time() < deadline:
            message = consumer.poll(0.2)
            if message is not None and message.error():
                raise KafkaException(message.error())
            if message is not None:
                values.append(message.value().decode())
    finally:
        consumer.close()
    return values


def topics_of(config):
    return sorted(AdminClient(config).list_topics(timeout=8).topics)


def refused(action):
    try:
        action()
    except (KafkaException, kafka.errors.KafkaError):
        return True
    return False


def wait_until(what, condition, seconds=20):
    deadline = time.time() + seconds
    while not condition():
        check(time.time() < deadline, f"{what}: not within {seconds} s")
        time.sleep(0.1)


# --- the parts

def users_by_command_line(node):
    for user, password in PASSWORDS.items():
        node.cli("user", "create", user, "--password-file", "-", stdin=password + "\n")
    listed = json.loads(node.cli("user", "list", "--format", "json").stdout)
    equal([row["user"] for row in listed], sorted(PASSWORDS), "users")
    equal(listed[0]["mechanisms"], "SCRAM-SHA-256, SCRAM-SHA-512", "their mechanisms")
    check("changed the password" in node.cli("user", "password", "bob", "--password-file", "-", stdin=PASSWORDS["bob"]).stderr, "password")
    check("did you mean `alice`?" in node.cli("user", "delete", "alcie", "--yes", fails=True).stderr, "a wrong name has a suggestion")
    equal(node.cli("user", "delete", "bob", fails=True).returncode, 2, "nothing is deleted unasked")


def acls_by_command_line(node):
    common = ["acl", "create", "--principal", "User:alice"]
    node.cli(*common, "--operation", "read", "--operation", "write", "--operation", "create", "--type", "topic", "--name", "orders", "--pattern", "prefixed")
    node.cli(*common, "--operation", "read", "--type", "group", "--name", "billing", "--pattern", "prefixed")
    listed = json.loads(node.cli("acl", "list", "--format", "json", "--principal", "User:alice").stdout)
    equal(len(listed), 4, "ACLs of alice")
    equal(json.loads(node.cli("acl", "list", "--format", "json", "--pattern", "match", "--type", "topic", "--name", "orders.eu", "--operation", "read").stdout),
          [{"principal": "User:alice", "permission": "Allow", "operation": "Read", "type": "Topic", "name": "orders", "pattern": "Prefixed", "host": "*"}],
          "what speaks of orders.eu")
    check("did you mean" in node.cli(*common, "--operation", "raed", "--type", "topic", "--name", "x", fails=True).stderr, "a wrong operation has a suggestion")
    node.cli(*common, "--operation", "all", "--type", "topic", "--name", "orders.secret", "--permission", "deny")


MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER:RS256", "OAUTHBEARER:ES256", "OAUTHBEARER:HS256", "mtls"]


def confluent_clients(node):
    admin = AdminClient(node.confluent("SCRAM-SHA-512", "admin"))
    for topic in ("orders", "orders.secret", "payroll"):
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    for number, how in enumerate(MECHANISMS):
        config = node.confluent(how, "alice")
        equal(topics_of(config), ["orders"], f"topics alice sees with {how}")
        equal(produce(config | {"enable.idempotence": True}, "orders", f"confluent {how}"), None, f"alice produces with {how}")
        equal(produce(config, "payroll", "no"), "TOPIC_AUTHORIZATION_FAILED", f"alice does not produce to payroll with {how}")
        values = consume(config, "orders", number + 1, f"billing-{number}")
        equal(values, [f"confluent {one}" for one in MECHANISMS[:number + 1]], f"alice consumes with {how}")
    alice = node.confluent("PLAIN", "alice")
    equal(produce(alice, "orders.secret", "no"), "TOPIC_AUTHORIZATION_FAILED", "a deny wins")
    equal(produce(alice, "orders.new", "made"), None, "a topic she may create is made")
    check(refused(lambda: consume(alice, "orders", 1, "other")), "a group of others")
    equal(topics_of(node.confluent("SCRAM-SHA-256", "bob")), [], "bob sees nothing")
    equal(topics_of(node.confluent("mtls", "guest")), [], "a stranger with a certificate sees nothing")
    # librdkafka does not show a certificate whose issuer the server did not name: it comes as nobody.
    forged = node.confluent("mtls", "forged")
    check(refused(lambda: AdminClient(forged).list_topics(timeout=3)) or topics_of(forged) == [], "a forged certificate is alice's")
    for who, config in [("a wrong password", node.confluent("PLAIN", "alice", **{"sasl.password": "wrong"})),
                        ("a wrong password (SCRAM)", node.confluent("SCRAM-SHA-256", "alice", **{"sasl.password": "wrong"})),
                        ("an unknown user", node.confluent("SCRAM-SHA-512", "alice", **{"sasl.username": "nobody"})),
                        ("an expired token", node.confluent("OAUTHBEARER", "alice", oauth_cb=lambda _: (node.issuer.token("alice", seconds=-600), time.time() + 600))),
                        ("a token for others", node.confluent("OAUTHBEARER", "alice", oauth_cb=lambda _: (node.issuer.token("alice", aud="x"), time.time() + 600)))]:
        check(refused(lambda: AdminClient(config).list_topics(timeout=3)), f"{who} gets in")


def kafka_python_clients(node):
    for how in MECHANISMS:
        config = node.kafka_python(how, "alice")
        text = f"kafka-python {how}".encode()
        producer = kafka.KafkaProducer(**config)
        producer.send("orders.python", text).get(10)
        producer.close()
        consumer = kafka.KafkaConsumer("orders.python", group_id=f"billing-python-{how}".replace(":", "-"), auto_offset_reset="earliest",
                                       consumer_timeout_ms=15000, **config)
        for message in consumer:
            if message.value == text:
                break
        else:
            check(False, f"kafka-python reads back with {how}")
        consumer.close()
    bob = kafka.KafkaProducer(max_block_ms=4000, **node.kafka_python("SCRAM-SHA-256", "bob"))
    check(refused(lambda: bob.send("orders.python", b"no").get(6)), "bob produces")
    wrong = node.kafka_python("PLAIN", "alice", sasl_plain_password="wrong")
    check(refused(lambda: kafka.KafkaProducer(max_block_ms=4000, **wrong).send("orders.python", b"no").get(6)), "kafka-python with a wrong password")


def admin_clients(node):
    admin = AdminClient(node.confluent("SCRAM-SHA-256", "admin"))
    binding = AclBinding(ResourceType.TOPIC, "payroll", ResourcePatternType.LITERAL, "User:bob", "*", AclOperation.DESCRIBE, AclPermissionType.ALLOW)
    admin.create_acls([binding])[binding].result(10)
    equal(topics_of(node.confluent("SCRAM-SHA-256", "bob")), ["payroll"], "bob sees payroll")
    everything = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, "User:bob", None, AclOperation.ANY, AclPermissionType.ANY)
    equal([acl.name for acl in admin.describe_acls(everything).result(10)], ["payroll"], "ACLs of bob")
    equal(len(admin.delete_acls([everything])[everything].result(10)), 1, "ACLs of bob deleted")
    equal(topics_of(node.confluent("SCRAM-SHA-256", "bob")), [], "bob sees nothing again")
    PASSWORDS["carol"] = "carol-secret"
    change = UserScramCredentialUpsertion("carol", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 8192), b"carol-secret")
    admin.alter_user_scram_credentials([change])["carol"].result(10)
    described = admin.describe_user_scram_credentials(["carol"])["carol"].result(10)
    equal([(info.mechanism, info.iterations) for info in described.scram_credential_infos], [(ScramMechanism.SCRAM_SHA_256, 8192)], "carol")
    equal(topics_of(node.confluent("SCRAM-SHA-256", "carol")), [], "carol is in")
    alice = AdminClient(node.confluent("SCRAM-SHA-256", "alice"))
    check(refused(lambda: alice.create_acls([binding])[binding].result(10)), "alice makes ACLs")
    check(refused(lambda: alice.alter_user_scram_credentials([change])["carol"].result(10)), "alice alters users")
    check(refused(lambda: alice.delete_topics(["payroll"])["payroll"].result(10)), "alice deletes topics")


def after_a_crash(node):
    node.kill()
    node.start()
    equal(topics_of(node.confluent("SCRAM-SHA-512", "alice"))[:1], ["orders"], "alice after kill -9")
    equal(topics_of(node.confluent("SCRAM-SHA-256", "carol")), [], "carol after kill -9")
    node.cli("user", "delete", "carol", "--yes")
    check(refused(lambda: AdminClient(node.confluent("SCRAM-SHA-256", "carol")).list_topics(timeout=3)), "carol is out")
    node.cli("acl", "delete", "--principal", "User:alice", "--permission", "deny", "--yes")
    equal(produce(node.confluent("PLAIN", "alice"), "orders.secret", "now"), None, "without the deny")


def organization(node, address):
    """What the certificate that is shown at an address says."""
    context = ssl.create_default_context(cafile=node.project / "ca.pem")
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), 5) as plain, context.wrap_socket(plain, server_hostname="localhost") as tls:
        return dict(pair[0] for pair in tls.getpeercert()["subject"])["organizationName"]


def renewed_certificate(node):
    listener = node.listeners["SSL"]
    equal(organization(node, listener), "first", "certificate")
    producer = Producer(node.confluent("PLAIN", "alice"))
    producer.produce("orders", "before")
    equal(producer.flush(10), 0, "produced before")
    node.authority.issue(node.project, "server", O="renewed", CN="localhost")
    wait_until("the renewed certificate", lambda: organization(node, listener) == "renewed")
    producer.produce("orders", "after")
    equal(producer.flush(10), 0, "the open connection goes on")


def load_commands(node):
    """`millrace replay` and `generate` as users of the Kafka listeners, by librdkafka's names and by Java's."""
    events, token = node.work / "events.jsonl", node.work / "token.jwt"
    events.write_text("".join(json.dumps({"occurred_at": f"2026-01-01T00:00:0{i}Z"}) + "\n" for i in range(3)))
    token.write_text(node.issuer.token("alice") + "\n")
    authority = node.project / "ca.pem"
    jaas = f'org.apache.kafka.common.security.plain.PlainLoginModule required \\\n    username="alice" password="{PASSWORDS["alice"]}";'
    ways = {
        "SASL_SSL": [f"sasl.mechanism=SCRAM-SHA-512\nsasl.username=alice\nsasl.password={PASSWORDS['alice']}\nssl.ca.location={authority}",
                     f"# as Java's clients have it\nsasl.mechanism=PLAIN\nsasl.jaas.config={jaas}\nssl.truststore.type=PEM\nssl.truststore.location={authority}",
                     f"sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=file://{token}\nssl.ca.location={authority}"],
        "SSL": [f"ssl.ca.location={authority}\nssl.certificate.location={node.work / 'alice.pem'}\nssl.key.location={node.work / 'alice.key'}"]}
    config = node.work / "client.properties"

    def replay(protocol, text, *more, topic="orders"):
        config.write_text(f"security.protocol={protocol}\n{text}\n")
        return subprocess.run([node.binary, "replay", str(events), "--topic", topic, "--speed", "0", "--bootstrap-server", node.listeners[protocol].replace("127.0.0.1", "localhost"),
                               "--command-config", str(config), "--command-property", "broker.address.family=v4", *more], capture_output=True, text=True, timeout=60)
    for protocol, texts in ways.items():
        for text in texts:
            done = replay(protocol, text)
            check(done.returncode == 0 and "replayed 3 events" in done.stderr, f"replay over {protocol} with {text}: {done.stderr}")
    wrong = replay("SASL_SSL", ways["SASL_SSL"][0], "--command-property", "sasl.password=wrong")
    check(wrong.returncode != 0 and "uthentication" in wrong.stderr and "wrong" not in wrong.stderr, f"a wrong password: {wrong.stderr}")
    denied = replay("SASL_SSL", ways["SASL_SSL"][0], topic="payroll")
    check(denied.returncode != 0 and "authorization failed" in denied.stderr, f"a topic of others: {denied.stderr}")
    unknown = replay("SASL_SSL", "sasl.mechanizm=PLAIN")
    check("sasl.mechanizm" in unknown.stderr, unknown.stderr)


def journal_bytes(node):
    """All that is in the journal's files, of which the node may be making or renaming one: then once more."""
    for _ in range(100):
        with contextlib.suppress(FileNotFoundError):
            return b"".join(pathlib.Path(path).read_bytes() for path in glob.glob(str(node.work / "data/journal/*")))
    raise AssertionError("the journal's files never stay as they are")


def audited(node):
    log = node.log()
    for line in ("User:admin", "CreateTopics: topic orders NONE", "CreateAcls: acl NONE (Allow User:bob Describe on Topic payroll (Literal) from *)",
                 "CreateAcls: acl CLUSTER_AUTHORIZATION_FAILED", "AlterUserScramCredentials: user carol NONE", "PUT user alice: done",
                 "DeleteTopics: topic payroll TOPIC_AUTHORIZATION_FAILED"):
        check(line in log, f"the audit log lacks: {line}")
    for password in PASSWORDS.values():
        check(password not in log, "a password is in the log")
    data = journal_bytes(node)
    for password in PASSWORDS.values():
        check(password.encode() not in data, "a password is in the journal")


def java_tools(node):
    if not shutil.which("java") or not shutil.which("mvn"):
        print("  left out: java or maven is not installed")
        return
    path = node.work / "tools.cp"
    done = subprocess.run(["mvn", "-q", "dependency:build-classpath", f"-Dmdep.outputFile={path}"], cwd=CLIENTS / "tools", capture_output=True)
    if done.returncode != 0:
        print("  left out: maven could not fetch kafka-tools")
        return
    config = node.work / "admin.properties"
    config.write_text(f"""security.protocol=SASL_SSL
ssl.truststore.type=PEM
ssl.truststore.location={node.project / 'ca.pem'}
ssl.endpoint.identification.algorithm=
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="admin-secret";
""")

    def tool(name, *words):
        done = subprocess.run(["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", path.read_text(), name,
                               "--bootstrap-server", node.listeners["SASL_SSL"], "--command-config", str(config), *words],
                              capture_output=True, text=True, timeout=120)
        equal(done.returncode, 0, f"{name} {' '.join(words)}: {done.stdout} {done.stderr}")
        return done.stdout
    acls, configs = "org.apache.kafka.tools.AclCommand", "kafka.admin.ConfigCommand"
    tool(acls, "--add", "--allow-principal", "User:dave", "--consumer", "--topic", "payroll", "--group", "dave")
    listed = tool(acls, "--list", "--principal", "User:dave")
    for word in ("ResourcePattern(resourceType=TOPIC, name=payroll, patternType=LITERAL)", "operation=READ", "resourceType=GROUP"):
        check(word in listed, f"kafka-acls --list: {word} in {listed}")
    check("principal=User:alice" in tool(acls, "--list", "--topic", "orders", "--resource-pattern-type", "match"), "kafka-acls by match")
    tool(acls, "--remove", "--allow-principal", "User:dave", "--consumer", "--topic", "payroll", "--group", "dave", "--force")
    check("User:dave" not in tool(acls, "--list"), "kafka-acls --remove")
    tool(configs, "--alter", "--add-config", "SCRAM-SHA-256=[iterations=4096,password=dave-secret]", "--entity-type", "users", "--entity-name", "dave")
    check("SCRAM-SHA-256=iterations=4096" in tool(configs, "--describe", "--entity-type", "users", "--entity-name", "dave"), "kafka-configs --describe")
    PASSWORDS["dave"] = "dave-secret"
    equal(topics_of(node.confluent("PLAIN", "dave")), [], "dave is in")
    tool(configs, "--alter", "--delete-config", "SCRAM-SHA-256", "--entity-type", "users", "--entity-name", "dave")
    check(refused(lambda: AdminClient(node.confluent("PLAIN", "dave")).list_topics(timeout=3)), "dave is out")
    reauthentication(node, path, config)


def reauthentication(node, path, config):
    """A Java producer that works for longer than its session may last."""
    node.stop()
    node.start("kafka.sasl.max-reauth=2s")
    done = subprocess.run(["java", "-XX:+UseSerialGC", "-Xmx256m", "-cp", path.read_text(), "org.apache.kafka.tools.ProducerPerformance", "--topic", "orders",
                           "--num-records", "600", "--record-size", "100", "--throughput", "100", "--bootstrap-server", node.listeners["SASL_SSL"],
                           "--command-config", str(config)], capture_output=True, text=True, timeout=120)
    check(done.returncode == 0 and "600 records sent" in done.stdout, f"producing for 6 s with sessions of 2 s: {done.stdout} {done.stderr}")
    check("authentication had expired" not in node.log(), "it was cut off")


def http_status(node, path, token=None, method="GET", body=None, **headers):
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(f"http://{node.http}{path}", method=method, headers=headers, data=None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def live(node, protocols):
    """A connection that asked to be a WebSocket, and the answer's head."""
    host, port = node.http.split(":")
    connection = socket.create_connection((host, int(port)), 30)
    connection.sendall((f"GET /api/v1/live HTTP/1.1\r\nHost: {node.http}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        f"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: {protocols}\r\n\r\n").encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        check(byte, "the connection was closed before it answered")
        head += byte
    return connection, head.decode()


def close_code(connection):
    """Of a WebSocket that the server closes: heartbeats are passed over."""
    data = b""
    while True:
        while len(data) >= 2 and len(data) >= 2 + (data[1] & 127):
            size = 2 + (data[1] & 127)
            if data[0] & 15 == 8:
                return int.from_bytes(data[2:4], "big")
            data = data[size:]
        more = connection.recv(4096)
        check(more, "the connection was closed without a word")
        data += more


def tokens_and_roles(node):
    wrong = node.cli("token", "add", "grafana", "--role", "viewer", fails=True)
    check("the first token must have the role admin" in wrong.stderr, wrong.stderr)
    check("did you mean `viewer`" in node.cli("token", "add", "x", "--role", "viewr", fails=True).stderr, "a role's name")
    admin = node.cli("token", "add", "ops", "--role", "admin").stdout.strip()
    check(admin.startswith("mr_") and len(admin) == 46, f"a token: {admin}")
    given = {role: node.cli("--token", admin, "token", "add", role, "--role", role).stdout.strip() for role in ("viewer", "operator", "engineer")}
    given["admin"] = admin
    check("needs a token" in node.cli("topic", "list", fails=True).stderr, "nobody without a token")
    for path in ("/healthz", "/readyz", "/version", "/"):
        check(http_status(node, path) in (200, 404), f"{path} is open")
    # What each role is answered: 401 and 403 are refusals, anything else came through.
    ladder = [("viewer", "GET", "/api/v1/topics", None), ("viewer", "GET", "/metrics", None), ("viewer", "GET", "/api/v1/views", None),
              ("operator", "POST", "/api/v1/groups/none/reset", {"to": "earliest"}), ("operator", "POST", "/api/v1/transactions/none/abort", {}),
              ("engineer", "POST", "/api/v1/topics", {"name": "by-http", "partitions": 1}), ("engineer", "DELETE", "/api/v1/topics/by-http", None),
              ("admin", "GET", "/api/v1/security/users", None), ("admin", "GET", "/api/v1/security/acls", None), ("admin", "GET", "/api/v1/security/tokens", None)]
    roles = ["viewer", "operator", "engineer", "admin"]
    for needed, method, path, body in ladder:
        equal(http_status(node, path, None, method, body), 401, f"{method} {path} by nobody")
        equal(http_status(node, path, "mr_wrong", method, body), 401, f"{method} {path} with a wrong token")
        for role in roles:
            status = http_status(node, path, given[role], method, body)
            check((status == 403) == (roles.index(role) < roles.index(needed)) and status != 401, f"{method} {path} by {role}: {status}")
    for protocols in ("millrace.v1", "millrace.v1, bearer.mr_wrong"):
        equal(live(node, protocols)[1].split()[1], "401", "a WebSocket without a token")
    wall = node.cli("--token", admin, "token", "add", "wall", "--role", "viewer").stdout.strip()
    socket_of_wall, head = live(node, f"millrace.v1, bearer.{wall}")
    check(head.split()[1] == "101" and "Sec-WebSocket-Protocol: millrace.v1\r\n" in head, f"a WebSocket with a token: {head}")
    node.cli("--token", admin, "token", "delete", "wall", "--yes")
    equal(close_code(socket_of_wall), 1008, "the WebSocket of a token that was deleted")
    schema = Schema('{"type":"record","name":"r","fields":[{"name":"a","type":"int"}]}', "AVRO")
    registry = lambda **more: SchemaRegistryClient({"url": f"http://{node.registry}", **more})
    by = lambda role: registry(**{"basic.auth.user.info": f"{role}:{given[role]}"})
    for client, status in ((registry(), 401), (by("viewer"), 403)):
        try:
            client.register_schema("tokens-value", schema)
            check(False, "a schema was registered")
        except SchemaRegistryError as error:
            equal(error.http_status_code, status, "registering a schema")
    by("engineer").register_schema("tokens-value", schema)
    equal(by("viewer").get_subjects(), ["tokens-value"], "subjects for a viewer")
    node.kill()
    node.start("http.listen=0.0.0.0:0", "http.allowed-hosts=node.example")
    equal(http_status(node, "/api/v1/topics", given["viewer"]), 200, "after kill -9, beyond loopback")
    node.stop()
    # Both listeners over TLS, by the command line and by Confluent's client.
    node.start("http.tls.certificate=server.pem", "http.tls.key=server.key")
    done = subprocess.run([node.binary, "topic", "list", "--format", "json", "--url", f"https://{node.http}", "--ca", str(node.project / "ca.pem"), "--token", admin],
                          capture_output=True, text=True, timeout=60)
    check(done.returncode == 0 and "orders" in done.stdout, f"over https: {done.stderr}")
    done = subprocess.run([node.binary, "topic", "list", "--url", f"https://{node.http}", "--token", admin], capture_output=True, text=True, timeout=60)
    check(done.returncode == 3, f"a certificate nobody vouches for: {done.stderr}")
    secure = SchemaRegistryClient({"url": f"https://{node.registry}", "ssl.ca.location": str(node.project / "ca.pem"), "basic.auth.user.info": f"x:{admin}"})
    equal(secure.get_subjects(), ["tokens-value"], "subjects over https")
    node.authority.issue(node.project, "server", O="renewed again", CN="localhost")
    for address in (node.http, node.registry):
        wait_until("the renewed certificate of HTTP", lambda: organization(node, address) == "renewed again")
    node.stop()
    node.start("http.trust-local=true")
    node.cli("token", "delete", "viewer", "--yes")
    equal(http_status(node, "/api/v1/topics", given["viewer"]), 401, "a deleted token")
    check("the last token of an admin" in node.cli("token", "delete", "ops", "--yes", fails=True).stderr, "an admin stays")
    for name in ("operator", "engineer", "ops"):
        node.cli("token", "delete", name, "--yes")
    node.stop()
    node.start()
    equal(json.loads(node.cli("token", "--format", "json").stdout), [], "no tokens")
    log = node.log()
    for line in ("POST token ops: done", " engineer POST /api/v1/topics", " viewer POST /api/v1/topics: refused", "DELETE token ops: done"):
        check(line in log, f"the audit log lacks: {line}")
    data = journal_bytes(node)
    for token in given.values():
        check(token not in log and token.encode() not in data, "a token is in the log or the journal")


def beyond_loopback(node):
    for settings, wanted in [(["http.listen=0.0.0.0:0"], "http.listen = 0.0.0.0:0 listens beyond this machine without authentication"),
                             (["registry.listen=0.0.0.0:0"], "registry.listen = 0.0.0.0:0 listens beyond this machine without authentication"),
                             (["kafka.listen=0.0.0.0:0", "kafka.listeners="], "listens beyond this machine without authentication"),
                             (["kafka.listeners=ssl://0.0.0.0:0"], "listens beyond this machine without authentication"),
                             (["kafka.listeners=sasl_ssl://0.0.0.0:0"], "kafka.advertised-listeners must say"),
                             (["kafka.listeners=sasl_sll://127.0.0.1:0"], "did you mean `sasl_ssl`?"),
                             (["kafka.sasl.mechanisms=SCRAM-SHA-25"], "did you mean `SCRAM-SHA-256`?"),
                             (["kafka.tls.key=none.key"], "none.key"),
                             (["kafka.tls.key="], "needs kafka.tls.certificate and kafka.tls.key"),
                             (["kafka.oauth.keys=server.pem"], "kafka.oauth.keys")]:
        words = [word for setting in settings for word in ("-X", setting)]
        done = subprocess.run([node.binary, "run", str(node.project), "--data-dir", str(node.work / "other"), *words], capture_output=True, text=True, timeout=30)
        check(done.returncode != 0 and wanted in done.stderr, f"{' '.join(settings)}: {done.stderr}")


def main():
    binary = os.path.abspath(sys.argv[1])
    work = pathlib.Path(tempfile.mkdtemp(prefix="millrace-security-"))
    node = Node(binary, work)
    try:
        for part in (users_by_command_line, acls_by_command_line, confluent_clients, kafka_python_clients, admin_clients, after_a_crash, renewed_certificate,
                     load_commands, audited, beyond_loopback, tokens_and_roles, java_tools):
            start = time.time()
            part(node)
            print(f"ok   {part.__name__.replace('_', ' ')} ({time.time() - start:.1f} s)", flush=True)
        node.stop()
    except BaseException:
        print((work / "log").read_text()[-6000:])
        raise
    finally:
        if node.process.poll() is None:
            node.process.kill()
    shutil.rmtree(work)
    print("security: all as it should be")


main()
