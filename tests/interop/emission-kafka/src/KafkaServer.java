import java.util.Arrays;
import kafka.Kafka;
import kafka.tools.StorageTool;

/** Formats the folder a configuration names, and is a broker and controller on it. KafkaServer CLUSTER_ID PROPERTIES */
public class KafkaServer {
    public static void main(String[] args) {
        int code = StorageTool.execute(new String[] {"format", "--standalone", "-t", args[0], "-c", args[1]}, System.out);
        if (code != 0) {
            System.exit(code);
        }
        Kafka.main(Arrays.copyOfRange(args, 1, args.length));
    }
}
