package org.pgdrover.server.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/// PostgreSQL's programs: those that the jar brings, unpacked once into a cache, or those that are
/// installed.
record PostgresBinaries(Path directory) {
    /// The major version that the jar brings.
    static final int BUNDLED = 18;

    private static final List<String> INSTALLED = List.of("/usr/lib/postgresql/%d/bin", "/usr/pgsql-%d/bin");

    /// @throws IOException if this major version is neither brought nor installed
    static PostgresBinaries of(int major) throws IOException {
        if (major == BUNDLED && Bundle.exists()) return new PostgresBinaries(Bundle.unpacked());
        for (var pattern : INSTALLED) {
            var directory = Path.of(pattern.formatted(major));
            if (Files.isExecutable(directory.resolve("initdb"))) return new PostgresBinaries(directory);
        }
        throw new IOException("PostgreSQL " + major + " is not here (expected: " + BUNDLED
                + ", which comes with pgdrover, or a version installed in /usr/lib/postgresql or /usr/pgsql-"
                + major + ")");
    }

    String program(String name) {
        return directory.resolve(name).toString();
    }

    /// The archive in the jar.
    private static final class Bundle {
        private static final String RESOURCE = "/postgres-linux-" + architecture() + ".txz";

        private static String architecture() {
            var name = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
            return name.equals("aarch64") ? "arm_64" : "x86_64";
        }

        static boolean exists() {
            return PostgresBinaries.class.getResource(RESOURCE) != null;
        }

        /// Unpacks beside the target and renames, so that two that start at once do not meet.
        static Path unpacked() throws IOException {
            var cache = cache();
            var target = cache.resolve("postgresql-" + BUNDLED + "-" + size());
            if (Files.isExecutable(target.resolve("bin/initdb"))) return target.resolve("bin");
            Files.createDirectories(cache);
            var fresh = Files.createTempDirectory(cache, "unpacking-");
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
            unpack(fresh);
            try {
                Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException another) {
                Directories.delete(fresh);
                if (!Files.isExecutable(target.resolve("bin/initdb"))) throw another;
            }
            return target.resolve("bin");
        }

        /// Where an account without rights can read it too: /root is closed to others.
        private static Path cache() {
            var user = System.getProperty("user.name", "nobody");
            var home = System.getenv("XDG_CACHE_HOME");
            if (home != null && !home.isBlank() && !user.equals("root")) return Path.of(home, "pgdrover");
            if (user.equals("root")) return Path.of("/var/cache/pgdrover");
            return Path.of(System.getProperty("user.home", "/tmp"), ".cache", "pgdrover");
        }

        private static long size() throws IOException {
            return Objects.requireNonNull(PostgresBinaries.class.getResource(RESOURCE))
                    .openConnection()
                    .getContentLengthLong();
        }

        private static void unpack(Path into) throws IOException {
            try (var resource = Objects.requireNonNull(PostgresBinaries.class.getResourceAsStream(RESOURCE));
                    var tar = new TarArchiveInputStream(new XZCompressorInputStream(resource))) {
                for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) write(entry, tar, into);
            }
        }

        private static void write(TarArchiveEntry entry, TarArchiveInputStream tar, Path into) throws IOException {
            var file = into.resolve(entry.getName()).normalize();
            if (!file.startsWith(into)) throw new IOException("the archive leaves its directory: " + entry.getName());
            if (entry.isDirectory()) {
                Files.createDirectories(file);
                return;
            }
            Files.createDirectories(Objects.requireNonNull(file.getParent()));
            if (entry.isSymbolicLink()) {
                Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
                return;
            }
            Files.copy(tar, file);
            boolean executable = (entry.getMode() & 0100) != 0;
            Files.setPosixFilePermissions(
                    file, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
        }
    }
}
