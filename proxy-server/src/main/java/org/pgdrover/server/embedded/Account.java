package org.pgdrover.server.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The account that PostgreSQL runs under: our own, or, because it refuses root, one without rights.
enum Account {
    OWN(List.of()),
    /// A user namespace of its own, in which root is nobody and the files seem to be nobody's too.
    NAMESPACE(List.of("unshare", "-U", "--")),
    NOBODY(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"));

    private final List<String> prefix;

    Account(List<String> prefix) {
        this.prefix = prefix;
    }

    /// @throws IOException if we are root and can become nobody else
    static Account choose() throws IOException, InterruptedException {
        boolean root = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
        if (!root) return OWN;
        for (var account : List.of(NAMESPACE, NOBODY))
            if (Shell.succeeds(account.command(List.of("true")))) return account;
        throw new IOException("PostgreSQL refuses to run as root, and neither unshare nor setpriv works here:"
                + " run the demo as an ordinary user");
    }

    List<String> command(List<String> command) {
        var all = new ArrayList<>(prefix);
        all.addAll(command);
        return all;
    }

    /// Makes the account own the directory and what is in it.
    void own(Path directory) throws IOException, InterruptedException {
        if (this == NOBODY) Shell.run(List.of("chown", "-R", "65534:65534", directory.toString()), directory);
    }
}
