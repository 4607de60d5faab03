package org.pgdrover.auth.users;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.pgdrover.auth.FileProblem;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.TextFile;

/// The passwords of `users.txt`: one `"user" "secret"` a line, in PgBouncer's form.
///
/// A quote within quotes is doubled; lines that begin with `;` or `#` are comments. Immutable.
public final class UserListFile implements PasswordStore {
    private static final int MOST_PROBLEMS = 1000;
    private static final String FORM = "(expected: \"user\" \"secret\", both in double quotes)";

    /// Without users.
    public static final UserListFile EMPTY = new UserListFile(Map.of());

    private final Map<String, StoredPassword> passwords;

    private UserListFile(Map<String, StoredPassword> passwords) {
        this.passwords = Map.copyOf(passwords);
    }

    /// @throws IOException if the file cannot be read
    /// @throws InvalidFileException if lines of it are wrong
    public static UserListFile read(Path file) throws IOException, InvalidFileException {
        return read(file, TextFile.open(file));
    }

    static UserListFile read(Path file, TextFile lines) throws InvalidFileException {
        var passwords = new HashMap<String, StoredPassword>();
        var problems = new ArrayList<FileProblem>();
        while (lines.hasNext() && problems.size() < MOST_PROBLEMS) {
            var line = lines.next();
            var problem = line.problem() == null ? add(line.text(), passwords) : line.problem();
            if (!problem.isEmpty()) problems.add(new FileProblem(file, line.number(), problem));
        }
        if (!problems.isEmpty()) throw new InvalidFileException(problems);
        return new UserListFile(passwords);
    }

    /// Adds the line's user; gives what is wrong with the line, or nothing.
    private static String add(String line, Map<String, StoredPassword> passwords) {
        if (line.isBlank() || line.startsWith(";") || line.startsWith("#")) return "";
        var words = quoted(line);
        if (words.size() != 2) return "malformed line " + FORM;
        var user = words.getFirst();
        if (user.isEmpty()) return "empty user name " + FORM;
        try {
            if (passwords.putIfAbsent(user, StoredPassword.parse(words.getLast())) != null)
                return "user \"" + user + "\" is listed twice: keep one line of it";
            return "";
        } catch (IllegalArgumentException malformed) {
            return "the secret of user \"" + user + "\" begins like a SCRAM verifier but is not one"
                    + " (expected: SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey, as in pg_authid.rolpassword)";
        }
    }

    /// The words of a line that has nothing else than words in quotes with blanks between; none if it
    /// has.
    private static List<String> quoted(String line) {
        var words = new ArrayList<String>();
        int at = 0;
        while (true) {
            int start = skipBlanks(line, at);
            if (start == line.length()) return words;
            boolean apart = words.isEmpty() || start > at;
            if (!apart || line.charAt(start) != '"') return List.of();
            var word = new StringBuilder();
            at = word(line, start + 1, word);
            if (at < 0) return List.of();
            words.add(word.toString());
        }
    }

    private static int skipBlanks(String line, int from) {
        int at = from;
        while (at < line.length() && Character.isWhitespace(line.charAt(at))) at++;
        return at;
    }

    /// Reads up to the closing quote, two of which are one of the word's own; gives where it goes on, or
    /// -1 if there is none.
    private static int word(String line, int from, StringBuilder word) {
        int at = from;
        while (at < line.length()) {
            char c = line.charAt(at++);
            boolean isQuote = c == '"';
            boolean doubled = isQuote && at < line.length() && line.charAt(at) == '"';
            if (isQuote && !doubled) return at;
            if (doubled) at++;
            word.append(c);
        }
        return -1;
    }

    /// Whether any user's password is stored as a SCRAM verifier.
    public boolean hasVerifiers() {
        return passwords.values().stream().anyMatch(StoredPassword.ScramVerifier.class::isInstance);
    }

    /// Whether any user's password is stored in another form.
    public boolean hasOthers() {
        return !passwords.values().stream().allMatch(StoredPassword.ScramVerifier.class::isInstance);
    }

    /// The users in the file.
    public List<String> users() {
        return passwords.keySet().stream().sorted().toList();
    }

    @Override
    public CompletionStage<Optional<StoredPassword>> find(String user) {
        return CompletableFuture.completedFuture(Optional.ofNullable(passwords.get(user)));
    }
}
