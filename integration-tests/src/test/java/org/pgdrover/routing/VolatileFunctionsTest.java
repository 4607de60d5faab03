package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.sql.KnownFunctions;

/// Holds the list of harmless volatile functions against what each supported version has.
///
/// A version's functions are read from the file that its catalog is made of. One that is not in the
/// record has to be judged, and written down there.
@Timeout(120)
class VolatileFunctionsTest {
    private static final Pattern ROW = Pattern.compile("insert \\( \\d+ (\\S+) (?:\\S+ ){12}v .*");

    private static Map<String, String> record() throws IOException {
        var record = new HashMap<String, String>();
        try (var in =
                Objects.requireNonNull(VolatileFunctionsTest.class.getResourceAsStream("volatile-functions.txt"))) {
            for (var line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n"))
                if (!line.startsWith("#")) record.put(line.substring(line.indexOf(' ') + 1), line.split(" ")[0]);
        }
        return record;
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void judgesEveryVolatileFunction(int version) throws IOException {
        var found = volatileFunctions(version);

        assertThat(found).hasSizeGreaterThan(100).contains("random", "nextval");
        assertThat(record().keySet()).containsAll(found);
    }

    @Test
    void letsOnStandbysWhatTheRecordSays() throws IOException {
        record().forEach((name, place) ->
                assertThat(KnownFunctions.isHarmless(name)).describedAs(name).isEqualTo(place.equals("standby")));
    }

    private static TreeSet<String> volatileFunctions(int version) throws IOException {
        var names = new TreeSet<String>();
        boolean functions = false;
        for (var line : bootstrapFile(version).split("\n")) {
            if (line.startsWith("create ")) functions = line.startsWith("create pg_proc ");
            var row = ROW.matcher(line);
            if (functions && row.matches()) names.add(row.group(1));
        }
        return names;
    }

    private static String bootstrapFile(int version) throws IOException {
        var jar = Path.of("target", "postgresql", version + ".jar").toFile();
        try (var file = new JarFile(jar);
                var in = file.getInputStream(file.getEntry("postgres-linux-x86_64.txz"))) {
            return bootstrapFile(in);
        }
    }

    private static String bootstrapFile(InputStream archive) throws IOException {
        try (var tar = new TarArchiveInputStream(new XZCompressorInputStream(archive))) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry())
                if (entry.getName().endsWith("/postgres.bki"))
                    return new String(tar.readAllBytes(), StandardCharsets.UTF_8);
        }
        throw new IOException("postgres.bki: none (expected: one in share/postgresql)");
    }
}
