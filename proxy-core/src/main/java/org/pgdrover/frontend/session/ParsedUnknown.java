package org.pgdrover.frontend.session;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.SessionSettings;

/// The statements that were parsed while nobody knew all settings.
///
/// Those that the client has ended since are forgotten: a session may parse for ever.
public final class ParsedUnknown {
    private static final int FEW = 8;

    /// What the server tells next holds for them.
    private final List<ClientStatement> lasting = new ArrayList<>(0);
    /// They were parsed with what may end with the transaction.
    private final List<ClientStatement> local = new ArrayList<>(0);
    /// Their transaction is over, so that nobody will know any more.
    private final List<ClientStatement> unsettled = new ArrayList<>(0);

    private int most = FEW;

    /// What is set in the transaction, as the server has told; null if nobody has asked or the server has not told.
    private @Nullable SessionSettings told;
    /// Whether the server was asked, and nothing else was set since.
    private boolean asked;

    /// Settings change nothing about what is not analysed.
    ///
    /// @param here whether something that ends with the transaction may be set
    void add(ClientStatement statement, boolean here) {
        if (!statement.isAnalysed()) return;
        if (told != null) {
            statement.parsedWith(told);
            return;
        }
        if (local.size() + lasting.size() + unsettled.size() >= most) forgetEnded();
        (here ? local : lasting).add(statement);
    }

    private void forgetEnded() {
        for (var some : List.of(local, lasting, unsettled)) some.removeIf(each -> !each.isThere());
        most = Math.max(FEW, 2 * (local.size() + lasting.size() + unsettled.size()));
    }

    /// Whether only the server knows with what some were parsed, and only until the transaction is over.
    public boolean haveLocal() {
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
    /// @param now null if it has not told
    public void toldNow(@Nullable SessionSettings now) {
        if (now != null) with(now, true);
        lost();
        told = now;
        asked = true;
    }

    /// Whether the server was asked, so that to ask again would tell nothing more.
    boolean isAsked() {
        return asked;
    }

    /// Something else may be set, or the server is lost: nobody can ask any more with what some were parsed.
    public void lost() {
        unsettled.addAll(lasting);
        lasting.clear();
        transactionOver();
    }

    void transactionOver() {
        unsettled.addAll(local);
        local.clear();
        told = null;
        asked = false;
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
