package org.pgdrover.routing;

import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.sql.FunctionBody;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// Judges a function's body in a language that is not read, by a few words in it.
final class OtherLanguage {
    /// What a body in a trusted language does beyond computing: it runs statements.
    private static final Pattern BEYOND_COMPUTING =
            Pattern.compile("spi_|plv8\\.|plpy|execute|query", Pattern.CASE_INSENSITIVE);

    /// Values that stay as long as the server process, in PL/Tcl, PL/Perl, PL/Python and PL/v8: DISCARD ALL
    /// does not take them away.
    private static final Pattern GLOBALS = Pattern.compile(
            "\\bglobal(This|s)?\\b|\\b[GS]D\\b|_SHARED\\b|\\bupvar\\b|\\bour\\s*[(\\\\$@%]"
                    + "|^\\s*variable\\b|[;{]\\s*variable\\b|(?:^|[\\s\\[{($]|\\$main)::[A-Za-z_]",
            Pattern.MULTILINE);

    /// Anything, of which what lasts is known: so all but one, which is told apart.
    private static final Residues ANYTHING_THAT_LASTS = Residues.of(Arrays.stream(Residue.values())
            .filter(each -> each != Residue.SEQUENCES && each != Residue.LOCAL_SETTINGS)
            .toArray(Residue[]::new));

    private OtherLanguage() {}

    static void judge(CatalogGraph.Thing function, @Nullable String body, boolean trusted) {
        boolean runs =
                !trusted || body == null || BEYOND_COMPUTING.matcher(body).find();
        if (body == null || !GLOBALS.matcher(body).find()) {
            if (runs) function.does(true, body == null ? Residues.ALL : FunctionBody.unread(body));
            return;
        }
        function.does(true, runs ? ANYTHING_THAT_LASTS : Residues.of(Residue.LASTING));
        if (!runs) return;
        function.usesSequences();
        function.shows();
    }
}
