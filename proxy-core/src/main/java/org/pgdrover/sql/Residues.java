package org.pgdrover.sql;

/// A set of residues, as one number.
///
/// @param mask the bit of each residue's ordinal
public record Residues(int mask) {
    /// Nothing.
    public static final Residues NONE = new Residues(0);

    /// Everything that a session can hold: what is not understood may leave it.
    public static final Residues ALL = new Residues((1 << Residue.values().length) - 1);

    public Residues {
        if (mask < 0 || mask >= 1 << Residue.values().length)
            throw new IllegalArgumentException(
                    "mask: " + mask + " (expected: a bit for each of " + Residue.values().length + " residues)");
    }

    public static Residues of(Residue... each) {
        int mask = 0;
        for (var one : each) mask |= 1 << one.ordinal();
        return of(mask);
    }

    private static Residues of(int mask) {
        if (mask == 0) return NONE;
        return mask == ALL.mask ? ALL : new Residues(mask);
    }

    /// These and the others.
    public Residues and(Residues others) {
        int both = mask | others.mask;
        if (both == mask) return this;
        return both == others.mask ? others : of(both);
    }

    public boolean has(Residue one) {
        return (mask & 1 << one.ordinal()) != 0;
    }

    public boolean isNone() {
        return mask == 0;
    }

    /// The names of the residues, for a reason that a person reads.
    @Override
    public String toString() {
        if (mask == 0) return "nothing";
        var names = new StringBuilder();
        for (var one : Residue.values())
            if (has(one))
                names.append(names.isEmpty() ? "" : ", ").append(one.name().toLowerCase(java.util.Locale.ROOT));
        return names.toString();
    }
}
