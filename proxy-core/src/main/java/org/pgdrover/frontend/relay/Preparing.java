package org.pgdrover.frontend.relay;

import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;

/// A delivery waits for its server to get the settings and the statements that the delivery needs there.
final class Preparing implements RelayState {
    private final Relay relay;
    private final ServerLease lease;
    private final Delivery delivery;
    private final boolean fresh;
    private @Nullable ServerNeeds needs;
    private @Nullable Exchange answered;
    private boolean asked;
    /// Whether the server has read its configuration again since the session has begun.
    private boolean reread;

    /// Whether the server is asked first what is set there.
    private boolean asking;
    private boolean recovering;
    private boolean recovered;
    private boolean canceled;
    /// Cancel requests that have not reached the server yet.
    private int cancels;
    /// The state that is next once the server is out of the transaction again.
    private @Nullable RelayState leaving;

    private boolean rolledBack;

    /// The server begins to work for the client.
    Preparing(Relay relay, ServerLease lease, Delivery delivery) {
        this(relay, lease, delivery, true, null);
    }

    private Preparing(Relay relay, ServerLease lease, Delivery delivery, boolean fresh, @Nullable ServerNeeds needs) {
        this.relay = relay;
        this.lease = lease;
        this.delivery = delivery;
        this.fresh = fresh;
        this.needs = needs;
    }

    /// The server works for the client already.
    static Preparing further(Relay relay, ServerLease lease, Delivery delivery, @Nullable ServerNeeds needs) {
        return new Preparing(relay, lease, delivery, false, needs);
    }

    @Override
    public RelayState proceed() {
        if (leaving != null) return left(leaving);
        if (lease.isLost()) return lost();
        if (!asked) {
            asked = true;
            if (fresh) {
                reread = Reloads.meet(relay, lease);
                if (reread) judgeAgain();
                needs = ServerNeeds.of(relay, lease, delivery, true);
            }
            if (needs == null) return work();
            if (needs.onlyBegins() instanceof DeferredBegin begin && Beginning.suits(relay, lease, delivery))
                return workAtOnce(begin);
            if (!fresh && needs.wantsKnownSettings()) {
                asking = true;
                PresentSettings.ask(lease.server().ledger().isOpen(), new Exchange(lease.server(), this::answered));
            } else {
                needs.ask(new Exchange(lease.server(), this::answered));
            }
        }
        if (asking && answered != null && needs != null) {
            asking = false;
            if (answered.error() instanceof ErrorFields error)
                return PresentSettings.fail(relay, lease, delivery, error.withoutPosition());
            var told = PresentSettings.told(relay, answered);
            if (told != null) needs.presentIs(told);
            answered = null;
            needs.ask(new Exchange(lease.server(), this::answered));
        }
        if (recovered) return work();
        if (answered == null || needs == null || recovering) return this;
        // A request that came later would cancel what the client asks for next.
        return fresh && cancels > 0 ? this : prepared(needs, answered);
    }

    /// What is asked of the listener does not change by it.
    private void judgeAgain() {
        relay.judge().judge(delivery);
        if (!lease.isStandby()) relay.listening().prepare(delivery, lease);
    }

    private void answered(Exchange exchange) {
        answered = exchange;
        relay.wake();
    }

    private RelayState prepared(ServerNeeds asked, Exchange exchange) {
        var failure = asked.failure(exchange);
        asked.verify(exchange);
        if (failure != null) {
            lease.server().session().notClean("settings that could not be set");
            return giveUp(relay.fail(delivery, failure));
        }
        asked.succeeded();
        if (!fresh && exchange.error() instanceof ErrorFields error && hasFailedBy(error))
            return PresentSettings.fail(relay, lease, delivery, error);
        if (fresh) {
            var settings = relay.session().settings();
            lease.server().session().settings(settings.committed());
            settings.entered(settings.committed());
            if (asked.changesSettings()) ParameterReports.tellDefaults(relay, lease);
            if (lease.server().session().hasReported()) reread |= Reloads.meet(relay, lease);
            if (canceled) return giveUp(relay.failCanceled(delivery));
            if (asked.begin() instanceof DeferredBegin begin) {
                delivery.beginsWith(begin, false);
                relay.defer(null);
            }
        }
        if (exchange.error() != null && lease.server().ledger().isDiscarding()) tellOpen(exchange.error());
        if (!asked.hasGaps()) return work();
        recovering = true;
        asked.fillGaps(new Exchange(lease.server(), answer -> {
            asked.filled(answer);
            recovered = true;
            relay.wake();
        }));
        return this;
    }

    /// Whether the client's transaction has failed by what was asked, with everything that the delivery would do in it.
    /// A transaction that had failed before says so itself.
    private boolean hasFailedBy(ErrorFields error) {
        return lease.server().status() == TransactionStatus.FAILED
                && !error.sqlState().equals(SqlState.IN_FAILED_SQL_TRANSACTION)
                && !delivery.statements.transactions().rollBack();
    }

    /// The batch is open on the server, which discards the rest of the batch: the client must hear of
    /// the error now.
    private void tellOpen(ErrorFields error) {
        var out = relay.client().newBuffer(128);
        BackendMessages.error(out, error);
        relay.write(out);
        delivery.failedWith(error);
        delivery.begun = true;
    }

    /// The server needs nothing but the client's BEGIN.
    private RelayState workAtOnce(DeferredBegin begin) {
        delivery.beginsWith(begin, true);
        relay.defer(null);
        lease.begins(new Beginning(begin));
        return work();
    }

    private RelayState work() {
        if (reread) Reloads.tell(relay, lease);
        if (!fresh) OwnSync.goOn(relay, lease, delivery);
        var working = new Working(relay, lease);
        working.send(delivery);
        return working;
    }

    /// The server is not needed after all.
    private RelayState giveUp(RelayState next) {
        boolean idle = lease.server().status() == TransactionStatus.IDLE;
        if (relay.kept().lease() != lease) {
            if (idle) lease.release();
            else lease.reset(false);
            return next;
        }
        if (idle) return next;
        leaving = next;
        new Exchange(lease.server(), _ -> {
                    rolledBack = true;
                    relay.wake();
                })
                .query("ROLLBACK")
                .send();
        return this;
    }

    private RelayState left(RelayState next) {
        if (!rolledBack && !lease.isLost()) return this;
        if (lease.isLost() || lease.server().status() != TransactionStatus.IDLE) {
            relay.kept().forget(lease);
            if (!lease.isLost()) lease.reset(false);
        }
        return next;
    }

    private RelayState lost() {
        var loss = ServerLoss.of(relay, lease);
        if (!fresh) {
            if (relay.deliveries().open() != delivery) relay.deliveries().awaitFirst(delivery);
            return loss.settle();
        }
        if (canceled && !loss.isOfSession()) return relay.failCanceled(delivery);
        return loss.settleUnsent(delivery);
    }

    @Override
    public ServerLease lease() {
        return lease;
    }

    /// What is asked may wait for a lock. Nobody may have the server before it is ready again.
    @Override
    public void onCancel(Runnable done) {
        canceled = true;
        cancels++;
        relay.cancelAt(lease, () -> {
            done.run();
            cancels--;
            relay.wake();
        });
    }

    @Override
    public void onClosed() {
        relay.kept().forget(lease);
        lease.abandon(!relay.isTerminating());
    }
}
