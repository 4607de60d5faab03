package org.pgdrover.auth.hba;

/// An entry of a list of databases or users that is more than one name.
sealed interface NameMatcher {
    /// The database named like the user.
    record SameUser() implements NameMatcher {}

    /// A database named like a role that the user is a member of.
    record SameRole() implements NameMatcher {}

    /// A user who is a member of the role.
    record MemberOf(String role) implements NameMatcher {}

    record Matching(NamePattern pattern) implements NameMatcher {}

    /// @param name what the list is about: the database, or the user
    default Answer matches(String name, String user, RoleQuestion roles) {
        return switch (this) {
            case SameUser() -> Answer.of(name.equals(user));
            case SameRole() -> roles.isMember(user, name);
            case MemberOf(var role) -> roles.isMember(user, role);
            case Matching(var pattern) -> Answer.of(pattern.matches(name));
        };
    }

    default boolean needsRoles() {
        return switch (this) {
            case SameRole _, MemberOf _ -> true;
            case SameUser _, Matching _ -> false;
        };
    }
}
