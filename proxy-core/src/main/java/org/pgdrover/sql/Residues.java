package org.pgdrover.sql;

/// A set of residues, as one number.
///
/// @param mask the bit of each residue's ordinal
/// @param sets whether parameters that no view shows are known to be set, rather than only not known not to be;
///     always true of settings that are not among everything
public record Residues(int mask, boolean sets) {
    private static final int EVERY = (1 << Residue.values().length) - 1;

    /// Nothing.
    public static final Residues NONE = new Residues(0, false);

    /// Everything that a session can hold: what is not understood may leave it.
    public static final Residues ALL = new Residues(EVERY, false);

    /// The same of what is known to set parameters whose names nobody knows.
    public static final Residues ALL_AND_SETS = new Residues(EVERY, true);

    public Residues {
        if (mask < 0 || mask > EVERY)
            throw new IllegalArgumentException(
                    "mask: " + mask + " (expected: a bit for each of " + Residue.values().length + " residues)");
    }

    public static Residues of(Residue... each) {
        int mask = 0;
        for (var one : each) mask |= 1 << one.ordinal();
        return of(mask);
    }

    /// The residues of a mask.
    public static Residues of(int mask) {
        if (mask == 0) return NONE;
        return mask == EVERY ? ALL : new Residues(mask, (mask & 1 << Residue.SETTINGS.ordinal()) != 0);
    }

    /// These and the others.
    public Residues and(Residues others) {
        int both = mask | others.mask;
        boolean either = sets || others.sets;
        if (both == mask && either == sets) return this;
        if (both == others.mask && either == others.sets) return others;
        return both == EVERY && either ? ALL_AND_SETS : of(both);
    }

    /// These but one; everything stays everything.
    public Residues without(Residue one) {
        return has(one) && mask != EVERY ? of(mask & ~(1 << one.ordinal())) : this;
    }

    public boolean has(Residue one) {
        return (mask & 1 << one.ordinal()) != 0;
    }

    public boolean isNone() {
        return mask == 0;
    }

    /// Whether it is everything that a session can hold.
    public boolean isAll() {
        return mask == EVERY;
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
