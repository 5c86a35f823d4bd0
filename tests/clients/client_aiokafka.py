"""aiokafka: python client_aiokafka.py HOST:PORT own|cross TOPIC [clients that have run]"""
import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from expectations import CODECS, CROSS_COUNT, RUN_ID, able, check, check_cross, cross_value, main, topic

NAME = "aiokafka"


async def produce(bootstrap, name, records, **config):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, **config)
    await producer.start()
    try:
        for future in [await producer.send(name, **record) for record in records]:
            await future
    finally:
        await producer.stop()


async def read_all(bootstrap, name, seconds=30, **config):
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, **config)
    await consumer.start()
    try:
        await consumer._client._wait_on_metadata(name)
        partitions = [TopicPartition(name, p) for p in sorted(consumer.partitions_for_topic(name))]
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        left = {p for p in partitions if ends[p] > begins[p]}
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        out = []
        end = asyncio.get_running_loop().time() + seconds
        while left and asyncio.get_running_loop().time() < end:
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                out += records
            for partition in list(left):  # markers take offsets too
                if await consumer.position(partition) >= ends[partition]:
                    left.discard(partition)
        check(not left, f"not read to the end: {left}")
        return out
    finally:
        await consumer.stop()


async def records_scenario(bootstrap):
    name = topic(NAME, "records")
    for number, codec in enumerate(CODECS):
        await produce(bootstrap, name,
                      [{"value": f"{codec}-{i}".encode() * 20, "key": f"k{i}".encode(),
                        "headers": [("codec", codec.encode())]} for i in range(300)],
                      compression_type=None if codec == "none" else codec, enable_idempotence=number % 2 == 0)
    await produce(bootstrap, name, [{"key": b"gone", "value": None}])
    records = await read_all(bootstrap, name)
    check(len(records) == 300 * len(CODECS) + 1, f"{len(records)} records")
    check([r.key for r in records if r.value is None] == [b"gone"], "tombstone")
    for record in records:
        if record.value is not None:
            codec = dict(record.headers)["codec"].decode()
            check(record.value == f"{codec}-{int(record.key[1:])}".encode() * 20, record.value)


async def member(bootstrap, name, group, seen, assignments, index, stop):
    consumer = AIOKafkaConsumer(name, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                                enable_auto_commit=False, session_timeout_ms=10000, heartbeat_interval_ms=500)
    await consumer.start()
    while not stop.is_set():
        for partition, records in (await consumer.getmany(timeout_ms=300)).items():
            seen += [int(r.value) for r in records]
            await consumer.commit({partition: records[-1].offset + 1})
        assignments[index] = sorted(p.partition for p in consumer.assignment())
    assignments[index] = []
    await consumer.stop()


async def wait_for(condition, seconds, message):
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    check(condition(), message())


async def group_scenario(bootstrap):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    name, group = topic(NAME, "group"), f"{NAME}-group-{RUN_ID}"
    await admin.create_topics([NewTopic(name, num_partitions=4, replication_factor=1)])
    await produce(bootstrap, name, [{"value": str(i).encode(), "partition": i % 4} for i in range(400)])
    seen, assignments = [], {0: [], 1: []}
    stops = [asyncio.Event(), asyncio.Event()]
    tasks = [asyncio.create_task(member(bootstrap, name, group, seen, assignments, i, stops[i])) for i in range(2)]
    try:
        await wait_for(lambda: sorted(assignments[0] + assignments[1]) == [0, 1, 2, 3] and all(assignments.values()),
                       60, lambda: f"assignments {assignments}")
        await wait_for(lambda: set(seen) == set(range(400)), 30, lambda: f"{len(set(seen))} of 400 seen")
        stops[0].set()
        await wait_for(lambda: assignments[1] == [0, 1, 2, 3], 40, lambda: f"after one left: {assignments}")
        await produce(bootstrap, name, [{"value": str(400 + i).encode(), "partition": i % 4} for i in range(40)])
        await wait_for(lambda: set(seen) == set(range(440)), 30, lambda: f"{len(set(seen))} of 440 seen")
    finally:
        for stop in stops:
            stop.set()
        await asyncio.gather(*tasks)
    offsets = await admin.list_consumer_group_offsets(group)
    check(sorted(o.offset for o in offsets.values()) == [110] * 4, f"committed {offsets}")
    check(group in str(await admin.list_consumer_groups()), "group is not listed")
    await admin.delete_topics([name])
    check(name not in await admin.list_topics(), "deleted topic is still listed")
    await admin.close()


async def transaction_scenario(bootstrap):
    name, group = topic(NAME, "txn"), f"{NAME}-txn-{RUN_ID}"
    await produce(bootstrap, name, [{"value": b"before"}])
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{NAME}-{RUN_ID}")
    await producer.start()
    try:
        for round_, commit in enumerate([True, False, True]):
            await producer.begin_transaction()
            for i in range(10):
                await producer.send_and_wait(name, f"{round_}-{i}".encode())
            await producer.send_offsets_to_transaction({TopicPartition(name, 0): round_ + 1}, group)
            await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()
    seen = [r.value.decode() for r in await read_all(bootstrap, name, isolation_level="read_committed")]
    check(seen == ["before"] + [f"{r}-{i}" for r in (0, 2) for i in range(10)], seen)
    check(len(await read_all(bootstrap, name)) == 31, "read_uncommitted")
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    offsets = await admin.list_consumer_group_offsets(group)
    await admin.close()
    check([o.offset for o in offsets.values()] == [3], f"offsets of the transaction {offsets}")


async def own_async(bootstrap, cross_topic):
    await records_scenario(bootstrap)
    able("produce", "consume", "idempotent")
    await group_scenario(bootstrap)
    able("rebalance", "admin")
    await transaction_scenario(bootstrap)
    able("transactional")
    for codec in CODECS:
        await produce(bootstrap, cross_topic, [{"value": cross_value(NAME, codec, i)} for i in range(CROSS_COUNT)],
                      compression_type=None if codec == "none" else codec)


def own(bootstrap, cross_topic):
    asyncio.run(own_async(bootstrap, cross_topic))


def cross(bootstrap, cross_topic, clients):
    check_cross([r.value for r in asyncio.run(read_all(bootstrap, cross_topic))], clients)


main(own, cross)
