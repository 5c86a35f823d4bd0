#!/usr/bin/env python3
"""Records what real clients send, as seeds of fuzz/kafka_session_fuzz.cc: record.py MILLRACE OUT.hex

Starts a node behind a recording proxy, lets confluent-kafka (librdkafka), kafka-python and aiokafka produce, consume in groups, work in
transactions and administer, and keeps of all connections those that add a request or a version that no shorter one has. One line a
connection: the bytes of the client, whole frames, with 16 times 'T' for the id of the topic `t`."""
import asyncio
import json
import logging
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Consumer, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic
import kafka

logging.disable(logging.CRITICAL)
STREAM_BYTES_MAX = 6_000


class Proxy:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target, self.streams = None, []

    def start(self, target):
        self.target = target
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.target)
            sent = bytearray()
            self.streams.append(sent)
            threading.Thread(target=self.pump, args=(client, server, sent), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, None), daemon=True).start()

    def pump(self, source, to, kept):
        try:
            while data := source.recv(65536):
                if kept is not None:
                    kept += data
                to.sendall(data)
        except OSError:
            pass
        for end in (source, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def librdkafka(bootstrap):
    config = {"bootstrap.servers": bootstrap, "log_level": 0}
    admin = AdminClient(config)
    admin.create_topics([NewTopic("u", 2, config={"cleanup.policy": "compact"})])["u"].result()
    admin.create_partitions([NewPartitions("u", 3)])["u"].result()
    admin.describe_configs([ConfigResource("topic", "t")])
    admin.alter_configs([ConfigResource("topic", "u", set_config={"max.message.bytes": "9000"})])
    for codec in ("none", "lz4", "zstd"):
        producer = Producer(config | {"enable.idempotence": True, "compression.type": codec})
        for i in range(3):
            producer.produce("t", f"value {i}" * 3, key=b"k", headers={"h": b"1"}, partition=0)
        producer.flush(10)
    for protocol in ("classic", "consumer"):
        more = {"partition.assignment.strategy": "cooperative-sticky"} if protocol == "classic" else {}
        consumer = Consumer(config | {"group.id": f"g-{protocol}", "group.protocol": protocol, "auto.offset.reset": "earliest"} | more)
        consumer.subscribe(["t"])
        seen = 0
        end = time.time() + 15
        while seen < 5 and time.time() < end:
            message = consumer.poll(0.2)
            seen += message is not None and not message.error()
        consumer.commit(asynchronous=False)
        consumer.close()
    producer = Producer(config | {"transactional.id": "tx"})
    producer.init_transactions()
    for commit in (True, False):
        producer.begin_transaction()
        producer.produce("t", "in a transaction", partition=1)
        reader = Consumer(config | {"group.id": "g-tx", "enable.auto.commit": False})
        reader.assign([TopicPartition("t", 0, 0)])
        reader.poll(1)
        producer.send_offsets_to_transaction([TopicPartition("t", 0, 1)], reader.consumer_group_metadata())
        producer.commit_transaction() if commit else producer.abort_transaction()
        reader.close()
    time.sleep(0.2)
    admin.list_consumer_groups().result()
    admin.describe_consumer_groups(["g-classic"])["g-classic"].result()
    admin.delete_records([TopicPartition("t", 0, 1)])
    admin.delete_consumer_groups(["g-classic"])["g-classic"].result()
    admin.delete_topics(["u"])["u"].result()


def kafka_python(bootstrap):
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap)
    producer.send("t", b"value", key=b"k", partition=0).get(10)
    producer.close()
    consumer = kafka.KafkaConsumer("t", bootstrap_servers=bootstrap, group_id="kp", auto_offset_reset="earliest", consumer_timeout_ms=4000)
    next(consumer, None)
    consumer.commit()
    consumer.close()


async def aio(bootstrap):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="aio")
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait("t", b"value", partition=1)
    await producer.stop()
    consumer = AIOKafkaConsumer("t", bootstrap_servers=bootstrap, group_id="aio", auto_offset_reset="earliest", isolation_level="read_committed")
    await consumer.start()
    await asyncio.wait_for(consumer.getone(), 10)
    await consumer.commit()
    await consumer.stop()


def frames(stream):
    at = 0
    while at + 12 <= len(stream):
        size = struct.unpack_from(">i", stream, at)[0]
        if at + 4 + size > len(stream):
            return
        yield struct.unpack_from(">hh", stream, at + 4), bytes(stream[at:at + 4 + size])
        at += 4 + size


def main():
    binary, out = sys.argv[1], pathlib.Path(sys.argv[2])
    proxy = Proxy()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "project").mkdir()
        ready = work / "ready"
        node = subprocess.Popen([binary, "run", str(work / "project"), "--data-dir", str(work / "data"), "--ready-file", str(ready), "-X", "kafka.listen=127.0.0.1:0",
                                 "-X", f"kafka.advertise=127.0.0.1:{proxy.port}", "-X", "http.listen=127.0.0.1:0", "-X", "registry.listen=127.0.0.1:0",
                                 "-X", "kafka.group-initial-delay=100ms"], stderr=subprocess.DEVNULL)
        try:
            while not ready.exists() or not ready.read_text().strip():
                time.sleep(0.1)
            host, port = json.loads(ready.read_text())["kafka"].split(":")
            proxy.start((host, int(port)))
            bootstrap = f"127.0.0.1:{proxy.port}"
            admin = AdminClient({"bootstrap.servers": bootstrap})
            admin.create_topics([NewTopic("t", 2)])["t"].result()
            librdkafka(bootstrap)
            kafka_python(bootstrap)
            asyncio.run(aio(bootstrap))
            found = admin.describe_topics(TopicCollection(["t"]))["t"].result().topic_id
            topic_id = struct.pack(">qq", found.get_most_significant_bits(), found.get_least_significant_bits())
        finally:
            node.terminate()
            node.wait()
    known, lines = set(), []
    for stream in sorted(proxy.streams, key=len):
        kept, new = b"", set()
        for what, frame in frames(stream):
            if len(kept) + len(frame) > STREAM_BYTES_MAX:
                break
            kept += frame
            new.add(what)
        if new - known:
            known |= new
            lines.append(kept.replace(topic_id, b"T" * 16).hex())
    out.write_text("# What real clients sent (fuzz/record.py), a connection a line.\n" + "\n".join(lines) + "\n")
    print(f"{len(lines)} connections, {len(known)} requests and versions")


main()
