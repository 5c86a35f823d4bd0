// The official Java client: java millrace.Client HOST:PORT own|cross TOPIC [clients that have run]
package millrace;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Client {
    private static final String NAME = "java";
    private static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};
    private static final String RUN = Optional.ofNullable(System.getenv("MILLRACE_RUN_ID")).orElse("0");
    /** Not an assignor: a group of KIP-848, where the broker assigns. */
    private static final String NEXT = "consumer";
    private static String bootstrap;

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        if (args[1].equals("own")) {
            admin();
            System.out.println("able admin");
            records();
            System.out.println("able produce consume idempotent");
            for (String assignor : List.of("RangeAssignor", "CooperativeStickyAssignor")) group(assignor);
            System.out.println("able rebalance");
            group(NEXT);
            System.out.println("able kip848");
            new Transactions(bootstrap, RUN).run();
            System.out.println("able transactional");
            for (String codec : CODECS) {
                try (KafkaProducer<byte[], byte[]> producer = producer(codec, true)) {
                    for (int i = 0; i < 100; i++) producer.send(new ProducerRecord<>(args[2], crossValue(NAME, codec, i).getBytes()));
                }
            }
        } else {
            cross(args[2], List.of(args).subList(3, args.length));
        }
        System.out.println("done");
    }

    private static void check(boolean condition, Object message) {
        if (!condition) throw new AssertionError(String.valueOf(message));
    }

    private static String crossValue(String client, String codec, int i) {
        return client + "/" + codec + "/" + i + "/" + "payload-".repeat(i % 50);
    }

    private static KafkaProducer<byte[], byte[]> producer(String codec, boolean idempotent) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("compression.type", codec);
        p.put("enable.idempotence", idempotent);
        p.put("acks", "all");
        p.put("linger.ms", 5);
        p.put("delivery.timeout.ms", 30000);
        p.put("request.timeout.ms", 10000);
        return new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static KafkaConsumer<byte[], byte[]> consumer(String group, String assignor) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        if (group != null) p.put("group.id", group);
        p.put("auto.offset.reset", "earliest");
        p.put("enable.auto.commit", false);
        if (NEXT.equals(assignor)) {
            p.put("group.protocol", "consumer");
            return new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        }
        p.put("session.timeout.ms", 10000);
        p.put("heartbeat.interval.ms", 500);
        if (assignor != null) p.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer." + assignor);
        return new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static Admin adminClient() {
        return Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    private static <T extends Throwable> void fails(Class<T> type, Future<?> future) throws Exception {
        try {
            future.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            check(type.isInstance(e.getCause()), "expected " + type + ", got " + e.getCause());
            return;
        }
        check(false, "expected " + type);
    }

    private static void admin() throws Exception {
        String name = "java-admin-" + RUN;
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        try (Admin admin = adminClient()) {
            admin.createTopics(List.of(new NewTopic(name, 2, (short) 1).configs(Map.of("retention.ms", "3600000")))).all().get();
            fails(TopicExistsException.class, admin.createTopics(List.of(new NewTopic(name, 2, (short) 1))).all());
            fails(InvalidConfigurationException.class, admin.createTopics(
                    List.of(new NewTopic("bad-" + name, 1, (short) 1).configs(Map.of("retention.mss", "1")))).all());
            admin.createPartitions(Map.of(name, NewPartitions.increaseTo(5))).all().get();
            check(admin.describeTopics(List.of(name)).allTopicNames().get().get(name).partitions().size() == 5, "partitions");
            Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
            check(config.get("retention.ms").value().equals("3600000") && !config.get("retention.ms").isDefault(), config);
            admin.incrementalAlterConfigs(Map.of(resource, List.of(
                    new AlterConfigOp(new ConfigEntry("max.message.bytes", "5000"), AlterConfigOp.OpType.SET),
                    new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), AlterConfigOp.OpType.APPEND),
                    new AlterConfigOp(new ConfigEntry("retention.ms", ""), AlterConfigOp.OpType.DELETE)))).all().get();
            config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
            check(config.get("max.message.bytes").value().equals("5000"), config);
            check(Set.of(config.get("cleanup.policy").value().split(",")).equals(Set.of("delete", "compact")), config);
            check(config.get("retention.ms").isDefault(), config);
            try (KafkaProducer<byte[], byte[]> producer = producer("none", true)) {
                fails(RecordTooLargeException.class, producer.send(new ProducerRecord<>(name, "k".getBytes(), new byte[20000])));
            }
            check(admin.describeCluster().nodes().get().size() == 1, "nodes");
            check(!admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.BROKER, "1"))).all().get().isEmpty(), "broker");
            check(!admin.describeLogDirs(List.of(1)).allDescriptions().get().isEmpty(), "log dirs");
            admin.deleteTopics(List.of(name)).all().get();
            fails(UnknownTopicOrPartitionException.class, admin.deleteTopics(List.of(name)).all());
            check(!admin.listTopics().names().get().contains(name), "deleted topic is still listed");
        }
    }

    private static List<ConsumerRecord<byte[], byte[]>> readAll(String topic) {
        List<ConsumerRecord<byte[], byte[]>> out = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(null, null)) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(p -> new TopicPartition(topic, p.partition())).collect(Collectors.toList());
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                check(System.nanoTime() < deadline, "not read to the end");
                consumer.poll(Duration.ofMillis(500)).forEach(out::add);
            }
        }
        return out;
    }

    private static void records() throws Exception {
        String name = "java-records-" + RUN;
        long base = System.currentTimeMillis() - 100000;
        try (Admin admin = adminClient()) {
            admin.createTopics(List.of(new NewTopic(name, 3, (short) 1))).all().get();
            for (int c = 0; c < CODECS.length; c++) {
                List<Future<RecordMetadata>> sent = new ArrayList<>();
                try (KafkaProducer<byte[], byte[]> producer = producer(CODECS[c], c % 2 == 0)) {
                    for (int i = 0; i < 300; i++) {
                        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(name, i % 3, base + c * 1000L + i,
                                ("k" + i).getBytes(), (CODECS[c] + "-" + i).repeat(20).getBytes());
                        record.headers().add("codec", CODECS[c].getBytes()).add("empty", null);
                        sent.add(producer.send(record));
                    }
                }
                for (int i = 0; i < sent.size(); i++) {
                    check(sent.get(i).get().offset() == c * 100L + i / 3, "offset " + sent.get(i).get().offset());
                }
            }
            List<ConsumerRecord<byte[], byte[]>> records = readAll(name);
            check(records.size() == 1500, records.size() + " records");
            for (ConsumerRecord<byte[], byte[]> record : records) {
                String codec = new String(record.headers().lastHeader("codec").value());
                int i = Integer.parseInt(new String(record.key()).substring(1));
                check(new String(record.value()).equals((codec + "-" + i).repeat(20)), "value");
                check(record.timestamp() == base + List.of(CODECS).indexOf(codec) * 1000L + i, "timestamp");
                check(record.leaderEpoch().isPresent(), "leader epoch");
            }
            TopicPartition p0 = new TopicPartition(name, 0);
            check(admin.listOffsets(Map.of(p0, OffsetSpec.maxTimestamp())).all().get().get(p0).offset() == 499, "max timestamp");
            check(admin.listOffsets(Map.of(p0, OffsetSpec.forTimestamp(base + 2000))).all().get().get(p0).offset() == 200, "by time");
            check(admin.listOffsets(Map.of(p0, OffsetSpec.forTimestamp(base + 900000))).all().get().get(p0).offset() == -1, "late");
            check(admin.deleteRecords(Map.of(p0, RecordsToDelete.beforeOffset(10))).all().get() == null, "delete records");
            check(admin.listOffsets(Map.of(p0, OffsetSpec.earliest())).all().get().get(p0).offset() == 10, "earliest");
        }
    }

    private static void send(String topic, int from, int to) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("lz4", true)) {
            for (int i = from; i < to; i++) producer.send(new ProducerRecord<>(topic, i % 4, null, String.valueOf(i).getBytes()));
        }
    }

    private static void pollInto(KafkaConsumer<byte[], byte[]> consumer, Collection<Integer> seen) {
        consumer.poll(Duration.ofMillis(200)).forEach(r -> seen.add(Integer.parseInt(new String(r.value()))));
        if (!consumer.assignment().isEmpty()) {
            try {
                consumer.commitSync();
            } catch (org.apache.kafka.clients.consumer.CommitFailedException | org.apache.kafka.common.errors.RebalanceInProgressException e) {
                // A rebalance came in between: what was read is read again.
            }
        }
    }

    private static void group(String assignor) throws Exception {
        String name = "java-" + assignor + "-" + RUN;
        Set<Integer> seen = new HashSet<>();
        try (Admin admin = adminClient(); KafkaConsumer<byte[], byte[]> b = consumer(name, assignor)) {
            admin.createTopics(List.of(new NewTopic(name, 4, (short) 1))).all().get();
            send(name, 0, 400);
            KafkaConsumer<byte[], byte[]> a = consumer(name, assignor);
            a.subscribe(List.of(name));
            b.subscribe(List.of(name));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!(seen.size() == 400 && a.assignment().size() == 2 && b.assignment().size() == 2)) {
                check(System.nanoTime() < deadline, assignor + ": " + seen.size() + " seen, " + a.assignment() + b.assignment());
                pollInto(a, seen);
                pollInto(b, seen);
            }
            check(admin.describeConsumerGroups(List.of(name)).all().get().get(name).members().size() == 2, "members");
            a.close();
            send(name, 400, 440);
            deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
            while (seen.size() < 440) {
                check(System.nanoTime() < deadline, assignor + " after one left: " + seen.size());
                pollInto(b, seen);
            }
            Map<Integer, Long> committed = new HashMap<>();
            admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get()
                    .forEach((p, o) -> committed.put(p.partition(), o.offset()));
            check(committed.equals(Map.of(0, 110L, 1, 110L, 2, 110L, 3, 110L)), committed);
        }
        try (Admin admin = adminClient()) {
            check(admin.listGroups().all().get().stream().anyMatch(g -> g.groupId().equals(name)), "group is not listed");
            admin.deleteConsumerGroups(List.of(name)).all().get();
            check(admin.listGroups().all().get().stream().noneMatch(g -> g.groupId().equals(name)), "group was deleted");
        }
    }

    private static void cross(String topic, List<String> clients) {
        Set<String> wanted = new HashSet<>();
        for (String client : clients) {
            for (String codec : CODECS) {
                if (client.equals("kafkajs") && codec.equals("zstd")) continue;
                for (int i = 0; i < 100; i++) wanted.add(crossValue(client, codec, i));
            }
        }
        List<String> seen = readAll(topic).stream().map(r -> new String(r.value())).collect(Collectors.toList());
        check(seen.size() == wanted.size() && new HashSet<>(seen).equals(wanted), seen.size() + " records, wanted " + wanted.size());
    }

    private Client() {}
}
