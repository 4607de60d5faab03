package org.pgdrover.auth.hba;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The databases or the users that a rule is for: one entry that fits is enough.
final class NameList {
    private final List<Word> words;
    private final Set<String> names = new HashSet<>();
    private final List<NameMatcher> others = new ArrayList<>();
    private boolean all;
    private boolean replication;

    private NameList(List<Word> words) {
        this.words = List.copyOf(words);
    }

    static NameList ofDatabases(List<Word> words) throws Unusable {
        var list = new NameList(words);
        for (var word : words) {
            if (word.is("replication")) list.replication = true;
            else list.add(word, database(word));
        }
        return list;
    }

    static NameList ofUsers(List<Word> words) throws Unusable {
        var list = new NameList(words);
        for (var word : words) list.add(word, user(word));
        return list;
    }

    private void add(Word word, @Nullable NameMatcher other) throws Unusable {
        if (other != null) others.add(other);
        else if (word.is("all")) all = true;
        else if (word.isPattern())
            others.add(new NameMatcher.Matching(NamePattern.of(word.text().substring(1))));
        else names.add(word.text());
    }

    private static @Nullable NameMatcher database(Word word) {
        if (word.is("sameuser")) return new NameMatcher.SameUser();
        return word.is("samerole") || word.is("samegroup") ? new NameMatcher.SameRole() : null;
    }

    private static @Nullable NameMatcher user(Word word) throws Unusable {
        if (!word.hasPrefix('+')) return null;
        if (word.text().length() == 1) throw new Unusable("\"+\" names no role: write the role's name behind it");
        return new NameMatcher.MemberOf(word.text().substring(1));
    }

    /// Physical replication, which has no database, fits the keyword alone; nothing else does.
    Answer hasDatabase(HbaQuestion question) {
        var request = question.request();
        return request.replication() ? Answer.of(replication) : has(request.database(), question);
    }

    Answer hasUser(HbaQuestion question) {
        return has(question.request().user(), question);
    }

    private Answer has(String name, HbaQuestion question) {
        if (all || names.contains(name)) return Answer.YES;
        var answer = Answer.NO;
        for (var other : others) {
            answer = answer.or(other.matches(name, question.request().user(), question.roles()));
            if (answer == Answer.YES) return answer;
        }
        return answer;
    }

    boolean needsRoles() {
        return others.stream().anyMatch(NameMatcher::needsRoles);
    }

    @Override
    public String toString() {
        return words.stream().map(Word::toString).collect(Collectors.joining(","));
    }
}
