package org.pgdrover.routing;

import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// The worst of what the functions of one name may do.
///
/// @param isVolatile whether one of them may give another answer each time, by its declaration
/// @param isHarmful whether one of them may change something, or answer otherwise on a standby, itself or by
///     what it calls
/// @param may what calling it may leave in the session
/// @param isDependent whether one of them leads to something else of the database's own
/// @param shows whether one of them may show run-time parameters
/// @param usesSequences whether one of them may use, or change, what sequences have given in the session
record FunctionFacts(
        boolean isVolatile,
        boolean isHarmful,
        Residues may,
        boolean isDependent,
        boolean shows,
        boolean usesSequences) {
    static final FunctionFacts STEADY = new FunctionFacts(false, false, Residues.NONE);

    FunctionFacts(boolean isVolatile, boolean isHarmful, Residues may) {
        this(isVolatile, isHarmful, may, false, false, may.has(Residue.SEQUENCES));
    }

    FunctionFacts and(FunctionFacts other) {
        if (equals(other)) return this;
        return new FunctionFacts(
                isVolatile || other.isVolatile,
                isHarmful || other.isHarmful,
                may.and(other.may),
                isDependent || other.isDependent,
                shows || other.shows,
                usesSequences || other.usesSequences);
    }

    /// Whether a standby may run it.
    boolean isRead() {
        return !isVolatile && !isHarmful && may.isNone();
    }
}
