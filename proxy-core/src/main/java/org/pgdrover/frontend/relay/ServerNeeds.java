package org.pgdrover.frontend.relay;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.RandomSeed;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerStatements.Prepared;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;

/// The settings and statements that a server lacks before a delivery can be sent. The client has
/// prepared such statements elsewhere.
final class ServerNeeds {
    /// Statements that cannot be prepared again must not cost the client its transaction.
    private static final String SAVEPOINT = "pgdrover_own_names";

    private final Relay relay;
    private final ServerLease lease;
    private final Delivery delivery;
    private final List<String> settings;
    private final List<String> customNames;
    private final boolean showsChannels;
    private final boolean ownNames;
    private final @Nullable DeferredBegin begin;
    private final PreparedAgain prepared;

    private ServerNeeds(
            Relay relay,
            ServerLease lease,
            Delivery delivery,
            List<String> settings,
            List<String> customNames,
            boolean showsChannels,
            boolean ownNames,
            @Nullable DeferredBegin begin) {
        this.begin = begin;
        this.prepared = new PreparedAgain(relay, lease, delivery);
        this.relay = relay;
        this.lease = lease;
        this.delivery = delivery;
        this.settings = settings;
        this.customNames = customNames;
        this.showsChannels = showsChannels;
        this.ownNames = ownNames;
    }

    /// What is needed; null if nothing is.
    ///
    /// @param fresh whether the server begins to work for the client
    static @Nullable ServerNeeds of(Relay relay, ServerLease lease, Delivery delivery, boolean fresh) {
        var server = lease.server();
        if (server.ledger().isDiscarding() || server.ledger().isCopyIn()) return null;
        var customNames =
                fresh && relay.session().hasCustomNames() ? relay.session().unknownTo(server) : List.<String>of();
        var settings = fresh ? settings(relay, server, customNames) : List.<String>of();
        if (SequenceUse.needsForgetting(relay, server, delivery))
            settings = with(settings, List.of(SequenceUse.FORGET));
        if (fresh && relay.session().numbers().isSeedOfOthers(server))
            settings = with(settings, List.of(RandomSeed.RENEWAL));
        var channels = isIdle(server) ? relay.listening().shown().statements(delivery, lease) : List.<String>of();
        if (!channels.isEmpty()) settings = with(settings, channels);
        boolean ownNames = OwnNames.areWanted(relay, lease, delivery);
        var begin = fresh ? relay.deferred() : null;
        var missing = PreparedAgain.missing(relay, lease, delivery, ownNames);
        boolean nothing = settings.isEmpty() && !ownNames && begin == null && missing.isEmpty();
        if (nothing && !(OwnNames.areSeen(relay, lease, delivery) && hasLeftover(server))) return null;
        var needs =
                new ServerNeeds(relay, lease, delivery, settings, customNames, !channels.isEmpty(), ownNames, begin);
        missing.forEach(needs.prepared::add);
        if (needs.isNothing()) return null;
        if (needs.endsUnnamed()) PreparedAgain.unnamedThere(delivery, lease).ifPresent(needs.prepared::add);
        return needs;
    }

    /// Whether the server gets other settings.
    boolean changesSettings() {
        return !settings.isEmpty();
    }

    /// Whether statements are to be prepared.
    boolean wantsStatements() {
        return !prepared.isEmpty();
    }

    /// Whether the proxy runs something for it in a batch that is open, besides preparing statements.
    boolean runsInOpenBatch() {
        return prepared.wantsOtherSettings() || prepared.wantsKnownSettings();
    }

    static boolean isIdle(ServerConnection server) {
        return server.status() == TransactionStatus.IDLE && !server.ledger().isOpen();
    }

    /// Whether it matters for what is to be prepared whether a transaction is open.
    boolean wantsKnownTransaction() {
        return prepared.wantsOtherSettings();
    }

    private static List<String> with(List<String> some, List<String> more) {
        var all = new ArrayList<>(some);
        all.addAll(more);
        return all;
    }

    /// Whether something of it ends the server's unnamed statement, as a Query does.
    private boolean endsUnnamed() {
        if (lease.server().ledger().isOpen()) return false;
        if (begin != null) return true;
        if (lease.server().status() != TransactionStatus.IDLE) return false;
        return !settings.isEmpty() || prepared.haveOtherSettings();
    }

    /// Whether a statement of the proxy's own may be left there: by a batch that has failed, or because the statement
    /// has taken a name that was in use.
    private static boolean hasLeftover(ServerConnection server) {
        return server.session().statements().mayBeThere(OwnStatement.NAME)
                && server.status() != TransactionStatus.FAILED
                && !server.ledger().isOpen();
    }

    private static List<String> settings(Relay relay, ServerConnection server, List<String> customNames) {
        var wanted = relay.session().settings().committed();
        List<String> queries = server.session().settings().equals(wanted)
                ? List.of()
                : difference(server, server.session().settings(), wanted);
        if (customNames.isEmpty()) return queries;
        var all = new ArrayList<String>();
        for (var name : customNames) if (!wanted.names().contains(name)) all.add(SessionSettings.existing(name));
        all.addAll(queries);
        return all;
    }

    private boolean isNothing() {
        return begin == null && isNothingElse();
    }

    private boolean isNothingElse() {
        return settings.isEmpty() && !ownNames && prepared.isEmpty() && !hasLeftover(lease.server());
    }

    /// The client's BEGIN, if nothing else is needed; else null.
    @Nullable
    DeferredBegin onlyBegins() {
        return isNothingElse() ? begin : null;
    }

    /// Asks the server for all of it, behind what the server owes already.
    void ask(Exchange exchange) {
        var server = lease.server();
        boolean open = server.ledger().isOpen();
        if (hasLeftover(server) && server.session().statements().close(OwnStatement.NAME) instanceof Prepared left)
            exchange.close(left).sync();
        server.session().customNames().addAll(customNames);
        // The client may be gone before the answer comes.
        if (!settings.isEmpty())
            server.session().mayKnow(relay.session().settings().committed());
        if (showsChannels) relay.listening().shown().sending(delivery, lease);
        for (var query : settings) set(query, server, exchange);
        boolean inTransaction = server.status() != TransactionStatus.IDLE && !open;
        boolean saved = ownNames && inTransaction;
        if (ownNames) {
            server.session().statements().closeAll(ServerNeeds::isLost).forEach(exchange::close);
            if (!open && !inTransaction) exchange.sync();
            if (saved) exchange.command("SAVEPOINT " + SAVEPOINT);
            lease.takeOwnNames();
        }
        // One that cannot be prepared must not fail the next one either.
        prepared.ask(open, saved ? "ROLLBACK TO SAVEPOINT " + SAVEPOINT : "", exchange);
        if (saved) exchange.command("RELEASE SAVEPOINT " + SAVEPOINT);
        // A Query ends the unnamed statement.
        if (begin != null && begin.extended()) exchange.run(begin.text());
        else if (begin != null) exchange.query(begin.text());
        prepared.askUnnamed(open, exchange);
        if (open) exchange.sendOpen();
        else exchange.send();
    }

    /// Whether nobody could prepare the statement again, for its text was too large to keep.
    private static boolean isLost(Object statement) {
        return statement instanceof ClientStatement own && !own.isKept();
    }

    /// In a transaction a Query would end the client's unnamed portal.
    static void set(String query, ServerConnection server, Exchange exchange) {
        if (server.status() == TransactionStatus.IDLE) exchange.query(query);
        else exchange.command(query);
    }

    /// As [#set] sends it: the extended protocol takes one statement at a time.
    static List<String> difference(ServerConnection server, SessionSettings from, SessionSettings to) {
        return server.status() == TransactionStatus.IDLE ? from.difference(to) : from.differenceOneByOne(to);
    }

    /// Whether the client's transaction begins here.
    @Nullable
    DeferredBegin begin() {
        return begin;
    }

    /// Whether the settings are the client's now and its transaction has begun; the error if not.
    @Nullable
    ErrorFields failure(Exchange answered) {
        if (settings.isEmpty() && begin == null) return null;
        var error = answered.error();
        if (error == null) return null;
        for (var statement : answered.prepared()) if (statement.error() == error) return null;
        return error;
    }

    /// Whether statements are to be prepared while nobody knows the present settings.
    boolean wantsKnownSettings() {
        return prepared.wantsKnownSettings();
    }

    /// The server has told what is set now.
    void presentIs(SessionSettings told) {
        prepared.presentIs(told);
    }

    /// Notes what is there now, and of what is not as the client knows it, with which error its use
    /// fails.
    void verify(Exchange answered) {
        if (ownNames && answered.hasNotClosed()) lease.leaveOwnNames();
        prepared.verify(answered);
    }

    /// Whether the client's own names are there, but for some whose statements cannot be prepared now.
    boolean hasGaps() {
        return prepared.hasGaps();
    }

    /// Lets other statements stand in for what cannot be prepared.
    void fillGaps(Exchange exchange) {
        prepared.fillGaps(exchange);
        exchange.send();
    }

    /// Notes which of them stand in.
    void filled(Exchange answered) {
        prepared.filled(answered);
    }

    /// Notes that what was asked has succeeded.
    void succeeded() {
        if (showsChannels) relay.listening().shown().sent();
        if (settings.contains(SequenceUse.FORGET)) lease.server().session().sequencesOf(null);
        if (settings.contains(RandomSeed.RENEWAL)) lease.server().session().seedOf(null);
    }
}
