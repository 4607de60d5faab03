package org.pgdrover.frontend.relay;

import java.util.ArrayDeque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.codec.MessageType;

/// The answers that a client is owed, in its order. First are deliveries sent whole, then one sent in
/// part, then those that wait for their turn.
///
/// While any waits nothing of the client is taken, so nothing is ever sent past one that waits.
final class Deliveries {
    // Changes that a delivery counts for.
    private static final int READING = 1;
    private static final int SETTINGS = 2;
    private static final int NAMES = 4;
    private static final int DEFAULTS = 8;
    private static final int TRANSACTIONS = 16;

    private final ArrayDeque<Delivery> sent = new ArrayDeque<>();
    private @Nullable Delivery open;
    private final ArrayDeque<Delivery> waiting = new ArrayDeque<>();
    /// One that was sent whole, whose end the server has ignored; null if there is none.
    private @Nullable Delivery unended;
    /// The Sync alone behind that, which ends both.
    private @Nullable Delivery endOfUnended;
    private int changingReading;
    private int changingSettings;
    private int deallocating;
    private int takingDefaultsAway;
    private int changingTransactions;

    /// The present part of a delivery goes to a server.
    void sent(Delivery delivery) {
        count(delivery);
        if (!delivery.isComplete()) {
            open = delivery;
            return;
        }
        if (open == delivery) open = null;
        sent.add(delivery);
        if (delivery.statements.takesDefaultsAway()) {
            delivery.counted |= DEFAULTS;
            takingDefaultsAway++;
        }
    }

    /// Counts it once for whatever its parts, as far as they were sent, may change.
    private void count(Delivery delivery) {
        var statements = delivery.statements;
        if ((delivery.counted & READING) == 0 && statements.changesReading()) {
            delivery.counted |= READING;
            changingReading++;
        }
        if ((delivery.counted & SETTINGS) == 0 && statements.changesSettings()) {
            delivery.counted |= SETTINGS;
            changingSettings++;
        }
        if ((delivery.counted & NAMES) == 0 && statements.mayDeallocate()) {
            delivery.counted |= NAMES;
            deallocating++;
        }
        if ((delivery.counted & TRANSACTIONS) == 0
                && (delivery.isBegunWithIt() || statements.transactions().areAny())) {
            delivery.counted |= TRANSACTIONS;
            changingTransactions++;
        }
    }

    private void over(Delivery delivery) {
        if (delivery == unended || delivery == endOfUnended) forgetUnended();
        if ((delivery.counted & READING) != 0) changingReading--;
        if ((delivery.counted & SETTINGS) != 0) changingSettings--;
        if ((delivery.counted & NAMES) != 0) deallocating--;
        if ((delivery.counted & DEFAULTS) != 0) takingDefaultsAway--;
        if ((delivery.counted & TRANSACTIONS) != 0) changingTransactions--;
        delivery.counted = 0;
    }

    /// Whether something else is on its way that may change how the statements of a delivery are to be
    /// read.
    boolean mayChangeReading(Delivery asking) {
        boolean own = open == asking && (asking.counted & READING) != 0;
        return changingReading > (own ? 1 : 0) || open != null && open != asking && open.statements.changesReading();
    }

    /// Whether something else is on its way that deallocates statements by SQL.
    boolean mayDeallocate(Delivery asking) {
        boolean own = open == asking && (asking.counted & NAMES) != 0;
        boolean other = open != null && open != asking && open.statements.mayDeallocate();
        return other || deallocating > (own ? 1 : 0);
    }

    /// Whether something is on its way that may change settings.
    boolean mayChangeSettings() {
        return changingSettings > 0 || open != null && open.statements.changesSettings();
    }

    /// Whether one that was sent, as far as it was sent, may begin or end a transaction.
    boolean mayEndTransaction() {
        return changingTransactions > 0;
    }

    /// Whether one that was sent may make the server take data, so that any other message is an error.
    boolean mayCopy() {
        if (open != null && open.statements.mayCopy()) return true;
        for (var delivery : sent) if (delivery.statements.mayCopy()) return true;
        return false;
    }

    /// Whether one that was sent whole takes away what the client's startup message has set.
    boolean takesDefaultsAway() {
        return takingDefaultsAway > 0;
    }

    /// The delivery that is sent in part; null if none is.
    @Nullable
    Delivery open() {
        return open;
    }

    /// Whether the Sync of the open delivery waits for its turn, so that the client will not send one.
    boolean isSyncOfOpenWaiting() {
        return open != null && open.part != null && open.part.ends(MessageType.SYNC) && waiting.contains(open);
    }

    /// Whether the client still has to send the Sync of the open delivery.
    boolean isOpenWithoutSync() {
        return open != null && !isSyncOfOpenWaiting();
    }

    /// The open delivery is over, for it has failed; null if none was.
    @Nullable
    Delivery endOpen() {
        var delivery = open;
        open = null;
        if (delivery == null) return null;
        over(delivery);
        // Its next part may wait already.
        waiting.remove(delivery);
        return delivery;
    }

    /// This delivery is over, for it has failed, of which earlier parts may have been sent.
    void endIfOpen(Delivery delivery) {
        if (open == delivery) endOpen();
    }

    /// Whether it is nothing at all where the server ignores its end, as among copied data.
    static boolean isSyncAlone(Delivery delivery) {
        // A batch that only parses or describes runs nothing, and is more than its Sync all the same.
        return delivery.plans().size() <= 1 && delivery.statements.classes().isEmpty();
    }

    /// The server ignores the end of a delivery that was sent: what follows belongs to it, also what
    /// waits for its turn already.
    ///
    /// @return the delivery that has waited, and whose part is now the other's; null if none has
    @Nullable
    Delivery goesOn(Delivery delivery) {
        boolean followed = isFollowed(delivery);
        if (open == null && !followed && behind(delivery) instanceof Delivery sync) {
            unended = delivery;
            endOfUnended = sync;
            return null;
        }
        if (!sent.remove(delivery)) return null;
        if (open != null || followed) {
            // It belongs to the open one too, or to the next that was sent, and nobody will ask for it again.
            over(delivery);
            release(delivery);
            return null;
        }
        if ((delivery.counted & DEFAULTS) != 0) takingDefaultsAway--;
        delivery.counted &= ~DEFAULTS;
        open = delivery;
        delivery.goesOn();
        var next = waiting.poll();
        if (next == null) return null;
        release(delivery);
        delivery.next(Objects.requireNonNull(next.part), false);
        next.part = null;
        waiting.addFirst(delivery);
        return next;
    }

    /// The delivery that a Sync alone ends too, for the server has ignored its own end; null if there is
    /// none. It is to be asked once.
    @Nullable
    Delivery takeUnended(Delivery sync) {
        if (sync != endOfUnended) return null;
        var taken = unended;
        forgetUnended();
        return taken;
    }

    /// The delivery that goes on because the server has ignored a Sync: the one that the Sync ends, or the
    /// one that the Sync alone ends too; null if the Sync was nothing else.
    @Nullable
    Delivery withoutEnd(Delivery ignored) {
        return isSyncAlone(ignored) ? takeUnended(ignored) : ignored;
    }

    private void forgetUnended() {
        unended = null;
        endOfUnended = null;
    }

    /// What was sent right behind it; null if nothing was, or the delivery itself was not sent.
    private @Nullable Delivery behind(Delivery delivery) {
        boolean behind = false;
        for (var each : sent) {
            if (behind) return each;
            behind = each == delivery;
        }
        return null;
    }

    /// Whether something was sent behind it that the server does not ignore.
    private boolean isFollowed(Delivery delivery) {
        boolean behind = false;
        for (var each : sent) {
            if (behind && !isSyncAlone(each)) return true;
            behind |= each == delivery;
        }
        return false;
    }

    /// A delivery that was sent whole is over; false if it was not among them.
    boolean end(Delivery delivery) {
        boolean removed = sent.peek() == delivery ? sent.poll() != null : sent.remove(delivery);
        if (removed) over(delivery);
        return removed;
    }

    /// The next of those that were sent whole, which is then no longer outstanding; null if there is
    /// none.
    @Nullable
    Delivery endNext() {
        var delivery = sent.poll();
        if (delivery == null) return null;
        var sync = delivery == unended ? endOfUnended : null;
        over(delivery);
        if (sync != null && end(sync)) release(sync);
        return delivery;
    }

    /// The delivery that the server is answering, or will answer first; null if it has none.
    @Nullable
    Delivery answering() {
        return sent.isEmpty() ? open : sent.peek();
    }

    /// Whether no delivery that was sent whole is still owed its answer.
    boolean isNoneSent() {
        return sent.isEmpty();
    }

    /// Whether nothing was sent that is still owed its answer, and nothing was sent in part.
    boolean isNoneUnderWay() {
        return sent.isEmpty() && open == null;
    }

    /// Those that were sent whole.
    Iterable<Delivery> sent() {
        return sent;
    }

    /// How many were sent whole.
    int sentCount() {
        return sent.size();
    }

    /// How many of those that are under way may write.
    int writes() {
        int writes = open != null && open.mayWrite() ? 1 : 0;
        for (var delivery : sent) if (delivery.mayWrite()) writes++;
        return writes;
    }

    /// Everything that was sent is to be sent again, before what waits already.
    void takeBack() {
        var last = endOpen();
        if (last != null) waiting.addFirst(last);
        while (sent.pollLast() instanceof Delivery delivery) {
            over(delivery);
            waiting.addFirst(delivery);
        }
    }

    /// A delivery has to wait for its turn.
    void await(Delivery delivery) {
        waiting.add(delivery);
    }

    /// A delivery has to wait once more, before those that have waited behind it.
    void awaitFirst(Delivery delivery) {
        waiting.addFirst(delivery);
    }

    boolean isNoneWaiting() {
        return waiting.isEmpty();
    }

    /// The first that waits; null if none does.
    @Nullable
    Delivery peekWaiting() {
        return waiting.peek();
    }

    @Nullable
    Delivery nextWaiting() {
        return waiting.poll();
    }

    /// The client is gone, and nobody will be answered.
    void close() {
        while (endNext() != null) {}
        endOpen();
        waiting.clear();
    }

    private static void release(Delivery delivery) {
        if (delivery.part != null) delivery.part.recycle();
    }
}
