package org.pgdrover.frontend.session;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.SessionSettings;

/// The statements that were parsed while nobody knew all settings.
///
/// Those that the client has ended since are forgotten: a session may parse for ever.
final class ParsedUnknown {
    private static final int FEW = 8;

    /// What the server tells next holds for them.
    private final List<ClientStatement> lasting = new ArrayList<>(0);
    /// They were parsed with what may end with the transaction.
    private final List<ClientStatement> local = new ArrayList<>(0);
    /// Their transaction is over, so that nobody will know any more.
    private final List<ClientStatement> unsettled = new ArrayList<>(0);

    private int most = FEW;

    /// Settings change nothing about what is not analysed.
    ///
    /// @param here whether something that ends with the transaction may be set
    void add(ClientStatement statement, boolean here) {
        if (!statement.isAnalysed()) return;
        if (local.size() + lasting.size() + unsettled.size() >= most) forgetEnded();
        (here ? local : lasting).add(statement);
    }

    private void forgetEnded() {
        for (var some : List.of(local, lasting, unsettled)) some.removeIf(each -> !each.isThere());
        most = Math.max(FEW, 2 * (local.size() + lasting.size() + unsettled.size()));
    }

    /// Whether only the server knows with what some were parsed, and only until the transaction is over.
    boolean haveLocal() {
        return !local.isEmpty();
    }

    /// This was set when they were parsed.
    ///
    /// @param whole whether it is what holds in the transaction, too
    void with(SessionSettings known, boolean whole) {
        for (var statement : lasting) statement.parsedWith(known);
        lasting.clear();
        if (!whole) return;
        for (var statement : local) statement.parsedWith(known);
        local.clear();
    }

    /// The server was asked what is set in the transaction.
    ///
    /// @param told null if it has not told
    void toldNow(@Nullable SessionSettings told) {
        if (told != null) with(told, true);
        unsettled.addAll(lasting);
        lasting.clear();
        transactionOver();
    }

    void transactionOver() {
        unsettled.addAll(local);
        local.clear();
    }

    void forgetLasting() {
        lasting.clear();
    }

    void unsettled(Consumer<ClientStatement> each) {
        if (unsettled.isEmpty()) return;
        unsettled.forEach(each);
        unsettled.clear();
    }
}
