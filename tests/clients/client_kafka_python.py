"""kafka-python: python client_kafka_python.py HOST:PORT own|cross TOPIC [clients that have run]"""
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.structs import OffsetAndMetadata

from expectations import CODECS, CROSS_COUNT, RUN_ID, able, check, check_cross, cross_value, main, topic

NAME = "kafka_python"


def produce(bootstrap, name, records, **config):
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, acks="all", **config)
    futures = [producer.send(name, **record) for record in records]
    producer.flush(30)
    for future in futures:
        future.get(timeout=10)
    producer.close()


def read_all(bootstrap, name, seconds=30, **config):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, **config)
    partitions = [TopicPartition(name, p) for p in sorted(consumer.partitions_for_topic(name))]
    ends = consumer.end_offsets(partitions)
    begins = consumer.beginning_offsets(partitions)
    left = {p for p in partitions if ends[p] > begins[p]}
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    out = []
    deadline = time.time() + seconds
    while left and time.time() < deadline:
        for records in consumer.poll(500).values():
            out += records
        for partition in list(left):  # markers take offsets too
            if consumer.position(partition) >= ends[partition]:
                left.discard(partition)
    consumer.close()
    check(not left, f"not read to the end: {left}")
    return out


def admin_scenario(bootstrap):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    name = topic(NAME, "admin")
    admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])
    try:
        admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])
        check(False, "creating it again must fail")
    except TopicAlreadyExistsError:
        pass
    admin.create_partitions({name: NewPartitions(4)})
    described = admin.describe_topics([name])
    check(len(described[0]["partitions"]) == 4, described)
    resource = ConfigResource(ConfigResourceType.TOPIC, name, configs={"retention.ms": "7200000"})
    admin.alter_configs([resource])
    check("7200000" in str(admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])), "retention.ms")
    admin.delete_topics([name])
    check(name not in admin.list_topics(), "deleted topic is still listed")
    admin.close()


def records_scenario(bootstrap):
    name = topic(NAME, "records")
    for number, codec in enumerate(CODECS):
        produce(bootstrap, name,
                [{"value": f"{codec}-{i}".encode() * 20, "key": f"k{i}".encode(), "headers": [("codec", codec.encode())]}
                 for i in range(300)],
                compression_type=None if codec == "none" else codec, enable_idempotence=number % 2 == 0)
    produce(bootstrap, name, [{"key": b"gone", "value": None}])
    records = read_all(bootstrap, name)
    check(len(records) == 300 * len(CODECS) + 1, f"{len(records)} records")
    check([r.key for r in records if r.value is None] == [b"gone"], "tombstone")
    for record in records:
        if record.value is not None:
            codec = dict(record.headers)["codec"].decode()
            check(record.value == f"{codec}-{int(record.key[1:])}".encode() * 20, record.value)


def run_member(bootstrap, name, group, seen, assignments, index, stop):
    consumer = KafkaConsumer(name, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                             enable_auto_commit=False, session_timeout_ms=10000, heartbeat_interval_ms=500)
    while not stop.is_set():
        for partition, records in consumer.poll(300).items():
            seen += [int(r.value) for r in records]
            consumer.commit({partition: OffsetAndMetadata(records[-1].offset + 1, f"by-{index}", -1)})
        assignments[index] = sorted(p.partition for p in consumer.assignment())
    assignments[index] = []
    consumer.close()


def wait_for(condition, seconds, message):
    deadline = time.time() + seconds
    while not condition() and time.time() < deadline:
        time.sleep(0.05)
    check(condition(), message())


def group_scenario(bootstrap):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    name, group = topic(NAME, "group"), f"{NAME}-group-{RUN_ID}"
    admin.create_topics([NewTopic(name, num_partitions=4, replication_factor=1)])
    produce(bootstrap, name, [{"value": str(i).encode(), "partition": i % 4} for i in range(400)])
    seen, assignments = [], {0: [], 1: []}
    stops = [threading.Event(), threading.Event()]
    threads = [threading.Thread(target=run_member, args=(bootstrap, name, group, seen, assignments, i, stops[i]))
               for i in range(2)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: sorted(assignments[0] + assignments[1]) == [0, 1, 2, 3] and all(assignments.values()), 60,
                 lambda: f"assignments {assignments}")
        wait_for(lambda: set(seen) == set(range(400)), 30, lambda: f"{len(set(seen))} of 400 seen")
        stops[0].set()
        wait_for(lambda: assignments[1] == [0, 1, 2, 3], 40, lambda: f"after one left: {assignments}")
        produce(bootstrap, name, [{"value": str(400 + i).encode(), "partition": i % 4} for i in range(40)])
        wait_for(lambda: set(seen) == set(range(440)), 30, lambda: f"{len(set(seen))} of 440 seen")
    finally:
        for stop in stops:
            stop.set()
        for thread in threads:
            thread.join()
    offsets = admin.list_group_offsets([group])[group]
    check(sorted(o.offset for o in offsets.values()) == [110] * 4, f"committed {offsets}")
    check({o.metadata for o in offsets.values()} == {"by-1"}, f"metadata {offsets}")
    check(group in str(admin.list_groups()), "group is not listed")
    admin.delete_groups([group])
    check(group not in str(admin.list_groups()), "group was deleted")
    admin.close()


def transaction_scenario(bootstrap):
    name, source, group = topic(NAME, "txn"), topic(NAME, "txn-in"), f"{NAME}-txn-{RUN_ID}"
    produce(bootstrap, name, [{"value": b"before"}])
    produce(bootstrap, source, [{"value": str(i).encode()} for i in range(30)])
    config = {"bootstrap_servers": bootstrap, "transactional_id": f"{NAME}-{RUN_ID}"}
    producer = KafkaProducer(**config)
    producer.init_transactions()
    for round_, commit in enumerate([True, False, True]):
        producer.begin_transaction()
        for i in range(10):
            producer.send(name, f"{round_}-{i}".encode())
        producer.flush(20)
        producer.commit_transaction() if commit else producer.abort_transaction()
    committed = [r.value.decode() for r in read_all(bootstrap, name, isolation_level="read_committed")]
    check(committed == ["before"] + [f"{r}-{i}" for r in (0, 2) for i in range(10)], committed)
    check(len(read_all(bootstrap, name)) == 31, "read_uncommitted")
    # Consume, transform, produce.
    consumer = KafkaConsumer(source, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                             enable_auto_commit=False, isolation_level="read_committed", max_poll_records=10)
    moved, attempts = 0, 0
    deadline = time.time() + 60
    while moved < 30:
        check(time.time() < deadline, f"{moved} of 30 moved")
        for partition, records in consumer.poll(500).items():
            attempts += 1
            producer.begin_transaction()
            for record in records:
                producer.send(name, b"moved-" + record.value)
            offsets = {partition: OffsetAndMetadata(records[-1].offset + 1, "", -1)}
            producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
            if attempts == 2:
                producer.abort_transaction()
                consumer.seek(partition, records[0].offset)
                continue
            producer.commit_transaction()
            moved += len(records)
    check(consumer.committed(TopicPartition(source, 0)) == 30, "offsets of the transaction")
    consumer.close()
    seen = [r.value.decode() for r in read_all(bootstrap, name, isolation_level="read_committed")]
    check(seen[21:] == [f"moved-{i}" for i in range(30)], seen[21:])
    # A second producer of that id fences the first.
    producer.begin_transaction()
    producer.send(name, b"zombie")
    producer.flush(20)
    second = KafkaProducer(**config)
    second.init_transactions()
    try:
        producer.commit_transaction()
        check(False, "the zombie could commit")
    except KafkaError:
        pass
    second.close()
    seen = [r.value for r in read_all(bootstrap, name, isolation_level="read_committed")]
    check(b"zombie" not in seen, "the zombie is visible")


def own(bootstrap, cross_topic):
    admin_scenario(bootstrap)
    able("admin")
    records_scenario(bootstrap)
    able("produce", "consume", "idempotent")
    group_scenario(bootstrap)
    able("rebalance")
    transaction_scenario(bootstrap)
    able("transactional")
    for codec in CODECS:
        produce(bootstrap, cross_topic, [{"value": cross_value(NAME, codec, i)} for i in range(CROSS_COUNT)],
                compression_type=None if codec == "none" else codec)


def cross(bootstrap, cross_topic, clients):
    check_cross([r.value for r in read_all(bootstrap, cross_topic)], clients)


main(own, cross)
