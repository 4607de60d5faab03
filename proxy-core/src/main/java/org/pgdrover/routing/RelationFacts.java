package org.pgdrover.routing;

import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// The worst of what reading and changing the relations of one name may do.
///
/// @param isReadable whether a standby shows what the primary shows, and reading it changes nothing
/// @param reading what reading it may leave in the session
/// @param changing what changing it may leave: by triggers, rules, policies, defaults, constraints
/// @param isDependent whether it leads to something else of the database's own
/// @param shows whether reading or changing it may show run-time parameters
/// @param usesSequences whether reading or changing it may use, or change, what sequences have given in the session
record RelationFacts(
        boolean isReadable,
        Residues reading,
        Residues changing,
        boolean isDependent,
        boolean shows,
        boolean usesSequences) {
    static final RelationFacts PLAIN = new RelationFacts(true, Residues.NONE, Residues.NONE);

    RelationFacts(boolean isReadable, Residues reading, Residues changing) {
        this(isReadable, reading, changing, false, false, reading.and(changing).has(Residue.SEQUENCES));
    }

    RelationFacts and(RelationFacts other) {
        if (equals(other)) return this;
        return new RelationFacts(
                isReadable && other.isReadable,
                reading.and(other.reading),
                changing.and(other.changing),
                isDependent || other.isDependent,
                shows || other.shows,
                usesSequences || other.usesSequences);
    }
}
