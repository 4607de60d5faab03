package org.pgdrover.auth.hba;

import org.jspecify.annotations.Nullable;

/** The user name maps of <code>pg_ident.conf</code>: which names of another system may be which database users (PostgreSQL manual, section 20.2). */
public record IdentMaps() {
    /** None at all. */
    public static final IdentMaps NONE = new IdentMaps();

    /**
     * Whether somebody whom another system knows by a name may be a database user.
     *
     * @param map null means that the names must be equal
     */
    public boolean permits(@Nullable String map, String systemName, String user, RoleMemberships roles)
            throws RoleMemberships.Unknown {
        return map == null && systemName.equals(user);
    }
}
