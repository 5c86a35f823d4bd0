// kafkajs: node client.mjs HOST:PORT own|cross TOPIC [clients that have run]
import kafkajs from 'kafkajs';
import SnappyCodec from 'kafkajs-snappy';
import LZ4Codec from 'kafkajs-lz4';
import { decompress as zstdDecompress } from 'fzstd';

const { Kafka, CompressionTypes, CompressionCodecs, logLevel, ConfigResourceTypes } = kafkajs;
CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec;
CompressionCodecs[CompressionTypes.LZ4] = new (LZ4Codec.default ?? LZ4Codec)().codec;
// Read only: there is no zstd writer in plain JavaScript.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({ decompress: async (bytes) => Buffer.from(zstdDecompress(bytes)) });
const CODECS = { none: 0, gzip: 1, snappy: 2, lz4: 3 };
const ALL = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const [bootstrap, mode, crossTopic, ...clients] = process.argv.slice(2);
const runId = process.env.MILLRACE_RUN_ID ?? '0';
const NAME = 'kafkajs';
const kafka = new Kafka({ clientId: 'kafkajs-test', brokers: [bootstrap], logLevel: logLevel.NOTHING });

function check(condition, message) {
  if (!condition) throw new Error(message);
}
const crossValue = (client, codec, i) => `${client}/${codec}/${i}/` + 'payload-'.repeat(i % 50);

async function produce(topic, messages, compression = 0, config = {}) {
  const producer = kafka.producer({ allowAutoTopicCreation: true, ...config });
  await producer.connect();
  await producer.send({ topic, messages, compression, acks: -1 });
  await producer.disconnect();
}

async function waitFor(condition, seconds, message) {
  const end = Date.now() + seconds * 1000;
  while (!condition() && Date.now() < end) await new Promise((done) => setTimeout(done, 50));
  check(condition(), message());
}

async function member(topic, groupId, onMessage, state) {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 10000, heartbeatInterval: 500, rebalanceTimeout: 15000 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  consumer.on(consumer.events.GROUP_JOIN, (event) => {
    state.assigned = Object.values(event.payload.memberAssignment).flat();
  });
  await consumer.run({ eachMessage: async ({ message, partition }) => onMessage(message, partition) });
  return consumer;
}

async function adminScenario(admin) {
  const topic = `${NAME}-admin-${runId}`;
  check(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true }), 'not created');
  check(!(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })), 'created twice');
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] });
  const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
  check(metadata.topics[0].partitions.length === 4, JSON.stringify(metadata));
  await admin.alterConfigs({
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name: 'retention.ms', value: '5000000' }] }],
  });
  const configs = await admin.describeConfigs({ resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] });
  const entry = configs.resources[0].configEntries.find((one) => one.configName === 'retention.ms');
  check(entry.configValue === '5000000', JSON.stringify(entry));
  await admin.deleteTopics({ topics: [topic] });
  check(!(await admin.listTopics()).includes(topic), 'deleted topic is still listed');
}

async function recordsScenario() {
  const topic = `${NAME}-records-${runId}`;
  for (const [codec, compression] of Object.entries(CODECS)) {
    const messages = Array.from({ length: 300 }, (_, i) => ({
      key: `k${i}`, value: `${codec}-${i}`.repeat(20), headers: { codec },
    }));
    await produce(topic, messages, compression, { idempotent: compression % 2 === 0 });
  }
  await produce(topic, [{ key: 'gone', value: null }]);
  const seen = [];
  const consumer = await member(topic, `${NAME}-records-${runId}`, (message) => seen.push(message), {});
  await waitFor(() => seen.length >= 1201, 30, () => `${seen.length} of 1201 records`);
  await consumer.disconnect();
  for (const message of seen) {
    if (message.value === null) continue;
    const codec = message.headers.codec.toString();
    check(message.value.toString() === `${codec}-${message.key.toString().slice(1)}`.repeat(20), 'value differs');
  }
}

async function groupScenario(admin) {
  const topic = `${NAME}-group-${runId}`;
  const groupId = `${NAME}-group-${runId}`;
  await admin.createTopics({ topics: [{ topic, numPartitions: 4 }], waitForLeaders: true });
  const send = (from, to) =>
    produce(topic, Array.from({ length: to - from }, (_, i) => ({ value: String(from + i), partition: i % 4 })));
  await send(0, 400);
  const seen = new Set();
  const states = [{ assigned: [] }, { assigned: [] }];
  const onMessage = (message) => seen.add(Number(message.value.toString()));
  const consumers = await Promise.all(states.map((state) => member(topic, groupId, onMessage, state)));
  const spread = () => states.every((s) => s.assigned.length > 0) &&
    [...states[0].assigned, ...states[1].assigned].sort().join() === '0,1,2,3';
  await waitFor(spread, 60, () => `assignments ${JSON.stringify(states)}`);
  await waitFor(() => seen.size === 400, 30, () => `${seen.size} of 400 seen`);
  const described = await admin.describeGroups([groupId]);
  check(described.groups[0].members.length === 2 && described.groups[0].state === 'Stable', JSON.stringify(described.groups[0].state));
  await consumers[0].disconnect();
  await waitFor(() => states[1].assigned.length === 4, 40, () => `after one left: ${JSON.stringify(states)}`);
  await send(400, 440);
  await waitFor(() => seen.size === 440, 30, () => `${seen.size} of 440 seen`);
  await consumers[1].disconnect();
  const offsets = await admin.fetchOffsets({ groupId, topics: [topic] });
  check(offsets[0].partitions.every((p) => p.offset === '110'), JSON.stringify(offsets));
  check((await admin.listGroups()).groups.some((g) => g.groupId === groupId), 'group is not listed');
  await admin.deleteGroups([groupId]);
}

async function transactionScenario(admin) {
  const topic = `${NAME}-txn-${runId}`;
  const groupId = `${NAME}-txn-${runId}`;
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
  const producer = kafka.producer({ transactionalId: `${NAME}-${runId}`, maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  for (const [round, commit] of [true, false, true].entries()) {
    const transaction = await producer.transaction();
    const messages = Array.from({ length: 10 }, (_, i) => ({ value: `${round}-${i}`, partition: i % 2 }));
    await transaction.send({ topic, messages, acks: -1 });
    await transaction.sendOffsets({
      consumerGroupId: groupId, topics: [{ topic, partitions: [{ partition: 0, offset: String(round + 1) }] }],
    });
    await (commit ? transaction.commit() : transaction.abort());
  }
  await producer.disconnect();
  const seen = [];
  const consumer = await member(topic, `${groupId}-reader`, (message) => seen.push(message.value.toString()), {});
  await waitFor(() => seen.length >= 20, 30, () => `${seen.length} of 20 committed records`);
  await consumer.disconnect();
  const wanted = [0, 2].flatMap((round) => Array.from({ length: 10 }, (_, i) => `${round}-${i}`));
  check([...seen].sort().join() === wanted.sort().join(), seen.join());
  const offsets = await admin.fetchOffsets({ groupId, topics: [topic] });
  check(offsets[0].partitions.find((p) => p.partition === 0).offset === '3', JSON.stringify(offsets));
}

async function own() {
  const admin = kafka.admin();
  await admin.connect();
  await adminScenario(admin);
  console.log('able admin');
  await recordsScenario();
  console.log('able produce consume idempotent');
  await groupScenario(admin);
  console.log('able rebalance');
  await transactionScenario(admin);
  console.log('able transactional');
  for (const [codec, compression] of Object.entries(CODECS)) {
    const messages = Array.from({ length: 100 }, (_, i) => ({ value: crossValue(NAME, codec, i) }));
    await produce(crossTopic, messages, compression);
  }
  await admin.disconnect();
}

async function cross() {
  const wanted = new Set();
  for (const client of clients) {
    for (const codec of ALL) {
      if (client === NAME && codec === 'zstd') continue;
      for (let i = 0; i < 100; i++) wanted.add(crossValue(client, codec, i));
    }
  }
  const seen = [];
  const consumer = await member(crossTopic, `${NAME}-cross-${runId}`, (m) => seen.push(m.value.toString()), {});
  await waitFor(() => seen.length >= wanted.size, 40, () => `${seen.length} of ${wanted.size}`);
  await consumer.disconnect();
  check(seen.length === wanted.size && seen.every((value) => wanted.has(value)), 'the cross topic differs');
}

await (mode === 'own' ? own() : cross());
console.log('done');
process.exit(0);
