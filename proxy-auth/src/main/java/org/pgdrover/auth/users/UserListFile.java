package org.pgdrover.auth.users;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import org.pgdrover.auth.FileProblem;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.StoredPassword;

/**
 * The passwords of <code>users.txt</code>: one <code>"user" "secret"</code> a line, in PgBouncer's form.
 *
 * <p>A quote within quotes is doubled; lines that begin with <code>;</code> or <code>#</code> are comments. Immutable.
 */
public final class UserListFile implements PasswordStore {
    private static final Pattern LINE = Pattern.compile("\\s*\"((?:[^\"]|\"\")*)\"\\s+\"((?:[^\"]|\"\")*)\"\\s*");

    private final Map<String, StoredPassword> passwords;

    private UserListFile(Map<String, StoredPassword> passwords) {
        this.passwords = Map.copyOf(passwords);
    }

    /**
     * @throws IOException if the file cannot be read
     * @throws InvalidFileException if lines of it are wrong
     */
    public static UserListFile read(Path file) throws IOException, InvalidFileException {
        var passwords = new HashMap<String, StoredPassword>();
        var problems = new ArrayList<FileProblem>();
        var lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            var problem = line(lines.get(i), passwords);
            if (!problem.isEmpty()) problems.add(new FileProblem(file, i + 1, problem));
        }
        if (!problems.isEmpty()) throw new InvalidFileException(problems);
        return new UserListFile(passwords);
    }

    /** Adds the line's user; gives what is wrong with the line, or nothing. */
    private static String line(String line, Map<String, StoredPassword> passwords) {
        if (line.isBlank() || line.startsWith(";") || line.startsWith("#")) return "";
        var matcher = LINE.matcher(line);
        if (!matcher.matches()) return "malformed line (expected: \"user\" \"secret\", both in double quotes)";
        var user = unquote(matcher.group(1));
        if (user.isEmpty()) return "empty user name (expected: \"user\" \"secret\")";
        try {
            if (passwords.putIfAbsent(user, StoredPassword.parse(unquote(matcher.group(2)))) != null)
                return "user \"" + user + "\" is listed twice: keep one line of it";
            return "";
        } catch (IllegalArgumentException malformed) {
            return "the secret of user \"" + user + "\" begins like a SCRAM verifier but is not one"
                    + " (expected: SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey, as in pg_authid.rolpassword)";
        }
    }

    private static String unquote(String text) {
        return text.replace("\"\"", "\"");
    }

    /** The users in the file. */
    public List<String> users() {
        return passwords.keySet().stream().sorted().toList();
    }

    @Override
    public CompletionStage<Optional<StoredPassword>> find(String user) {
        return CompletableFuture.completedFuture(Optional.ofNullable(passwords.get(user)));
    }
}
