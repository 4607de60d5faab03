package org.pgdrover.auth.hba;

/// The members of each role, directly or through others, as the cluster says. Never blocks.
///
/// A role is a member of itself; INHERIT and SET do not matter; a superuser is a member only of what it
/// was made a member of; a user or a role that does not exist is no member and has none. That is how
/// PostgreSQL reads pg_hba.conf.
@FunctionalInterface
public interface RoleMemberships {
    /// @throws Unknown if the cluster has not told yet
    boolean isMember(String user, String role) throws Unknown;

    /// Nobody has told yet who is a member of which role.
    final class Unknown extends Exception {
        private static final long serialVersionUID = 1;

        public Unknown(String message) {
            super(message, null, false, false);
        }
    }
}
