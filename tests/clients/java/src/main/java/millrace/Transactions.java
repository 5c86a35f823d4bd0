// Transactions of the official Java client: version 2 (KIP-890), which kafka-clients 4 uses where the broker
// finalises transaction.version 2.
package millrace;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

final class Transactions {
    private final String bootstrap;
    private final String run;

    Transactions(String bootstrap, String run) {
        this.bootstrap = bootstrap;
        this.run = run;
    }

    private static void check(boolean condition, Object message) {
        if (!condition) throw new AssertionError(String.valueOf(message));
    }

    private KafkaProducer<String, String> producer(String id) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("transactional.id", id);
        p.put("max.block.ms", 20000);
        KafkaProducer<String, String> producer = new KafkaProducer<>(p, new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        return producer;
    }

    private KafkaConsumer<String, String> consumer(String group, boolean committed) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("group.id", group);
        p.put("auto.offset.reset", "earliest");
        p.put("enable.auto.commit", false);
        p.put("isolation.level", committed ? "read_committed" : "read_uncommitted");
        return new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer());
    }

    private List<String> readAll(String topic, int partitions, boolean committed) {
        List<String> out = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = consumer("unused", committed)) {
            List<TopicPartition> all = new ArrayList<>();
            for (int i = 0; i < partitions; i++) all.add(new TopicPartition(topic, i));
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (all.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                check(System.nanoTime() < deadline, "not read to the end of " + topic);
                consumer.poll(Duration.ofMillis(200)).forEach(r -> out.add(r.value()));
            }
        }
        Collections.sort(out);
        return out;
    }

    void run() throws Exception {
        String topic = "java-txn-" + run;
        String source = "java-txn-in-" + run;
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1), new NewTopic(source, 1, (short) 1))).all().get();
            try (KafkaProducer<String, String> producer = producer("java-" + run)) {
                commitAndAbort(admin, producer, topic);
                move(producer, source, topic);
                fence(producer, topic);
            }
        }
    }

    private void commitAndAbort(Admin admin, KafkaProducer<String, String> producer, String topic) throws Exception {
        TopicPartition p0 = new TopicPartition(topic, 0);
        String id = "java-" + run;
        List<String> wanted = new ArrayList<>();
        for (int round = 0; round < 6; round++) {
            boolean commit = round % 3 != 1;
            producer.beginTransaction();
            for (int i = 0; i < 20; i++) {
                producer.send(new ProducerRecord<>(topic, i % 2, null, round + "-" + i));
                if (commit) wanted.add(round + "-" + i);
            }
            producer.flush();
            if (round == 1) {
                long stable = admin.listOffsets(Map.of(p0, OffsetSpec.latest()),
                        new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all().get().get(p0).offset();
                check(stable == 11, "last stable offset " + stable);
                TransactionDescription described = admin.describeTransactions(List.of(id)).all().get().get(id);
                check(described.state() == TransactionState.ONGOING && described.topicPartitions().size() == 2, described);
                check(admin.listTransactions().all().get().stream().anyMatch(t -> t.transactionalId().equals(id)), "list");
                List<ProducerState> states =
                        admin.describeProducers(List.of(p0)).all().get().get(p0).activeProducers();
                check(states.size() == 1 && states.get(0).currentTransactionStartOffset().getAsLong() == 11, states);
            }
            if (commit) {
                producer.commitTransaction();
            } else {
                producer.abortTransaction();
            }
        }
        Collections.sort(wanted);
        check(readAll(topic, 2, true).equals(wanted), "read_committed");
        check(readAll(topic, 2, false).size() == 120, "read_uncommitted");
    }

    private void move(KafkaProducer<String, String> producer, String source, String topic) throws Exception {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        try (KafkaProducer<String, String> feed = new KafkaProducer<>(p, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < 100; i++) feed.send(new ProducerRecord<>(source, String.valueOf(i)));
        }
        int moved = 0;
        try (KafkaConsumer<String, String> consumer = consumer("java-txn-" + run, true)) {
            consumer.subscribe(List.of(source));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            for (int attempt = 0; moved < 100; ) {
                check(System.nanoTime() < deadline, moved + " moved");
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(500));
                if (records.isEmpty()) continue;
                producer.beginTransaction();
                Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                for (ConsumerRecord<String, String> r : records) {
                    producer.send(new ProducerRecord<>(topic, 0, null, "moved-" + r.value()));
                    offsets.put(new TopicPartition(source, r.partition()), new OffsetAndMetadata(r.offset() + 1));
                }
                producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
                if (attempt++ == 0) {
                    producer.abortTransaction();
                    consumer.seekToBeginning(consumer.assignment());
                    continue;
                }
                producer.commitTransaction();
                moved += records.count();
                long committed = consumer.committed(offsets.keySet()).values().iterator().next().offset();
                check(committed == moved, "committed " + committed + " of " + moved);
            }
        }
        check(readAll(topic, 2, true).stream().filter(v -> v.startsWith("moved-")).distinct().count() == 100, "moved");
        check(readAll(topic, 2, true).stream().filter(v -> v.startsWith("moved-")).count() == 100, "moved once");
    }

    private void fence(KafkaProducer<String, String> producer, String topic) {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic, "zombie"));
        producer.flush();
        try (KafkaProducer<String, String> second = producer("java-" + run)) {
            try {
                producer.commitTransaction();
                check(false, "the zombie could commit");
            } catch (ProducerFencedException | InvalidProducerEpochException e) {
                // As it must be.
            }
            second.beginTransaction();
            second.send(new ProducerRecord<>(topic, "alive"));
            second.commitTransaction();
        }
        List<String> seen = readAll(topic, 2, true);
        check(seen.contains("alive") && !seen.contains("zombie"), "fencing");
    }
}
