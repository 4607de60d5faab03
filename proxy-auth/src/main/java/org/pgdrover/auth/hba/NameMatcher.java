package org.pgdrover.auth.hba;

/** One entry of a rule's list of databases or users. */
sealed interface NameMatcher {
    record All() implements NameMatcher {}

    /** The database named like the user. */
    record SameUser() implements NameMatcher {}

    record Exactly(String name) implements NameMatcher {}

    /** @param name what the rule's field is about: the database, or the user */
    default boolean matches(String name, String user) {
        return switch (this) {
            case All() -> true;
            case SameUser() -> name.equals(user);
            case Exactly(var wanted) -> wanted.equals(name);
        };
    }
}
