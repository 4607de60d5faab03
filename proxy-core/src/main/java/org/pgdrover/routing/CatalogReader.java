package org.pgdrover.routing;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.routing.CatalogGraph.Kind;
import org.pgdrover.routing.CatalogGraph.Thing;
import org.pgdrover.sql.FunctionBody;
import org.pgdrover.sql.KnownFunctions;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// Gathers the rows of the catalog's queries and draws the conclusions; used once.
final class CatalogReader {
    private static final Pattern SETTING = Pattern.compile("current_setting\\s*\\((\\s*'[^']*\\.[^']*')?");

    /// The one relation of PostgreSQL's own whose changes leave something.
    private static final String SETTINGS = "pg_settings";

    private static final String CURRENT_SETTING = "current_setting";

    private record Function(long oid, String schema, String name, boolean isVolatile) {}

    private record Relation(long oid, String schema, String name) {}

    private record Body(Thing thing, FunctionBody body, boolean changes) {
        boolean names(String word) {
            return body.names().contains(word);
        }
    }

    private final CatalogGraph graph = new CatalogGraph();
    private final List<Function> functions = new ArrayList<>();
    private final List<Relation> relations = new ArrayList<>();
    private final List<Body> bodies = new ArrayList<>();
    private final Set<Thing> compiled = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<String, List<Thing>> calls = new HashMap<>();
    private final Map<String, List<Relation>> names = new HashMap<>();
    private final DatabaseCatalog.Builder catalog = new DatabaseCatalog.Builder();

    // Functions

    void function(ResultSet row) throws SQLException {
        long oid = row.getLong(1);
        var name = row.getString(3);
        boolean returns = row.getBoolean(4);
        boolean declared = row.getBoolean(5);
        var thing = graph.of(Kind.FUNCTION, oid);
        boolean isVolatile = !returns || declared;
        if (oid < CatalogQueries.FIRST_OWN_OID) isVolatile = system(thing, name, isVolatile);
        else isVolatile = own(thing, row, name, isVolatile);
        functions.add(new Function(oid, row.getString(2), name, isVolatile));
        calls.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(thing);
        tree(thing, row.getString(11));
        // The seed of its SET clause stays; of everything else PostgreSQL restores what was before.
        if (row.getBoolean(12)) thing.does(true, Residues.of(Residue.LASTING));
    }

    /// One of PostgreSQL's own is what our lists say of it.
    private static boolean system(Thing thing, String name, boolean declaredVolatile) {
        boolean isVolatile = declaredVolatile && !KnownFunctions.isHarmless(name);
        boolean asks = name.equals(CURRENT_SETTING);
        if (asks || name.equals("pg_show_all_settings")) thing.shows();
        if (KnownFunctions.usesSequences(name)) thing.usesSequences();
        boolean trigger = isVolatile && KnownFunctions.isModestTrigger(name);
        thing.does(!trigger && !asks && (isVolatile || KnownFunctions.isLocal(name)), KnownFunctions.residues(name));
        return isVolatile;
    }

    private boolean own(Thing thing, ResultSet row, String name, boolean declaredVolatile) throws SQLException {
        thing.isOwn();
        var language = row.getString(6);
        var extension = row.getString(8);
        var body = row.getString(9);
        var tree = row.getString(10);
        // What an aggregate does, the functions do that it leads to.
        if (language.equals("aggregate")) return declaredVolatile;
        if (language.equals("internal") && body != null) return internal(thing, body);
        if (tree != null) standard(thing, new NodeTree(tree));
        else if (language.equals("sql") || language.equals("plpgsql")) words(thing, body, language, declaredVolatile);
        else if (language.equals("c") || language.equals("internal"))
            return compiled(thing, name, extension, declaredVolatile);
        else OtherLanguage.judge(thing, body, row.getBoolean(7));
        return declaredVolatile;
    }

    /// A function that is code of PostgreSQL's own does what that does; so the constructors of a range type.
    private boolean internal(Thing thing, String names) {
        boolean isVolatile = false;
        boolean plain = true;
        for (var marked : names.split(" ")) {
            boolean declared = marked.endsWith("!");
            var name = declared ? marked.substring(0, marked.length() - 1) : marked;
            isVolatile |= system(thing, name, declared);
            plain &= !KnownFunctions.isLocal(name) && !name.equals(CURRENT_SETTING);
        }
        if (plain && !isVolatile) compiled.add(thing);
        return isVolatile;
    }

    /// A function in C is what it is declared to be; unless that is volatile, then it may do anything. What
    /// belongs to no extension may also keep state in its server's process: its session keeps that server.
    private boolean compiled(Thing thing, String name, @Nullable String extension, boolean declaredVolatile) {
        if (extension != null || !declaredVolatile) compiled.add(thing);
        if (KnownFunctions.usesSequences(name)) thing.usesSequences();
        boolean harmless = extension != null && KnownFunctions.isHarmlessInExtension(name);
        if (harmless) return false;
        boolean known = !declaredVolatile || extension != null && KnownFunctions.isModest(extension);
        var unknown = extension == null ? Residues.ALL_AND_SETS : Residues.ALL;
        var may = known ? KnownFunctions.residues(name) : unknown;
        thing.does(declaredVolatile || !may.isNone(), may);
        return declaredVolatile;
    }

    private void standard(Thing thing, NodeTree tree) {
        thing.does(tree.changes(), Residues.NONE);
        graph.uses(thing, tree);
        if (tree.changes()) tree.uses(key -> changes(thing, key));
    }

    /// What reads a relation in a tree that changes something may change it.
    private void changes(Thing thing, long key) {
        if (key >>> 32 == Kind.READ.ordinal()) graph.uses(thing, graph.of(Kind.CHANGE, key & 0xFFFF_FFFFL));
    }

    private void words(Thing thing, @Nullable String text, String language, boolean declaredVolatile) {
        var body = text == null ? FunctionBody.UNKNOWN : FunctionBody.of(text, language.equals("sql"));
        // PostgreSQL lets no function change anything itself that is declared stable.
        boolean changes = body.changes() && declaredVolatile;
        boolean unknown = body.residues().isAll();
        thing.does(changes || unknown || asksServersSetting(text), body.residues());
        bodies.add(new Body(thing, body, changes));
        if (changes && Definition.firesEventTriggers(body, language.equals("sql")))
            graph.uses(thing, graph.of(Kind.DATABASE, 1));
    }

    private static boolean asksServersSetting(@Nullable String text) {
        if (text == null) return true;
        var settings = SETTING.matcher(text);
        while (settings.find()) if (settings.group(1) == null) return true;
        return false;
    }

    void type(ResultSet row) throws SQLException {
        catalog.function(row.getString(1), row.getString(2), FunctionFacts.STEADY);
    }

    // Relations

    void relation(ResultSet row) throws SQLException {
        long oid = row.getLong(1);
        var name = row.getString(3);
        var read = graph.of(Kind.READ, oid);
        boolean local = oid < CatalogQueries.FIRST_OWN_OID && KnownFunctions.isLocal(name);
        read.does(local || row.getBoolean(4), Residues.NONE);
        var change = graph.of(Kind.CHANGE, oid);
        if (row.getBoolean(5)) change.usesSequences();
        var relation = new Relation(oid, row.getString(2), name);
        relations.add(relation);
        boolean own = oid >= CatalogQueries.FIRST_OWN_OID;
        if (own || name.equals(SETTINGS))
            names.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(relation);
        if (!own) return;
        read.isOwn();
        change.isOwn();
    }

    void tree(ResultSet row) throws SQLException {
        long oid = row.getLong(2);
        var tree = new NodeTree(row.getString(3));
        var read = graph.of(Kind.READ, oid);
        var change = graph.of(Kind.CHANGE, oid);
        switch (row.getString(1)) {
            case "read" -> view(read, change, tree);
            case "both" -> {
                graph.uses(read, tree);
                graph.uses(change, tree);
            }
            case "type" -> graph.uses(graph.of(Kind.TYPE, oid), tree);
            default -> {
                graph.uses(change, tree);
                tree.uses(key -> changes(change, key));
            }
        }
    }

    /// Reading a view reads what it shows; changing it changes that.
    private void view(Thing read, Thing change, NodeTree tree) {
        read.does(tree.changes(), Residues.NONE);
        graph.uses(read, tree);
        graph.uses(change, tree);
        tree.uses(key -> changes(change, key));
    }

    void follower(ResultSet row) throws SQLException {
        long leader = row.getLong(1);
        long follower = row.getLong(2);
        graph.uses(graph.of(Kind.CHANGE, leader), graph.of(Kind.CHANGE, follower));
        if (row.getBoolean(3)) graph.uses(graph.of(Kind.READ, leader), graph.of(Kind.READ, follower));
    }

    private void tree(Thing thing, @Nullable String tree) {
        if (tree != null) graph.uses(thing, new NodeTree(tree));
    }

    // What runs unnamed

    void hidden(ResultSet row) throws SQLException {
        long oid = row.getLong(2);
        var function = graph.of(Kind.FUNCTION, row.getLong(3));
        // Operators and types in C count as PostgreSQL's own.
        var everywhere = compiled.contains(function) ? new Thing() : graph.of(Kind.DATABASE, 0);
        switch (row.getString(1)) {
            case "operator" -> {
                graph.uses(graph.of(Kind.OPERATOR, oid), function);
                graph.uses(everywhere, function);
            }
            case "aggregate" -> graph.uses(graph.of(Kind.FUNCTION, oid), function);
            case "truncate" -> graph.uses(graph.of(Kind.DATABASE, 2), graph.of(Kind.CHANGE, row.getLong(3)));
            case "event" -> graph.uses(graph.of(Kind.DATABASE, 1), function);
            case "domain" -> graph.uses(everywhere, graph.of(Kind.TYPE, oid));
            case "type" -> {
                graph.uses(graph.of(Kind.TYPE, oid), function);
                graph.uses(everywhere, function);
            }
            default -> graph.uses(everywhere, function);
        }
    }

    // Conclusions

    DatabaseCatalog conclude(DatabaseCatalog like) {
        for (var body : bodies) resolve(body);
        // What a body runs there is unknown when triggers are defined.
        graph.of(Kind.DATABASE, 1).isOwn();
        graph.of(Kind.DATABASE, 2).isOwn();
        graph.settle();
        for (var each : functions) catalog.function(each.schema(), each.name(), facts(each));
        for (var each : relations) catalog.relation(each.schema(), each.name(), facts(each));
        var everywhere = graph.of(Kind.DATABASE, 0);
        var defining = graph.of(Kind.DATABASE, 1);
        return catalog.database(new DatabaseCatalog.Database(
                        !everywhere.isHarmful() && everywhere.may().isNone(),
                        everywhere.may(),
                        defining.may(),
                        graph.of(Kind.DATABASE, 2).may(),
                        defining.isDependent(),
                        everywhere.isUsingSequences(),
                        everywhere.isDependent()))
                .build(like);
    }

    /// A name in a body may be any thing of that name.
    private void resolve(Body body) {
        for (var name : body.body().calls()) {
            var bare = bare(name);
            // What the body says of these two is known from its words.
            if (bare.equals(CURRENT_SETTING)) body.thing().shows();
            if (bare.equals("set_config") || bare.equals(CURRENT_SETTING)) continue;
            for (var function : calls.getOrDefault(bare, List.of())) graph.uses(body.thing(), function);
            relation(body, bare);
        }
        if (body.changes() && body.names("truncate") && body.names("cascade"))
            graph.uses(body.thing(), graph.of(Kind.DATABASE, 2));
        for (var name :
                Set.copyOf(body.body().names().stream().map(CatalogReader::bare).toList())) relation(body, name);
    }

    private static String bare(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private void relation(Body body, String name) {
        if (KnownFunctions.isLocal(name)) body.thing().does(true, Residues.NONE);
        for (var relation : names.getOrDefault(name, List.of())) {
            graph.uses(body.thing(), graph.of(Kind.READ, relation.oid()));
            if (body.changes()) graph.uses(body.thing(), graph.of(Kind.CHANGE, relation.oid()));
        }
    }

    private FunctionFacts facts(Function function) {
        var thing = graph.of(Kind.FUNCTION, function.oid());
        boolean ownWords =
                function.oid() < CatalogQueries.FIRST_OWN_OID && function.name().equals("set_config");
        // What a call of it in a statement leaves, the statement's own words tell.
        var may = ownWords ? Residues.NONE : thing.may();
        return new FunctionFacts(
                function.isVolatile(),
                thing.isHarmful(),
                may,
                thing.isDependent(),
                thing.isShowing(),
                thing.isUsingSequences());
    }

    private RelationFacts facts(Relation relation) {
        var read = graph.of(Kind.READ, relation.oid());
        var change = graph.of(Kind.CHANGE, relation.oid());
        boolean dependent = read.isDependent() || change.isDependent();
        boolean shows = read.isShowing() || change.isShowing();
        boolean sequences = read.isUsingSequences() || change.isUsingSequences();
        boolean readable = !read.isHarmful() && read.may().isNone();
        return new RelationFacts(readable, read.may(), change.may(), dependent, shows, sequences);
    }
}
