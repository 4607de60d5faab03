package org.pgdrover.server.cli;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import org.pgdrover.access.AuthQuery;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.config.AuthConfig.Query;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.server.PasswordQuery;
import org.pgdrover.tls.ServerTls;

/// Tries `auth.query` on the first node that can be reached. Says what is to be created there if it does
/// not work.
final class QueryCheck {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final ProxyConfig config;
    private final Query query;
    private final String user;
    private final NodeConnector connector;

    QueryCheck(ProxyConfig config, Supplier<ServerTls> tls) {
        var cluster = config.cluster();
        this.config = config;
        this.query = config.auth().query();
        this.user = Objects.requireNonNullElse(query.user(), cluster.user());
        var password = query.user() == null ? cluster.password() : query.password();
        this.connector = new NodeConnector(cluster, tls, user, password);
    }

    /// One finding, perhaps of several lines.
    record Finding(boolean failed, String text) {}

    Finding run() {
        var database =
                Objects.requireNonNullElse(query.database(), config.cluster().database());
        var complaint = "no node can be reached";
        for (int i = 0; i < config.cluster().nodes().size(); i++) {
            var node = Node.of(i, config.cluster().nodes().get(i));
            try (var connection = connector.connect(node, database, TIMEOUT);
                    var statement = connection.prepareStatement(AuthQuery.forJdbc(query.sql()))) {
                statement.setString(1, user);
                statement.executeQuery().close();
                return new Finding(false, "ok    auth.query: works on " + node.name() + " as user " + user);
            } catch (SQLException failure) {
                complaint = node.name() + ": " + failure.getMessage();
            }
        }
        return new Finding(true, "FAIL  auth.query: " + complaint + remedy(database));
    }

    private String remedy(String database) {
        if (!query.sql().equals(Query.DEFAULT.sql()))
            return "; run auth.query.sql by hand as user " + user + " to see why";
        return "; unless the login itself fails, run this as a superuser in database " + database
                + " of the primary:\n\n" + PasswordQuery.functionFor(user).indent(6);
    }
}
