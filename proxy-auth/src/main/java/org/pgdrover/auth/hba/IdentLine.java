package org.pgdrover.auth.hba;

import java.util.List;

/// A line of a user name map: names of another system, and the database users that they may be.
///
/// @param user may have \1 in it, once, for what the first group of the system name's expression holds
record IdentLine(String map, SystemName systemName, DatabaseUser user) {
    private static final String CAPTURED = "\\1";

    sealed interface SystemName {
        record Exactly(String name) implements SystemName {}

        record Matching(NamePattern pattern) implements SystemName {}
    }

    sealed interface DatabaseUser {
        record Any() implements DatabaseUser {}

        record Exactly(String name) implements DatabaseUser {}

        record Other(NameMatcher matcher) implements DatabaseUser {}

        /// What the group holds is a name and nothing else, whatever it looks like.
        record Captured(String before, NamePattern pattern, String after) implements DatabaseUser {}
    }

    /// @throws Unusable if the fields are not a map's name, a system's name and a database user's
    static IdentLine of(List<List<Word>> fields) throws Unusable {
        var map = single(fields, 0, "map name");
        var systemName = systemName(single(fields, 1, "system user name"));
        var user = user(single(fields, 2, "database user name"), systemName);
        if (fields.size() > 3)
            throw new Unusable("\"" + fields.get(3).getFirst().text()
                    + "\" is one field too many (expected: map name, system user name, database user name): put names with blanks in"
                    + " double quotes");
        return new IdentLine(map.text(), systemName, user);
    }

    private static Word single(List<List<Word>> fields, int index, String what) throws Unusable {
        if (index >= fields.size()) throw new Unusable("the line ends before the " + what + ": add it");
        var words = fields.get(index);
        if (words.size() > 1)
            throw new Unusable("the " + what + " must be one word, not a list: write a line for each");
        return words.getFirst();
    }

    private static SystemName systemName(Word word) throws Unusable {
        return word.isPattern()
                ? new SystemName.Matching(NamePattern.of(word.text().substring(1)))
                : new SystemName.Exactly(word.text());
    }

    private static DatabaseUser user(Word word, SystemName systemName) throws Unusable {
        var text = word.text();
        if (word.is("all")) return new DatabaseUser.Any();
        if (word.hasPrefix('+')) return new DatabaseUser.Other(new NameMatcher.MemberOf(text.substring(1)));
        if (word.isPattern())
            return new DatabaseUser.Other(new NameMatcher.Matching(NamePattern.of(text.substring(1))));
        int captured = text.indexOf(CAPTURED);
        if (captured < 0) return new DatabaseUser.Exactly(text);
        if (!(systemName instanceof SystemName.Matching(var pattern)) || pattern.groups() == 0)
            throw new Unusable("database user name \"" + text
                    + "\": \\1 needs a system user name that is a regular expression with a"
                    + " group in parentheses, such as /^(.*)@example\\.org$");
        return new DatabaseUser.Captured(
                text.substring(0, captured), pattern, text.substring(captured + CAPTURED.length()));
    }

    boolean isFor(String name) {
        return switch (systemName) {
            case SystemName.Exactly(var wanted) -> wanted.equals(name);
            case SystemName.Matching(var pattern) -> pattern.matches(name);
        };
    }

    /// Whether \1 is wanted, and the group took no part.
    boolean lacksGroup(String name) {
        return user instanceof DatabaseUser.Captured captured
                && captured.pattern().firstGroup(name).isEmpty();
    }

    Answer permits(String name, String wanted, RoleQuestion roles) {
        return switch (user) {
            case DatabaseUser.Any() -> Answer.YES;
            case DatabaseUser.Exactly(var exactly) -> Answer.of(exactly.equals(wanted));
            case DatabaseUser.Other(var matcher) -> matcher.matches(wanted, wanted, roles);
            case DatabaseUser.Captured(var before, var pattern, var after) ->
                Answer.of(pattern.firstGroup(name)
                        .map(group -> before + group + after)
                        .filter(wanted::equals)
                        .isPresent());
        };
    }

    boolean needsRoles() {
        return user instanceof DatabaseUser.Other(var matcher) && matcher.needsRoles();
    }
}
