// Flink copies a topic exactly once: Copy HOST:PORT INPUT OUTPUT CHECKPOINT-DIRECTORY FAIL-AT
// The job fails once, at its FAIL-ATth record, and goes on from its last checkpoint.
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

public final class Copy {
    private static final AtomicInteger SEEN = new AtomicInteger();
    private static final AtomicBoolean FAILED = new AtomicBoolean();

    public static void main(String[] args) throws Exception {
        int failAt = Integer.parseInt(args[4]);
        Configuration conf = new Configuration();
        conf.setString("execution.checkpointing.interval", "100 ms");
        conf.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
        conf.setString("execution.checkpointing.storage", "filesystem");
        conf.setString("execution.checkpointing.dir", "file://" + args[3]);
        conf.setString("execution.checkpointing.tolerable-failed-checkpoints", "1000");
        conf.setString("restart-strategy.type", "fixed-delay");
        conf.setString("restart-strategy.fixed-delay.attempts", "1000");
        conf.setString("restart-strategy.fixed-delay.delay", "200 ms");
        conf.setString("rest.port", "0");
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(2, conf);
        KafkaSource<String> from = KafkaSource.<String>builder().setBootstrapServers(args[0]).setTopics(args[1]).setGroupId("flink-" + args[1])
                .setStartingOffsets(OffsetsInitializer.earliest()).setProperty("isolation.level", "read_committed")
                .setValueOnlyDeserializer(new SimpleStringSchema()).build();
        KafkaSink<String> to = KafkaSink.<String>builder().setBootstrapServers(args[0])
                .setRecordSerializer(KafkaRecordSerializationSchema.<String>builder().setTopic(args[2])
                        .setValueSerializationSchema(new SimpleStringSchema()).build())
                .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE).setTransactionalIdPrefix("flink-" + args[2])
                .setProperty("transaction.timeout.ms", "60000").build();
        env.fromSource(from, WatermarkStrategy.noWatermarks(), "in").map(value -> {
            if (SEEN.incrementAndGet() == failAt && FAILED.compareAndSet(false, true)) {
                System.out.println("failing");
                throw new RuntimeException("as asked for");
            }
            return value;
        }).returns(Types.STRING).sinkTo(to);
        env.execute("copy");
    }
}
