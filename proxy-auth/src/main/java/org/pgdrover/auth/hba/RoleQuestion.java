package org.pgdrover.auth.hba;

import org.jspecify.annotations.Nullable;

/// Asks for members of roles, and remembers why there was no answer.
final class RoleQuestion {
    private final RoleMemberships memberships;
    private @Nullable String unknown;

    RoleQuestion(RoleMemberships memberships) {
        this.memberships = memberships;
    }

    Answer isMember(String user, String role) {
        try {
            return Answer.of(memberships.isMember(user, role));
        } catch (RoleMemberships.Unknown why) {
            unknown = "it is not known whether \"" + user + "\" is a member of role \"" + role + "\": "
                    + why.getMessage();
            return Answer.UNKNOWN;
        }
    }

    /// Why there was no answer; null if there always was one.
    @Nullable
    String unknown() {
        return unknown;
    }
}
