package org.pgdrover.auth.hba;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.TextFile;

/// Reads a file in the form of pg_hba.conf or pg_ident.conf, with its includes, into lines (PostgreSQL
/// manual, section 20.1).
///
/// What is wrong becomes a line with a problem, in its place. Depth, number and size of the files are
/// bounded, and a file that includes itself is found at once.
final class AuthFileReader {
    private static final int MOST_DEPTH = 10;
    private static final int MOST_FILES = 1000;
    private static final int MOST_BYTES = 8 << 20;
    private static final int MOST_LINE_LENGTH = 1 << 18;
    private static final String TOO_LONG = "the line, with those that it goes on in, is longer than " + MOST_LINE_LENGTH
            + " characters: move names into a file that it names with @";

    private final AuthFiles source;
    private final Deque<Path> open = new ArrayDeque<>();
    private int files;
    private int bytes;

    private AuthFileReader(AuthFiles source) {
        this.source = source;
    }

    /// @throws IOException if the file itself cannot be read; included ones are problems of the line
    /// that includes them
    static List<AuthLine> read(Path file, AuthFiles source) throws IOException {
        var lines = new ArrayList<AuthLine>();
        new AuthFileReader(source).read(file, source.open(file), lines);
        return lines;
    }

    private void read(Path file, TextFile text, List<AuthLine> into) {
        open.push(identity(file));
        while (text.hasNext()) {
            var first = text.next();
            var joined = new StringBuilder();
            var problem = join(first, text, joined);
            if (problem == null) readLine(file, first.number(), joined.toString(), into);
            else into.add(new AuthLine(file, first.number(), List.of(), problem));
        }
        open.pop();
    }

    /// Joins a line with those that it goes on in; gives what is wrong with any of them, or null.
    private static @Nullable String join(TextFile.Line first, TextFile text, StringBuilder joined) {
        var line = first;
        int joinedBefore = 0;
        while (true) {
            if (line.problem() != null) return line.problem();
            joined.append(line.text());
            stripReturns(joined);
            // A backslash that was there before this line is none of its own.
            boolean goesOn = joined.length() > joinedBefore && joined.charAt(joined.length() - 1) == '\\';
            if (!goesOn) return joined.length() > MOST_LINE_LENGTH ? TOO_LONG : null;
            joined.setLength(joined.length() - 1);
            joinedBefore = joined.length();
            if (!text.hasNext()) return null;
            line = text.next();
        }
    }

    private static void stripReturns(StringBuilder line) {
        while (!line.isEmpty() && line.charAt(line.length() - 1) == '\r') line.setLength(line.length() - 1);
    }

    private void readLine(Path file, int number, String text, List<AuthLine> into) {
        try {
            var fields = HbaTokens.of(text, name -> words(name, file));
            if (!fields.isEmpty() && !include(fields, file, number, into))
                into.add(new AuthLine(file, number, fields, null));
        } catch (Unusable wrong) {
            into.add(new AuthLine(file, number, List.of(), wrong.why()));
        }
    }

    /// Whether the line is an include directive, which is then followed.
    private boolean include(List<List<Word>> fields, Path file, int number, List<AuthLine> into) throws Unusable {
        if (fields.size() != 2) return false;
        var directive = fields.getFirst().getFirst().text();
        switch (directive) {
            case "include" -> includeFile(named(directive, fields, file), false, into);
            case "include_if_exists" -> includeFile(named(directive, fields, file), true, into);
            case "include_dir" -> includeDirectory(named(directive, fields, file), file, number, into);
            default -> {
                return false;
            }
        }
        return true;
    }

    private static Path named(String directive, List<List<Word>> fields, Path file) throws Unusable {
        if (fields.getFirst().size() > 1 || fields.getLast().size() > 1)
            throw new Unusable(directive + " takes one name, not a list: write a line for each");
        return resolve(file, fields.getLast().getFirst().text());
    }

    private void includeFile(Path file, boolean maybeAbsent, List<AuthLine> into) throws Unusable {
        try {
            read(file, open(file), into);
        } catch (NoSuchFileException absent) {
            if (!maybeAbsent) throw new Unusable("cannot read " + file + ": there is no such file");
        } catch (IOException unreadable) {
            throw new Unusable(String.valueOf(unreadable.getMessage()));
        }
    }

    private void includeDirectory(Path directory, Path file, int number, List<AuthLine> into) throws Unusable {
        for (var each : configurationFiles(directory)) {
            try {
                includeFile(each, false, into);
            } catch (Unusable wrong) {
                into.add(new AuthLine(file, number, List.of(), wrong.why()));
            }
        }
    }

    /// In the order of their names' bytes, without hidden ones.
    private List<Path> configurationFiles(Path directory) throws Unusable {
        try {
            return source.list(directory).stream()
                    .filter(file -> isConfiguration(fileName(file)))
                    .sorted(Comparator.comparing(
                            file -> fileName(file).getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned))
                    .toList();
        } catch (NoSuchFileException | NotDirectoryException absent) {
            throw new Unusable("cannot read directory " + directory + ": there is no such directory");
        } catch (IOException unreadable) {
            throw new Unusable("cannot read directory " + directory + ": " + unreadable.getMessage());
        }
    }

    private static String fileName(Path file) {
        return Objects.requireNonNull(file.getFileName()).toString();
    }

    private static boolean isConfiguration(String name) {
        return name.endsWith(".conf") && !name.startsWith(".");
    }

    /// The words of a file that a word with an at-sign names; its lines do not matter.
    private List<Word> words(String name, Path from) throws Unusable {
        var file = resolve(from, name);
        var lines = new ArrayList<AuthLine>();
        try {
            read(file, open(file), lines);
        } catch (NoSuchFileException absent) {
            throw new Unusable("@" + name + ": cannot read " + file + ": there is no such file");
        } catch (IOException unreadable) {
            throw new Unusable("@" + name + ": " + unreadable.getMessage());
        }
        var words = new ArrayList<Word>();
        for (var line : lines) {
            if (line.problem() != null)
                throw new Unusable("@" + name + ": " + line.file() + ":" + line.line() + ": " + line.problem());
            line.fields().forEach(words::addAll);
        }
        // PostgreSQL drops the whole field then, and takes the next one for it.
        if (words.isEmpty())
            throw new Unusable("@" + name + ": " + file + " names nothing: add a name, or remove the rule");
        return words;
    }

    private TextFile open(Path file) throws IOException, Unusable {
        if (open.contains(identity(file))) throw new Unusable(file + " includes itself: remove the circle");
        if (open.size() > MOST_DEPTH)
            throw new Unusable("cannot read " + file + ": files that include files, more than " + MOST_DEPTH + " deep");
        if (++files > MOST_FILES)
            throw new Unusable("cannot read " + file + ": more than " + MOST_FILES + " files in all");
        var text = source.open(file);
        bytes += text.size();
        if (bytes > MOST_BYTES)
            throw new Unusable("cannot read " + file + ": more than " + MOST_BYTES + " bytes in all files together");
        return text;
    }

    private static Path identity(Path file) {
        return file.toAbsolutePath().normalize();
    }

    /// A relative name is meant from the directory of the file that has it.
    private static Path resolve(Path from, String name) throws Unusable {
        if (name.isBlank()) throw new Unusable("an empty file name: add it");
        try {
            return from.toAbsolutePath().resolveSibling(name).normalize();
        } catch (InvalidPathException invalid) {
            throw new Unusable("\"" + name + "\" cannot be the name of a file here: " + invalid.getReason());
        }
    }
}
