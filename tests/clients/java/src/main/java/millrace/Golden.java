// Writes tests/golden/kafka/<Api>.hex: every message in every version as the official Java client encodes it.
// The values come from Kafka's own message definitions inside the kafka-clients jar: once with every field set,
// once with what may be null or empty so. Run in tests/clients/java:
//   mvn -q dependency:build-classpath -Dmdep.outputFile=cp && javac -cp "$(cat cp)" -d out src/main/java/millrace/Golden.java
//   java -cp "out:$(cat cp)" millrace.Golden ../../golden/kafka
package millrace;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.ShortNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

public final class Golden {
    /** Api name, first and last version that millrace's codec knows. */
    private record Api(String name, int first, int last) {}

    private static final List<Api> APIS = List.of(
            new Api("ApiVersions", 0, 4), new Api("Metadata", 0, 13), new Api("Produce", 3, 13),
            new Api("Fetch", 4, 18), new Api("ListOffsets", 1, 11), new Api("FindCoordinator", 0, 6),
            new Api("JoinGroup", 0, 9), new Api("SyncGroup", 0, 5), new Api("Heartbeat", 0, 4),
            new Api("LeaveGroup", 0, 5), new Api("OffsetCommit", 2, 10), new Api("OffsetFetch", 1, 10),
            new Api("InitProducerId", 0, 5), new Api("CreateTopics", 2, 7), new Api("DeleteTopics", 1, 6),
            new Api("CreatePartitions", 0, 3), new Api("DescribeConfigs", 1, 4), new Api("AlterConfigs", 0, 2),
            new Api("IncrementalAlterConfigs", 0, 1), new Api("DescribeGroups", 0, 6), new Api("ListGroups", 0, 5),
            new Api("DeleteGroups", 0, 2), new Api("DeleteRecords", 0, 2), new Api("DescribeCluster", 0, 2),
            new Api("OffsetForLeaderEpoch", 2, 4), new Api("OffsetDelete", 0, 0), new Api("DescribeLogDirs", 1, 5),
            new Api("AddPartitionsToTxn", 0, 5), new Api("AddOffsetsToTxn", 0, 4), new Api("EndTxn", 0, 5),
            new Api("TxnOffsetCommit", 0, 5), new Api("WriteTxnMarkers", 1, 2), new Api("DescribeProducers", 0, 0),
            new Api("DescribeTransactions", 0, 0), new Api("ListTransactions", 0, 2),
            new Api("SaslHandshake", 0, 1), new Api("SaslAuthenticate", 0, 2), new Api("DescribeAcls", 1, 3),
            new Api("CreateAcls", 1, 3), new Api("DeleteAcls", 1, 3), new Api("DescribeUserScramCredentials", 0, 0),
            new Api("AlterUserScramCredentials", 0, 0), new Api("AlterReplicaLogDirs", 1, 2), new Api("ElectLeaders", 0, 2),
            new Api("AlterPartitionReassignments", 0, 1), new Api("ListPartitionReassignments", 0, 0),
            new Api("DescribeClientQuotas", 0, 1), new Api("AlterClientQuotas", 0, 1), new Api("DescribeQuorum", 0, 2),
            new Api("UpdateFeatures", 0, 2), new Api("ConsumerGroupHeartbeat", 0, 1), new Api("ConsumerGroupDescribe", 0, 1),
            new Api("ListConfigResources", 0, 1), new Api("DescribeTopicPartitions", 0, 0));

    /** Fields for replicas only, which millrace's codec skips. */
    private static final Set<String> SKIPPED = Set.of("ReplicaDirectoryId", "SnapshotId", "FetchRequest.HighWatermark");

    private final ObjectMapper json = new ObjectMapper().enable(JsonParser.Feature.ALLOW_COMMENTS);
    private final JsonNodeFactory make = JsonNodeFactory.instance;
    private int counter;
    private String message;
    private Map<String, JsonNode> common;

    public static void main(String[] args) throws Exception {
        for (Api api : APIS) {
            StringBuilder out = new StringBuilder();
            out.append("# ").append(api.name).append(": kind, version, form, body as kafka-clients 4.3.1 writes it\n");
            for (String kind : List.of("Request", "Response")) {
                for (int version = api.first; version <= api.last; version++) {
                    for (boolean full : new boolean[] {true, false}) {
                        out.append(kind.toLowerCase()).append(' ').append(version).append(full ? " full " : " empty ");
                        out.append(new Golden().encode(api.name + kind, (short) version, full)).append('\n');
                    }
                }
            }
            Files.writeString(Path.of(args[0], api.name + ".hex"), out.toString());
        }
        StringBuilder headers = new StringBuilder("# Headers: kind, version, form, header as kafka-clients 4.3.1 writes it\n");
        for (int version = 1; version <= 2; version++) {
            for (boolean full : new boolean[] {true, false}) {
                headers.append("request ").append(version).append(full ? " full " : " empty ");
                headers.append(new Golden().encode("RequestHeader", (short) version, full)).append('\n');
            }
        }
        Files.writeString(Path.of(args[0], "Headers.hex"), headers.toString());
    }

    private String encode(String name, short version, boolean full) throws Exception {
        JsonNode schema;
        try (InputStream in = Message.class.getResourceAsStream("/common/message/" + name + ".json")) {
            schema = json.readTree(in);
        }
        message = name;
        common = new HashMap<>();
        for (JsonNode struct : schema.path("commonStructs")) common.put(struct.get("name").asText(), struct);
        ObjectNode body = build(schema.get("fields"), version, full);
        Class<?> converter = Class.forName("org.apache.kafka.common.message." + name + "DataJsonConverter");
        Message data = (Message) converter.getMethod("read", JsonNode.class, short.class).invoke(null, body, version);
        ByteBuffer bytes = MessageUtil.toByteBufferAccessor(data, version).buffer();
        byte[] raw = new byte[bytes.remaining()];
        bytes.get(raw);
        return raw.length == 0 ? "-" : HexFormat.of().formatHex(raw);
    }

    private ObjectNode build(JsonNode fields, short version, boolean full) {
        ObjectNode node = make.objectNode();
        for (JsonNode field : fields) {
            String name = field.get("name").asText();
            boolean tagged = field.has("tag");
            if (!in(field.get(tagged ? "taggedVersions" : "versions").asText(), version)) continue;
            boolean skipped = SKIPPED.contains(name) || SKIPPED.contains(message + "." + name);
            if (tagged && (skipped || !full)) continue;
            boolean nullable = field.has("nullableVersions") && in(field.get("nullableVersions").asText(), version);
            String key = Character.toLowerCase(name.charAt(0)) + name.substring(1);
            node.set(key, !full && nullable ? NullNode.instance : value(field, field.get("type").asText(), version, full));
        }
        return node;
    }

    private JsonNode value(JsonNode field, String type, short version, boolean full) {
        counter++;
        if (type.startsWith("[]")) {
            ArrayNode array = make.arrayNode();
            for (int i = 0; full && i < 2; i++) array.add(value(field, type.substring(2), version, true));
            return array;
        }
        switch (type) {
            case "bool": return BooleanNode.valueOf(full);
            case "int8": return ShortNode.valueOf((short) (full ? counter % 100 : -1));
            case "int16": return ShortNode.valueOf((short) (full ? counter * 7 : -1));
            case "uint16": return IntNode.valueOf(full ? 60000 + counter : 0);
            case "int32": return IntNode.valueOf(full ? counter * 1000003 : -1);
            case "int64": return LongNode.valueOf(full ? counter * 10000000019L : -1);
            case "float64": return DoubleNode.valueOf(counter / 8.0);
            case "string": return TextNode.valueOf(full ? "text-" + counter + "-\u00e9" : "");
            case "uuid": return TextNode.valueOf((full ? new Uuid(counter, counter * 31L) : Uuid.ZERO_UUID).toString());
            case "bytes":
            case "records": return BinaryNode.valueOf(new byte[full ? counter % 200 : 0]);
            default:
                JsonNode nested = field.has("fields") ? field.get("fields") : common.get(type).get("fields");
                return build(nested, version, full);
        }
    }

    private static boolean in(String range, short version) {
        if (range.equals("none")) return false;
        if (range.endsWith("+")) return version >= Short.parseShort(range.substring(0, range.length() - 1));
        int dash = range.indexOf('-');
        if (dash < 0) return version == Short.parseShort(range);
        return version >= Short.parseShort(range.substring(0, dash)) && version <= Short.parseShort(range.substring(dash + 1));
    }

    private Golden() {}
}
