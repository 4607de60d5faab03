package org.pgdrover.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The rights of a private key's file, judged by PostgreSQL's rule for ssl_key_file.
public final class KeyFileRights {
    private static final Set<PosixFilePermission> OWNERS =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private KeyFileRights() {}

    /// What is wrong with the file's rights and what to do; null if nothing is, or if the file system
    /// knows no rights.
    public static @Nullable String complaint(Path keyFile) {
        try {
            var file = Files.readAttributes(keyFile, PosixFileAttributes.class);
            var allowed = EnumSet.copyOf(OWNERS);
            boolean ofRoot = file.owner().getName().equals("root")
                    && !System.getProperty("user.name").equals("root");
            // A key that belongs to root is shared with the proxy through its group.
            if (ofRoot) allowed.add(PosixFilePermission.GROUP_READ);
            if (allowed.containsAll(file.permissions())) return null;
            return "others can use this private key; chmod " + (ofRoot ? "640 " : "600 ") + keyFile;
        } catch (IOException | UnsupportedOperationException unknown) {
            return null;
        }
    }
}
