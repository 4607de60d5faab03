package org.pgdrover.sql;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Tries to prove from a query's tokens that it is a read. It lists every name of a SELECT, VALUES,
/// TABLE or WITH that could be a function.
///
/// Whatever can be read in two ways is taken for the more dangerous one. Not thread-safe: it holds the
/// result of the last [#prove].
final class ReadProof {
    private static final int AS = Keywords.id("as");
    private static final int FOR = Keywords.id("for");
    private static final int INTO = Keywords.id("into");
    private static final int WITH = Keywords.id("with");
    private static final int RECURSIVE = Keywords.id("recursive");
    private static final int NOT = Keywords.id("not");
    private static final int MATERIALIZED = Keywords.id("materialized");
    private static final int SELECT = Keywords.id("select");
    private static final int TABLE = Keywords.id("table");
    private static final int VALUES = Keywords.id("values");
    private static final int TEMP = Keywords.id("temp");
    private static final int TEMPORARY = Keywords.id("temporary");
    private static final int TABLESAMPLE = Keywords.id("tablesample");
    private static final int ON = Keywords.id("on");
    private static final int DISTINCT = Keywords.id("distinct");
    private static final int KEY = Keywords.id("key");
    private static final int PRIMARY = Keywords.id("primary");
    private static final int FOREIGN = Keywords.id("foreign");
    private static final int SET = Keywords.id("set");
    private static final int UPDATE = Keywords.id("update");
    private static final int CONFLICT = Keywords.id("conflict");
    private static final int INSERT = Keywords.id("insert");
    private static final int DELETE = Keywords.id("delete");
    private static final int THEN = Keywords.id("then");
    private static final int OVERRIDING = Keywords.id("overriding");
    private static final int WHERE = Keywords.id("where");
    private static final int DO = Keywords.id("do");
    private static final int BY = Keywords.id("by");
    private static final boolean[] CHANGES = set("insert update delete merge");
    private static final boolean[] LOCKS = set("update no share key");
    private static final boolean[] INTO_WORDS = set("temp temporary local global unlogged table");
    private static final boolean[] OPERATOR_OR_DISTINCT = set("operator distinct");

    /// Words of the grammar that a parenthesis may follow, and by which no function can be called unless they are
    /// quoted (PostgreSQL manual, appendix C). Of others, as FILTER, the catalog tells whether they are functions.
    private static final boolean[] NOT_CALLS = set("""
            in exists values row cast coalesce nullif greatest least any some all and or not where having on using when
            then else case select from limit offset fetch with as union intersect except distinct extract position trim
            treat grouping group array lateral interval between numeric decimal dec char character varchar bit float
            time timestamp nchar national precision int integer smallint bigint real boolean order window setof for
            table only xmlelement xmlconcat xmlforest xmlattributes xmlparse xmlpi xmlroot xmlserialize xmlexists
            xmltable xmlnamespaces asymmetric symmetric current_time current_timestamp localtime localtimestamp to
            returning check references unique primary foreign default constraint
            """);

    private static final boolean[] GRAMMAR = set(String.join(" ", KnownFunctions.grammar()));
    /// The second word of two that belong together, and which come before it.
    private static final Map<Integer, boolean[]> BEHIND = Map.of(
            BY,
            set("order group partition"),
            Keywords.id("join"),
            set("left right full inner outer cross natural"),
            Keywords.id("sets"),
            set("grouping"),
            Keywords.id("first"),
            set("fetch"),
            Keywords.id("next"),
            set("fetch"),
            Keywords.id("second"),
            set("to interval"),
            Keywords.id("varying"),
            set("character char nchar bit"));

    /// The beginning of a reason: the query changes nothing, and every server would tell something else.
    static final String OF_ONE_SERVER = "what is local to one server: ";

    private final SqlLexer lexer;
    private final NameList functions = new NameList();
    private int from;
    private int to;
    private boolean closingParenthesisEndsAlias;
    private @Nullable String obstacle;
    private boolean temporary;
    private boolean configures;
    private int target = -1;

    ReadProof(SqlLexer lexer) {
        this.lexer = lexer;
    }

    static boolean[] set(String words) {
        var set = new boolean[1024];
        for (var word : words.strip().split("\\s+")) set[Keywords.id(word)] = true;
        return set;
    }

    void clear() {
        obstacle = null;
        temporary = false;
        configures = false;
        target = -1;
        functions.clear();
    }

    /// Whether it calls set_config.
    boolean callsSetConfig() {
        return configures;
    }

    /// Looks at the tokens from one to before another; null if they are a read provided that
    /// [#functions] are, or why they are not.
    @Nullable
    String prove(int first, int end) {
        from = first;
        to = end;
        clear();
        closingParenthesisEndsAlias = !lexer.hasOperatorOrDistinct() || !hasOperatorOrDistinctOn();
        for (int i = from; i < to; i++) if (lexer.isName(i)) name(i);
        return obstacle;
    }

    /// Every name that could be a function call, schema-qualified where the text is.
    NameList functions() {
        return functions;
    }

    /// Whether the obstacle was a SELECT INTO of a temporary table.
    boolean createsTemporaryTable() {
        return temporary;
    }

    private boolean hasOperatorOrDistinctOn() {
        for (int i = from; i < to; i++) {
            int keyword = lexer.keyword(i);
            if (!OPERATOR_OR_DISTINCT[keyword]) continue;
            if (keyword != DISTINCT || keyword(i + 1) == ON) return true;
        }
        return false;
    }

    private void name(int i) {
        boolean afterDot = i > from && lexer.is(i - 1, '.');
        boolean label = !afterDot && i > from && lexer.keyword(i - 1) == AS;
        if (!afterDot && !label) keyword(i, lexer.keyword(i));
        switch (lexer.first(i)) {
            case 'p' -> {
                if (lexer.startsWith(i, "pg_")) local(i);
            }
            case 'i' -> {
                if (lexer.startsWith(i, "inet_")) local(i);
            }
            case 't' -> {
                if (lexer.startsWith(i, "txid_")) local(i);
            }
            case 'c' -> {
                if (lexer.startsWith(i, "current_s")) local(i);
            }
            default -> {}
        }
        if (!label && i + 1 < to && lexer.is(i + 1, '(') && couldBeCall(i, afterDot)) addFunction(i);
    }

    private void keyword(int i, int keyword) {
        if (keyword == Keywords.NONE) return;
        if (CHANGES[keyword]) changes(changeOf(keyword));
        else if (keyword == INTO) into(i);
        else if (keyword == FOR && LOCKS[keyword(i + 1)]) hinders("row locks: FOR UPDATE or SHARE");
    }

    private static String changeOf(int keyword) {
        if (keyword == INSERT) return "data-modifying INSERT";
        if (keyword == UPDATE) return "data-modifying UPDATE";
        return keyword == DELETE ? "data-modifying DELETE" : "data-modifying MERGE";
    }

    private void hinders(String why) {
        if (obstacle == null) obstacle = why;
    }

    /// A query that changes something does more than to tell of one server.
    private void changes(String why) {
        if (obstacle == null || obstacle.startsWith(OF_ONE_SERVER)) obstacle = why;
    }

    private void into(int i) {
        boolean first = obstacle == null;
        hinders("SELECT INTO");
        int name = i + 1;
        while (name < to && INTO_WORDS[lexer.keyword(name)]) {
            if (keyword(name) == TEMP || keyword(name) == TEMPORARY) temporary = true;
            name++;
        }
        if (name < to && lexer.isName(name)) {
            if (lexer.startsWith(name, "pg_temp")) temporary = true;
            if (first) target = name;
        }
    }

    /// Where the name stands of the table that SELECT INTO makes; -1 if that is not what it is.
    int target() {
        return target;
    }

    private int keyword(int i) {
        return i < to ? lexer.keyword(i) : Keywords.NONE;
    }

    private void local(int i) {
        var name = lexer.name(i);
        if (KnownFunctions.isLocal(name)) hinders(OF_ONE_SERVER + name);
    }

    /// Whether the name before a parenthesis may be a function; see the table in docs/routing.md.
    private boolean couldBeCall(int i, boolean afterDot) {
        if (!afterDot && NOT_CALLS[lexer.keyword(i)]) return false;
        int first = firstOfName(i);
        if (first == from) return true;
        int before = first - 1;
        if (!afterDot && GRAMMAR[lexer.keyword(i)] && endsExpression(i, before)) return false;
        if (lexer.isOperator(before, "::") || lexer.keyword(before) == AS || lexer.keyword(before) == TABLESAMPLE)
            return false;
        if (lexer.keyword(before) == INTO) return false;
        if (first == i && (isAliasAfter(before) || isPartOfChange(i, before))) return false;
        return first != i || !isCommonTable(i, before);
    }

    /// Whether a word of the grammar stands behind what ends an expression, or behind the word that it belongs to:
    /// no call can stand there.
    private boolean endsExpression(int i, int before) {
        int keyword = lexer.keyword(before);
        if (keyword != Keywords.NONE) {
            if (keyword == NOT && lexer.keyword(i) == MATERIALIZED)
                return before > from && lexer.keyword(before - 1) == AS;
            var pairs = BEHIND.get(lexer.keyword(i));
            return pairs != null && pairs[keyword];
        }
        return lexer.isName(before)
                || lexer.is(before, ')') && closingParenthesisEndsAlias
                || lexer.is(before, ']')
                || lexer.type(before) == SqlLexer.STRING
                || lexer.type(before) == SqlLexer.NUMBER
                || lexer.type(before) == SqlLexer.PARAMETER;
    }

    /// SET (a, b) = …, ON CONFLICT (a) DO and WHEN … THEN INSERT (a, b) VALUES look like calls.
    private boolean isPartOfChange(int i, int before) {
        int keyword = lexer.keyword(i);
        if (keyword == KEY) return lexer.keyword(before) == PRIMARY || lexer.keyword(before) == FOREIGN;
        if (keyword == SET) return lexer.keyword(before) == UPDATE;
        if (keyword == CONFLICT) return lexer.keyword(before) == ON && isConflictTarget(afterParentheses(i + 1));
        if (keyword != INSERT || lexer.keyword(before) != THEN) return false;
        int next = keyword(afterParentheses(i + 1));
        return next == VALUES || next == OVERRIDING;
    }

    private boolean isConflictTarget(int next) {
        if (keyword(next) != WHERE) return keyword(next) == DO;
        for (int i = next; i < to; i++) {
            if (keyword(i) == DO) return true;
            if (keyword(i) == CONFLICT) return false;
        }
        return false;
    }

    /// The first token of a name that may be qualified.
    private int firstOfName(int last) {
        int first = last;
        while (first - 2 >= from && lexer.is(first - 1, '.') && lexer.isName(first - 2)) first -= 2;
        return first;
    }

    /// In FROM t a(x, y) and FROM (…) a(x, y) the name before the parenthesis is an alias.
    private boolean isAliasAfter(int before) {
        if (lexer.is(before, ')')) return closingParenthesisEndsAlias;
        return lexer.isName(before) && lexer.keyword(before) == Keywords.NONE;
    }

    /// WITH x (a, b) AS (SELECT …).
    private boolean isCommonTable(int i, int before) {
        int keyword = lexer.keyword(before);
        if (keyword != WITH && keyword != RECURSIVE && !lexer.is(before, ',')) return false;
        int next = afterParentheses(i + 1);
        if (keyword(next) != AS) return false;
        next++;
        if (keyword(next) == NOT) next++;
        if (keyword(next) == MATERIALIZED) next++;
        if (next >= to || !lexer.is(next, '(')) return false;
        int inner = keyword(next + 1);
        return inner == SELECT
                || inner == WITH
                || inner == TABLE
                || (inner == VALUES && next + 2 < to && lexer.is(next + 2, '('))
                || (next + 1 < to && lexer.is(next + 1, '('));
    }

    private int afterParentheses(int open) {
        return Math.min(to, lexer.match(open) + 1);
    }

    private void addFunction(int i) {
        var name = lexer.known(i);
        configures |= name.text().equals("set_config");
        boolean qualified = i - 2 >= from && lexer.is(i - 1, '.') && lexer.isName(i - 2);
        functions.add(qualified ? lexer.names().qualified(lexer.known(i - 2), name) : name);
    }
}
