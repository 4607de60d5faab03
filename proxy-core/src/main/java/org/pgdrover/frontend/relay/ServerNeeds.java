package org.pgdrover.frontend.relay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerStatements.Prepared;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.StatementShape;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.TransactionEffect;

/// The settings and statements that a server lacks before a delivery can be sent. The client has
/// prepared such statements elsewhere.
///
/// A statement is prepared again only as the client knows it: if it has other parameters or columns now,
/// its use gives the error that PostgreSQL gives, "cached plan must not change result type".
final class ServerNeeds {
    /// Statements that cannot be prepared again must not cost the client its transaction.
    private static final String SAVEPOINT = "pgdrover_own_names";
    /// Settings that nobody but the server knows are those of its transaction again behind it.
    private static final String SETTINGS_SAVEPOINT = "pgdrover_settings";

    private static final byte[] EMPTY = new byte[3];
    /// The shape of an empty statement that stands in for another one.
    private static final Object GAP = new Object();

    private final Relay relay;
    private final ServerLease lease;
    private final Delivery delivery;
    private final List<String> settings;
    private final List<String> customNames;
    private final boolean showsChannels;
    private final boolean ownNames;
    private final @Nullable DeferredBegin begin;
    private final SessionSettings current;
    private final SessionSettings present;
    /// Whether there may be others on the server, which it has not told of.
    private final boolean unknown;
    /// Of those that have one name there the server gets the first only.
    private final List<ClientStatement> statements = new ArrayList<>();
    private final List<ClientStatement> gaps = new ArrayList<>();
    private @Nullable ClientStatement unnamed;

    private ServerNeeds(
            Relay relay,
            ServerLease lease,
            Delivery delivery,
            List<String> settings,
            List<String> customNames,
            boolean showsChannels,
            boolean ownNames,
            @Nullable DeferredBegin begin) {
        var session = relay.session();
        var present = session.settings().current();
        this.unknown = session.knownSettings() == null;
        this.begin = begin;
        this.current = present;
        this.present = present.ofMeaning();
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
        if (server.ledger().isDiscarding()) return null;
        var customNames =
                fresh && relay.session().hasCustomNames() ? relay.session().unknownTo(server) : List.<String>of();
        var settings = fresh ? settings(relay, server, customNames) : List.<String>of();
        if (SequenceUse.needsForgetting(relay, server, delivery))
            settings = with(settings, List.of(SequenceUse.FORGET));
        var channels = isIdle(server) ? relay.listening().toShow(delivery, server) : List.<String>of();
        if (!channels.isEmpty()) settings = with(settings, channels);
        boolean ownNames = wantsOwnNames(relay, lease, delivery);
        var begin = fresh ? relay.deferred() : null;
        var missing = missing(relay, lease, delivery, ownNames);
        boolean nothing = settings.isEmpty() && !ownNames && begin == null && missing.isEmpty();
        if (nothing && !(seesOwnNames(lease, delivery) && hasStandIn(server))) return null;
        var needs =
                new ServerNeeds(relay, lease, delivery, settings, customNames, !channels.isEmpty(), ownNames, begin);
        missing.forEach(needs::add);
        if (needs.isNothing()) return null;
        if (needs.endsUnnamed()) unnamedThere(delivery, lease).ifPresent(needs::add);
        return needs;
    }

    /// Whether the server gets other settings.
    boolean changesSettings() {
        return !settings.isEmpty();
    }

    private static boolean isIdle(ServerConnection server) {
        return server.status() == TransactionStatus.IDLE && !server.ledger().isOpen();
    }

    private static List<String> with(List<String> some, List<String> more) {
        var all = new ArrayList<>(some);
        all.addAll(more);
        return all;
    }

    private static boolean seesOwnNames(ServerLease lease, Delivery delivery) {
        return lease.hasOwnNames() && (delivery.statements.seesStatements() || delivery.statements.deallocates());
    }

    /// The client's statements that a delivery needs and that are not there.
    private static List<ClientStatement> missing(Relay relay, ServerLease lease, Delivery delivery, boolean ownNames) {
        List<ClientStatement> missing = List.of();
        var statements = relay.session().statements();
        if (seesOwnNames(lease, delivery) && isIdle(lease.server())) {
            missing = new ArrayList<>();
            for (var each : statements.named()) if (each.isKept() && !isThere(each, lease)) missing.add(each);
        }
        if (ownNames) {
            if (missing.isEmpty()) missing = new ArrayList<>();
            missing.addAll(statements.named());
        }
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) {
            var statement = named(batch.message(i), delivery.plan(i));
            if (statement == null || !ownNames && isThere(statement, lease)) continue;
            if (missing.isEmpty()) missing = new ArrayList<>();
            missing.add(statement);
        }
        return missing;
    }

    /// The statement that a message needs to be there; null if it needs none.
    private static @Nullable ClientStatement named(ClientMessage message, MessagePlan plan) {
        if (message.type != MessageType.BIND && message.type != MessageType.DESCRIBE && !plan.duplicate) return null;
        var statement = plan.statement;
        return statement != null && statement.isAnswered() && statement.isKept() ? statement : null;
    }

    /// The unnamed statement that a delivery needs, if it is there now.
    private static Optional<ClientStatement> unnamedThere(Delivery delivery, ServerLease lease) {
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) {
            var statement = named(batch.message(i), delivery.plan(i));
            if (statement != null && statement.isUnnamed() && isThere(statement, lease)) return Optional.of(statement);
        }
        return Optional.empty();
    }

    /// Whether something of it ends the server's unnamed statement, as a Query does.
    private boolean endsUnnamed() {
        if (lease.server().ledger().isOpen()) return false;
        if (begin != null) return true;
        if (lease.server().status() != TransactionStatus.IDLE) return false;
        return !settings.isEmpty()
                || statements.stream().anyMatch(each -> !settingsOf(each).equals(present));
    }

    /// Whether a statement of the proxy's own is left there, which has taken a name that was in use.
    private static boolean hasStandIn(ServerConnection server) {
        return server.statements().find(OwnStatement.NAME) != null
                && server.status() != TransactionStatus.FAILED
                && !server.ledger().isOpen();
    }

    private static List<String> settings(Relay relay, ServerConnection server, List<String> customNames) {
        var wanted = relay.session().settings().committed();
        List<String> queries =
                server.settings().equals(wanted) ? List.of() : difference(server, server.settings(), wanted);
        if (customNames.isEmpty()) return queries;
        var all = new ArrayList<String>();
        for (var name : customNames) if (!wanted.names().contains(name)) all.add(SessionSettings.existing(name));
        all.addAll(queries);
        return all;
    }

    /// Whether the answers to what was sent before have to be there first. They tell what the client's
    /// statements are, or whether the transaction has failed.
    static boolean wantsAnswers(Relay relay, ServerLease lease, Delivery delivery) {
        var ledger = lease.server().ledger();
        if (ledger.isEmpty() || ledger.isDiscarding() || ledger.isCopyIn()) return false;
        boolean inside = ledger.isOpen() || lease.server().status() != TransactionStatus.IDLE;
        // The judge has seen to names that are on their way, but not to those that only the catalog knows of.
        boolean pending = relay.session().statements().isAnyNamePending();
        return (inside || pending) && wantsOwnNames(relay, lease, delivery);
    }

    private static boolean wantsOwnNames(Relay relay, ServerLease lease, Delivery delivery) {
        var server = lease.server();
        if (server.ledger().isCopyIn() || server.status() == TransactionStatus.FAILED) return false;
        if (lease.hasOwnNames() && (server.status() == TransactionStatus.IDLE || hasAll(relay, lease))) return false;
        return parsesUnkept(delivery) || looksForNames(relay, delivery);
    }

    /// Whether all that the client has prepared is there under the client's own names.
    private static boolean hasAll(Relay relay, ServerLease lease) {
        for (var statement : relay.session().statements().named())
            if (statement.isKept() && !isThere(statement, lease)) return false;
        return true;
    }

    /// Whether it sees or takes away the client's statements by their names.
    static boolean looksForNames(Relay relay, Delivery delivery) {
        return delivery.statements.seesStatements()
                || delivery.statements.deallocates()
                || callsDeallocate(relay, delivery);
    }

    /// Whether a function in it may prepare or deallocate statements, as far as the catalog tells.
    static boolean callsDeallocate(Relay relay, Delivery delivery) {
        var session = relay.session();
        if (delivery.reason.isProvedRead()) return false;
        if (session.statements().size() == 0 && !delivery.names.hasNamed()) return false;
        var classes = delivery.statements.classes();
        var router = relay.services().router();
        for (int i = 0; i < classes.size(); i++)
            if (router.mayDeallocate(classes.get(i), session.routing())) return true;
        return false;
    }

    private static boolean parsesUnkept(Delivery delivery) {
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) {
            var statement = delivery.plan(i).statement;
            if (batch.message(i).large && statement != null && delivery.plan(i).makes && !statement.isUnnamed())
                return true;
        }
        return false;
    }

    private static boolean isThere(ClientStatement statement, ServerLease lease) {
        if (statement.isUnnamed()) return lease.server().unnamedStatement() == statement;
        var there = lease.server().statements().find(key(statement, lease.hasOwnNames()));
        return there != null && isAsKnown(there, statement);
    }

    /// Whether the server has a statement of this one's name, of whatever shape.
    static boolean isKnown(ClientStatement statement, ServerLease lease) {
        return lease.server().statements().find(key(statement, lease.hasOwnNames())) != null;
    }

    static Object key(ClientStatement statement, boolean ownNames) {
        var shared = statement.shared();
        return ownNames || shared == null ? statement : shared;
    }

    private static byte[] name(ClientStatement statement, boolean ownNames) {
        var shared = statement.shared();
        return ownNames || shared == null ? statement.name() : shared.name();
    }

    private static boolean isAsKnown(Prepared there, ClientStatement statement) {
        if (there.shape() == statement) return true;
        var shape = there.shape() instanceof ClientStatement other ? other.shape() : there.shape();
        return shape != null && shape.equals(statement.shape());
    }

    private void add(ClientStatement statement) {
        if (lease.server().status() == TransactionStatus.FAILED && !endsTransaction(statement)) {
            // As if the statement were there: in a failed transaction nothing else can be done with it.
            delivery.unusable(statement, LostTransaction.aborted());
        } else if (statement.isUnnamed()) {
            unnamed = statement;
        } else if (statement.isKept() && !statements.contains(statement)) {
            statements.add(statement);
        }
    }

    private static boolean endsTransaction(ClientStatement statement) {
        var effect = statement.queryClass().transaction();
        return effect == TransactionEffect.COMMIT
                || effect == TransactionEffect.ROLLBACK
                || statement.queryClass().statement().equals("ROLLBACK TO");
    }

    private boolean isNothing() {
        return begin == null && isNothingElse();
    }

    private boolean isNothingElse() {
        return settings.isEmpty()
                && !ownNames
                && statements.isEmpty()
                && unnamed == null
                && !hasStandIn(lease.server());
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
        if (hasStandIn(server) && server.statements().remove(OwnStatement.NAME) instanceof Prepared standIn)
            exchange.close(standIn).sync();
        server.customNames().addAll(customNames);
        if (showsChannels) relay.listening().showing(server);
        for (var query : settings) set(query, exchange);
        boolean inTransaction = server.status() != TransactionStatus.IDLE && !open;
        if (ownNames) {
            for (var shared : server.statements().all()) exchange.close(shared);
            if (!open && !inTransaction) exchange.sync();
            if (inTransaction) exchange.command("SAVEPOINT " + SAVEPOINT);
            lease.takeOwnNames();
        }
        boolean own = lease.hasOwnNames();
        var asked = new HashSet<Object>();
        for (var statement : statements) {
            if (!asked.add(key(statement, own))) continue;
            var old = server.statements().remove(key(statement, own));
            if (old != null) exchange.close(old);
            prepare(statement, own, open, exchange);
        }
        if (ownNames && inTransaction) exchange.command("RELEASE SAVEPOINT " + SAVEPOINT);
        // A Query ends the unnamed statement.
        if (begin != null && begin.extended()) exchange.run(begin.text());
        else if (begin != null) exchange.query(begin.text());
        if (unnamed != null) prepareUnnamed(unnamed, open, exchange);
        if (open) exchange.sendOpen();
        else exchange.send();
    }

    /// With the settings that the client had when it prepared the statement, which PostgreSQL folds into
    /// it.
    private void prepare(ClientStatement statement, boolean own, boolean open, Exchange exchange) {
        var then = settingsOf(statement);
        if (open && !then.equals(present)) lease.server().notClean("a statement was prepared with other settings");
        if (!open) toOlder(then, exchange);
        exchange.prepare(name(statement, own), Objects.requireNonNull(statement.repetition()));
        if (open) return;
        exchange.sync();
        if (isAside(then)) back(exchange);
        else set(then, present, exchange);
    }

    private void toOlder(SessionSettings then, Exchange exchange) {
        if (isAside(then)) exchange.command("SAVEPOINT " + SETTINGS_SAVEPOINT);
        set(present, then, exchange);
    }

    /// Whether the present settings cannot be set again, for nobody knows all of them.
    private boolean isAside(SessionSettings then) {
        return unknown && lease.server().status() != TransactionStatus.IDLE && !then.equals(present);
    }

    private static void back(Exchange exchange) {
        exchange.command("ROLLBACK TO SAVEPOINT " + SETTINGS_SAVEPOINT)
                .command("RELEASE SAVEPOINT " + SETTINGS_SAVEPOINT);
    }

    /// Whether statements are to be prepared with older settings while nobody knows the present ones.
    boolean wantsKnownSettings() {
        return unknown
                && (unnamed != null && !settingsOf(unnamed).equals(present)
                        || statements.stream()
                                .anyMatch(each -> !settingsOf(each).equals(present)));
    }

    private void set(SessionSettings from, SessionSettings to, Exchange exchange) {
        difference(lease.server(), from, to).forEach(query -> set(query, exchange));
    }

    /// In a transaction a Query would end the client's unnamed portal.
    private void set(String query, Exchange exchange) {
        if (lease.server().status() == TransactionStatus.IDLE) exchange.query(query);
        else exchange.command(query);
    }

    /// As [#set] sends it: the extended protocol takes one statement at a time.
    private static List<String> difference(ServerConnection server, SessionSettings from, SessionSettings to) {
        return server.status() == TransactionStatus.IDLE ? from.difference(to) : from.differenceOneByOne(to);
    }

    private void prepareUnnamed(ClientStatement statement, boolean open, Exchange exchange) {
        var then = settingsOf(statement);
        if (!open) toOlder(then, exchange);
        exchange.prepare(statement.name(), Objects.requireNonNull(statement.repetition()));
        if (open) return;
        exchange.sync();
        // A Query would end it.
        if (isAside(then)) back(exchange);
        else then.differenceOneByOne(present).forEach(exchange::command);
    }

    private SessionSettings settingsOf(ClientStatement statement) {
        var then = statement.settings();
        return then == null || then == current ? present : then.ofMeaning();
    }

    /// Whether the client's own names are there, but for some whose statements cannot be prepared now.
    boolean hasGaps() {
        return !gaps.isEmpty() || hasFailedTransaction();
    }

    private boolean hasFailedTransaction() {
        return ownNames && lease.server().status() == TransactionStatus.FAILED;
    }

    /// Takes the transaction back to where it was. Under a name whose statement cannot be prepared an
    /// empty one stands in, for SQL is to find the name; whoever uses it by the protocol gets the error.
    void fillGaps(Exchange exchange) {
        if (hasFailedTransaction())
            exchange.command("ROLLBACK TO SAVEPOINT " + SAVEPOINT).command("RELEASE SAVEPOINT " + SAVEPOINT);
        for (var statement : gaps) {
            exchange.prepare(statement.name(), EMPTY).sync();
            lease.server().statements().add(statement, statement.name(), GAP);
        }
        exchange.send();
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

    /// Notes that what was asked has succeeded.
    void succeeded() {
        if (settings.contains(SequenceUse.FORGET)) lease.server().sequencesOf(null);
    }

    /// Notes what is there now, and of what is not as the client knows it, with which error its use
    /// fails.
    void verify(Exchange answered) {
        var still = answered.stillThere();
        if (ownNames && !still.isEmpty()) lease.leaveOwnNames();
        still.forEach(lease.server().statements()::restore);
        boolean own = lease.hasOwnNames();
        var prepared = answered.prepared().iterator();
        var byKey = new HashMap<Object, Exchange.Prepared>();
        for (var statement : statements)
            verify(statement, byKey.computeIfAbsent(key(statement, own), _ -> prepared.next()));
        if (unnamed != null) verify(unnamed, answered.prepared().getLast());
    }

    private void verify(ClientStatement statement, Exchange.Prepared there) {
        if (there.isDiscarded()) return;
        if (there.error() != null) {
            delivery.unusable(statement, there.error());
            if (lease.hasOwnNames()
                    && !statement.isUnnamed()
                    && !lease.server().ledger().isOpen()) gaps.add(statement);
            return;
        }
        var server = lease.server();
        var shape = new StatementShape(there.parameters(), there.columns());
        boolean asKnown = statement.shape() == null || shape.equals(statement.shape());
        statement.shape(shape);
        if (statement.isUnnamed()) {
            server.unnamedStatement(statement);
            server.unnamedAnswered(statement);
        } else {
            add(server, statement, asKnown ? statement : shape);
        }
        if (!asKnown && isRevalidated(statement))
            delivery.unusable(
                    statement,
                    ErrorFields.error(SqlState.FEATURE_NOT_SUPPORTED, "cached plan must not change result type")
                            .withRoutine("RevalidateCachedQuery"));
    }

    /// Whether PostgreSQL looks again at what the statement gives: it never does at commands that it does
    /// not analyse.
    private static boolean isRevalidated(ClientStatement statement) {
        var command = statement.queryClass().statement();
        return !command.equals("EXECUTE") && !command.equals("FETCH");
    }

    private void add(ServerConnection server, ClientStatement statement, Object shape) {
        boolean own = lease.hasOwnNames();
        server.statements().add(key(statement, own), name(statement, own), shape);
    }
}
