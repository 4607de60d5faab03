package org.pgdrover.frontend.relay;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
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
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.TransactionEffect;

/// The statements that a server prepares again, each with the settings that its client had then.
///
/// A statement is prepared again only as the client knows it: if it has other parameters or columns now,
/// its use gives the error that PostgreSQL gives, "cached plan must not change result type".
final class PreparedAgain {
    /// The shape of a statement that stands in for another one.
    private static final Object GAP = new Object();

    private final ServerLease lease;
    private final Delivery delivery;
    private final TrackedSettings settings;
    private SessionSettings present;
    /// Whether there may be other settings on the server, which it has not told of.
    private boolean unknown;
    /// Whether what is set for a statement must leave custom parameters as they are: the transaction, or something
    /// unseen before it, may have set some.
    private boolean aside;

    /// Of those that have one name there the server gets the first only.
    private final List<ClientStatement> statements = new ArrayList<>();
    private final List<ClientStatement> gaps = new ArrayList<>();
    private @Nullable ClientStatement unnamed;

    PreparedAgain(Relay relay, ServerLease lease, Delivery delivery) {
        var session = relay.session();
        this.lease = lease;
        this.delivery = delivery;
        this.settings = session.settings();
        this.aside = lease.server().ledger().isOpen()
                || lease.server().status() != TransactionStatus.IDLE
                || session.held().has(Residue.SETTINGS);
        this.present = ofMeaning(settings.now());
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
        // An error would fail the client's open batch: what it does not look for is not prepared there.
        if (ownNames && (!lease.server().ledger().isOpen() || OwnNames.looksForNames(relay, delivery))) {
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

    boolean isEmpty() {
        return statements.isEmpty() && unnamed == null;
    }

    /// Whether some were prepared with other settings than the client has now.
    boolean haveOtherSettings() {
        return statements.stream().anyMatch(each -> !settingsOf(each).equals(present));
    }

    /// Whether something is to be set for one of them, in a transaction otherwise than outside.
    boolean wantsOtherSettings() {
        return haveOtherSettings() || unnamed != null && !settingsOf(unnamed).equals(present);
    }

    // What is asked

    /// Asks for those that have a name.
    ///
    /// @param behindEach a command that runs behind each of them; empty for none
    void ask(boolean open, String behindEach, Exchange exchange) {
        var server = lease.server();
        boolean own = lease.hasOwnNames();
        var asked = new HashSet<Object>();
        for (var statement : statements) {
            if (!asked.add(key(statement, own))) continue;
            var old = server.session().statements().close(key(statement, own));
            if (old != null) exchange.close(old);
            prepare(statement, own, open, exchange);
            if (!behindEach.isEmpty()) exchange.command(behindEach);
        }
    }

    /// Asks for the one that has none, which whatever follows by a Query would end.
    void askUnnamed(boolean open, Exchange exchange) {
        if (unnamed != null) prepareUnnamed(unnamed, open, exchange);
    }

    /// With the settings that the client had when it prepared the statement, which PostgreSQL folds into
    /// it.
    private void prepare(ClientStatement statement, boolean own, boolean open, Exchange exchange) {
        prepare(name(statement, own), statement, open, true, exchange);
    }

    private void prepareUnnamed(ClientStatement statement, boolean open, Exchange exchange) {
        // A Query would end it.
        prepare(statement.name(), statement, open, false, exchange);
    }

    private void prepare(byte[] name, ClientStatement statement, boolean open, boolean byQuery, Exchange exchange) {
        var then = settingsOf(statement);
        set(present, then, open, true, exchange);
        exchange.prepare(name, Objects.requireNonNull(statement.repetition()), statement.hasOwnShape());
        if (!open) exchange.sync();
        set(then, present, open, byQuery, exchange);
        if (unknown && statement.isAnalysed())
            lease.server().session().notClean("a statement was prepared with unknown settings");
    }

    /// In a transaction by SET LOCAL, so that the transaction leaves what it would have left.
    private void set(SessionSettings from, SessionSettings to, boolean open, boolean byQuery, Exchange exchange) {
        if (from.equals(to)) return;
        lease.server().session().mayKnow(to);
        if (open) from.localDifference(to).forEach(exchange::openCommand);
        else if (lease.server().status() != TransactionStatus.IDLE)
            from.localDifference(to).forEach(exchange::command);
        else if (byQuery) from.difference(to).forEach(exchange::query);
        else from.differenceOneByOne(to).forEach(exchange::command);
    }

    /// Whether statements are to be prepared while nobody knows the present settings.
    boolean wantsKnownSettings() {
        return unknown
                && (unnamed != null && unnamed.isAnalysed()
                        || statements.stream().anyMatch(ClientStatement::isAnalysed));
    }

    /// The server has told what is set now.
    void presentIs(SessionSettings told) {
        aside = true;
        present = ofMeaning(told);
        unknown = false;
    }

    /// No statement is parsed by the value of a custom parameter, and what sets that back must know the value.
    private SessionSettings ofMeaning(SessionSettings some) {
        return aside ? some.ofMeaning().withoutCustom() : some.ofMeaning();
    }

    private SessionSettings settingsOf(ClientStatement statement) {
        var then = statement.settings();
        if (then == null || !statement.isAnalysed()) return present;
        var whole = ofMeaning(settings.complete(then));
        // RESET might give another value: a reload shows only when what hides it is over.
        return settings.initial().under(whole, present.names());
    }

    /// Whether some cannot be prepared now, so that their names are missing there.
    boolean hasGaps() {
        return !gaps.isEmpty();
    }

    /// Under a name whose statement cannot be prepared another one stands in, for SQL is to find the name; whoever
    /// uses it, by the protocol or by EXECUTE, gets the error.
    void fillGaps(Exchange exchange) {
        for (var statement : gaps) {
            var why = Objects.requireNonNull(delivery.whyUnusable(statement));
            var shape = statement.shape();
            var stands = raising(why, shape == null ? new byte[2] : shape.parameters());
            exchange.prepare(statement.name(), stands, false).sync();
            lease.server().session().statements().add(statement, statement.name(), GAP);
        }
    }

    /// In a failed transaction nothing can be prepared, and in an open batch an error would fail the batch.
    private boolean mayStandIn() {
        var server = lease.server();
        return !server.ledger().isOpen() && server.status() != TransactionStatus.FAILED;
    }

    /// Forgets those that could not stand in: else their names were taken for deallocated.
    void filled(Exchange answered) {
        for (int i = 0; i < gaps.size(); i++)
            if (answered.prepared().get(i).error() != null)
                lease.server().session().statements().remove(gaps.get(i));
    }

    /// The rest of a Parse of a statement that gives an error; it has the parameters of another one, and is not
    /// analysed before it is run.
    private static byte[] raising(ErrorFields error, byte[] parameters) {
        var message = error.message().replaceAll("[^ -~]|\\\\", "?").replace("'", "''''");
        var text = "DO 'BEGIN RAISE EXCEPTION USING ERRCODE = ''" + error.sqlState() + "'', MESSAGE = ''" + message
                + "''; END'";
        int end = text.length() + 1;
        var whole = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), end + parameters.length);
        System.arraycopy(parameters, 0, whole, end, parameters.length);
        return whole;
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
            if (lease.hasOwnNames() && !statement.isUnnamed() && mayStandIn()) gaps.add(statement);
            return;
        }
        var server = lease.server();
        var shape = new StatementShape(there.parameters(), there.columns());
        boolean asKnown = !statement.hasOwnShape() || statement.shape() == null || shape.equals(statement.shape());
        if (statement.hasOwnShape()) statement.shape(shape);
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
        return !command.equals("FETCH");
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
