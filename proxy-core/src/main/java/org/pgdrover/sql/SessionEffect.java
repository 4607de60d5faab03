package org.pgdrover.sql;

/** What a statement leaves behind in the session when it succeeds. */
public sealed interface SessionEffect {
    /** Nothing that outlives the transaction. */
    record None() implements SessionEffect {}

    /**
     * SET [SESSION] of one run-time parameter that can be repeated word for word on another server connection.
     *
     * @param name lower-case name of the parameter; SET TIME ZONE, NAMES and SCHEMA give timezone, client_encoding and search_path
     * @param statement the statement without its semicolon, as the client wrote it
     */
    record SetParameter(String name, String statement) implements SessionEffect {}

    /** RESET of one run-time parameter, or SET … TO DEFAULT. */
    record ResetParameter(String name) implements SessionEffect {}

    record ResetAll() implements SessionEffect {}

    record DiscardAll() implements SessionEffect {}

    /** DEALLOCATE ALL, also DISCARD PLANS' bigger sister. */
    record DeallocateAll() implements SessionEffect {}

    /** DEALLOCATE of one prepared statement. */
    record Deallocate(String name) implements SessionEffect {}

    /**
     * State that lives on one server connection and cannot be carried to another: a temporary table, a SQL-level PREPARE, LISTEN, a
     * cursor WITH HOLD, a session advisory lock, SET ROLE, set_config …
     *
     * @param why in a few words, for the decision's reason
     */
    record Pin(String why) implements SessionEffect {}

    SessionEffect NONE = new None();
    SessionEffect RESET_ALL = new ResetAll();
    SessionEffect DISCARD_ALL = new DiscardAll();
    SessionEffect DEALLOCATE_ALL = new DeallocateAll();
}
