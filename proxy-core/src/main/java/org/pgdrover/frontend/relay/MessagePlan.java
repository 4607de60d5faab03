package org.pgdrover.frontend.relay;

import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.sql.ChannelStatement;
import org.pgdrover.sql.QueryClass;

/// The findings about one message of a batch. It is the note of the answer to the message, and is used
/// again.
final class MessagePlan implements RelayNote {
    private final Delivery delivery;

    /// The statement that a Parse makes or a Bind, Describe or Close names; null if there is none of
    /// that name.
    @Nullable
    ClientStatement statement;

    /// What a Query or Execute runs, or the statement that the message makes or names.
    QueryClass runs = QueryClass.UNKNOWN;

    /// Whether the message makes or closes a statement, and is not answered yet.
    boolean pending;

    /// Whether the client's statements know that it was sent.
    boolean announced;

    /// Whether the message makes the statement.
    boolean makes;

    /// The unnamed statement that a Parse has ended; null if it has ended none.
    @Nullable
    ClientStatement ended;

    /// Whether a Parse names a statement that is there already.
    boolean duplicate;

    /// What such a Parse makes all the same, if the server says that the name is free.
    @Nullable
    ClientStatement ifFree;

    /// Whether the message closes the statement.
    boolean closes;

    /// Whether it closes one that has a name.
    boolean closesNamed;

    /// Whether the server is asked to close nothing instead of the statement.
    boolean closesNothing;

    /// The error that the client gets for this message instead of the server's, which does not know the
    /// client's names.
    @Nullable
    ErrorFields errorInstead;

    /// What the proxy adds to a string of several statements; null if nothing.
    @Nullable
    Insertions insertions;

    /// Number of the statement that was prepared last on the server when the message was sent.
    long there;

    /// The LISTEN or UNLISTEN that it asks for and that a statement of the proxy's is run for instead;
    /// null if none is.
    @Nullable
    ChannelStatement channel;

    /// That statement.
    byte @Nullable [] instead;

    MessagePlan(Delivery delivery) {
        this.delivery = delivery;
    }

    Delivery delivery() {
        return delivery;
    }

    /// What the message's name means to the messages behind it in the same batch; null if nothing. They are carried
    /// out only if the message has succeeded.
    @Nullable
    ClientStatement meansBehind() {
        if (closes) return null;
        return ifFree == null ? statement : ifFree;
    }

    MessagePlan reset() {
        statement = null;
        runs = QueryClass.UNKNOWN;
        pending = false;
        announced = false;
        makes = false;
        ended = null;
        duplicate = false;
        ifFree = null;
        closes = false;
        closesNamed = false;
        closesNothing = false;
        errorInstead = null;
        insertions = null;
        channel = null;
        instead = null;
        return this;
    }
}
