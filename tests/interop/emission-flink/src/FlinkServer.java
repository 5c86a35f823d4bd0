import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.runtime.minicluster.RpcServiceSharing;
import org.apache.flink.table.gateway.SqlGateway;

/** A whole Flink in one process: cluster and SQL Gateway. FlinkServer REST_PORT GATEWAY_PORT FOLDER (FLINK_CONF_DIR is FOLDER). */
public class FlinkServer {
    public static void main(String[] args) throws Exception {
        Map<String, String> settings = new HashMap<>();
        settings.put("rest.address", "127.0.0.1");
        settings.put("rest.bind-address", "127.0.0.1");
        settings.put("rest.port", args[0]);
        settings.put("taskmanager.memory.network.min", "96m");
        settings.put("taskmanager.memory.network.max", "96m");
        settings.put("taskmanager.memory.managed.size", "768m");
        settings.put("execution.target", "remote");
        settings.put("execution.buffer-timeout.interval", "20 ms");
        settings.put("parallelism.default", "1");
        settings.put("sql-gateway.endpoint.rest.address", "127.0.0.1");
        settings.put("sql-gateway.endpoint.rest.bind-address", "127.0.0.1");
        settings.put("sql-gateway.endpoint.rest.port", args[1]);
        StringBuilder text = new StringBuilder();
        settings.forEach((key, value) -> text.append(key).append(": \"").append(value).append("\"\n"));
        Files.writeString(Path.of(args[2], "config.yaml"), text.toString());
        MiniCluster cluster = new MiniCluster(new MiniClusterConfiguration.Builder()
            .setConfiguration(Configuration.fromMap(settings)).setNumTaskManagers(1).setNumSlotsPerTaskManager(6)
            .setRpcServiceSharing(RpcServiceSharing.SHARED).build());
        cluster.start();
        SqlGateway.main(new String[0]);
    }
}
