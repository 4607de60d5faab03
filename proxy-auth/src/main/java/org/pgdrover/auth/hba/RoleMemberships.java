package org.pgdrover.auth.hba;

/** Who is a member of which role, directly or through others, as the cluster says; a role is a member of itself. Never blocks. */
@FunctionalInterface
public interface RoleMemberships {
    /** @throws Unknown if the cluster has not told yet */
    boolean isMember(String user, String role) throws Unknown;

    /** Nobody has told yet who is a member of which role. */
    final class Unknown extends Exception {
        private static final long serialVersionUID = 1;

        public Unknown(String message) {
            super(message, null, false, false);
        }
    }
}
