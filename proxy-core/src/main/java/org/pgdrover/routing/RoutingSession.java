package org.pgdrover.routing;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.sql.QueryClass;

/// The memory that routing has of one session: what it wrote and read. With it the session's reads never
/// go back in time.
///
/// Positions are WAL positions, times are [System#nanoTime()]. Confined to the client's event loop.
public final class RoutingSession {
    private static final long FIRST_PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long MOST_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int MOST_DEFINITIONS = 256;
    private static final int MOST_DEFINED_NAMES = 4096;

    private final String database;
    private final String user;
    private final GlobalWrites globalWrites;
    private @Nullable String pinned;
    /// It has written, or seen on the primary, what no sampled position is known to cover.
    private boolean unsampled;

    private long unsampledNanos;
    /// What a standby must have replayed.
    private long floor;
    /// The standby that the session reads from, for as long as it may.
    private @Nullable Node standby;

    /// Its reads go to the primary for want of a standby that is up to date, and when the next one is to
    /// wait.
    private boolean behind;

    private long waitAtNanos;
    private long patienceNanos;

    private boolean hasRead;
    private long lastReadNanos;
    private long drawnNanos;
    private long term;

    /// What the open transaction has defined.
    private final List<QueryClass> definitions = new ArrayList<>(0);
    /// Whether that is not all, for it is too much to keep.
    private boolean definedMore;
    /// The names in all of its definitions.
    private int definedNames;
    /// The catalog that [#seen] was made of, with so many definitions.
    private @Nullable DatabaseCatalog readBy;
    private int definitionsSeen;
    private DatabaseCatalog seen = DatabaseCatalog.NONE;

    private boolean everDefined;
    /// Whether the open transaction may have changed what sessions begin with, or who may begin one.
    private boolean changedLogins;

    private final Verdicts verdicts = new Verdicts();

    RoutingSession(String database, String user, GlobalWrites globalWrites) {
        this.database = database;
        this.user = user;
        this.globalWrites = globalWrites;
    }

    String database() {
        return database;
    }

    /// What was judged of its last statements.
    Verdicts verdicts() {
        return verdicts;
    }

    /// The session holds state that only its connection to the primary has.
    public void pin(String why) {
        pinned = why;
    }

    public void unpin() {
        pinned = null;
    }

    /// Why the session is pinned, or null.
    public @Nullable String pinned() {
        return pinned;
    }

    // Definitions

    /// Whether it has ever defined something: types and operators are in no list of names.
    boolean hasEverDefined() {
        return everDefined;
    }

    void defined(QueryClass definition) {
        everDefined = true;
        int names = definition.relations().size();
        if (definitions.size() < MOST_DEFINITIONS && definedNames + names <= MOST_DEFINED_NAMES) {
            definitions.add(definition);
            definedNames += names;
        } else {
            definedMore = true;
        }
    }

    /// It has defined what nobody knows.
    void definedUnread() {
        everDefined = true;
        definedMore = true;
    }

    /// Whether the open transaction has defined something.
    public boolean hasDefined() {
        return !definitions.isEmpty();
    }

    /// Whether the open transaction has defined more than [#takeDefinitions] tells.
    boolean hasDefinedMore() {
        return definedMore;
    }

    /// What the open transaction has defined.
    List<QueryClass> definitions() {
        return definitions;
    }

    /// A catalog as the open transaction sees it: the catalog was read by others, who do not see what the
    /// transaction has defined.
    DatabaseCatalog seen(DatabaseCatalog read) {
        if (definitions.isEmpty() && !definedMore) return read;
        if (readBy != read || definitionsSeen != definitions.size()) {
            readBy = read;
            definitionsSeen = definitions.size();
            seen = read;
            if (definedMore) seen = FunctionCatalog.inDoubt(seen);
            seen = FunctionCatalog.without(seen, definitions);
        }
        return seen;
    }

    List<QueryClass> takeDefinitions() {
        definedMore = false;
        var taken = List.copyOf(definitions);
        definitions.clear();
        definedNames = 0;
        readBy = null;
        seen = DatabaseCatalog.NONE;
        return taken;
    }

    public void changedLogins() {
        changedLogins = true;
    }

    /// Whether the transaction that has ended may have changed what sessions begin with, or who may begin
    /// one; that counts once.
    public boolean takeChangedLogins() {
        boolean taken = changedLogins;
        changedLogins = false;
        return taken;
    }

    // What it wrote and saw

    /// The answer to a batch that may have written has ended, or it is lost and may have been carried
    /// out.
    public void wrote(long nanoTime) {
        readOnPrimary(nanoTime);
        globalWrites.wrote(nanoTime);
    }

    /// The answer to a read on the primary has ended: what it showed must not be missing later.
    public void readOnPrimary(long nanoTime) {
        if (!unsampled || nanoTime - unsampledNanos > 0) unsampledNanos = nanoTime;
        unsampled = true;
    }

    /// Whether sessions of its user begin on the node as on the primary.
    boolean beginsAlike(NodeState state) {
        return state.beginsAlike(database, user);
    }

    /// Lets a read that no standby is up to date for wait for one a little, if it is time to try that
    /// again.
    ///
    /// Every read on the primary shows what standbys have to show from then on. A session that reads all
    /// the time would never leave the primary again.
    ///
    /// @return whether it waits
    public boolean startToWait(long nanoTime) {
        if (!behind) {
            behind = true;
            waitAtNanos = nanoTime + FIRST_PATIENCE_NANOS;
            patienceNanos = FIRST_PATIENCE_NANOS;
        }
        if (nanoTime - waitAtNanos < 0) return false;
        patienceNanos = Math.min(2 * patienceNanos, MOST_PATIENCE_NANOS);
        waitAtNanos = nanoTime + patienceNanos;
        return true;
    }

    /// The answer to a read on a standby has ended.
    public void read(Node node, long nanoTime) {
        behind = false;
        standby = node;
        hasRead = true;
        lastReadNanos = nanoTime;
    }

    boolean hasUnsampled() {
        return unsampled;
    }

    long unsampledNanos() {
        return unsampledNanos;
    }

    /// Everything that the session wrote or saw on the primary lies at or before this position.
    void sampled(long position) {
        unsampled = false;
        floor = Math.max(floor, position);
    }

    long floor() {
        return floor;
    }

    @Nullable
    Node standby() {
        return standby;
    }

    boolean hasRead() {
        return hasRead;
    }

    long lastReadNanos() {
        return lastReadNanos;
    }

    long drawnNanos() {
        return drawnNanos;
    }

    void drew(Node node, long nanoTime) {
        standby = node;
        drawnNanos = nanoTime;
    }

    /// Another node is primary now. Positions of the old timeline beyond the fork mean nothing on the
    /// new one, so what the session has seen counts as written just now.
    void enterTerm(long current, long nanoTime) {
        if (term == current) return;
        boolean first = term == 0 && floor == 0 && standby == null && !unsampled;
        term = current;
        if (first) return;
        floor = 0;
        standby = null;
        unsampled = true;
        unsampledNanos = nanoTime;
    }
}
