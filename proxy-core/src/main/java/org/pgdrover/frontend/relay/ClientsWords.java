package org.pgdrover.frontend.relay;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;

/// Puts a server's errors and notices in the words of the client, which knows other names and strings.
final class ClientsWords {
    private ClientsWords() {}

    /// The error to tell the client instead of the server's; null if that is right.
    static @Nullable ErrorFields instead(MessagePlan plan, ErrorFields error) {
        if (plan.duplicate && !error.sqlState().equals(SqlState.DUPLICATE_PREPARED_STATEMENT)) return null;
        return plan.errorInstead == null ? ofStatement(plan, error) : plan.errorInstead;
    }

    /// An error that names a statement as the server knows the statement, with the name that the client
    /// knows; else null.
    private static @Nullable ErrorFields ofStatement(MessagePlan plan, ErrorFields error) {
        if (plan.statement == null || plan.statement.shared() == null) return ofString(plan, error);
        var name = '"' + new String(plan.statement.shared().name(), StandardCharsets.US_ASCII) + '"';
        if (!error.message().contains(name)) return null;
        return error.saying('"' + new String(plan.statement.name(), StandardCharsets.UTF_8) + '"', name);
    }

    /// An error or notice with its position in the string that the client has sent; null if that is the
    /// same.
    static @Nullable ErrorFields ofString(MessagePlan plan, ErrorFields error) {
        if (plan.insertions == null || error.position() == 0) return null;
        int moved = plan.insertions.inTheClientsString(error.position());
        return moved == error.position() ? null : error.withPosition(moved);
    }

    /// Whether a notice is "canceling wait for synchronous replication": committed there, and perhaps
    /// nowhere else, which is no success.
    static boolean isOfCanceledWait(ErrorFields notice) {
        return notice.routine().equals("SyncRepWaitForLSN");
    }

    /// The error that tells of a wait that was canceled.
    static ErrorFields canceledWait(ErrorFields notice) {
        return ErrorFields.error(
                        SqlState.TRANSACTION_RESOLUTION_UNKNOWN,
                        "the transaction is committed on the primary, but a synchronous standby may not have it")
                .withDetail(notice.message() + ".")
                .withHint("A failover may undo the transaction. Find out before you run it again.");
    }
}
