package org.pgdrover.auth.hba;

import java.util.ArrayList;
import java.util.List;

/// Splits a line into fields, and each field into its comma-separated words, as PostgreSQL does for
/// pg_hba.conf.
final class HbaTokens {
    /// Gives the words of the file that a word with an at-sign names.
    interface Expansion {
        List<Word> wordsOf(String file) throws Unusable;
    }

    private final String line;
    private final Expansion expansion;
    private final List<List<Word>> fields = new ArrayList<>();
    private int at;

    private HbaTokens(String line, Expansion expansion) {
        this.line = line;
        this.expansion = expansion;
    }

    /// @throws Unusable if a quoted word does not end, or a file of words cannot be used
    static List<List<Word>> of(String line, Expansion expansion) throws Unusable {
        var tokens = new HbaTokens(line, expansion);
        tokens.split();
        return tokens.fields;
    }

    private void split() throws Unusable {
        var field = new ArrayList<Word>();
        while (skipToWord()) {
            var word = word();
            if (word.hasPrefix('@') && word.text().length() > 1)
                field.addAll(expansion.wordsOf(word.text().substring(1)));
            else field.add(word);
            boolean goesOn = at < line.length() && line.charAt(at) == ',';
            if (goesOn) continue;
            fields.add(field);
            field = new ArrayList<>();
        }
        if (!field.isEmpty()) fields.add(field);
    }

    /// Whether there is another word: commas count as blanks before one, a comment ends the line.
    private boolean skipToWord() {
        while (at < line.length() && (isBlank(line.charAt(at)) || line.charAt(at) == ',')) at++;
        return at < line.length() && line.charAt(at) != '#';
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
    }

    private Word word() throws Unusable {
        var text = new StringBuilder();
        boolean inside = false;
        boolean quotedFirst = false;
        boolean afterQuote = false;
        for (; at < line.length(); at++) {
            char c = line.charAt(at);
            if (!inside && (isBlank(c) || c == ',' || c == '#')) break;
            if (c != '"') {
                text.append(c);
                afterQuote = false;
                continue;
            }
            if (afterQuote) text.append(c);
            afterQuote = inside && !afterQuote;
            inside = !inside;
            if (text.isEmpty()) quotedFirst = true;
        }
        if (inside) throw new Unusable("a quoted word does not end: add the closing double quote");
        return new Word(text.toString(), quotedFirst);
    }
}
