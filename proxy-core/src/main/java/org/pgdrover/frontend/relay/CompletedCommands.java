package org.pgdrover.frontend.relay;

import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.ChannelStatement;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.SessionEffect;
import org.pgdrover.sql.TransactionEffect;

/// Notes what a client's completed commands do to its session.
final class CompletedCommands {
    private CompletedCommands() {}

    /// A command has completed.
    ///
    /// @return whether the client is to hear of it
    static boolean completed(Relay relay, ServerLease lease, MessagePlan plan, CommandTag tag) {
        if (plan.insertions != null && !plan.insertions.completed(plan.delivery().completed)) {
            if (plan.insertions.isRestored()) relay.session().settings().restored();
            return false;
        }
        var ran = plan.runs;
        if (!ran.parts().isEmpty()) ran = plan.delivery().nextPart(ran);
        if (ran.endsBlock() || isOfEnd(tag) && ran.isUnknown()) lease.server().blockEnded();
        relay.listening().completed(ran, tag);
        if (ChannelStatement.is(ran)) return channelChanged(relay, lease, ran, tag, plan.delivery());
        note(relay, lease, plan, ran, tag);
        var delivery = plan.delivery();
        return !delivery.waitCanceled || delivery.unconfirmed != null;
    }

    /// Whether it may tell of the end of a block, as far as the tag alone tells.
    private static boolean isOfEnd(CommandTag tag) {
        return tag == CommandTag.COMMIT || tag == CommandTag.ROLLBACK;
    }

    private static void note(Relay relay, ServerLease lease, MessagePlan plan, QueryClass ran, CommandTag tag) {
        var session = relay.session();
        if (ran.session() != SessionEffect.NONE || ran.transaction() != TransactionEffect.NONE)
            session.completed(ran, tag, lease.server(), plan.there);
        if (tag == CommandTag.COMMIT && ran.isUnknown()) session.commit(lease.server());
        if (SessionEffect.isAboutSequences(ran.session()))
            session.numbers().sequencesUsed(ran.statement().equals("DISCARD"), lease.server());
        if (tag == CommandTag.DEFINITION && ran.isUnknown())
            relay.services().router().hasDefined(session.routing());
        lease.doubts().completed(ran, tag);
        boolean read = ran.access() == Access.READ || ran.access() == Access.EMPTY;
        if (!read) relay.services().completed(ran, session.routing());
    }

    /// A LISTEN or UNLISTEN has completed, or what was run instead of it.
    private static boolean channelChanged(
            Relay relay, ServerLease lease, QueryClass ran, CommandTag tag, Delivery delivery) {
        if (tag != CommandTag.NOTIFY) {
            lease.doubts().listens();
            return true;
        }
        delivery.begun = true;
        relay.heldBack().passOn();
        var out = relay.client().newBuffer(16);
        BackendMessages.commandComplete(out, ran.statement());
        relay.write(out);
        return false;
    }
}
