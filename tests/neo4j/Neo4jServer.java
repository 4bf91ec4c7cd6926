import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;

/**
 * Neo4j Community with Bolt on loopback, as tests need it: home folder and port are the arguments, it ends with its stdin.
 * A third one is a file of settings beside these, a fourth the password of the user `neo4j`.
 */
public class Neo4jServer {
  public static void main(String[] args) throws Exception {
    DatabaseManagementServiceBuilder builder = new DatabaseManagementServiceBuilder(Path.of(args[0]));
    if (args.length > 2) builder.loadPropertiesFromFile(Path.of(args[2]));
    else  // tests empty it again and again: plans are made once all the same
      builder
          .setConfig(GraphDatabaseSettings.pagecache_memory, 134217728L)
          .setConfig(GraphDatabaseSettings.cypher_min_replan_interval, Duration.ofDays(1));
    DatabaseManagementService service =
        builder
            .setConfig(BoltConnector.enabled, true)
            .setConfig(BoltConnector.listen_address, new SocketAddress("127.0.0.1", Integer.parseInt(args[1])))
            .build();
    Runtime.getRuntime().addShutdownHook(new Thread(service::shutdown));
    if (args.length > 3)
      service.database("system").executeTransactionally(
          "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED", Map.of("password", args[3]));
    System.out.println("ready");
    System.in.transferTo(java.io.OutputStream.nullOutputStream());
    System.exit(0);
  }
}
