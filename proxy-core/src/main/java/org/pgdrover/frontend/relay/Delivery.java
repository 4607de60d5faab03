package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.routing.RoutingReason;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.SessionEffect;
import org.pgdrover.sql.TransactionEffect;

/// The fate of what one ReadyForQuery answers. It tells where it goes and why, what it runs, and what
/// has been answered of it.
///
/// It lasts from the first part of a batch to the ReadyForQuery; a batch that is not read whole has
/// several parts, one after another.
final class Delivery implements RelayNote {
    /// A batch that runs more different statements than this is one that is not understood.
    private static final int MOST_CLASSES = 1_000;

    private final List<MessagePlan> plans = new ArrayList<>(6);
    private int count;
    private int partStart;
    private final List<QueryClass> classes = new ArrayList<>(2);

    /// The part that is to be sent next, or was sent last and may be sent again.
    @Nullable
    Batch part;

    /// Whether it counts among those under way that may change how statements are read.
    boolean countsForReading;
    /// Whether it counts among those under way that may change names.
    boolean countsForNames;
    /// Whether it counts among those under way that may change settings.
    boolean countsForSettings;

    /// Whether nothing of it was sent before the present part.
    boolean first = true;
    /// Whether its end has come from the client.
    private boolean complete;
    private boolean onlyReads = true;
    private boolean needsServer;

    /// The parameters that the client's startup message has set.
    private final Set<String> defaults;

    /// When it came, in nanoseconds of the clock.
    long startNanos;
    /// The name of the node that it goes to.
    String node = "-";

    RoutingReason reason = RoutingReason.PROTOCOL;
    /// SQLSTATE of its error, or empty.
    String sqlState = "";
    /// Whether the client has had something of its answer.
    boolean begun;
    /// Its standby failed it: the primary must answer.
    boolean avoidStandby;
    /// Whether it has been run a second time.
    boolean repeated;
    /// Times that it was tried in vain because a server could not be reached.
    int attempts;
    /// Whether the client was told that nobody knows whether it is committed.
    boolean outcomeUnknown;
    /// Whether it is a string whose first statement ends a transaction that was lost with its server.
    boolean endsLost;
    /// What was sent before it, so that the transaction begins with it; null if the transaction does
    /// not.
    @Nullable
    DeferredBegin begin;
    /// Whether that goes to the server in one write with it.
    boolean begunWithIt;
    /// Whether all of it is proved to be a read, in a transaction that it does not begin.
    boolean read;
    /// Commands of it that have completed.
    int completed;
    /// It cannot be answered any more, and this is to be said when its turn comes.
    @Nullable
    ErrorFields refusal;
    /// Whether LISTEN is left to the client's own server, for the database's listener cannot be had.
    boolean listensItself;
    /// Whether the server was told to send what it has, for the present part waits for it.
    boolean asked;
    /// A statement of the proxy's that is to be run before it; null if none is.
    byte @Nullable [] before;
    /// Stands for its wait until others have left a database; null if it does not wait.
    @Nullable
    Object waitsForOthers;
    /// What its statements say, for the statement log; none while nobody listens.
    final StatementTexts texts = new StatementTexts();

    private @Nullable MessagePlan unnamed;
    private @Nullable Map<ByteBuf, MessagePlan> named;

    /// Statements that are not as the client was told, each with the error that its use gives; null
    /// while there are none.
    private @Nullable Map<ClientStatement, ErrorFields> unusable;

    /// @param defaults names of the parameters that the client's startup message has set
    Delivery(Set<String> defaults) {
        this.defaults = defaults;
        this.lastFacts = factsOfNew(lastKnown);
    }

    /// What the portals run that it has bound itself; null while there is none but the unnamed one.
    private @Nullable Map<String, QueryClass> portals;

    private @Nullable QueryClass unnamedPortal;

    /// Takes back, last first, what the present part has made of names, if it is not the first part.
    private final ArrayDeque<Runnable> undo = new ArrayDeque<>(0);

    /// Portals that the present part binds; null while there are none but the unnamed one.
    private @Nullable Map<String, QueryClass> newPortals;

    // The names that it makes and closes itself

    /// It binds this portal.
    void binds(String portal, QueryClass runs) {
        if (portal.isEmpty()) {
            var before = unnamedPortal;
            if (!first) undo.push(() -> unnamedPortal = before);
            unnamedPortal = runs;
            return;
        }
        if (portals == null) portals = new HashMap<>();
        if (newPortals == null) newPortals = new HashMap<>();
        newPortals.put(portal, runs);
        change(portals, portal, runs);
    }

    private <K, V> void change(Map<K, V> of, K name, V meaning) {
        var before = of.put(name, meaning);
        if (first) return;
        undo.push(() -> {
            if (before == null) of.remove(name);
            else of.put(name, before);
        });
    }

    /// What the portal runs that it has bound itself; null if it has bound none of this name.
    @Nullable
    QueryClass bound(String portal) {
        if (portal.isEmpty()) return unnamedPortal;
        return portals == null ? null : portals.get(portal);
    }

    /// Tells the portals that its present part has bound, for the part is sent.
    void tellPortals(ClientSession session) {
        if (unnamedPortal != null) session.portal("", unnamedPortal);
        if (newPortals != null) newPortals.forEach(session::portal);
    }

    /// A message of it makes or closes the statement of this name; what follows in the same batch means
    /// that.
    void names(byte[] name, MessagePlan plan) {
        if (name.length == 0) {
            var before = unnamed;
            if (!first) undo.push(() -> unnamed = before);
            unnamed = plan;
            return;
        }
        if (named == null) named = new HashMap<>();
        change(named, Unpooled.wrappedBuffer(name), plan);
    }

    /// Whether it makes or closes a statement with a name.
    boolean makesNames() {
        return named != null && !named.isEmpty();
    }

    /// The last message of it that makes or closes the statement whose name stands in the buffer, and is
    /// not answered yet; null if there is none.
    @Nullable
    MessagePlan naming(ByteBuf buffer, int from, int length) {
        var plan = length == 0 ? unnamed : named == null ? null : named.get(buffer.slice(from, length));
        return plan != null && plan.pending ? plan : null;
    }

    // What was found out

    /// Another part of the batch follows.
    ///
    /// @param answered whether nothing that was sent of it is still owed its answer
    void next(Batch following, boolean answered) {
        part = following;
        first = false;
        asked = false;
        if (answered) {
            // The client's statements know now what was made, and the plans are used again.
            unnamed = null;
            named = null;
        }
        undo.clear();
        newPortals = null;
        partStart = answered ? 0 : count;
        count = partStart;
        complete |= following.isComplete();
    }

    /// Forgets what was found out about the present part.
    void judgeAgain() {
        count = partStart;
        newPortals = null;
        while (undo.poll() instanceof Runnable last) last.run();
        if (!first) return;
        unnamed = null;
        named = null;
        unnamedPortal = null;
        portals = null;
        classes.clear();
        facts = 0;
        executed = 0;
        onlyReads = true;
        needsServer = false;
        texts.clear();
    }

    MessagePlan newPlan() {
        if (count == plans.size()) plans.add(new MessagePlan(this));
        return plans.get(count++).reset();
    }

    /// The plan of a message of the present part.
    MessagePlan plan(int index) {
        return plans.get(partStart + index);
    }

    /// The plans of all parts of which answers are owed, the present one's last.
    List<MessagePlan> plans() {
        return plans.subList(0, count);
    }

    /// Something of it runs with this class.
    void runs(QueryClass queryClass) {
        needsServer = true;
        facts |= factsOf(queryClass);
        if (queryClass.access() != Access.READ) onlyReads = false;
        if (!classes.isEmpty() && classes.getLast() == queryClass) return;
        if (classes.size() < MOST_CLASSES) classes.add(queryClass);
        else if (classes.size() == MOST_CLASSES) classes.add(QueryClass.UNKNOWN);
    }

    // What the classes say of the session, found out once for each class: most clients run the same again and again.

    private static final int CHANGES_READING = 1;
    private static final int CHANGES_SETTINGS = 2;
    private static final int TAKES_DEFAULTS = 4;
    private static final int DEALLOCATES_ALL = 8;
    private static final int DEALLOCATES = 16;
    private static final int SEES_STATEMENTS = 32;
    private static final int ASKS_SEQUENCES = 64;
    private static final int MAY_DEALLOCATE = 128;

    private int facts;
    private int executed;
    private QueryClass lastKnown = QueryClass.UNKNOWN;
    private int lastFacts;

    private int factsOf(QueryClass ran) {
        if (ran != lastKnown) {
            lastFacts = factsOfNew(ran);
            lastKnown = ran;
        }
        return lastFacts;
    }

    private int factsOfNew(QueryClass ran) {
        int found = ran.seesStatements() ? SEES_STATEMENTS : 0;
        if (ran.session() == SessionEffect.NONE)
            return ClientSession.setsByCall(ran) ? found | CHANGES_SETTINGS : found;
        if (ClientSession.changesReading(ran)) found |= CHANGES_READING;
        if (ClientSession.changesSettings(ran)) found |= CHANGES_SETTINGS;
        if (!defaults.isEmpty() && takesDefaultsAway(ran)) found |= TAKES_DEFAULTS;
        var effect = ran.session();
        if (effect instanceof SessionEffect.DeallocateAll || effect instanceof SessionEffect.DiscardAll)
            found |= DEALLOCATES_ALL;
        if (effect instanceof SessionEffect.Deallocate) found |= DEALLOCATES;
        if (SessionEffect.residues(effect).has(Residue.PREPARED)) found |= MAY_DEALLOCATE;
        if (SessionEffect.isAboutSequences(effect)) found |= ASKS_SEQUENCES;
        return found;
    }

    /// A server is needed for it although nothing is known to run.
    void needsServer() {
        needsServer = true;
    }

    boolean isServerNeeded() {
        return needsServer;
    }

    void complete() {
        complete = true;
    }

    /// The server has ignored its end.
    void goesOn() {
        complete = false;
    }

    /// Whether its present part closes a prepared statement.
    boolean closesStatements() {
        for (int i = partStart; i < count; i++) if (plans.get(i).closes) return true;
        return false;
    }

    boolean isComplete() {
        return complete;
    }

    List<QueryClass> classes() {
        return classes;
    }

    /// The class of the statement of a Query that completes next.
    QueryClass nextPart(QueryClass whole) {
        int index = completed++;
        if (whole.parts().isEmpty()) return index == 0 ? whole : QueryClass.UNKNOWN;
        return index < whole.parts().size() ? whole.parts().get(index) : QueryClass.UNKNOWN;
    }

    /// Whether all that it runs is a read as far as the text tells, and it has come whole.
    boolean isWholeRead() {
        return complete && first && onlyReads && needsServer && !classes.isEmpty();
    }

    /// Whether it may have changed something: whatever is not proved to be a read, or to only begin or
    /// end a transaction.
    boolean mayWrite() {
        if (read || reason.isProvedRead()) return false;
        for (int i = 0; i < classes.size(); i++) {
            var access = classes.get(i).access();
            if (access == Access.WRITE || access == Access.READ) return true;
        }
        return false;
    }

    /// Whether a transaction may have been committed by it.
    boolean mayCommit() {
        for (int i = 0; i < classes.size(); i++) {
            var effect = classes.get(i).transaction();
            if (effect == TransactionEffect.COMMIT) return true;
        }
        return mayWrite() && goesOnBehindRollback();
    }

    /// Whether it ends a transaction with ROLLBACK and runs something behind that, outside of any block.
    private boolean goesOnBehindRollback() {
        boolean over = false;
        for (var whole : classes) {
            for (var each : whole.parts().isEmpty() ? List.of(whole) : whole.parts()) {
                if (each.transaction() == TransactionEffect.ROLLBACK) over = true;
                else if (each.transaction().begins()) over = false;
                else if (over && (each.access() == Access.WRITE || each.access() == Access.READ)) return true;
            }
        }
        return false;
    }

    /// Whether it does nothing but commit.
    boolean isOnlyCommit() {
        return classes.size() == 1
                && classes.getFirst().transaction() == TransactionEffect.COMMIT
                && classes.getFirst().parts().isEmpty();
    }

    boolean begins() {
        return !classes.isEmpty() && classes.getFirst().transaction().begins();
    }

    /// Whether it begins a transaction block and leaves the block open.
    boolean opensTransaction() {
        if (begunWithIt) return true;
        if (!begins()) return false;
        for (int i = 1; i < classes.size(); i++) {
            var effect = classes.get(i).transaction();
            if (effect == TransactionEffect.COMMIT || effect == TransactionEffect.ROLLBACK) return false;
        }
        return true;
    }

    /// Whether to run it twice is proved to be the same as once: proved reads, and the mere beginning of
    /// a transaction.
    boolean mayRunAgain() {
        if (!complete || !first || begun || repeated) return false;
        return reason.isProvedRead() && isWholeRead() || onlyBegins();
    }

    /// Whether it does nothing but begin a transaction.
    boolean onlyBegins() {
        for (int i = 0; i < classes.size(); i++) {
            var each = classes.get(i);
            if (each.session() != SessionEffect.NONE || !each.parts().isEmpty()) return false;
            if (!each.transaction().begins() && each.access() != Access.EMPTY) return false;
        }
        return !classes.isEmpty();
    }

    boolean changesReading() {
        return (facts & CHANGES_READING) != 0;
    }

    boolean changesSettings() {
        return (facts & CHANGES_SETTINGS) != 0;
    }

    /// Whether RESET or DISCARD of what the client's startup message has set is among what it runs: then
    /// the client's own defaults must be set again before it goes on.
    boolean takesDefaultsAway() {
        return (facts & TAKES_DEFAULTS) != 0;
    }

    private boolean takesDefaultsAway(QueryClass ran) {
        for (int i = 0; i < ran.parts().size(); i++)
            if (takesDefaultsAway(ran.parts().get(i))) return true;
        return switch (ran.session()) {
            case SessionEffect.ResetAll _, SessionEffect.DiscardAll _ -> true;
            case SessionEffect.ResetParameter(var name) -> defaults.contains(name);
            case SessionEffect.None _,
                    SessionEffect.SetParameter _,
                    SessionEffect.SetLocally _,
                    SessionEffect.DeallocateAll _,
                    SessionEffect.Deallocate _,
                    SessionEffect.Leaves _,
                    SessionEffect.Sets _ -> false;
        };
    }

    /// Whether it names a function or command that shows parameters, and something with a dot, as custom
    /// parameters have.
    boolean mayShowCustomSettings() {
        boolean shows = false;
        for (int i = 0; i < classes.size(); i++) shows |= shows(classes.get(i));
        var batch = part;
        if (!shows || batch == null || batch.bytes() == null) return false;
        var bytes = Objects.requireNonNull(batch.bytes());
        // The text of a statement that was prepared before stands elsewhere.
        for (int i = 0; i < batch.messages(); i++)
            if (batch.message(i).type == MessageType.BIND && isOlder(plan(i).statement)) return true;
        return bytes.indexOf(batch.from(), batch.from() + batch.size(), (byte) '.') >= 0;
    }

    private static boolean isOlder(@Nullable ClientStatement statement) {
        return statement != null && statement.isAnswered();
    }

    /// Whether it asks what sequences have given in its session.
    boolean asksSequences() {
        return (facts & ASKS_SEQUENCES) != 0;
    }

    /// Whether it shows the channels that its session listens on.
    boolean seesChannels() {
        for (int i = 0; i < classes.size(); i++) if (classes.get(i).seesChannels()) return true;
        return false;
    }

    /// Whether it may show whether its session has ever had temporary objects.
    boolean seesTemporarySchema() {
        for (int i = 0; i < classes.size(); i++) if (classes.get(i).seesTemporarySchema()) return true;
        return false;
    }

    private static boolean shows(QueryClass ran) {
        for (int i = 0; i < ran.parts().size(); i++) if (shows(ran.parts().get(i))) return true;
        return ran.statement().equals("SHOW") || ran.calls("current_setting");
    }

    /// A statement of this class is executed, and not only prepared.
    void executes(QueryClass queryClass) {
        executed |= factsOf(queryClass);
        if ((factsOf(queryClass) & DEALLOCATES_ALL) != 0) forgetNames();
    }

    /// What it has made of names before is deallocated.
    private void forgetNames() {
        var before = named;
        if (before == null) return;
        if (!first) undo.push(() -> named = before);
        named = null;
    }

    /// Whether it has deallocated every statement with a name before what it names now.
    boolean deallocatesAll() {
        return (executed & DEALLOCATES_ALL) != 0;
    }

    /// Whether it deallocates one statement.
    boolean deallocates() {
        return (facts & DEALLOCATES) != 0;
    }

    /// A function that it calls may deallocate statements.
    void callsDeallocate() {
        executed |= MAY_DEALLOCATE;
    }

    /// Whether it may deallocate statements that nobody can name.
    boolean mayDeallocateAny() {
        return (executed & MAY_DEALLOCATE) != 0;
    }

    /// Whether its present part names a statement of the client.
    boolean namesStatements() {
        for (int i = partStart; i < count; i++) {
            var statement = plans.get(i).statement;
            if (statement != null && !statement.isUnnamed()) return true;
        }
        return false;
    }

    /// Whether it may deallocate statements, as a string of several statements may.
    boolean mayDeallocate() {
        return deallocatesAll() || deallocates() || (executed & MAY_DEALLOCATE) != 0;
    }

    boolean seesStatements() {
        return (facts & SEES_STATEMENTS) != 0;
    }

    /// The database that must be empty of sessions for it; null if none has to be.
    @Nullable
    String emptiesDatabase() {
        for (int i = 0; i < classes.size(); i++) {
            var name = classes.get(i).emptiesDatabase();
            if (name != null) return name;
        }
        return null;
    }

    void unusable(ClientStatement statement, ErrorFields error) {
        var all = unusable;
        if (all == null) unusable = all = new HashMap<>();
        all.put(statement, error);
    }

    @Nullable
    ErrorFields whyUnusable(ClientStatement statement) {
        return unusable == null ? null : unusable.get(statement);
    }

    // How it is counted

    /// The class that the metrics count it under.
    String label() {
        if (classes.isEmpty()) return "other";
        return switch (classes.size() == 1 ? classes.getFirst().access() : worst()) {
            case READ -> "read";
            case WRITE -> "write";
            case TRANSACTION -> "transaction";
            case SESSION -> "session";
            case EMPTY -> "other";
        };
    }

    private Access worst() {
        var worst = Access.EMPTY;
        for (var each : classes) worst = each.access() == Access.WRITE || worst == Access.EMPTY ? each.access() : worst;
        return worst;
    }

    /// As new.
    Delivery recycle() {
        first = true;
        complete = false;
        partStart = 0;
        undo.clear();
        judgeAgain();
        node = "-";
        reason = RoutingReason.PROTOCOL;
        sqlState = "";
        begun = false;
        avoidStandby = false;
        repeated = false;
        outcomeUnknown = false;
        endsLost = false;
        attempts = 0;
        completed = 0;
        begin = null;
        begunWithIt = false;
        read = false;
        refusal = null;
        listensItself = false;
        asked = false;
        before = null;
        waitsForOthers = null;
        unusable = null;
        part = null;
        return this;
    }
}
