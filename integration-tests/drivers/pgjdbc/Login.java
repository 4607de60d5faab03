import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import javax.net.ssl.SSLSocket;
import org.postgresql.core.PGStream;
import org.postgresql.core.QueryExecutorBase;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.util.DriverInfo;

/// pgjdbc: one log-in for each line of standard input, which holds URL and properties, name=value,
/// separated by tabs.
class Login {
    public static void main(String[] args) throws Exception {
        IO.println("pgjdbc " + DriverInfo.DRIVER_VERSION);
        var in = new BufferedReader(new InputStreamReader(System.in));
        for (var line = in.readLine(); line != null; line = in.readLine())
            IO.println(String.join("\t", logIn(line.split("\t"))));
    }

    static List<String> logIn(String[] words) throws ReflectiveOperationException {
        var properties = new Properties();
        for (int i = 1; i < words.length; i++) {
            var pair = words[i].split("=", 2);
            properties.put(pair[0], pair[1]);
        }
        try (var connection = DriverManager.getConnection(words[0], properties);
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT current_user")) {
            rows.next();
            return List.of("ok", rows.getString(1), isEncrypted(connection.unwrap(PgConnection.class)) ? "tls" : "plain");
        } catch (SQLException refused) {
            return described(refused);
        }
    }

    /// The driver does not tell.
    static boolean isEncrypted(PgConnection connection) throws ReflectiveOperationException {
        var stream = QueryExecutorBase.class.getDeclaredField("pgStream");
        stream.setAccessible(true);
        return ((PGStream) stream.get(connection.getQueryExecutor())).getSocket() instanceof SSLSocket;
    }

    /// What the driver tried before or after is suppressed.
    static List<String> described(SQLException refused) {
        var words = new ArrayList<String>(List.of("refused", text(refused)));
        for (var other : refused.getSuppressed()) if (other instanceof SQLException) words.add(text(other));
        return words;
    }

    static String text(Throwable refused) {
        var server = refused instanceof org.postgresql.util.PSQLException e ? e.getServerErrorMessage() : null;
        if (server != null) return server.getSQLState() + " " + server.getMessage();
        var all = new StringBuilder("own");
        for (var cause = refused; cause != null; cause = cause.getCause())
            all.append(' ').append(String.valueOf(cause.getMessage()).replaceAll("\\s+", " "));
        return all.toString();
    }
}
