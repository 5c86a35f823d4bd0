// kafka-transactions and the transactional message copier of Kafka's system tests.
package millrace;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

final class TransactionTools {
    private static final String PACKAGE = "org.apache.kafka.tools.";

    static void run() throws Exception {
        hanging();
        copier();
    }

    private static Tools.Ran transactions(String... args) {
        return Tools.admin(PACKAGE + "TransactionsCommand", args);
    }

    /** list, describe, describe-producers, find-hanging, abort: over a transaction that its producer leaves open. */
    private static void hanging() throws Exception {
        String topic = "tools-open-" + Tools.RUN;
        String id = "tools-open-" + Tools.RUN;
        Tools.topics("--create", "--topic", topic, "--partitions", "2").ok();
        Map<String, Object> settings = Map.of("bootstrap.servers", Tools.bootstrap, "transactional.id", id, "transaction.timeout.ms", 60000);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
                Admin admin = Admin.create(Map.of("bootstrap.servers", Tools.bootstrap))) {
            producer.initTransactions();
            producer.beginTransaction();
            for (int i = 0; i < 4; i++) producer.send(new ProducerRecord<>(topic, i % 2, null, "open-" + i));
            producer.flush();
            transactions("list").ok().has("^" + id + "\\s+1\\s+[0-9]+\\s+Ongoing");
            transactions("list", "--transactional-id-pattern", "tools-op.*").ok().has("^" + id);
            transactions("list", "--duration-filter", "600000").ok().hasNot("^" + id);
            transactions("describe", "--transactional-id", id).ok().has(id + "\\s.*Ongoing").has(topic + "-0").has(topic + "-1");
            transactions("describe-producers", "--topic", topic, "--partition", "0").ok().has("^[0-9]+\\s+[0-9]+\\s.*\\s0\\s*$");
            transactions("find-hanging", "--broker-id", "1", "--max-transaction-timeout", "15").ok();
            transactions("abort", "--topic", topic, "--partition", "0", "--start-offset", "0").ok();
            transactions("list").ok().has("^" + id + "\\s+1\\s+[0-9]+\\s+CompleteAbort");
            TopicPartition p0 = new TopicPartition(topic, 0);
            long stable = admin.listOffsets(Map.of(p0, OffsetSpec.latest()), new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all().get()
                    .get(p0).offset();
            Tools.check(stable == 3, "last stable offset after the abort: " + stable);
            try {
                producer.commitTransaction();
                Tools.check(false, "what a tool has aborted was committed");
            } catch (KafkaException e) {
                // As it must be.
            }
        }
        Tools.topics("--delete", "--topic", topic).ok();
    }

    /** An aborted and a committed transaction of keyed records, to be compacted. */
    static void keyed(String topic) {
        Map<String, Object> settings = Map.of("bootstrap.servers", Tools.bootstrap, "transactional.id", topic);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.initTransactions();
            for (String prefix : List.of("void-", "k")) {
                producer.beginTransaction();
                for (int i = 0; i < 20; i++) producer.send(new ProducerRecord<>(topic, prefix + i, "x"));
                producer.flush();
                if (prefix.equals("k")) producer.commitTransaction();
                else producer.abortTransaction();
            }
        }
    }

    private static Set<String> committed(String topic, int count) {
        Set<String> out = new TreeSet<>();
        Tools.Ran read = Tools.consume(topic, count, "--isolation-level", "read_committed", "--formatter-property", "print.partition=true");
        for (String line : read.text().split("\n")) {
            if (!line.startsWith("Partition:")) continue;
            Tools.check(out.add(line), "twice: " + line);
        }
        return out;
    }

    /** Copies partition by partition, aborting at random, with the offsets in the transactions. */
    private static void copier() throws Exception {
        String from = "tools-copy-in-" + Tools.RUN;
        String to = "tools-copy-out-" + Tools.RUN;
        for (String topic : List.of(from, to)) Tools.topics("--create", "--topic", topic, "--partitions", "2").ok();
        Verifiable.produce(from, 1000);
        for (int partition = 0; partition < 2; partition++) {
            try (Verifiable.Spawned copier = new Verifiable.Spawned("TransactionalMessageCopier", "--broker-list", Tools.bootstrap, "--input-topic", from,
                    "--input-partition", String.valueOf(partition), "--output-topic", to, "--consumer-group", "tools-copy-" + Tools.RUN,
                    "--transaction-size", "60", "--transactional-id", "tools-copy-" + partition + "-" + Tools.RUN, "--enable-random-aborts",
                    "--use-group-metadata")) {
                String text = copier.ended();
                Tools.check(text.contains("\"ShutdownComplete\"") && text.contains("\"remaining\":0"), "the copier: " + text);
            }
        }
        Set<String> copied = committed(to, 1000);
        Tools.check(copied.equals(committed(from, 1000)), "the copy differs: " + copied.size() + " of 1000");
        for (String topic : List.of(from, to)) Tools.topics("--delete", "--topic", topic).ok();
    }

    private TransactionTools() {}
}
