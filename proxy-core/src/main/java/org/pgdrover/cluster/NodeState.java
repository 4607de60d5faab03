package org.pgdrover.cluster;

import org.jspecify.annotations.Nullable;

/// A node as it is known at one moment.
///
/// @param up whether it answers; a node that is down gets no traffic
/// @param role PRIMARY only for the one node that this proxy routes writes to; a second claimant is
/// UNKNOWN
/// @param streaming for a standby: its WAL receiver streams
/// @param timeline timeline id, 0 if unknown
/// @param receiveLsn for a standby the last received WAL position, for a primary its insert position; 0
/// if unknown
/// @param replayLsn for a standby the last replayed WAL position, for a primary its insert position; 0
/// if unknown
/// @param lagBytes bytes of WAL between the primary's insert position and this node's replay position; 0
/// for the primary
/// @param lagMillis how far behind the primary it is, in milliseconds; 0 if it has replayed all;
/// Long.MAX_VALUE if unknown
/// @param roles for a standby: where its roles and databases are not the primary's; null if nowhere
public record NodeState(
        Node node,
        boolean up,
        Role role,
        boolean streaming,
        int timeline,
        long receiveLsn,
        long replayLsn,
        long lagBytes,
        long lagMillis,
        RoleSettings.@Nullable Difference roles) {
    public static NodeState unknown(Node node) {
        return new NodeState(node, false, Role.UNKNOWN, false, 0, 0, 0, 0, Long.MAX_VALUE, null);
    }

    /// Whether sessions of a user in a database begin here as on the primary.
    public boolean beginsAlike(String database, String user) {
        return roles == null || !roles.concerns(database, user);
    }

    /// Whether reads may go here, lag aside.
    public boolean servesStandbyReads() {
        return up && streaming && role == Role.STANDBY;
    }
}
