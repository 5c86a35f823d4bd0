// Kafka's own command-line tools, called as their scripts call them, all in one JVM:
//   java millrace.Tools HOST:PORT own|cross TOPIC [clients that have run]
// With MILLRACE_TOPICS (the directory of the broker's topics) kafka-dump-log reads the segments, too.
package millrace;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.utils.Exit;

public final class Tools {
    static final String RUN = Optional.ofNullable(System.getenv("MILLRACE_RUN_ID")).orElse("0");
    private static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};
    private static final PrintStream OUT = System.out;
    private static final PrintStream ERR = System.err;
    private static final InputStream IN = System.in;
    static String bootstrap;
    private static Integer firstCode;

    /** What a tool printed and its exit code. */
    record Ran(String tool, int code, String text) {
        Ran ok() {
            check(code == 0, tool + " ended with " + code + ":\n" + text);
            return this;
        }
        Ran has(String regex) {
            check(Pattern.compile(regex, Pattern.MULTILINE).matcher(text).find(), tool + " does not say " + regex + ":\n" + text);
            return this;
        }
        Ran hasNot(String regex) {
            check(!Pattern.compile(regex, Pattern.MULTILINE).matcher(text).find(), tool + " says " + regex + ":\n" + text);
            return this;
        }
        int count(String regex) {
            Matcher m = Pattern.compile(regex, Pattern.MULTILINE).matcher(text);
            int n = 0;
            while (m.find()) n++;
            return n;
        }
    }
    private static final class Ended extends RuntimeException {
        final int code;
        Ended(int code) {
            super(null, null, false, false);
            this.code = code;
        }
    }

    /** Some tools catch what their own exit throws and exit again: the first word counts. */
    private static void end(int code) {
        if (firstCode == null) firstCode = code;
        throw new Ended(firstCode);
    }

    static void check(boolean condition, Object message) {
        if (!condition) throw new AssertionError(String.valueOf(message));
    }

    static Ran run(String type, String... args) {
        return feed("", type, args);
    }

    private static Ran feed(String input, String type, String... args) {
        String tool = type.substring(type.lastIndexOf('.') + 1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream to = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        int code = 0;
        firstCode = null;
        System.setOut(to);
        System.setErr(to);
        System.setIn(new java.io.ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            Method main = Class.forName(type).getMethod("main", String[].class);
            // Scala's Console keeps the first System.out it saw.
            scala.Console.withOut(to, () -> {
                try {
                    main.invoke(null, (Object) args);
                } catch (InvocationTargetException e) {
                    if (e.getCause() instanceof Ended ended) throw ended;
                    throw new RuntimeException(e.getCause());
                } catch (ReflectiveOperationException e) {
                    throw new RuntimeException(e);
                }
                return null;
            });
        } catch (Ended e) {
            code = e.code;
        } catch (Exception e) {
            e.printStackTrace(to);
            code = 70;
        } finally {
            System.setOut(OUT);
            System.setErr(ERR);
            System.setIn(IN);
        }
        return new Ran(tool + " " + String.join(" ", args), code, bytes.toString(StandardCharsets.UTF_8));
    }

    static Ran admin(String type, String... args) {
        List<String> all = new ArrayList<>(List.of("--bootstrap-server", bootstrap));
        all.addAll(List.of(args));
        return run(type, all.toArray(String[]::new));
    }
    static Ran topics(String... args) { return admin("org.apache.kafka.tools.TopicCommand", args); }
    private static Ran groups(String... args) { return admin("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", args); }
    private static Ran configs(String... args) { return admin("kafka.admin.ConfigCommand", args); }
    private static Ran offsets(String... args) { return admin("org.apache.kafka.tools.GetOffsetShell", args); }

    static void produce(String topic, String lines, String... more) {
        List<String> args = new ArrayList<>(List.of("--bootstrap-server", bootstrap, "--topic", topic));
        args.addAll(List.of(more));
        feed(lines, "org.apache.kafka.tools.ConsoleProducer", args.toArray(String[]::new)).ok();
    }
    static Ran consume(String topic, int count, String... more) {
        List<String> args = new ArrayList<>(List.of("--bootstrap-server", bootstrap, "--topic", topic, "--from-beginning",
                "--max-messages", String.valueOf(count), "--timeout-ms", "20000"));
        args.addAll(List.of(more));
        return run("org.apache.kafka.tools.consumer.ConsoleConsumer", args.toArray(String[]::new)).ok();
    }
    static String lines(int from, int to, String form) {
        StringBuilder out = new StringBuilder();
        for (int i = from; i < to; i++) out.append(String.format(form, i, i)).append('\n');
        return out.toString();
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        Exit.setExitProcedure((code, message) -> end(code));
        Exit.setHaltProcedure((code, message) -> end(code));
        if (args[1].equals("own")) {
            topicsAndGroups();
            settings();
            System.out.println("able admin produce consume");
            newProtocol();
            System.out.println("able kip848");
            cluster();
            Verifiable.run();
            TransactionTools.run();
            System.out.println("able rebalance idempotent transactional");
            compaction();
            for (String codec : CODECS) {
                StringBuilder all = new StringBuilder();
                for (int i = 0; i < 100; i++) all.append("tools/").append(codec).append('/').append(i).append('/').append("payload-".repeat(i % 50)).append('\n');
                produce(args[2], all.toString(), "--compression-codec", codec);
            }
        } else {
            int wanted = 0;
            for (String client : List.of(args).subList(3, args.length)) wanted += (client.equals("kafkajs") ? 4 : 5) * 100;
            String seen = consume(args[2], wanted).text();
            long lines = seen.lines().filter(l -> l.matches("[a-z_]+/[a-z0-9]+/[0-9]+/.*")).count();
            check(lines == wanted, "the cross topic: " + lines + " of " + wanted + " records; " + seen.substring(Math.max(0, seen.length() - 300)));
        }
        System.out.println("done");
        System.exit(0);
    }

    private static void topicsAndGroups() throws Exception {
        String topic = "tools-topic-" + RUN;
        String group = "tools-group-" + RUN;
        topics("--create", "--topic", topic, "--partitions", "3", "--config", "retention.ms=3600000").ok().has("Created topic");
        topics("--create", "--topic", topic).has("already exists");
        topics("--create", "--topic", topic + "b", "--replication-factor", "3").has("(?i)replicat");
        topics("--alter", "--topic", topic, "--partitions", "4").ok();
        topics("--describe", "--topic", topic).ok().has("PartitionCount: 4").has("retention.ms=3600000");
        topics("--list").ok().has("^" + topic + "$");
        produce(topic, lines(0, 200, "k%d:v%d"), "--reader-property", "parse.key=true", "--reader-property", "key.separator=:");
        consume(topic, 200, "--group", group).has("^v199$").has("Processed a total of 200 messages");
        groups("--list", "--state").ok().has(group + " +Empty");
        groups("--describe", "--group", group).has(topic + " +0 ");
        groups("--describe", "--group", group, "--state").has("Empty");
        groups("--describe", "--group", group, "--members", "--verbose").has("no active members");
        groups("--group", group, "--topic", topic, "--reset-offsets", "--to-earliest", "--dry-run").has(topic + " +3 +0 *$");
        groups("--group", group, "--topic", topic + ":0", "--reset-offsets", "--to-offset", "7", "--execute").has(topic + " +0 +7 *$");
        groups("--group", group, "--topic", topic + ":0", "--reset-offsets", "--shift-by", "-3", "--execute").has(topic + " +0 +4 *$");
        groups("--group", group, "--topic", topic + ":0", "--reset-offsets", "--to-datetime", "2020-01-01T00:00:00.000", "--execute").has(topic + " +0 +0 *$");
        groups("--group", group, "--all-topics", "--reset-offsets", "--by-duration", "PT1H", "--execute", "--export").has("\"" + group + "\"," + topic + ",0,0|" + group + "," + topic + ",0,0|" + topic + ",0,0");
        groups("--group", group, "--topic", topic + ":1", "--delete-offsets").has(topic + " +1 +Successful");
        groups("--delete", "--group", group).has("successful");
        groups("--describe", "--group", group).has("does not exist|not found");
        offsets("--topic", topic, "--time", "-2").ok().has(topic + ":0:0").has(topic + ":3:0");
        offsets("--topic", topic, "--time", "latest-tiered").ok();
        offsets("--topic", topic, "--time", "earliest-local").ok().has(topic + ":3:0");
        offsets("--topic", topic, "--time", "max-timestamp").ok();
        Path json = Files.createTempFile("records", ".json");
        Files.writeString(json, "{\"partitions\":[{\"topic\":\"" + topic + "\",\"partition\":0,\"offset\":5}],\"version\":1}");
        admin("org.apache.kafka.tools.DeleteRecordsCommand", "--offset-json-file", json.toString()).ok().has("low_watermark: 5");
        offsets("--topic", topic, "--time", "earliest").ok().has(topic + ":0:5");
        admin("org.apache.kafka.tools.LogDirsCommand", "--describe", "--topic-list", topic).ok().has("\"partition\":\"" + topic + "-0\",\"size\":[1-9]");
        topics("--delete", "--topic", topic).ok();
        topics("--list").ok().hasNot("^" + topic + "$");
    }

    private static void settings() {
        String topic = "tools-config-" + RUN;
        topics("--create", "--topic", topic).ok();
        configs("--alter", "--entity-type", "topics", "--entity-name", topic, "--add-config", "max.message.bytes=2000,cleanup.policy=[compact,delete]").ok();
        configs("--describe", "--entity-type", "topics", "--entity-name", topic).ok()
                .has("cleanup.policy=compact,delete sensitive=false synonyms=\\{DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, DEFAULT_CONFIG:log.cleanup.policy=delete\\}")
                .has("max.message.bytes=2000");
        configs("--alter", "--entity-type", "topics", "--entity-name", topic, "--delete-config", "cleanup.policy").ok();
        configs("--describe", "--entity-type", "topics", "--entity-name", topic, "--all").ok().has("cleanup.policy=delete").has("segment.bytes=1073741824");
        configs("--alter", "--entity-type", "topics", "--entity-name", topic, "--add-config", "retention=1").has("InvalidConfiguration");
        configs("--describe", "--entity-type", "brokers", "--entity-name", "1", "--all").ok().has("group.initial.rebalance.delay.ms").has("connections.max.idle.ms=600000");
        configs("--alter", "--entity-type", "clients", "--entity-name", "tools-" + RUN, "--add-config", "producer_byte_rate=4096,consumer_byte_rate=8192").ok();
        configs("--alter", "--entity-type", "users", "--entity-default", "--entity-type", "clients", "--entity-name", "tools-" + RUN, "--add-config", "request_percentage=150").ok();
        configs("--describe", "--entity-type", "clients", "--entity-name", "tools-" + RUN).ok().has("producer_byte_rate=4096.0").has("consumer_byte_rate=8192.0");
        configs("--describe", "--entity-type", "users", "--entity-default", "--entity-type", "clients").ok().has("request_percentage=150.0");
        configs("--alter", "--entity-type", "clients", "--entity-name", "tools-" + RUN, "--delete-config", "producer_byte_rate,consumer_byte_rate").ok();
        configs("--alter", "--entity-type", "users", "--entity-default", "--entity-type", "clients", "--entity-name", "tools-" + RUN, "--delete-config", "request_percentage").ok();
        configs("--describe", "--entity-type", "clients", "--entity-name", "tools-" + RUN).ok().hasNot("byte_rate");
        topics("--delete", "--topic", topic).ok();
    }

    private static void newProtocol() {
        String topic = "tools-848-" + RUN;
        String group = "tools-848-group-" + RUN;
        topics("--create", "--topic", topic, "--partitions", "3").ok();
        produce(topic, lines(0, 90, "v%d"));
        String[] protocol = {"--group", group, "--consumer-property", "group.protocol=consumer"};
        consume(topic, 90, protocol).has("^v89$").has("total of 90");
        produce(topic, lines(90, 95, "v%d"));
        // From the committed offsets.
        Ran second = consume(topic, 5, protocol);
        check(second.count("^v9[0-4]$") == 5, second.text());
        groups("--describe", "--group", group).has(topic + " +2 ");
        groups("--delete", "--group", group).has("successful");
        topics("--delete", "--topic", topic).ok();
    }

    private static void cluster() throws Exception {
        String topic = "tools-cluster-" + RUN;
        topics("--create", "--topic", topic).ok();
        admin("org.apache.kafka.tools.LeaderElectionCommand", "--election-type", "preferred", "--all-topic-partitions").ok();
        admin("org.apache.kafka.tools.LeaderElectionCommand", "--election-type", "preferred", "--topic", topic, "--partition", "0").has("Valid replica already elected");
        Path json = Files.createTempFile("reassign", ".json");
        Files.writeString(json, "{\"partitions\":[{\"topic\":\"" + topic + "\",\"partition\":0,\"replicas\":[1]}],\"version\":1}");
        String reassign = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
        admin(reassign, "--reassignment-json-file", json.toString(), "--execute").ok().has("Successfully started partition reassignment");
        admin(reassign, "--reassignment-json-file", json.toString(), "--verify").ok().has("is completed|complete");
        admin(reassign, "--list").ok().has("No partition reassignments");
        run("org.apache.kafka.tools.ClusterTool", "cluster-id", "--bootstrap-server", bootstrap).ok().has("Cluster ID: [A-Za-z0-9_-]{22}$");
        run("org.apache.kafka.tools.ClusterTool", "list-endpoints", "--bootstrap-server", bootstrap).ok().has("^1 ");
        admin("org.apache.kafka.tools.BrokerApiVersionsCommand").ok().has("ConsumerGroupHeartbeat\\(68\\): 0 to 1");
        admin("org.apache.kafka.tools.GroupsCommand", "--list").ok();
        admin("org.apache.kafka.tools.ClientMetricsCommand", "--list").ok();
        run("org.apache.kafka.tools.MetadataQuorumCommand", "--bootstrap-server", bootstrap, "describe", "--status").ok().has("LeaderId: +1");
        run("org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", "5000", "--record-size", "300", "--throughput", "-1",
                "--bootstrap-server", bootstrap).ok().has("5000 records sent");
        topics("--delete", "--topic", topic).ok();
    }

    /** A compacted topic shrinks to one record a key, and kafka-dump-log finds nothing wrong with its files. */
    private static void compaction() throws Exception {
        String topic = "tools-compact-" + RUN;
        topics("--create", "--topic", topic, "--config", "cleanup.policy=compact", "--config", "segment.bytes=1048576", "--config", "min.cleanable.dirty.ratio=0.1").ok();
        TransactionTools.keyed(topic);
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 9000; i++) all.append("k").append(i % 50).append(":").append(i).append("x".repeat(400)).append('\n');
        String[] keyed = {"--reader-property", "parse.key=true", "--reader-property", "key.separator=:", "--compression-codec", "none"};
        produce(topic, all.toString(), keyed);
        Ran keyless = feed("no key\n", "org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", bootstrap, "--topic", topic, "--sync");
        keyless.has("InvalidRecord|INVALID_RECORD|does not have key|without key");
        String directory = System.getenv("MILLRACE_TOPICS");
        if (directory == null) return;
        List<Path> compacted = List.of();
        for (int i = 0; i < 400 && compacted.isEmpty(); i++) {
            Thread.sleep(100);
            compacted = files(directory, topic, ".log").filter(p -> p.getParent().getFileName().toString().startsWith("compacted-")).toList();
        }
        check(!compacted.isEmpty(), "nothing was compacted");
        Thread.sleep(500);
        Ran read = run("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", bootstrap, "--topic", topic, "--from-beginning",
                "--timeout-ms", "4000", "--formatter-property", "print.key=true", "--formatter-property", "print.value=false");
        check(read.text().lines().filter(l -> l.startsWith("k")).distinct().count() == 50, "every key must be there");
        read.hasNot("^void-");  // what was aborted is gone even for read_uncommitted
        for (String suffix : List.of(".log", ".index", ".timeindex", ".txnindex")) {
            String names = files(directory, topic, suffix).map(Path::toString).collect(Collectors.joining(","));
            Ran dump = run("org.apache.kafka.tools.DumpLogSegments", "--deep-iteration", "--files", names);
            if (suffix.equals(".log")) dump.has("isControl: true");
            if (suffix.equals(".txnindex")) dump.has("firstOffset=0|firstOffset: 0");
            dump.ok().hasNot("isvalid: false").hasNot("Mismatches").hasNot("Found non").hasNot("corrupt").hasNot("Exception");
        }
        topics("--delete", "--topic", topic).ok();
    }

    static Stream<Path> files(String directory, String topic, String suffix) throws Exception {
        Path root = Path.of(directory, topic);
        if (!Files.exists(root)) return Stream.empty();
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(p -> p.toString().endsWith(suffix)).sorted().toList().stream();
        } catch (java.io.UncheckedIOException e) {
            return Stream.empty();  // files go while we look
        }
    }
}
