package org.pgdrover.frontend;

/// The door that every client connection comes in by and leaves by.
///
/// The login implements it: a connection need not know how clients log in.
public interface Entrance {
    /// The phase that a new connection begins with.
    Phase begin(ClientConnection client);

    /// A client has begun its session.
    void loggedIn(ClientConnection client);

    /// A client connection has ended.
    void left(ClientConnection client);
}
