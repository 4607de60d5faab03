package org.pgdrover.auth.users;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.TextFile;

/// No bytes make the reader of users.txt fail in another way than it says; what it gives tells no
/// secret.
class UserListFuzzTest {
    @FuzzTest(maxDuration = "10m")
    void users(byte[] content) {
        try {
            var file = UserListFile.read(Path.of("users.txt"), TextFile.of(content));
            for (var user : file.users())
                assertThat(file.find(user).toCompletableFuture().join())
                        .hasValueSatisfying(
                                stored -> assertThat(stored.toString()).endsWith("[***]"));
        } catch (InvalidFileException expected) {
            assertThat(expected.problems()).isNotEmpty().allMatch(problem -> problem.line() > 0);
        }
    }
}
