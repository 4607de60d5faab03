package org.pgdrover.frontend.relay;

import java.time.Duration;
import java.util.Objects;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.routing.RoutingDecision;

/// A server works for the client: gets the client's batches as they come, as far as they may go there.
///
/// A primary takes batches behind what is under way, and so does a server with the client's transaction
/// open. Behind reads on a standby another proved read may follow at once; anything else waits until
/// they are answered.
final class Working implements RelayState {
    /// Answers that a client may have outstanding before it is not read any more.
    private static final int OUTSTANDING_LIMIT = 65_536;

    private static final Duration WAITS_FOR_OTHERS = Duration.ofMillis(50);

    private final Relay relay;
    private final ServerLease lease;

    Working(Relay relay, ServerLease lease) {
        this.relay = relay;
        this.lease = lease;
    }

    @Override
    public ServerLease lease() {
        return lease;
    }

    @Override
    public RelayState proceed() {
        if (lease.isLost()) return ServerLoss.of(relay, lease).settle();
        if (lease.beginning() instanceof Beginning begin && begin.error() != null) return fail(begin, begin.error());
        if (lease.refusal() != null) return lease.isRefused() ? toPrimary() : this;
        if (lease.toRestore() instanceof Delivery delivery)
            return delivery.statements.takesDefaultsAway()
                    ? new Restoring(relay, lease, delivery)
                    : new Marking(relay, lease, delivery);
        while (true) {
            if (relay.deliveries().peekWaiting() instanceof Delivery delivery) {
                var next = follow(delivery);
                if (next != this) return next;
                if (relay.deliveries().peekWaiting() == delivery) {
                    if (lease.server().ledger().isCopyIn()) CopyBreak.send(relay, lease, delivery);
                    break;
                }
            } else if (!takeMessage() && !passBegun()) {
                break;
            }
        }
        if (relay.isTerminating()
                && relay.deliveries().isNoneWaiting()
                && relay.deliveries().open() instanceof Delivery open) askForAnswers(open);
        return lease.isOver() ? end() : this;
    }

    // From the client

    /// Takes a message of the client; false if there is none, or if the server must catch up before.
    private boolean takeMessage() {
        if (relay.isTerminating() || isBusy() || Following.isBeginning(lease)) return false;
        switch (relay.input().next()) {
            case NEED_MORE -> {
                return false;
            }
            case RUN -> {
                var run = relay.input().message();
                if (sendBegunFirst()) return true;
                // Only data begins in a run; the rest of a large message of another kind passes so too.
                if (run.messages() > 0) lease.server().ledger().copied();
                ServerWriter.writeUnseen(run.buffer(), run.start(), run.end(), lease.server());
            }
            case FRAME -> message(false);
            case LARGE_FRAME -> message(true);
        }
        return true;
    }

    private boolean isBusy() {
        return !lease.server().isWritable() || lease.server().ledger().size() > OUTSTANDING_LIMIT;
    }

    private void message(boolean large) {
        var message = relay.input().message();
        byte type = message.type();
        if (type == MessageType.TERMINATE) {
            relay.terminate();
        } else if (BatchReader.isCopyEnd(type)) {
            if (sendBegunFirst()) return;
            // Data that nobody takes any more is not sent.
            if (!lease.server().ledger().isAtRest())
                ServerWriter.writeCopyEnd(message.buffer(), message.start(), message.end(), lease);
        } else if (relay.deliveries().open() == null && relay.reader().isFlushAlone(type)) {
            flushServer();
        } else if (relay.reader().add(message, large) instanceof Batch batch) {
            add(batch);
        }
    }

    /// Sends the part of a batch that has come where the batch has to go anyway: a server tells of an error
    /// without being asked.
    private boolean passBegun() {
        boolean certain = relay.deliveries().open() != null || !lease.isStandby() || lease.hasTransactionToItself();
        if (!certain || isBusy() || lease.isOver()) return false;
        if (!(relay.reader().take() instanceof Batch batch)) return false;
        add(batch);
        return true;
    }

    /// Copied data stands behind messages that may not have been given away yet: they go first, when
    /// their turn comes, and the data is taken once more. False if there are none.
    private boolean sendBegunFirst() {
        if (!(relay.reader().take() instanceof Batch batch)) return false;
        add(batch);
        relay.input().again();
        return true;
    }

    private void add(Batch batch) {
        var open = relay.deliveries().open();
        if (open == null) {
            relay.deliveries().await(relay.begin(batch));
            return;
        }
        if (open.part != null) relay.reader().recycle(open.part);
        open.next(batch, lease.server().ledger().isEmpty());
        relay.deliveries().await(open);
    }

    // To the server

    /// Sends what waits if it may go behind what is under way; itself if it was sent, or has to wait for
    /// now.
    private RelayState follow(Delivery delivery) {
        if (lease.toRestore() != null || delivery.copyBreak != null) return this;
        if (Following.isHeldUp(relay, lease, delivery)) return this;
        BatchBeginning.sendPortals(relay, this, delivery);
        if (!relay.judge().judge(delivery)) return this;
        if (!OwnSync.endBehindTransaction(relay, lease, delivery)) return askForAnswers(delivery);
        // In a batch without its Sync only the server can answer, or discard it.
        if (OwnAnswers.deallocates(relay, delivery)
                && !lease.hasOwnNames()
                && !lease.server().ledger().isOpen()) return deallocate(delivery);
        if (!relay.listening().mayFollow(delivery) || !findWay(delivery)) return this;
        if (Following.isToInspectFirst(relay, lease, delivery)) return lease.hasNothingToDo() ? end() : this;
        if (OwnNames.wantsAnswers(relay, lease, delivery)) return askForAnswers(delivery);
        if (!relay.listening().prepare(delivery, lease))
            return lease.isOver() ? this : new WaitingForListener(relay, delivery, lease);
        var needs = ServerNeeds.of(relay, lease, delivery, false);
        if (needs != null && !OwnSync.endPrepared(needs, relay, lease, delivery)) return askForAnswers(delivery);
        if (needs != null
                && (Following.mayBeDiscarded(lease)
                        || Following.mayCopy(relay, lease)
                        || Following.mayLoseStatements(relay, lease, needs)
                        || Following.mayNotSet(lease, needs)
                        || Following.hasChangingSettings(relay, lease, needs))) return askForAnswers(delivery);
        if (needs != null
                && needs.wantsKnownSettings()
                && Following.mayInspect(relay, lease)
                && lease.doubts().canTell()) return lease.hasNothingToDo() ? end() : this;
        boolean learns = Following.isToLearnFirst(relay, lease, delivery);
        if ((learns || needs != null) && BatchBeginning.sendUntilSnapshot(relay, this, delivery))
            return follow(delivery);
        if (learns) return LearningSettings.isPossible(lease) ? new LearningSettings(relay, lease, this) : this;
        relay.deliveries().nextWaiting();
        if (needs != null) return Preparing.further(relay, lease, delivery, needs);
        send(delivery);
        return this;
    }

    /// A server may keep its answers until it is told to send them, and a client that has said goodbye ends
    /// its batch no more.
    private RelayState askForAnswers(Delivery delivery) {
        if (delivery.asked || !lease.server().ledger().isOpen()) return this;
        delivery.asked = true;
        flushServer();
        return this;
    }

    private void flushServer() {
        var out = lease.server().newBuffer(8);
        FrontendMessages.flush(out);
        lease.server().write(out);
    }

    /// Notes where a delivery goes and why; false if it cannot go behind what is under way.
    private boolean findWay(Delivery delivery) {
        if (relay.deliveries().open() == delivery) return true;
        if (Following.isBetweenBatches(relay, lease)
                && lease.hasOthersTraces()
                && OthersTraces.wouldBeSeen(relay, lease.server(), delivery)) return false;
        // A batch that the server discards runs nowhere.
        boolean discarded = lease.server().ledger().isDiscarding();
        if (discarded || !lease.isStandby() || lease.hasTransactionToItself()) {
            relay.journal().follows(delivery, lease.server());
            return true;
        }
        if (!delivery.isWholeRead() || Dispatch.closesOnKept(relay, delivery)) return false;
        if (!(Dispatch.route(relay, delivery) instanceof RoutingDecision.ToStandby(var _, var reason))) return false;
        relay.journal().goes(delivery, lease.server().target().node(), reason);
        return true;
    }

    private RelayState deallocate(Delivery delivery) {
        var server = lease.server();
        if (!server.ledger().isAtRest()) return this;
        relay.deliveries().nextWaiting();
        if (server.status() == TransactionStatus.FAILED) send(delivery);
        else OwnAnswers.deallocate(relay, delivery, server);
        return this;
    }

    /// Sends the present part of a delivery; its bytes are kept if it may have to be sent again.
    void send(Delivery delivery) {
        if (delivery.statements.emptiesDatabase() instanceof String database) emptySoon(delivery, database);
        relay.listening().sending(delivery, lease);
        OwnNames.askCatalog(relay, delivery);
        lease.sending(delivery);
        delivery.names.tellPortals(relay.session());
        relay.deliveries().sent(delivery);
        relay.writer().write(delivery, lease);
        if (!lease.sent(delivery)) return;
        lease.server().sendFakes();
        if (!delivery.mayRunAgain() && !delivery.isBegunWithIt())
            Objects.requireNonNull(delivery.part).releaseBytes();
    }

    /// PostgreSQL refuses at once who may not do it, and waits for the sessions of others to end after
    /// that: only what waits is worth closing idle connections for.
    private void emptySoon(Delivery delivery, String database) {
        var waits = new Object();
        delivery.waitsForOthers = waits;
        var _ = relay.client()
                .schedule(
                        () -> {
                            if (delivery.waitsForOthers == waits && !delivery.begun) empty(database);
                        },
                        WAITS_FOR_OTHERS);
    }

    private void empty(String database) {
        PoolRegistry pools = relay.services().pools();
        pools.closeIdle(database);
        relay.services().listeners().closeIdle(database);
    }

    @Override
    public boolean wantsInput() {
        return !isBusy();
    }

    /// Of a batch that has not come whole nothing more is owed once the server has said what it says
    /// without its end.
    @Override
    public boolean owesNothing() {
        var deliveries = relay.deliveries();
        // The server waits for data that will not come.
        if (lease.server().ledger().isCopyIn() && !lease.isLost()) return true;
        if (!deliveries.isNoneSent() || !deliveries.isNoneWaiting() || lease.isLost()) return false;
        return deliveries.open() == null || lease.server().ledger().isEmpty();
    }

    // Its end

    /// A standby will not do: what it has not answered is run on the primary.
    private RelayState toPrimary() {
        var deliveries = relay.deliveries();
        relay.services()
                .metrics()
                .retried(Objects.requireNonNull(lease.refusal()).sqlState());
        if (deliveries.answering() instanceof Delivery first && first.begin() != null) relay.defer(first.begin());
        for (var delivery : deliveries.sent()) {
            delivery.avoidStandby = true;
            delivery.repeated |= delivery == deliveries.answering();
            relay.answeredNames().undo(delivery);
        }
        deliveries.takeBack();
        lease.server().session().notClean("a standby refused");
        lease.reset(false);
        return new Idle(relay);
    }

    /// The client's transaction could not begin: as if its first statement had failed.
    private RelayState fail(Beginning begin, ErrorFields error) {
        var delivery = takeBack(relay, lease, begin);
        lease.server().session().notClean("a transaction that could not begin");
        lease.reset(false);
        return relay.fail(delivery, error);
    }

    /// Takes back a delivery of which nothing has run, because its transaction has not begun.
    static Delivery takeBack(Relay relay, ServerLease lease, Beginning begin) {
        var delivery = Objects.requireNonNull(relay.deliveries().answering());
        relay.answeredNames().undo(delivery);
        relay.deliveries().takeBack();
        relay.deliveries().nextWaiting();
        relay.session().transactionEnded();
        delivery.takeBackBegin();
        relay.defer(begin.begin());
        return delivery;
    }

    private RelayState end() {
        // A simple query would end an unnamed statement that cannot be prepared again.
        boolean inspect =
                lease.doubts().isAny() && !relay.session().statements().hasUnkept();
        return inspect ? new Inspecting(relay, lease) : leave(relay, lease);
    }

    /// The transaction is over, and everything that it has left in the session is known.
    static RelayState leave(Relay relay, ServerLease lease) {
        if (lease.server().session().hasReported()) Reloads.meet(relay, lease);
        if (!relay.kept().keepOrForget(lease)) lease.release();
        return new Idle(relay);
    }

    @Override
    public void onCancel(Runnable done) {
        if (isCommitting()) done.run();
        else relay.cancelAt(lease, done);
    }

    /// A COMMIT that waits for a synchronous standby must not be told to wait no longer: it is committed
    /// already.
    private boolean isCommitting() {
        var running = relay.deliveries().answering();
        return running != null
                && running.statements.isOnlyCommit()
                && relay.services().reportsCanceledWaits();
    }

    /// Half a message cannot be taken back: such a connection is of no use to anybody else.
    @Override
    public void onClosed() {
        boolean kept = relay.kept().forget(lease);
        if (relay.input().insideMessage()) lease.drop(CloseReason.CLIENT_LEFT);
        else if (kept || !lease.isOver() || lease.doubts().isAny()) lease.abandon(!relay.isTerminating());
        else lease.release();
    }
}
