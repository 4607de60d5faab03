package org.pgdrover.auth.hba;

import java.util.ArrayList;
import java.util.List;

/** Splits a line into fields, and each field into its comma-separated words, as PostgreSQL does for pg_hba.conf. */
final class HbaTokens {
    /** @param quoted a quoted word has lost any special meaning */
    record Word(String text, boolean quoted) {
        boolean is(String keyword) {
            return !quoted && text.equals(keyword);
        }
    }

    private final String line;
    private final List<List<Word>> fields = new ArrayList<>();
    private int at;

    private HbaTokens(String line) {
        this.line = line;
    }

    /** @throws IllegalArgumentException if a quoted word does not end on its line */
    static List<List<Word>> of(String line) {
        var tokens = new HbaTokens(line);
        tokens.split();
        return tokens.fields;
    }

    private void split() {
        boolean continues = false;
        while (true) {
            while (at < line.length() && Character.isWhitespace(line.charAt(at))) at++;
            if (at == line.length() || line.charAt(at) == '#') return;
            if (line.charAt(at) == ',') {
                continues = true;
                at++;
                continue;
            }
            var word = word();
            if (!continues) fields.add(new ArrayList<>());
            if (!fields.isEmpty()) fields.getLast().add(word);
            continues = at < line.length() && line.charAt(at) == ',';
        }
    }

    private Word word() {
        var text = new StringBuilder();
        boolean quoted = false;
        boolean inside = false;
        for (; at < line.length(); at++) {
            char c = line.charAt(at);
            if (c == '"') {
                inside = !inside;
                quoted = true;
            } else if (!inside && (Character.isWhitespace(c) || c == ',' || c == '#')) {
                break;
            } else {
                text.append(c);
            }
        }
        if (inside) throw new IllegalArgumentException("a quoted word does not end: add the closing double quote");
        return new Word(text.toString(), quoted);
    }
}
