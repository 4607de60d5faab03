package org.pgdrover.sql;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Finds every name in a query, INSERT, UPDATE, DELETE or MERGE that could be a relation.
///
/// A frame is what stands between two parentheses. A FROM is a clause only in a frame that has a SELECT,
/// UPDATE, DELETE or MERGE before it, so those of EXTRACT and SUBSTRING are none. A name of WITH is no
/// relation where it is visible: behind its query, in its frame and those in it. Not thread-safe: it
/// holds what the last [#scan] found.
final class RelationScan {
    private static final int AS = Keywords.id("as");
    private static final int WITH = Keywords.id("with");
    private static final int RECURSIVE = Keywords.id("recursive");
    private static final int NOT = Keywords.id("not");
    private static final int MATERIALIZED = Keywords.id("materialized");
    private static final int SELECT = Keywords.id("select");
    private static final int VALUES = Keywords.id("values");
    private static final int TABLE = Keywords.id("table");
    private static final int FROM = Keywords.id("from");
    private static final int JOIN = Keywords.id("join");
    private static final int INTO = Keywords.id("into");
    private static final int INSERT = Keywords.id("insert");
    private static final int UPDATE = Keywords.id("update");
    private static final int DELETE = Keywords.id("delete");
    private static final int MERGE = Keywords.id("merge");
    private static final int USING = Keywords.id("using");
    private static final int DISTINCT = Keywords.id("distinct");
    private static final int ONLY = Keywords.id("only");
    private static final int LATERAL = Keywords.id("lateral");
    private static final int WHEN = Keywords.id("when");
    private static final int WITHIN = Keywords.id("within");
    private static final int ROWS = Keywords.id("rows");
    private static final boolean[] ENDS_FROM =
            ReadProof.set("where group having window union intersect except order limit offset fetch for returning");
    private static final boolean[] NO_UPDATE_CLAUSE = ReadProof.set("for do then key");

    private static final boolean[] PLAYS_A_PART = ReadProof.set("""
            select from join where group having window union intersect except order limit offset fetch for returning when
            only lateral table with recursive values rows into update delete merge using
            """);

    // What a frame is in.

    /// SELECT, UPDATE, DELETE or MERGE has been seen.
    private static final int QUERY = 1;

    private static final int FROM_LIST = 2;
    private static final int EXPECTS = 4;
    /// The relation expected is one that changes: no name of WITH, and a parenthesis behind it is a list
    /// of columns.
    private static final int TARGET = 8;

    private static final int WITH_LIST = 16;
    private static final int RECURSES = 32;
    private static final int USING_CLAUSE = 64;
    private static final int MERGES = 128;

    private static final int MOST_COMMON_TABLES = 64;

    private final SqlLexer lexer;
    private final NameList relations = new NameList();
    private final int[] frames = new int[SqlLexer.MOST_NESTING + 1];
    private final Names.@Nullable Name[] commonTables = new Names.@Nullable Name[MOST_COMMON_TABLES];
    private final int[] commonHashes = new int[MOST_COMMON_TABLES];
    /// The frame in which a name of WITH is visible, and the token behind which it is.
    private final int[] commonFrames = new int[MOST_COMMON_TABLES];

    private final int[] commonSince = new int[MOST_COMMON_TABLES];
    private int commonCount;
    private int depth;
    private int from;
    private int to;

    RelationScan(SqlLexer lexer) {
        this.lexer = lexer;
    }

    NameList relations() {
        return relations;
    }

    void clear() {
        relations.clear();
    }

    /// Adds what could be a relation in the tokens from one to before another.
    void scan(int first, int end) {
        begin(first, end, 0);
    }

    /// The same for a list of relations: what follows TRUNCATE or COPY.
    void scanList(int first, int end) {
        begin(first, end, FROM_LIST | EXPECTS | TARGET);
    }

    /// Adds every name that a definition touches: those outside parentheses.
    void scanDefinition(int first, int end) {
        for (int i = first; i < end; i++) {
            if (lexer.is(i, '(') || lexer.is(i, '[')) i = lexer.match(i);
            else if (lexer.isName(i) && (i == first || lexer.keyword(i) == Keywords.NONE)) i = defined(i, end);
        }
    }

    /// Adds a name, and gives its last token.
    int defined(int i, int end) {
        int last = i;
        while (last + 2 < end && lexer.is(last + 1, '.') && lexer.isName(last + 2)) last += 2;
        var name = lexer.known(last);
        relations.add(last > i ? lexer.names().qualified(lexer.known(last - 2), name) : name);
        return last;
    }

    private void begin(int first, int end, int frame) {
        from = first;
        to = end;
        depth = 0;
        frames[0] = frame;
        commonCount = 0;
        for (int i = from; i < to; i++) i = token(i);
        Arrays.fill(commonTables, 0, commonCount, null);
    }

    /// Looks at a token; gives the last one that is done with. Most tokens are names and keywords that
    /// play no part here.
    private int token(int i) {
        switch (lexer.type(i)) {
            case SqlLexer.WORD, SqlLexer.QUOTED -> {
                if (PLAYS_A_PART[lexer.keyword(i)] || has(EXPECTS | WITH_LIST)) return name(i);
            }
            case SqlLexer.PUNCTUATION -> punctuation(i);
            default -> {}
        }
        return i;
    }

    private void punctuation(int i) {
        switch (lexer.punctuation(i)) {
            case '(' -> open(i);
            case '[' -> push(0);
            case ')', ']' -> close();
            case ',' -> {
                if (has(FROM_LIST)) set(EXPECTS);
            }
            default -> {}
        }
    }

    private void open(int i) {
        boolean expects = has(EXPECTS) && !has(TARGET);
        if (has(EXPECTS)) unset(EXPECTS);
        push(expects || (has(TARGET) && isAfterOnly(i)) ? frames[depth] & TARGET | FROM_LIST | EXPECTS : 0);
    }

    private boolean isAfterOnly(int i) {
        return i > from && lexer.keyword(i - 1) == ONLY;
    }

    private void push(int frame) {
        frames[++depth] = frame;
    }

    private void close() {
        while (commonCount > 0 && commonFrames[commonCount - 1] == depth) commonTables[--commonCount] = null;
        depth--;
    }

    private boolean has(int flag) {
        return (frames[depth] & flag) != 0;
    }

    private void set(int flags) {
        frames[depth] |= flags;
    }

    private void unset(int flags) {
        frames[depth] &= ~flags;
    }

    private int name(int i) {
        int before = i > from ? lexer.keyword(i - 1) : Keywords.NONE;
        if (before == AS && lexer.keyword(i) != MATERIALIZED) return i;
        if (i > from && lexer.is(i - 1, '.')) return i;
        int keyword = lexer.keyword(i);
        if (keyword != Keywords.NONE && keyword(i, keyword, before)) return i;
        if (has(WITH_LIST) && isCommonTable(i, before)) return i;
        return has(EXPECTS) ? relation(i) : i;
    }

    /// Whether the keyword plays its part here and is no name.
    private boolean keyword(int i, int keyword, int before) {
        if (keyword == SELECT) {
            unset(FROM_LIST | EXPECTS | TARGET | WITH_LIST | RECURSES | USING_CLAUSE);
            set(QUERY);
        } else if (keyword == FROM) {
            if (!has(QUERY) || before == DISTINCT) return true;
            unset(before == DELETE ? 0 : TARGET);
            set(before == DELETE ? EXPECTS | TARGET : FROM_LIST | EXPECTS);
        } else if (keyword == JOIN) {
            if (has(FROM_LIST)) set(EXPECTS);
        } else if (ENDS_FROM[keyword] || (keyword == WHEN && has(MERGES))) {
            if (before != WITHIN) unset(FROM_LIST | EXPECTS | TARGET);
        } else if (keyword == ONLY || keyword == LATERAL) {
            return true;
        } else if (keyword == TABLE) {
            set(EXPECTS);
        } else if (keyword == WITH) {
            if (isWithClause(i)) set(WITH_LIST);
        } else if (keyword == RECURSIVE && before == WITH) {
            set(RECURSES);
        } else if (keyword == VALUES && i + 1 < to && lexer.is(i + 1, '(')) {
            unset(FROM_LIST | EXPECTS | TARGET | WITH_LIST | RECURSES);
        } else if (keyword == ROWS && i + 1 < to && lexer.keyword(i + 1) == FROM) {
            set(QUERY);
        } else {
            return change(keyword, before);
        }
        return true;
    }

    private boolean change(int keyword, int before) {
        if (keyword == INTO) {
            if (before == INSERT || before == MERGE) expectTarget();
        } else if (keyword == UPDATE && !NO_UPDATE_CLAUSE[before] && !has(EXPECTS)) {
            set(QUERY);
            expectTarget();
        } else if (keyword == DELETE || keyword == MERGE) {
            if (has(EXPECTS)) return false;
            set(keyword == MERGE ? QUERY | USING_CLAUSE | MERGES : QUERY | USING_CLAUSE);
            unset(WITH_LIST | RECURSES);
        } else if (keyword == USING && has(USING_CLAUSE)) {
            unset(USING_CLAUSE | TARGET);
            set(FROM_LIST | EXPECTS);
        } else {
            return false;
        }
        return true;
    }

    private void expectTarget() {
        unset(WITH_LIST | RECURSES);
        set(EXPECTS | TARGET);
    }

    private boolean isWithClause(int i) {
        int name = i + 1;
        if (name < to && lexer.keyword(name) == RECURSIVE) name++;
        return name < to && lexer.isName(name) && queryOf(name) >= 0;
    }

    /// Where the parenthesis opens of the query that a name of WITH stands for; -1 if it is no such
    /// name.
    private int queryOf(int name) {
        int next = name + 1;
        if (next < to && lexer.is(next, '(')) next = lexer.match(next) + 1;
        if (next >= to || lexer.keyword(next) != AS) return -1;
        next++;
        if (next < to && lexer.keyword(next) == NOT) next++;
        if (next < to && lexer.keyword(next) == MATERIALIZED) next++;
        return next < to && lexer.is(next, '(') ? next : -1;
    }

    private boolean isCommonTable(int i, int before) {
        boolean place = before == WITH || before == RECURSIVE || (i > from && lexer.is(i - 1, ','));
        int query = place ? queryOf(i) : -1;
        if (query < 0 || commonCount == MOST_COMMON_TABLES) return false;
        var name = lexer.known(i);
        commonTables[commonCount] = name;
        commonHashes[commonCount] = name.hash();
        commonFrames[commonCount] = depth;
        commonSince[commonCount++] = has(RECURSES) ? i : lexer.match(query);
        return true;
    }

    private int relation(int i) {
        int last = i;
        while (last + 2 < to && lexer.is(last + 1, '.') && lexer.isName(last + 2)) last += 2;
        boolean target = has(TARGET);
        unset(EXPECTS);
        if (!target && last + 1 < to && lexer.is(last + 1, '(')) return last;
        var name = lexer.known(last);
        if (last > i) relations.add(lexer.names().qualified(lexer.known(last - 2), name));
        else if (target || !isVisible(name, i)) relations.add(name);
        return last;
    }

    private boolean isVisible(Names.Name name, int i) {
        for (int n = 0; n < commonCount; n++)
            if (commonHashes[n] == name.hash() && commonSince[n] < i && name.equals(commonTables[n])) return true;
        return false;
    }
}
