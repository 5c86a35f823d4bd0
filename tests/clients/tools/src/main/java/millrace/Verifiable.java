// The tools that Kafka's own system tests are made of: kafka-verifiable-producer and -consumer, the performance tools, the
// client compatibility test and the compaction tester.
package millrace;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

final class Verifiable {
    private static final String PACKAGE = "org.apache.kafka.tools.";

    /** A tool in a process of its own, for those that work until they are told to end. */
    static final class Spawned implements AutoCloseable {
        private final Process process;
        private final Path out;

        Spawned(String type, String... args) throws IOException {
            out = Files.createTempFile("tool", ".out");
            List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m",
                    "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), PACKAGE + type));
            command.addAll(List.of(args));
            process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
        }
        String text() {
            try {
                return Files.readString(out);
            } catch (IOException e) {
                return "";
            }
        }
        /** SIGTERM, and its last words. */
        String end() throws Exception {
            process.destroy();
            return ended();
        }
        String ended() throws Exception {
            Tools.check(process.waitFor(60, TimeUnit.SECONDS), "it does not end: " + text());
            return text();
        }
        @Override
        public void close() {
            process.destroyForcibly();
            out.toFile().delete();
        }
    }

    static void until(BooleanSupplier condition, int seconds, Supplier<String> message) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!condition.getAsBoolean() && System.nanoTime() < end) Thread.sleep(50);
        Tools.check(condition.getAsBoolean(), message.get());
    }

    static void run() throws Exception {
        String topic = "tools-verify-" + Tools.RUN;
        Tools.topics("--create", "--topic", topic, "--partitions", "4").ok();
        produce(topic, 2000);
        for (String protocol : List.of("classic", "consumer")) group(topic, protocol);
        performance(topic);
        Tools.topics("--delete", "--topic", topic).ok();
        compatibility();
        compactionTester();
    }

    static void produce(String topic, int count) throws Exception {
        try (Spawned producer = new Spawned("VerifiableProducer", "--bootstrap-server", Tools.bootstrap, "--topic", topic, "--max-messages",
                String.valueOf(count), "--acks", "-1", "--throughput", "-1", "--repeating-keys", "50")) {
            String text = producer.ended();
            Tools.check(text.contains("\"acked\":" + count), "verifiable-producer: " + text.substring(Math.max(0, text.length() - 500)));
        }
    }

    /** Partitions a verifiable consumer has, by what it tells of those it gets and gives up. */
    private static int assigned(Spawned consumer) {
        Set<String> has = new HashSet<>();
        for (String line : consumer.text().split("\n")) {
            boolean gets = line.contains("\"partitions_assigned\"");
            if (!gets && !line.contains("\"partitions_revoked\"")) continue;
            Matcher m = Pattern.compile("\"partition\":(\\d+)").matcher(line);
            while (m.find()) {
                if (gets) has.add(m.group(1));
                else has.remove(m.group(1));
            }
        }
        return has.size();
    }

    private static int consumed(Spawned consumer) {
        Matcher m = Pattern.compile("\"name\":\"records_consumed\",[^\\n]*?\"count\":(\\d+)|\"count\":(\\d+)[^\\n]*\"name\":\"records_consumed\"").matcher(consumer.text());
        int n = 0;
        while (m.find()) n += Integer.parseInt(m.group(1) != null ? m.group(1) : m.group(2));
        return n;
    }

    /** Two members share the partitions, one leaves, the other has them all. */
    private static void group(String topic, String protocol) throws Exception {
        String group = "tools-verify-" + protocol + "-" + Tools.RUN;
        String[] args = {"--bootstrap-server", Tools.bootstrap, "--topic", topic, "--group-id", group, "--reset-policy", "earliest",
                "--group-protocol", protocol};
        try (Spawned a = new Spawned("VerifiableConsumer", args); Spawned b = new Spawned("VerifiableConsumer", args)) {
            Supplier<String> state = () -> protocol + ": " + assigned(a) + " and " + assigned(b) + " assigned, " + consumed(a) + " and "
                    + consumed(b) + " read\n" + a.text().substring(0, Math.min(2000, a.text().length()));
            int all = Tools.admin(PACKAGE + "GetOffsetShell", "--topic", topic).ok().text().lines().filter(l -> l.startsWith(topic + ":"))
                    .mapToInt(l -> Integer.parseInt(l.substring(l.lastIndexOf(':') + 1))).sum();
            until(() -> assigned(a) == 2 && assigned(b) == 2 && consumed(a) + consumed(b) >= all, 60, state);
            a.end();
            until(() -> assigned(b) == 4, 60, state);
            int before = consumed(b);
            produce(topic, 300);
            until(() -> consumed(b) >= before + 300, 30, state);
            b.end();
        }
        Tools.admin(PACKAGE + "consumer.group.ConsumerGroupCommand", "--describe", "--group", group).has(topic + " +[0-3] +[0-9]+ +[0-9]+ +0 ");
    }

    private static void performance(String topic) {
        Tools.run(PACKAGE + "ConsumerPerformance", "--bootstrap-server", Tools.bootstrap, "--topic", topic, "--num-records", "2000", "--timeout", "20000")
                .ok().has(", 2[0-9]{3}, ");
        Tools.run(PACKAGE + "EndToEndLatency", "--bootstrap-server", Tools.bootstrap, "--topic", topic, "--num-records", "100", "--producer-acks", "all",
                "--record-size", "100").ok().has("Percentiles: 50th");
        Tools.run(PACKAGE + "ProducerPerformance", "--topic", topic, "--num-records", "2000", "--record-size", "100", "--throughput", "-1",
                "--transactional-id", "tools-perf-" + Tools.RUN, "--transaction-duration-ms", "50", "--bootstrap-server", Tools.bootstrap)
                .ok().has("2000 records sent");
    }

    private static void compatibility() {
        boolean acls = Tools.admin(PACKAGE + "BrokerApiVersionsCommand").ok().text().contains("DescribeAcls(29): 1");
        Tools.run(PACKAGE + "ClientCompatibilityTest", "--bootstrap-server", Tools.bootstrap, "--topic", "tools-compatibility-" + Tools.RUN,
                "--offsets-for-times-supported", "true", "--cluster-id-supported", "true", "--expect-record-too-large-exception", "false",
                "--num-cluster-nodes", "1", "--create-topics-supported", "true", "--describe-acls-supported", String.valueOf(acls),
                "--describe-configs-supported", "true", "--idempotent-producer-supported", "true").ok().has("SUCCESS");
        Tools.topics("--delete", "--topic", "newtopic").ok();
    }

    private static void compactionTester() {
        if (!new File("/usr/bin/sort").exists()) return;
        Tools.run(PACKAGE + "LogCompactionTester", "--bootstrap-server", Tools.bootstrap, "--messages", "20000", "--percent-deletes", "20", "--duplicates",
                "10").ok().has("Data verification is completed");
    }

    private Verifiable() {}
}
