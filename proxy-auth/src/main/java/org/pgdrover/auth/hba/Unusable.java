package org.pgdrover.auth.hba;

/// One line of a file cannot be used; says why, and what to do.
final class Unusable extends Exception {
    private static final long serialVersionUID = 1;

    private final String why;

    Unusable(String why) {
        super(why, null, false, false);
        this.why = why;
    }

    String why() {
        return why;
    }
}
