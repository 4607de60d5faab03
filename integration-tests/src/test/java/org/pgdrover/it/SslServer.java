package org.pgdrover.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.server.embedded.EmbeddedNode;
import org.pgdrover.testing.Certificates;

/// Makes a running PostgreSQL server speak TLS, through SQL alone; its superuser always comes in
/// without.
final class SslServer {
    private final EmbeddedNode node;

    SslServer(EmbeddedNode node) {
        this.node = node;
    }

    /// @param ca checks the certificates of clients; null asks for none
    void certificate(Certificates.Pair pair, @Nullable Path ca) throws IOException, SQLException {
        var directory = node.ask("postgres", "SHOW data_directory");
        write(directory + "/server.crt", Files.readString(pair.certificate()));
        write(directory + "/server.key", Files.readString(pair.key()));
        if (ca != null) write(directory + "/root.crt", Files.readString(ca));
        node.sql(
                "postgres",
                "ALTER SYSTEM SET ssl_ca_file = '" + (ca == null ? "" : "root.crt") + "'",
                "ALTER SYSTEM SET ssl = on");
        reload();
    }

    /// Who else may come in.
    void rules(String... lines) throws SQLException, IOException {
        var all = new ArrayList<>(List.of("host all postgres 127.0.0.1/32 scram-sha-256"));
        all.addAll(List.of(lines));
        write(node.ask("postgres", "SHOW hba_file"), String.join("\n", all));
        reload();
    }

    /// A reload is done when a new connection is served by it; the postmaster signals itself first.
    private void reload() throws SQLException {
        var before = node.ask("postgres", "SELECT pg_conf_load_time()");
        node.sql("postgres", "SELECT pg_reload_conf()");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (node.ask("postgres", "SELECT pg_conf_load_time()").equals(before))
            if (System.nanoTime() > end) throw new AssertionError("not reloaded within 20 s");
    }

    /// PostgreSQL takes a key only if nobody else can read it.
    private void write(String file, String text) throws SQLException {
        node.sql(
                "postgres",
                "COPY (SELECT string_to_table($text$" + text.strip().replace("\r", "")
                        + "$text$, E'\\n')) TO PROGRAM 'umask 077; cat > " + file + "'");
    }
}
