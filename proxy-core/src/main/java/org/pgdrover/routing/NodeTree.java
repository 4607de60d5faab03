package org.pgdrover.routing;

import java.nio.charset.StandardCharsets;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;

/// The names in an expression or query, as PostgreSQL keeps it in its catalog. It is a tree written as
/// text, with the oids of all that it uses.
///
/// @param text the value of a column of type pg_node_tree
record NodeTree(String text) {
    private static final Pattern USES = Pattern.compile(
            ":(funcid|opfuncid|aggfnoid|winfnoid|opno|relid|resulttype|seqid|eqop|sortop|tsmhandler) (\\d+)");
    private static final Pattern ROW_OPERATORS = Pattern.compile(":opnos \\(o ([\\d ]+)\\)");
    private static final Pattern CHANGES = Pattern.compile(":commandType [2-5]|\\{ROWMARKCLAUSE");
    /// current_setting(text) and current_setting(text, boolean) with what follows them: a constant, if
    /// the setting is written there.
    private static final Pattern SETTING = Pattern.compile(
            ":funcid (?:2077|3294) .*?(?::constvalue \\d+ \\[ ([\\d -]+) \\]|:paramkind|:varno|:funcid)",
            Pattern.DOTALL);

    /// Names everything that the tree uses, each as a key of the graph.
    void uses(LongConsumer named) {
        var uses = USES.matcher(text);
        while (uses.find()) {
            long oid = Long.parseLong(uses.group(2));
            if (oid != 0) named.accept(CatalogGraph.key(kind(uses.group(1)), oid));
        }
        var rows = ROW_OPERATORS.matcher(text);
        while (rows.find())
            for (var oid : rows.group(1).strip().split(" +"))
                named.accept(CatalogGraph.key(CatalogGraph.Kind.OPERATOR, Long.parseLong(oid)));
    }

    private static CatalogGraph.Kind kind(String field) {
        return switch (field) {
            case "relid", "seqid" -> CatalogGraph.Kind.READ;
            case "resulttype" -> CatalogGraph.Kind.TYPE;
            case "opno", "eqop", "sortop" -> CatalogGraph.Kind.OPERATOR;
            default -> CatalogGraph.Kind.FUNCTION;
        };
    }

    /// Whether it has an INSERT, UPDATE, DELETE, MERGE or a row lock in it.
    boolean changes() {
        return CHANGES.matcher(text).find();
    }

    /// Whether it asks for a setting that may be another one on a standby: any but one with a dot, which
    /// sessions carry along.
    boolean asksServersSetting() {
        var settings = SETTING.matcher(text);
        while (settings.find()) {
            var value = settings.group(1);
            if (value == null || !decode(value).contains(".")) return true;
        }
        return false;
    }

    /// The bytes of a text constant, its length first.
    private static String decode(String numbers) {
        var each = numbers.strip().split(" +");
        var bytes = new byte[each.length];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(each[i]);
        return new String(bytes, Math.min(4, bytes.length), Math.max(0, bytes.length - 4), StandardCharsets.UTF_8);
    }
}
