package peer;

import java.nio.file.*;
import java.util.*;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.*;
import org.apache.flink.table.types.logical.*;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Answers many queries with one Flink: for tests/slt/record.py. Compiled beside the oracle (../shared peer), whose table source and
 * text forms it uses.
 *   SltRecord DIR...   DIR/setup.sql (tables and views), DIR/T.jsonl (input of table T), DIR/queries/NAME.sql -> DIR/queries/NAME.out:
 *   "types ..." and the final rows, or "# ERROR ...".
 */
public final class SltRecord {
    public static void main(String[] dirs) throws Exception {
        for (String d : dirs) {
            Path dir = Path.of(d);
            Configuration conf = new Configuration();
            conf.setString("parallelism.default", "1");
            conf.setString("pipeline.auto-watermark-interval", "0 ms");
            conf.setString("table.local-time-zone", "UTC");
            conf.setString("rest.bind-port", "0");
            conf.setString("taskmanager.memory.network.min", "32mb");
            conf.setString("taskmanager.memory.network.max", "32mb");
            TableEnvironment te = TableEnvironment.create(EnvironmentSettings.newInstance().withConfiguration(conf).inStreamingMode().build());
            for (String s : Oracle.split(Files.readString(dir.resolve("setup.sql")))) {
                try {
                    if (s.matches("(?is)SET\\b.*")) {
                        String[] kv = s.substring(3).trim().replace("'", "").split("\\s*=\\s*", 2);
                        te.getConfig().set(kv[0], kv[1]);
                        continue;
                    }
                    te.executeSql(s);
                    if (s.matches("(?is)CREATE\\s+(TEMPORARY\\s+)?TABLE.*")) Oracle.rewireSources(te, dir);
                } catch (Throwable t) {
                    System.err.println("record: " + dir.getFileName() + ": " + s.split("\n")[0] + ": " + Oracle.root(t).replaceAll("Was expecting.*", ""));
                }
            }
            List<Path> queries = new ArrayList<>();
            try (DirectoryStream<Path> all = Files.newDirectoryStream(dir.resolve("queries"), "*.sql")) { all.forEach(queries::add); }
            Collections.sort(queries);
            for (Path q : queries) {
                StringBuilder out = new StringBuilder();
                try {
                    TableResult r = te.executeSql(Files.readString(q));
                    StringJoiner types = new StringJoiner(", ");
                    List<LogicalType> logical = new ArrayList<>();
                    for (int i = 0; i < r.getResolvedSchema().getColumnCount(); i++) {
                        LogicalType t = r.getResolvedSchema().getColumnDataTypes().get(i).getLogicalType();
                        logical.add(t);
                        types.add(r.getResolvedSchema().getColumnNames().get(i) + " " + type(t));
                    }
                    List<String[]> log = new ArrayList<>();
                    try (CloseableIterator<Row> it = r.collect()) {
                        while (it.hasNext()) {
                            Row x = it.next();
                            log.add(new String[] {x.getKind().shortString(), Text.csv(x, logical).replace("\n", "\\n"), null});
                        }
                    }
                    out.append("types ").append(types).append('\n');
                    for (String row : Text.fold(log)) out.append(row).append('\n');
                } catch (Throwable t) {
                    out.setLength(0);
                    String why = Oracle.root(t);
                    out.append("# ERROR ").append(why, 0, Math.min(250, why.length())).append('\n');
                }
                Files.writeString(Path.of(q.toString().replaceAll("\\.sql$", ".out")), out);
            }
            System.err.println("record: " + dir.getFileName() + ": " + queries.size() + " queries");
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    /** Without nullability, lengths of texts and time attributes. */
    static String type(LogicalType t) {
        switch (t.getTypeRoot()) {
            case CHAR: case VARCHAR: return "STRING";
            case BINARY: case VARBINARY: return "BYTES";
            case ARRAY: return "ARRAY<" + type(((ArrayType) t).getElementType()) + ">";
            case MAP: return "MAP<" + type(((MapType) t).getKeyType()) + ", " + type(((MapType) t).getValueType()) + ">";
            case MULTISET: return "MULTISET<" + type(((MultisetType) t).getElementType()) + ">";
            case ROW: {
                StringJoiner j = new StringJoiner(", ", "ROW<", ">");
                for (RowType.RowField f : ((RowType) t).getFields()) j.add("`" + f.getName() + "` " + type(f.getType()));
                return j.toString();
            }
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return t.copy(true).asSerializableString().replace("TIMESTAMP(", "TIMESTAMP_LTZ(").replace(" WITH LOCAL TIME ZONE", "");
            default: return t.copy(true).asSerializableString();
        }
    }
}
