package org.pgdrover.frontend.relay;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.SessionEffect;
import org.pgdrover.sql.TransactionEffect;

/// The statements that a batch runs, and what follows from all of them.
final class BatchStatements {
    /// A batch that runs more different statements than this is one that is not understood.
    private static final int MOST_CLASSES = 1_000;

    private static final int CHANGES_READING = 1;
    private static final int CHANGES_SETTINGS = 2;
    private static final int TAKES_DEFAULTS = 4;
    private static final int DEALLOCATES_ALL = 8;
    private static final int DEALLOCATES = 16;
    private static final int SEES_STATEMENTS = 32;
    private static final int ASKS_SEQUENCES = 64;
    private static final int MAY_DEALLOCATE = 128;
    private static final int DEFINES = 256;

    /// The parameters that the client's startup message has set, or that are as if it had.
    private final Supplier<Set<String>> defaults;

    private final List<QueryClass> classes = new ArrayList<>(2);
    private final BatchTransactions transactions = new BatchTransactions();
    /// How many of the classes its earlier parts have given.
    private int before;
    /// What the classes say of the session, found out once for each: most clients run the same again and
    /// again.
    private int facts;
    /// The same of those that are executed, and not only prepared.
    private int executed;
    /// What its earlier parts have told; null if there are none.
    private @Nullable Told earlier;
    private QueryClass lastKnown = QueryClass.UNKNOWN;
    private int lastFacts;
    private Set<String> lastDefaults;
    private boolean onlyReads = true;
    /// Whether something is executed that may have changed something, or may have committed.
    private boolean executesWrite;

    private boolean executesCommit;
    /// Whether a function that they call may deallocate statements; null while nobody has asked the
    /// catalog.
    private @Nullable Boolean callDeallocate;
    /// How many of the classes have been tested by [#anyIs], and whether one was.
    private int tested;

    private boolean found;
    private boolean setsByCall;

    /// What the statements of some parts tell.
    private record Told(int facts, int executed, boolean onlyReads, boolean executesWrite, boolean executesCommit) {}

    /// @param defaults names of the parameters that the client's startup message has set
    BatchStatements(Supplier<Set<String>> defaults) {
        this.defaults = defaults;
        this.lastDefaults = defaults.get();
        this.lastFacts = factsOfNew(lastKnown);
    }

    /// Something of the batch runs with this class.
    void runs(QueryClass queryClass) {
        facts |= factsOf(queryClass);
        if (queryClass.access() != Access.READ) onlyReads = false;
        if (!classes.isEmpty() && classes.getLast() == queryClass) return;
        callDeallocate = null;
        if (classes.size() < MOST_CLASSES) classes.add(queryClass);
        else if (classes.size() == MOST_CLASSES) classes.add(QueryClass.UNKNOWN);
    }

    /// A statement of this class is executed, and not only prepared.
    ///
    /// @return whether it deallocates every statement with a name
    boolean executes(QueryClass queryClass) {
        executed |= factsOf(queryClass);
        executesWrite |= queryClass.access() == Access.WRITE || queryClass.access() == Access.READ;
        executesCommit |= queryClass.transaction() == TransactionEffect.COMMIT || queryClass.isUnknown();
        transactions.executes(queryClass);
        return (factsOf(queryClass) & DEALLOCATES_ALL) != 0;
    }

    /// Another part of the batch follows.
    void next() {
        before = classes.size();
        earlier = new Told(facts, executed, onlyReads, executesWrite, executesCommit);
        transactions.next();
    }

    /// Forgets the classes of the present part, which is judged again.
    void judgeAgain() {
        classes.subList(before, classes.size()).clear();
        transactions.judgeAgain();
        tested = Math.min(tested, before);
        callDeallocate = null;
        if (!(earlier instanceof Told told)) return;
        facts = told.facts();
        executed = told.executed();
        onlyReads = told.onlyReads();
        executesWrite = told.executesWrite();
        executesCommit = told.executesCommit();
    }

    /// Nothing of the batch is known to run.
    void clear() {
        classes.clear();
        transactions.clear();
        before = 0;
        earlier = null;
        facts = 0;
        executed = 0;
        executesWrite = false;
        executesCommit = false;
        onlyReads = true;
        callDeallocate = null;
        tested = 0;
        setsByCall = false;
        found = false;
    }

    private int factsOf(QueryClass ran) {
        if (ran != lastKnown || lastDefaults != defaults.get()) {
            lastDefaults = defaults.get();
            lastFacts = factsOfNew(ran);
            lastKnown = ran;
        }
        return lastFacts;
    }

    private int factsOfNew(QueryClass ran) {
        int found = ran.seesStatements() ? SEES_STATEMENTS : 0;
        if (StatementFacts.mayDefine(ran)) found |= DEFINES;
        if (!lastDefaults.isEmpty() && takesDefaultsAway(ran)) found |= TAKES_DEFAULTS;
        if (StatementFacts.changesSettings(ran)) found |= CHANGES_SETTINGS;
        if (ran.session() == SessionEffect.NONE) return found;
        if (SessionEffect.changesReading(ran.session())) found |= CHANGES_READING;
        var effect = ran.session();
        if (effect instanceof SessionEffect.DeallocateAll || effect instanceof SessionEffect.DiscardAll)
            found |= DEALLOCATES_ALL;
        if (effect instanceof SessionEffect.Deallocate) found |= DEALLOCATES;
        if (SessionEffect.residues(effect).has(Residue.PREPARED)) found |= MAY_DEALLOCATE;
        if (SessionEffect.isAboutSequences(effect)) found |= ASKS_SEQUENCES;
        return found;
    }

    private boolean takesDefaultsAway(QueryClass ran) {
        for (int i = 0; i < ran.parts().size(); i++)
            if (takesDefaultsAway(ran.parts().get(i))) return true;
        return switch (ran.session()) {
            case SessionEffect.ResetAll _, SessionEffect.DiscardAll _ -> true;
            case SessionEffect.ResetParameter(var name) -> lastDefaults.contains(name);
            case SessionEffect.ResetLocally(var name) -> lastDefaults.contains(name);
            case SessionEffect.None _,
                    SessionEffect.SetParameter _,
                    SessionEffect.SetLocally _,
                    SessionEffect.DeallocateAll _,
                    SessionEffect.Deallocate _,
                    SessionEffect.Leaves _,
                    SessionEffect.Block _,
                    SessionEffect.Sets _ -> false;
        };
    }

    /// What one of them calls may set something for its transaction.
    void setsByCall() {
        setsByCall = true;
    }

    /// Whether one of them passes a test, which is the same each time.
    boolean anyIs(Predicate<QueryClass> test) {
        for (; tested < classes.size(); tested++) found |= test.test(classes.get(tested));
        return found;
    }

    List<QueryClass> classes() {
        return classes;
    }

    /// Whether all that it runs is a read as far as the text tells.
    boolean areReads() {
        return onlyReads && !classes.isEmpty();
    }

    /// Whether anything may have changed something: whatever is executed, and does not only begin or end a
    /// transaction.
    boolean mayWrite() {
        return executesWrite;
    }

    /// Whether a transaction may have been committed by COMMIT.
    boolean mayCommit() {
        return executesCommit;
    }

    /// Whether it does nothing but commit.
    boolean isOnlyCommit() {
        return classes.size() == 1 && transactions.commitOnly();
    }

    /// Whether they do nothing but roll back.
    boolean isOnlyRollback() {
        return classes.size() == 1 && transactions.rollBackOnly();
    }

    /// What those that are executed do to transactions.
    BatchTransactions transactions() {
        return transactions;
    }

    /// Whether they do nothing but begin a transaction.
    boolean onlyBegin() {
        for (int i = 0; i < classes.size(); i++) {
            var each = classes.get(i);
            if (each.session() != SessionEffect.NONE || !each.parts().isEmpty()) return false;
            if (!each.transaction().begins() && each.access() != Access.EMPTY) return false;
        }
        return !classes.isEmpty();
    }

    /// Whether a definition may be among what is executed.
    boolean mayDefine() {
        return (executed & DEFINES) != 0;
    }

    boolean changesReading() {
        return (facts & CHANGES_READING) != 0;
    }

    boolean changesSettings() {
        return setsByCall || (facts & CHANGES_SETTINGS) != 0;
    }

    /// Whether RESET or DISCARD of what the client's startup message has set is among what it runs: then
    /// the client's own defaults must be set again before it goes on.
    boolean takesDefaultsAway() {
        return (facts & TAKES_DEFAULTS) != 0;
    }

    /// What the last of them does to the session.
    SessionEffect last() {
        var last = classes.getLast();
        return last.parts().isEmpty() ? last.session() : last.parts().getLast().session();
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

    /// Whether a function or command is named that shows parameters.
    boolean show() {
        for (int i = 0; i < classes.size(); i++) if (StatementFacts.shows(classes.get(i))) return true;
        return false;
    }

    /// Whether it has deallocated every statement with a name before what it names now.
    boolean deallocatesAll() {
        return (executed & DEALLOCATES_ALL) != 0;
    }

    /// Whether it deallocates one statement.
    boolean deallocates() {
        return (facts & DEALLOCATES) != 0;
    }

    /// Whether a function that one of them calls may deallocate statements; null while that is not known.
    @Nullable
    Boolean callDeallocate() {
        return callDeallocate;
    }

    /// The catalog has told whether a function that one of them calls may deallocate statements.
    void callDeallocate(boolean may) {
        callDeallocate = may;
    }

    /// Whether one of them may take data from the client.
    boolean mayCopy() {
        for (int i = 0; i < classes.size(); i++) if (StatementFacts.mayCopy(classes.get(i))) return true;
        return false;
    }

    /// Whether they may deallocate statements that nobody can name.
    boolean mayDeallocateAny() {
        return (executed & MAY_DEALLOCATE) != 0 || Boolean.TRUE.equals(callDeallocate);
    }

    /// Whether they may deallocate statements, as a string of several statements may.
    boolean mayDeallocate() {
        return deallocatesAll() || deallocates() || mayDeallocateAny();
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
}
