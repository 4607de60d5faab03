package org.pgdrover.auth.hba;

/** What can be said now of a condition. */
enum Answer {
    NO,
    UNKNOWN,
    YES;

    static Answer of(boolean holds) {
        return holds ? YES : NO;
    }

    /** Of both conditions together. */
    Answer and(Answer other) {
        return compareTo(other) < 0 ? this : other;
    }

    /** Of either condition. */
    Answer or(Answer other) {
        return compareTo(other) > 0 ? this : other;
    }
}
