package org.pgdrover.frontend.relay;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.ChannelStatement;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;
import org.pgdrover.sql.SessionEffect;
import org.pgdrover.sql.TransactionEffect;

/// The traces that a client's statements may have left on its server, as long as the server was not
/// asked.
///
/// A statement that is sent may leave what text and catalog say, or anything; an answer that proves that
/// nothing was run takes that back.
final class Doubts {
    private final Relay relay;
    private final ServerConnection server;

    private Residues unproved = Residues.NONE;
    /// Empty and not to be added to while there are none.
    private Set<String> unprovedSettings = Set.of();
    private @Nullable LeftBehind left;
    private @Nullable Guess guess;
    /// Whether settings may have been changed whose names nobody knows.
    private boolean settingsUnknown;
    /// Whether statements may have been deallocated that nobody can name.
    private boolean deallocated;
    /// Whether the server was asked, and could not tell.
    private boolean untold;

    /// Whether something was sent that may set by a call what ends with its transaction.
    private boolean locals;
    /// The changes to parameters whose names nobody knows; null while no statement may make any.
    private @Nullable UnknownSettings unknownSettings;

    Doubts(Relay relay, ServerConnection server) {
        this.relay = relay;
        this.server = server;
    }

    /// The present part of a delivery is about to be sent.
    ///
    /// @param mayLeave whether it is not proved to be a read
    void sending(Delivery delivery, boolean mayLeave) {
        deallocated |= delivery.statements.mayDeallocateAny();
        guess = mayLeave && relay.deliveries().isNoneUnderWay() ? Guess.of(this, delivery) : null;
        if (!mayLeave) return;
        var classes = delivery.statements.classes();
        for (int i = 0; i < classes.size(); i++) {
            note(classes.get(i));
            if (!setsLocally(classes.get(i))) continue;
            delivery.statements.setsByCall();
            locals = true;
            if (!SessionEffect.residues(classes.get(i).session()).has(Residue.LOCAL_SETTINGS))
                relay.session().numbers().maySetSeed(server);
        }
        // No CommandComplete answers it.
        if (delivery.part != null && delivery.part.ends(MessageType.FUNCTION_CALL)) {
            unknownSettings().completed(false);
            relay.session().settings().unseenDone();
        }
    }

    private UnknownSettings unknownSettings() {
        if (unknownSettings == null) unknownSettings = new UnknownSettings();
        return unknownSettings;
    }

    /// A LISTEN or UNLISTEN has completed there.
    void listens() {
        unproved = unproved.and(Residues.of(Residue.LISTENS));
    }

    /// A delivery has failed: of what the server has not understood nothing was run.
    void failed(Delivery delivery, Note note, ErrorFields error) {
        if (guess != null && guess.isWrong(delivery, note, error)) guess.takeBack();
        guess = null;
    }

    private static boolean maySetUnknown(QueryClass ran, Residues may) {
        return may.sets() || SessionEffect.setsUnknown(ran.session());
    }

    private boolean setsLocally(QueryClass ran) {
        var may = relay.services().router().withLocals(ran, relay.session().routing());
        return may.has(Residue.LOCAL_SETTINGS) && !may.has(Residue.SETTINGS);
    }

    private boolean maySet(QueryClass ran) {
        return SessionEffect.changesSettings(ran.session())
                || maySet(
                        relay.services().router().residues(ran, relay.session().routing()));
    }

    /// SET SESSION AUTHORIZATION takes the role back.
    private static boolean maySet(Residues may) {
        return may.has(Residue.SETTINGS) || may.has(Residue.AUTHORIZATION);
    }

    /// A statement has completed.
    void completed(QueryClass ran, CommandTag tag) {
        var settings = relay.session().settings();
        if (settings.isUnseen() && maySet(ran)) settings.unseenDone();
        if (locals && setsLocally(ran)) settings.setLocally();
        if (unknownSettings == null || !unknownSettings.isSent()) return;
        if (tag == CommandTag.COMMIT && ran.isUnknown()) unknownSettings.committed();
        switch (ran.transaction()) {
            case COMMIT -> {
                if (tag == CommandTag.COMMIT) unknownSettings.committed();
                else unknownSettings.rolledBack();
            }
            case ROLLBACK -> unknownSettings.rolledBack();
            case NONE, BEGIN, BEGIN_READ_ONLY, INSIDE -> {
                var may =
                        relay.services().router().residues(ran, relay.session().routing());
                if (maySetUnknown(ran, may)) unknownSettings.completed(server.status() != TransactionStatus.IDLE);
            }
        }
    }

    /// The server is ready outside of any transaction: no rollback takes anything back any more.
    void transactionEnded() {
        if (unknownSettings != null) unknownSettings.committed();
    }

    private void note(QueryClass ran) {
        var session = relay.session();
        // Its completion tells.
        if (ChannelStatement.is(ran)) return;
        if (ran.transaction() != TransactionEffect.NONE
                && ran.session() == SessionEffect.NONE
                && ran.parts().isEmpty()) return;
        var may = relay.services().router().residues(ran, session.routing());
        if (!may.isNone()) unproved = unproved.and(may);
        if (may.has(Residue.TEMPORARY) || ran.statement().startsWith("CREATE TEMP"))
            server.session().temporarySchema(true);
        if (may.has(Residue.SETTINGS)) server.session().customNames().add(SessionEffect.UNKNOWN_NAME);
        settingsUnknown |= may.has(Residue.SETTINGS);
        if (maySet(may)) session.settings().unseen(true);
        if (maySetUnknown(ran, may)) unknownSettings().sent();
        noteEffect(ran.session());
        for (int i = 0; i < ran.parts().size(); i++)
            noteEffect(ran.parts().get(i).session());
    }

    private void noteEffect(SessionEffect effect) {
        switch (effect) {
            case SessionEffect.Leaves(var _, var names) -> {
                if (unprovedSettings.isEmpty()) unprovedSettings = new LinkedHashSet<>();
                unprovedSettings.addAll(names);
                if (!names.isEmpty()) relay.session().settings().unseen(true);
                for (var name : names)
                    if (SessionEffect.isCustom(name))
                        server.session().customNames().add(name);
            }
            case SessionEffect.DiscardAll _ ->
                unproved = unproved.and(relay.session().held());
            case SessionEffect.Deallocate _, SessionEffect.DeallocateAll _ -> {
                if (relay.session().held().has(Residue.PREPARED))
                    unproved = unproved.and(Residues.of(Residue.PREPARED));
            }
            case SessionEffect.Sets(var each) -> each.forEach(this::noteEffect);
            case SessionEffect.SetParameter(var name, var _) -> {
                if (SessionEffect.isCustom(name)) server.session().customNames().add(name);
            }
            case SessionEffect.SetLocally(var name, var _) -> {
                boolean unknown = name.equals(SessionEffect.UNKNOWN_NAME);
                if (unknown) relay.session().numbers().maySetSeed(server);
                if (unknown || SessionEffect.isCustom(name))
                    server.session().customNames().add(name);
            }
            case SessionEffect.ResetParameter(var name) -> {
                if (SessionEffect.isCustom(name)) server.session().customNames().add(name);
            }
            case SessionEffect.ResetLocally(var name) -> {
                if (SessionEffect.isCustom(name)) server.session().customNames().add(name);
            }
            case SessionEffect.None _, SessionEffect.ResetAll _, SessionEffect.Block _ -> {}
        }
    }

    /// What a delivery was taken to leave before it was sent.
    ///
    /// A statement that the server has not even understood leaves nothing.
    private record Guess(
            Doubts doubts,
            Delivery delivery,
            Residues unproved,
            int settings,
            boolean settingsUnknown,
            boolean unseen,
            boolean temporarySchema,
            boolean unknownName) {
        static Guess of(Doubts doubts, Delivery delivery) {
            var server = doubts.server;
            return new Guess(
                    doubts,
                    delivery,
                    doubts.unproved,
                    doubts.unprovedSettings.size(),
                    doubts.settingsUnknown,
                    doubts.relay.session().settings().isUnseen(),
                    server.session().hasTemporarySchema(),
                    server.session().customNames().contains(SessionEffect.UNKNOWN_NAME));
        }

        boolean isWrong(Delivery failed, Note note, ErrorFields error) {
            if (failed != delivery
                    || !(note instanceof MessagePlan plan)
                    || !plan.runs.parts().isEmpty()) return false;
            // Of several statements that nobody has told apart the first may have run.
            if (plan.runs == QueryClass.UNKNOWN && !error.routine().equals("scanner_yyerror")) return false;
            boolean first = failed.first && failed.plan(0) == plan;
            return first && error.isOfTheText() && doubts.unprovedSettings.size() == settings;
        }

        void takeBack() {
            doubts.unproved = unproved;
            doubts.settingsUnknown = settingsUnknown;
            doubts.relay.session().settings().unseen(unseen);
            doubts.server.session().temporarySchema(temporarySchema);
            if (!unknownName) doubts.server.session().customNames().remove(SessionEffect.UNKNOWN_NAME);
        }
    }

    /// Whether the server has to be asked what the transaction has left there.
    boolean isAny() {
        return !unproved.isNone()
                || !unprovedSettings.isEmpty()
                || !relay.session().settings().inDoubt().isEmpty();
    }

    /// Whether the server can tell more than is known.
    boolean canTell() {
        return isAny() && !untold;
    }

    /// The server was asked, and could not tell.
    void untold() {
        untold = true;
    }

    /// Whether parameters may have been set whose names are not known, so that nobody can ask for them.
    boolean hasChangedSettings() {
        return unknownSettings != null && unknownSettings.areChanged();
    }

    /// Whether what was answered may have left something that the session cannot go on without.
    boolean hasLeft() {
        return left != null && left.isOfSession() || hasChangedSettings();
    }

    /// A delivery was answered wholly.
    void answered(Delivery delivery) {
        if (unproved.isNone() && unprovedSettings.isEmpty()) return;
        if (left == null) left = new LeftBehind();
        for (var ran : delivery.statements.classes()) {
            if (ran.parts().isEmpty()) answered(ran, left);
            for (var part : ran.parts()) answered(part, left);
        }
        if (!unprovedSettings.isEmpty()) left.answeredWithNames();
    }

    private void answered(QueryClass ran, LeftBehind behind) {
        if (ChannelStatement.is(ran)) return;
        behind.answered(relay.services().router().residues(ran, relay.session().routing()));
    }

    /// Whether statements may have been deallocated that nobody can name.
    boolean haveDeallocated() {
        return deallocated;
    }

    /// What may be there.
    Residues may() {
        return unproved;
    }

    /// The parameters, by name, that may have changed.
    Set<String> settings() {
        return unprovedSettings;
    }

    /// The server has told what was in doubt.
    void proved() {
        unproved = Residues.NONE;
        unprovedSettings = Set.of();
        left = null;
        relay.session().settings().unseen(false);
        if (settingsUnknown) server.session().notClean("parameters whose names are not known");
        settingsUnknown = false;
        unknownSettings = null;
        deallocated = false;
    }
}
