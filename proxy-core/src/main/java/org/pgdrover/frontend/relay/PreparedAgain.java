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
import org.pgdrover.frontend.session.TrackedSettings;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.TransactionEffect;

/// The statements that a server prepares again, each with the settings that its client had then.
///
/// A statement is prepared again only as the client knows it: if it has other parameters or columns now,
/// its use gives the error that PostgreSQL gives, "cached plan must not change result type".
final class PreparedAgain {
    /// Settings that nobody but the server knows are those of its transaction again behind it.
    private static final String SETTINGS_SAVEPOINT = "pgdrover_settings";

    private static final byte[] EMPTY = new byte[3];
    /// The shape of an empty statement that stands in for another one.
    private static final Object GAP = new Object();

    private final ServerLease lease;
    private final Delivery delivery;
    private final TrackedSettings settings;
    private final SessionSettings current;
    private final SessionSettings present;
    /// Whether there may be other settings on the server, which it has not told of.
    private final boolean unknown;
    /// Of those that have one name there the server gets the first only.
    private final List<ClientStatement> statements = new ArrayList<>();
    private final List<ClientStatement> gaps = new ArrayList<>();
    private @Nullable ClientStatement unnamed;

    PreparedAgain(Relay relay, ServerLease lease, Delivery delivery) {
        var session = relay.session();
        this.lease = lease;
        this.delivery = delivery;
        this.settings = session.settings();
        this.current = settings.current();
        this.present = current.ofMeaning();
        boolean onTheWay =
                !lease.server().ledger().isEmpty() && relay.deliveries().mayChangeSettings();
        this.unknown = session.knownSettings() == null || onTheWay;
    }

    // Which are to be

    /// The client's statements that a delivery needs and that are not there.
    static List<ClientStatement> missing(Relay relay, ServerLease lease, Delivery delivery, boolean ownNames) {
        List<ClientStatement> missing = List.of();
        var statements = relay.session().statements();
        if (OwnNames.areSeen(relay, lease, delivery) && ServerNeeds.isIdle(lease.server())) {
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
    static Optional<ClientStatement> unnamedThere(Delivery delivery, ServerLease lease) {
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) {
            var statement = named(batch.message(i), delivery.plan(i));
            if (statement != null && statement.isUnnamed() && isThere(statement, lease)) return Optional.of(statement);
        }
        return Optional.empty();
    }

    void add(ClientStatement statement) {
        if (mayFailBatch(statement)) return;
        if (lease.server().status() == TransactionStatus.FAILED && !endsTransaction(statement)) {
            // As if the statement were there: in a failed transaction nothing else can be done with it.
            delivery.unusable(statement, LostTransaction.aborted());
        } else if (statement.isUnnamed()) {
            unnamed = statement;
        } else if (statement.isKept() && !statements.contains(statement)) {
            statements.add(statement);
        }
    }

    /// Whether the statement needs settings that cannot be set again in an open batch, for nobody knows the
    /// present ones: an error would fail the client's batch, which does not use the statement.
    private boolean mayFailBatch(ClientStatement statement) {
        return unknown
                && lease.server().ledger().isOpen()
                && !settingsOf(statement).equals(present)
                && !isUsed(statement);
    }

    private boolean isUsed(ClientStatement statement) {
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++)
            if (named(batch.message(i), delivery.plan(i)) == statement) return true;
        return false;
    }

    private static boolean endsTransaction(ClientStatement statement) {
        var effect = statement.queryClass().transaction();
        return effect == TransactionEffect.COMMIT
                || effect == TransactionEffect.ROLLBACK
                || statement.queryClass().statement().equals("ROLLBACK TO");
    }

    boolean isEmpty() {
        return statements.isEmpty() && unnamed == null;
    }

    /// Whether some were prepared with other settings than the client has now.
    boolean haveOtherSettings() {
        return statements.stream().anyMatch(each -> !settingsOf(each).equals(present));
    }

    // What is asked

    /// Asks for those that have a name.
    void ask(boolean open, Exchange exchange) {
        var server = lease.server();
        boolean own = lease.hasOwnNames();
        var asked = new HashSet<Object>();
        for (var statement : statements) {
            if (!asked.add(key(statement, own))) continue;
            var old = server.session().statements().close(key(statement, own));
            if (old != null) exchange.close(old);
            prepare(statement, own, open, exchange);
        }
    }

    /// Asks for the one that has none, which whatever follows by a Query would end.
    void askUnnamed(boolean open, Exchange exchange) {
        if (unnamed != null) prepareUnnamed(unnamed, open, exchange);
    }

    /// With the settings that the client had when it prepared the statement, which PostgreSQL folds into
    /// it.
    private void prepare(ClientStatement statement, boolean own, boolean open, Exchange exchange) {
        var then = settingsOf(statement);
        var name = name(statement, own);
        var definition = Objects.requireNonNull(statement.repetition());
        if (open) {
            prepareOpen(name, definition, then, exchange);
            return;
        }
        toOlder(then, exchange);
        exchange.prepare(name, definition).sync();
        if (isAside(then)) back(exchange);
        else set(then, present, exchange);
    }

    /// In an open batch, which a Query or a Sync would commit, and where nothing can be set aside.
    private void prepareOpen(byte[] name, byte[] definition, SessionSettings then, Exchange exchange) {
        if (unknown) {
            lease.server().session().notClean("a statement was prepared with unknown settings");
            exchange.prepare(name, definition);
            return;
        }
        present.differenceOneByOne(then).forEach(exchange::openCommand);
        exchange.prepare(name, definition);
        then.differenceOneByOne(present).forEach(exchange::openCommand);
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
        return unknown && (unnamed != null && !settingsOf(unnamed).equals(present) || haveOtherSettings());
    }

    private void set(SessionSettings from, SessionSettings to, Exchange exchange) {
        ServerNeeds.difference(lease.server(), from, to)
                .forEach(query -> ServerNeeds.set(query, lease.server(), exchange));
    }

    private void prepareUnnamed(ClientStatement statement, boolean open, Exchange exchange) {
        var then = settingsOf(statement);
        var definition = Objects.requireNonNull(statement.repetition());
        if (open) {
            prepareOpen(statement.name(), definition, then, exchange);
            return;
        }
        toOlder(then, exchange);
        exchange.prepare(statement.name(), definition).sync();
        // A Query would end it.
        if (isAside(then)) back(exchange);
        else then.differenceOneByOne(present).forEach(exchange::command);
    }

    private SessionSettings settingsOf(ClientStatement statement) {
        var then = statement.settings();
        return then == null || then == current
                ? present
                : settings.complete(then).ofMeaning();
    }

    /// Whether some cannot be prepared now, so that their names are missing there.
    boolean hasGaps() {
        return !gaps.isEmpty();
    }

    /// Under a name whose statement cannot be prepared an empty one stands in, for SQL is to find the name;
    /// whoever uses it by the protocol gets the error.
    void fillGaps(Exchange exchange) {
        for (var statement : gaps) {
            exchange.prepare(statement.name(), EMPTY).sync();
            lease.server().session().statements().add(statement, statement.name(), GAP);
        }
    }

    /// Notes what is there now, and of what is not as the client knows it, with which error its use
    /// fails.
    void verify(Exchange answered) {
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
            server.session().unnamedStatement(statement);
            server.session().unnamedAnswered(statement);
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
        server.session().statements().add(key(statement, own), name(statement, own), shape);
    }

    // What a server has

    static boolean isThere(ClientStatement statement, ServerLease lease) {
        if (statement.isUnnamed()) return lease.server().session().unnamedStatement() == statement;
        var there = lease.server().session().statements().find(key(statement, lease.hasOwnNames()));
        return there != null && isAsKnown(there, statement);
    }

    /// Whether the server has a statement of this one's name, of whatever shape.
    static boolean isKnown(ClientStatement statement, ServerLease lease) {
        return lease.server().session().statements().find(key(statement, lease.hasOwnNames())) != null;
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
}
