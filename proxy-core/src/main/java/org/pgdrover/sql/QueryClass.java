package org.pgdrover.sql;

import java.util.List;

/**
 * What the text of a statement, or of a string of several, proves about it.
 *
 * @param access whether it is proved to be a read; of several statements the most demanding one's
 * @param statement the command in upper case, such as SELECT, CREATE TABLE, COPY TO, or "several statements"
 * @param functions for a READ: every name that could be a function call, lower-cased unless quoted, schema-qualified where the text is;
 *     all must prove non-volatile before the statement may go to a standby
 * @param transaction what it does to the transaction block
 * @param session what it leaves behind in the session
 * @param reason why it is not a READ, or in what way it is one, in a few fixed words such as "FOR UPDATE" or "data-modifying CTE"
 */
public record QueryClass(
        Access access,
        String statement,
        List<String> functions,
        TransactionEffect transaction,
        SessionEffect session,
        String reason) {
    /** What is assumed of anything that was not understood, or not seen whole. */
    public static final QueryClass UNKNOWN = new QueryClass(
            Access.WRITE, "unknown", List.of(), TransactionEffect.NONE, SessionEffect.NONE, "statement not understood");

    public QueryClass {
        functions = List.copyOf(functions);
    }
}
