package org.pgdrover.auth;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is read from a good file is tested where it is used: in front of a directory, and of an issuer.
class CaFileTest {
    @TempDir
    Path directory = Path.of(".");

    @Test
    void namesAFileThatIsNotThere() {
        var file = directory.resolve("missing.pem");

        assertThatThrownBy(() -> CaFile.context(file))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageStartingWith(file + ":1: no certificates of authorities in PEM form can be read");
    }

    @Test
    void takesNoFileWithoutCertificatesForOneThatTrustsNobody() throws IOException {
        var empty = Files.createFile(directory.resolve("empty.pem"));
        var text = Files.writeString(directory.resolve("text.pem"), "hello");

        assertThatThrownBy(() -> CaFile.context(empty)).isInstanceOf(InvalidFileException.class);
        assertThatThrownBy(() -> CaFile.context(text)).isInstanceOf(InvalidFileException.class);
    }
}
