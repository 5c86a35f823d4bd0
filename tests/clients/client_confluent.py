"""confluent-kafka (librdkafka): python client_confluent.py HOST:PORT own|cross TOPIC [clients that have run]"""
import socket
import struct
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic,
                                   OffsetSpec, ResourceType)

from expectations import CODECS, CROSS_COUNT, RUN_ID, able, check, check_cross, cross_value, main, topic

NAME = "confluent"


def results(futures):
    return {key: future.result(timeout=15) for key, future in futures.items()}


def make_consumer(bootstrap, group, **more):
    return Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, "session.timeout.ms": 10000, **more})


def make_member(bootstrap, group, protocol):
    """Of a group of the classic protocol, or of KIP-848's."""
    if protocol == "classic":
        return make_consumer(bootstrap, group)
    return Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, "group.protocol": "consumer"})


def read_all(consumer, topics, seconds=30):
    """Every record of the topics up to the end offsets of now, by assignment."""
    left = {}
    for name in topics:
        for partition in consumer.list_topics(name, timeout=10).topics[name].partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=10)
            if high > low:
                left[name, partition] = high
    consumer.assign([TopicPartition(name, partition, OFFSET_BEGINNING) for name, partition in left])
    out = []
    deadline = time.time() + seconds
    while left and time.time() < deadline:
        for message in consumer.consume(500, timeout=0.5):
            check(not message.error(), message.error())
            out.append(message)
        for place in consumer.position([TopicPartition(*key) for key in left]):  # markers take offsets too
            if place.offset >= left[place.topic, place.partition]:
                del left[place.topic, place.partition]
    check(not left, f"not read to the end: {left}")
    return out


def produce(bootstrap, name, records, **config):
    failures = []
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, **config})
    for record in records:
        producer.produce(name, on_delivery=lambda e, m: failures.append(e) if e else None, **record)
        producer.poll(0)
    check(producer.flush(30) == 0, "not everything was delivered")
    check(not failures, f"{len(failures)} failed, first {failures[:1]}")


def admin_scenario(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    name = topic(NAME, "admin")
    results(admin.create_topics([NewTopic(name, 2, 1, config={"retention.ms": "3600000"})]))
    try:
        results(admin.create_topics([NewTopic(name, 2, 1)]))
        check(False, "creating it again must fail")
    except KafkaException as e:
        check(e.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS, e)
    for bad, code in (("a/b", KafkaError.TOPIC_EXCEPTION), ("none-" + name, KafkaError.INVALID_PARTITIONS)):
        try:
            results(admin.create_topics([NewTopic(bad, 0 if bad != "a/b" else 1, 1)]))
            check(False, f"creating {bad} must fail")
        except KafkaException as e:
            check(e.args[0].code() == code, e)
    results(admin.create_partitions([NewPartitions(name, 5)]))
    partitions = admin.list_topics(name, timeout=10).topics[name].partitions
    check(len(partitions) == 5, f"{len(partitions)} partitions")
    resource = ConfigResource(ResourceType.TOPIC, name)
    config = results(admin.describe_configs([resource]))[resource]
    check(config["retention.ms"].value == "3600000", config["retention.ms"])
    check(config["cleanup.policy"].value == "delete" and config["cleanup.policy"].is_default, "cleanup.policy")
    change = ConfigResource(ResourceType.TOPIC, name)
    change.add_incremental_config(ConfigEntry("max.message.bytes", "5000",
                                              incremental_operation=AlterConfigOpType.SET))
    results(admin.incremental_alter_configs([change]))
    config = results(admin.describe_configs([resource]))[resource]
    check(config["max.message.bytes"].value == "5000", config["max.message.bytes"])
    try:
        produce(bootstrap, name, [{"value": b"x" * 20000}], **{"compression.type": "none"})
        check(False, "a message larger than max.message.bytes must be refused")
    except AssertionError as e:
        check("MSG_SIZE_TOO_LARGE" in str(e), e)
    cluster = admin.describe_cluster().result(timeout=10)
    check(len(cluster.nodes) == 1 and cluster.cluster_id, cluster)
    results(admin.delete_topics([name]))
    check(name not in admin.list_topics(timeout=10).topics, "deleted topic is still listed")


def records_scenario(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    name = topic(NAME, "records")
    results(admin.create_topics([NewTopic(name, 3, 1)]))
    base = int(time.time() * 1000) - 100000
    for number, codec in enumerate(CODECS):
        produce(bootstrap, name,
                [{"value": f"{codec}-{i}".encode() * 20, "key": f"k{i}".encode(), "partition": i % 3,
                  "headers": [("codec", codec.encode()), ("empty", None)], "timestamp": base + number * 1000 + i}
                 for i in range(300)],
                **{"compression.type": codec, "enable.idempotence": number % 2 == 0, "acks": "all"})
    produce(bootstrap, name, [{"key": b"gone", "value": None, "partition": 0, "timestamp": base + 50000}])
    messages = read_all(make_consumer(bootstrap, "unused"), [name])
    check(len(messages) == 300 * len(CODECS) + 1, f"{len(messages)} records")
    tombstones = [m for m in messages if m.value() is None]
    check(len(tombstones) == 1 and tombstones[0].key() == b"gone", "tombstone")
    for message in messages:
        if message.value() is not None:
            codec = dict(message.headers())["codec"].decode()
            index = int(message.key()[1:])
            check(message.value() == f"{codec}-{index}".encode() * 20, message.value())
            check(message.timestamp()[1] == base + CODECS.index(codec) * 1000 + index, "timestamp")
    # Offsets by time: the first record of the third codec.
    consumer = make_consumer(bootstrap, "unused")
    found = consumer.offsets_for_times([TopicPartition(name, p, base + 2000) for p in range(3)], timeout=10)
    check([t.offset for t in found] == [200, 200, 200], f"offsets by time {found}")
    late = consumer.offsets_for_times([TopicPartition(name, 0, base + 900000)], timeout=10)
    check(late[0].offset == -1, f"offset of a later time {late}")
    latest = admin.list_offsets({TopicPartition(name, 0): OffsetSpec.max_timestamp()})
    check(results(latest)[TopicPartition(name, 0)].offset == 500, "offset of the largest timestamp")
    deleted = results(admin.delete_records([TopicPartition(name, 1, 100)]))
    check(deleted[TopicPartition(name, 1)].low_watermark == 100, deleted)
    check(consumer.get_watermark_offsets(TopicPartition(name, 1), timeout=10) == (100, 500), "after DeleteRecords")


def group_scenario(bootstrap, protocol):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    name, group = topic(NAME, f"group-{protocol}"), f"{NAME}-{protocol}-{RUN_ID}"
    results(admin.create_topics([NewTopic(name, 4, 1)]))
    produce(bootstrap, name, [{"value": str(i).encode(), "partition": i % 4} for i in range(400)])
    seen, assigned = [], {}
    consumers = []
    for index in range(2):
        consumer = make_member(bootstrap, group, protocol)
        consumer.subscribe([name])
        consumers.append(consumer)
    deadline = time.time() + 60
    while time.time() < deadline:
        for index, consumer in enumerate(consumers):
            for message in consumer.consume(100, timeout=0.2):
                check(not message.error(), message.error())
                seen.append(int(message.value()))
                consumer.commit(message, asynchronous=False)
            assigned[index] = [p.partition for p in consumer.assignment()]
        if len(seen) >= 400 and sorted(assigned[0] + assigned[1]) == [0, 1, 2, 3] and assigned[0] and assigned[1]:
            break
    check(sorted(assigned[0] + assigned[1]) == [0, 1, 2, 3] and assigned[0] and assigned[1], f"assignment {assigned}")
    check(sorted(set(seen)) == list(range(400)), f"{len(set(seen))} of 400 seen")
    described = results(admin.describe_consumer_groups([group]))[group]
    check(len(described.members) == 2 and described.state.name == "STABLE", described)
    # One leaves: the other takes over, from the committed offsets.
    consumers[0].close()
    produce(bootstrap, name, [{"value": str(400 + i).encode(), "partition": i % 4} for i in range(40)])
    more = []
    deadline = time.time() + 40
    while len(set(more)) < 40 and time.time() < deadline:
        for message in consumers[1].consume(100, timeout=0.5):
            check(not message.error(), message.error())
            more.append(int(message.value()))
    # What was read before the rebalance and not committed comes again.
    check(sorted(set(more)) == list(range(400, 440)), f"after the rebalance: {sorted(more)[:5]}…, {len(more)}")
    consumers[1].commit(asynchronous=False)
    consumers[1].close()
    again = make_member(bootstrap, group, protocol)
    committed = again.committed([TopicPartition(name, p) for p in range(4)], timeout=10)
    check([c.offset for c in committed] == [110] * 4, f"committed {committed}")
    again.close()
    check(group in [g.group_id for g in admin.list_consumer_groups().result(timeout=10).valid], "group is not listed")
    results(admin.delete_consumer_groups([group]))
    check(group not in [g.group_id for g in admin.list_consumer_groups().result(timeout=10).valid], "group was deleted")


def migration_scenario(bootstrap):
    """A group changes its protocol member by member, there and back; every record is read on the way."""
    name, group = topic(NAME, "migration"), f"{NAME}-migration-{RUN_ID}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    results(admin.create_topics([NewTopic(name, 4, 1)]))
    seen = set()
    sent = 0
    members = []

    def settle(count):
        """Each of `count` members has partitions, all together have all; and what is produced now is read."""
        nonlocal sent
        produce(bootstrap, name, [{"value": str(sent + i).encode(), "partition": i % 4} for i in range(40)])
        sent += 40
        assigned = []
        deadline = time.time() + 90
        while time.time() < deadline:
            for member in members:
                for message in member.consume(100, timeout=0.1):
                    check(not message.error(), message.error())
                    seen.add(int(message.value()))
                    try:
                        member.commit(message, asynchronous=False)
                    except KafkaException as e:  # a rebalance is under way: read again, by whoever has the partition then
                        check(e.args[0].retriable() or e.args[0].code() in (KafkaError.ILLEGAL_GENERATION, KafkaError.REBALANCE_IN_PROGRESS,
                              KafkaError.STALE_MEMBER_EPOCH, KafkaError.UNKNOWN_MEMBER_ID), e)
            assigned = [sorted(p.partition for p in member.assignment()) for member in members]
            if len(seen) == sent and all(assigned) and sorted(sum(assigned, [])) == [0, 1, 2, 3]:
                return
        check(False, f"{count} members: {assigned}, {len(seen)} of {sent} records")

    def join(protocol):
        members.append(make_member(bootstrap, group, protocol))
        members[-1].subscribe([name])

    for protocols in (["classic"], ["classic"], ["consumer"], ["leave", "consumer"], ["leave", "classic"], ["leave"], ["leave"]):
        for step in protocols:
            members.pop(0).close() if step == "leave" else join(step)
        settle(len(members))
    for member in members:
        member.close()


def alter_quota(bootstrap, client_id, key, value):
    """AlterClientQuotas v0 by hand: no Python client has it. Nothing: the quota is removed."""
    def text(s):
        return struct.pack(">h", len(s)) + s.encode()
    body = struct.pack(">hhi", 49, 0, 1) + text("test")
    body += struct.pack(">ii", 1, 1) + text("client-id") + text(client_id)
    body += struct.pack(">i", 1) + text(key) + struct.pack(">d??", value or 0, value is None, False)
    host, port = bootstrap.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        answer = b""
        while len(answer) < 4 or len(answer) < 4 + struct.unpack(">i", answer[:4])[0]:
            more = connection.recv(4096)
            check(more, "AlterClientQuotas was not answered")
            answer += more
    # size, correlation id, throttle time, one entry: its error.
    check(struct.unpack(">iiiih", answer[:18])[3:] == (1, 0), f"AlterClientQuotas: {answer}")


def quota_scenario(bootstrap):
    """A client that takes more of the broker's time than request_percentage is told to wait, and waits; others do not."""
    name, client_id = topic(NAME, "quota"), f"{NAME}-quota-{RUN_ID}"
    alter_quota(bootstrap, client_id, "request_percentage", 0.5)
    events, others = [], []
    common = {"bootstrap.servers": bootstrap, "linger.ms": 0, "batch.num.messages": 1}
    limited = Producer({**common, "client.id": client_id, "throttle_cb": events.append})
    free = Producer({**common, "client.id": client_id + "-other", "throttle_cb": others.append})
    sent = 0
    deadline = time.time() + 60
    while not any(e.throttle_time > 0 for e in events) and time.time() < deadline:
        for _ in range(500):
            limited.produce(name, b"v", on_delivery=lambda e, m: check(e is None, e))
            free.produce(name, b"v")
            sent += 1
        free.flush(30)
        limited.poll(0.2)
    check(any(e.throttle_time > 0 for e in events), f"never throttled in {sent} requests")
    check(not any(e.throttle_time > 0 for e in others), "another client was throttled")
    # Without the quota it goes on, and hears that it need not wait any more.
    alter_quota(bootstrap, client_id, "request_percentage", None)
    check(limited.flush(60) == 0, "not everything was delivered")
    deadline = time.time() + 60
    while events[-1].throttle_time > 0 and time.time() < deadline:
        limited.produce(name, b"v")
        limited.flush(30)
    check(events[-1].throttle_time == 0, "still throttled without a quota")


def values(bootstrap, name, **config):
    return sorted(m.value().decode() for m in read_all(make_consumer(bootstrap, "unused", **config), [name]))


def transaction_scenario(bootstrap):
    """Transactions of version 1: commit, abort, offsets, fencing."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    name, source = topic(NAME, "txn"), topic(NAME, "txn-in")
    results(admin.create_topics([NewTopic(name, 2, 1), NewTopic(source, 1, 1)]))
    config = {"bootstrap.servers": bootstrap, "transactional.id": f"{NAME}-{RUN_ID}", "transaction.timeout.ms": 30000}
    producer = Producer(config)
    producer.init_transactions(20)
    for round_, commit in enumerate([True, False, True]):
        producer.begin_transaction()
        for i in range(20):
            producer.produce(name, partition=i % 2, value=f"{round_}-{i}".encode())
        check(producer.flush(20) == 0, "not everything was delivered")
        if round_ == 1:
            consumer = make_consumer(bootstrap, "unused", **{"isolation.level": "read_committed"})
            low, high = consumer.get_watermark_offsets(TopicPartition(name, 0), timeout=10)
            check((low, high) == (0, 11), f"the last stable offset is the end for read_committed: {(low, high)}")
        producer.commit_transaction(20) if commit else producer.abort_transaction(20)
    wanted = sorted(f"{r}-{i}" for r in (0, 2) for i in range(20))
    check(values(bootstrap, name, **{"isolation.level": "read_committed"}) == wanted, "read_committed")
    check(len(values(bootstrap, name, **{"isolation.level": "read_uncommitted"})) == 60, "read_uncommitted")
    # Consume, transform, produce.
    produce(bootstrap, source, [{"value": str(i).encode()} for i in range(50)])
    group = f"{NAME}-txn-{RUN_ID}"
    consumer = make_consumer(bootstrap, group, **{"isolation.level": "read_committed"})
    consumer.subscribe([source])
    moved, attempts = 0, 0
    deadline = time.time() + 60
    while moved < 50 and time.time() < deadline:
        messages = [m for m in consumer.consume(20, timeout=1) if not m.error()]
        if not messages:
            continue
        attempts += 1
        producer.begin_transaction()
        for m in messages:
            producer.produce(name, partition=0, value=b"moved-" + m.value())
        positions = [TopicPartition(source, 0, messages[-1].offset() + 1)]
        producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), 20)
        if attempts == 2:
            producer.abort_transaction(20)
            committed = consumer.committed([TopicPartition(source, 0)], timeout=10)[0].offset
            check(committed == moved, f"aborted offsets count: {committed}, {moved} moved")
            consumer.seek(TopicPartition(source, 0, committed))
            continue
        producer.commit_transaction(20)
        moved += len(messages)
    consumer.close()
    out = [v for v in values(bootstrap, name, **{"isolation.level": "read_committed"}) if v.startswith("moved-")]
    check(out == sorted(f"moved-{i}" for i in range(50)), f"{len(out)} moved")
    # A second producer of that id fences the first.
    producer.begin_transaction()
    producer.produce(name, partition=0, value=b"zombie")
    producer.flush(20)
    second = Producer(config)
    second.init_transactions(20)
    try:
        producer.commit_transaction(20)
        check(False, "the zombie could commit")
    except KafkaException as e:
        check(e.args[0].fatal() and e.args[0].code() in (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH), e)
    check("zombie" not in values(bootstrap, name, **{"isolation.level": "read_committed"}), "the zombie is visible")


def own(bootstrap, cross_topic):
    admin_scenario(bootstrap)
    able("admin")
    records_scenario(bootstrap)
    able("produce", "consume", "idempotent")
    group_scenario(bootstrap, "classic")
    able("rebalance")
    group_scenario(bootstrap, "consumer")
    able("kip848")
    migration_scenario(bootstrap)
    transaction_scenario(bootstrap)
    able("transactional")
    quota_scenario(bootstrap)
    # Nobody creates the cross topic: auto-creation does.
    for codec in CODECS:
        produce(bootstrap, cross_topic, [{"value": cross_value(NAME, codec, i)} for i in range(CROSS_COUNT)],
                **{"compression.type": codec})


def cross(bootstrap, cross_topic, clients):
    messages = read_all(make_consumer(bootstrap, "unused"), [cross_topic])
    check_cross([m.value() for m in messages], clients)


main(own, cross)
