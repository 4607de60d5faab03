package org.pgdrover.auth.hba;

/// An answer to a condition, as far as it is known now.
enum Answer {
    NO,
    UNKNOWN,
    YES;

    static Answer of(boolean holds) {
        return holds ? YES : NO;
    }

    /// Of both conditions together.
    Answer and(Answer other) {
        return compareTo(other) < 0 ? this : other;
    }

    /// Of either condition.
    Answer or(Answer other) {
        return compareTo(other) > 0 ? this : other;
    }
}
