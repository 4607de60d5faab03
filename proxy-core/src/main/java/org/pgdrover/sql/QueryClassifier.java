package org.pgdrover.sql;

import java.nio.charset.StandardCharsets;
import java.util.*;

public final class QueryClassifier {
    public QueryClass classify(byte[] b, int from, int to, boolean scs) {
        String s = new String(b, from, to - from, StandardCharsets.UTF_8).trim();
        String u = s.toUpperCase(Locale.ROOT);
        var none = SessionEffect.NONE;
        if (u.isEmpty() || u.equals(";"))
            return new QueryClass(Access.EMPTY, "", List.of(), TransactionEffect.NONE, none, "");
        if (u.startsWith("BEGIN READ ONLY"))
            return new QueryClass(Access.TRANSACTION, "BEGIN", List.of(), TransactionEffect.BEGIN_READ_ONLY, none, "");
        if (u.startsWith("BEGIN") || u.startsWith("START"))
            return new QueryClass(Access.TRANSACTION, "BEGIN", List.of(), TransactionEffect.BEGIN, none, "");
        if (u.startsWith("COMMIT") || u.startsWith("END"))
            return new QueryClass(Access.TRANSACTION, "COMMIT", List.of(), TransactionEffect.COMMIT, none, "");
        if (u.startsWith("ROLLBACK") || u.startsWith("ABORT"))
            return new QueryClass(
                    Access.TRANSACTION,
                    "ROLLBACK",
                    List.of(),
                    u.contains(" TO ") ? TransactionEffect.INSIDE : TransactionEffect.ROLLBACK,
                    none,
                    "");
        if (u.startsWith("SELECT")
                && !u.contains("FOR ")
                && !u.contains("INTO")
                && !u.contains("PG_")
                && !u.contains("NEXTVAL")
                && s.indexOf(';') < 0)
            return new QueryClass(Access.READ, "SELECT", List.of(), TransactionEffect.NONE, none, "");
        if (u.startsWith("SELECT ") || u.startsWith("INSERT"))
            return new QueryClass(Access.WRITE, "W", List.of(), TransactionEffect.NONE, none, "");
        if (u.startsWith("SET ")
                && !u.startsWith("SET LOCAL")
                && !u.startsWith("SET TRANSACTION")
                && s.indexOf(';') < 0)
            return new QueryClass(
                    Access.SESSION,
                    "SET",
                    List.of(),
                    TransactionEffect.NONE,
                    new SessionEffect.SetParameter(u.split("[ =]+")[1].toLowerCase(), s),
                    "");
        if (u.startsWith("DISCARD ALL"))
            return new QueryClass(
                    Access.SESSION, "DISCARD", List.of(), TransactionEffect.NONE, SessionEffect.DISCARD_ALL, "");
        if (u.startsWith("DEALLOCATE ALL"))
            return new QueryClass(
                    Access.SESSION, "DEALLOCATE", List.of(), TransactionEffect.NONE, SessionEffect.DEALLOCATE_ALL, "");
        if (u.startsWith("DEALLOCATE "))
            return new QueryClass(
                    Access.SESSION,
                    "DEALLOCATE",
                    List.of(),
                    TransactionEffect.NONE,
                    new SessionEffect.Deallocate(
                            s.substring(11).replace(";", "").replace("\"", "").trim()),
                    "");
        if (u.contains("TEMP") || u.startsWith("PREPARE ") || u.startsWith("LISTEN"))
            return new QueryClass(
                    Access.WRITE, "PIN", List.of(), TransactionEffect.NONE, new SessionEffect.Pin("x"), "");
        return QueryClass.UNKNOWN;
    }
}
