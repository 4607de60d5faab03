package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.RandomSeed;
import org.pgdrover.simulation.Token.Kind;

/// Reads the tiny SQL of the model, every text of which is PostgreSQL's too.
final class SqlParser {
    private final String text;
    private final List<Token> tokens;
    private int at;

    private SqlParser(String text, List<Token> tokens) {
        this.text = text;
        this.tokens = tokens;
    }

    /// All statements of a string.
    static List<Sql> parse(String text) {
        var inspection = Inspection.parse(text);
        if (inspection != null) return inspection;
        if (text.equals(RandomSeed.RENEWAL)) return List.of(new Sql.NewSeed());
        var all = new ArrayList<Sql>();
        for (var tokens : Token.statements(text)) all.add(new SqlParser(text, tokens).whole());
        return all;
    }

    private Sql whole() {
        var sql = statement();
        if (at < tokens.size()) throw unknown();
        return sql;
    }

    private SqlError unknown() {
        return SqlError.unknown(text);
    }

    private boolean is(String word) {
        return at < tokens.size() && tokens.get(at).is(word);
    }

    private boolean take(String word) {
        if (!is(word)) return false;
        at++;
        return true;
    }

    private void expect(String word) {
        if (!take(word)) throw unknown();
    }

    private Token next() {
        if (at >= tokens.size()) throw unknown();
        return tokens.get(at++);
    }

    private String name() {
        var token = next();
        if (token.kind() != Kind.WORD) throw unknown();
        return token.text();
    }

    /// A name, possibly qualified; pg_catalog counts as nothing.
    private String qualified() {
        var name = name();
        while (take(".")) name = name.equals("pg_catalog") ? name() : name + "." + name();
        return name;
    }

    private Sql statement() {
        var verb = next();
        if (verb.kind() != Kind.WORD) throw syntax(verb);
        return switch (verb.text()) {
            case "select" -> select();
            case "insert" -> insert();
            case "update" -> update();
            case "delete" -> delete();
            case "begin" -> begin("BEGIN");
            case "start" -> {
                expect("transaction");
                yield begin("START TRANSACTION");
            }
            case "commit", "end" -> new Sql.Commit();
            case "rollback" -> rollback();
            case "savepoint" -> new Sql.Savepoint(name());
            case "release" -> {
                take("savepoint");
                yield new Sql.Release(name());
            }
            case "set" -> set();
            case "reset" -> take("all") ? new Sql.ResetAll() : new Sql.Reset(parameterName());
            case "show" -> new Sql.Show(parameterName());
            case "discard" -> {
                if (take("sequences")) yield new Sql.DiscardSequences();
                expect("all");
                yield new Sql.DiscardAll();
            }
            case "prepare" -> prepare();
            case "execute" -> new Sql.Execute(name());
            case "deallocate" -> new Sql.Deallocate(take("all") ? null : name());
            case "declare" -> declare();
            case "fetch" -> fetch();
            case "close" -> new Sql.CloseCursor(take("all") ? null : name());
            case "listen" -> new Sql.Listen(name());
            case "unlisten" -> new Sql.Unlisten(take("*") ? null : name());
            case "notify" -> notifies();
            case "create" -> createTemporary();
            case "drop" -> {
                expect("table");
                yield new Sql.Drop(name());
            }
            case "copy" -> copy();
            case "do" -> doBlock();
            default -> throw syntax(verb);
        };
    }

    private static SqlError syntax(Token token) {
        return SqlError.of("42601", "syntax error at or near \"" + token.raw() + "\"");
    }

    // Queries

    private Sql.Select select() {
        var items = new ArrayList<Sql.Item>();
        do items.add(item());
        while (take(","));
        String table = null;
        Sql.Expression series = null;
        Sql.Expression where = null;
        if (take("from")) {
            table = qualified();
            if (take("(")) {
                expression();
                expect(",");
                series = expression();
                expect(")");
                name();
            }
            if (take("where")) {
                name();
                if (!take("=")) expect("<>");
                where = expression();
            }
        }
        return new Sql.Select(items, table, series, where);
    }

    private Sql.Item item() {
        var expression = expression();
        return new Sql.Item(expression, take("as") ? name() : null);
    }

    private Sql.Expression expression() {
        var token = next();
        Sql.Expression inner = switch (token.kind()) {
            case STRING -> new Sql.Text(token.text());
            case NUMBER -> number(token);
            case PARAMETER -> new Sql.Parameter(Integer.parseInt(token.text()));
            case WORD -> named(token);
            case SIGN -> throw unknown();
        };
        while (take("::")) inner = new Sql.Cast(inner, name());
        return inner;
    }

    private Sql.Expression number(Token token) {
        if (!take("/")) return new Sql.Number(token.text());
        expect("0");
        return new Sql.DividedByZero();
    }

    private Sql.Expression named(Token token) {
        if (token.is("true") || token.is("false")) return new Sql.Flag(token.is("true"));
        at--;
        var name = qualified();
        if (!take("(")) return new Sql.Column(name);
        if (take("*")) {
            expect(")");
            return new Sql.CountAll();
        }
        var arguments = new ArrayList<Sql.Expression>();
        if (!take(")")) {
            do arguments.add(expression());
            while (take(","));
            expect(")");
        }
        return new Sql.Call(name, arguments);
    }

    // Changes

    private Sql insert() {
        expect("into");
        var table = name();
        expect("values");
        expect("(");
        var key = expression();
        Sql.Expression value = key;
        if (take(",")) value = expression();
        expect(")");
        boolean upsert = take("on");
        if (upsert) for (var word : "conflict ( k ) do update set v = excluded . v".split(" ")) expect(word);
        return new Sql.Insert(table, key, value, upsert, returning());
    }

    private boolean returning() {
        if (!take("returning")) return false;
        expect("v");
        return true;
    }

    private Sql update() {
        for (var word : "kv set v =".split(" ")) expect(word);
        var value = expression();
        for (var word : "where k =".split(" ")) expect(word);
        var key = expression();
        return new Sql.Update(key, value, returning());
    }

    private Sql delete() {
        for (var word : "from kv where k =".split(" ")) expect(word);
        return new Sql.Delete(expression());
    }

    // Transactions

    private Sql begin(String word) {
        take("transaction");
        Boolean readOnly = null;
        if (take("read")) {
            readOnly = take("only");
            if (!readOnly) expect("write");
        }
        return new Sql.Begin(readOnly, word);
    }

    private Sql rollback() {
        if (!take("to")) return new Sql.Rollback();
        take("savepoint");
        return new Sql.RollbackTo(name());
    }

    // The session

    private String parameterName() {
        var name = new StringBuilder(name());
        while (take(".")) name.append('.').append(name());
        return name.toString().toLowerCase(java.util.Locale.ROOT);
    }

    private Sql set() {
        boolean local = take("local");
        if (!local) take("session");
        if (take("transaction")) {
            expect("read");
            boolean only = take("only");
            if (!only) expect("write");
            return new Sql.SetTransaction(only);
        }
        var name = parameterName();
        if (!take("=")) expect("to");
        if (take("default")) return new Sql.Set(local, name, null);
        if (!name.equals("search_path")) return new Sql.Set(local, name, next().text());
        var path = new StringJoiner(", ");
        do path.add(identifier(next().text()));
        while (take(","));
        return new Sql.Set(local, name, path.toString());
    }

    /// As SHOW search_path gives the name of a schema.
    private static String identifier(String name) {
        return name.matches("[a-z_][a-z0-9_]*") ? name : "\"" + name + "\"";
    }

    private Sql prepare() {
        var name = name();
        expect("as");
        return new Sql.Prepare(name, statement());
    }

    private Sql declare() {
        var name = name();
        expect("cursor");
        boolean hold = take("with");
        if (hold) expect("hold");
        expect("for");
        expect("select");
        return new Sql.Declare(name, hold, select());
    }

    private Sql fetch() {
        int count = Integer.parseInt(next().text());
        expect("from");
        return new Sql.Fetch(count, name());
    }

    private Sql notifies() {
        var channel = name();
        var payload = take(",") ? next().text() : "";
        return new Sql.Notify(channel, payload);
    }

    private Sql createTemporary() {
        expect("temp");
        expect("table");
        var name = name();
        for (var word : "( x text )".split(" ")) expect(word);
        boolean drop = take("on");
        if (drop) {
            expect("commit");
            expect("drop");
        }
        return new Sql.CreateTemporary(name, drop);
    }

    private Sql copy() {
        if (take("kv")) {
            expect("from");
            expect("stdin");
            return new Sql.CopyIn();
        }
        expect("(");
        expect("select");
        var query = select();
        expect(")");
        expect("to");
        expect("stdout");
        return new Sql.CopyOut(query);
    }

    private Sql doBlock() {
        var body = next().text();
        if (body.isBlank()) return new Sql.Do(List.of(), null);
        var inner = Token.statements(body).getFirst();
        var block = new SqlParser(text, inner);
        block.expect("begin");
        if (block.take("raise")) {
            if (block.take("exception")) return block.raise();
            block.expect("notice");
            return new Sql.Do(List.of(), block.next().text());
        }
        block.expect("perform");
        var sets = new ArrayList<Sql.Set>();
        do sets.add(block.setConfig());
        while (block.take(","));
        return new Sql.Do(sets, null);
    }

    /// What the proxy lets stand in for a statement that cannot be prepared any more.
    private Sql raise() {
        expect("using");
        expect("errcode");
        expect("=");
        var state = next().text();
        expect(",");
        expect("message");
        expect("=");
        return new Sql.Raise(state, next().text());
    }

    private Sql.Set setConfig() {
        if (expression() instanceof Sql.Call(var function, var arguments)
                && function.equals("set_config")
                && arguments.get(0) instanceof Sql.Text(var name)
                && arguments.get(1) instanceof Sql.Text(var value))
            return new Sql.Set(false, name.toLowerCase(java.util.Locale.ROOT), value);
        throw unknown();
    }

    static @Nullable Sql single(String text) {
        var all = parse(text);
        if (all.size() > 1) throw SqlError.of("42601", "cannot insert multiple commands into a prepared statement");
        return all.isEmpty() ? null : all.getFirst();
    }
}
