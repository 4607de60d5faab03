package org.pgdrover.frontend.login;

import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.auth.hba.IdentMaps;

/** Who may come in, as <code>pool_hba.conf</code> and <code>pg_ident.conf</code> say together. */
public record AccessRules(HbaRules hba, IdentMaps ident) {
    /** Whether anything in them asks who is a member of which role. */
    public boolean needRoles() {
        return hba.needRoles() || ident.needRoles();
    }
}
