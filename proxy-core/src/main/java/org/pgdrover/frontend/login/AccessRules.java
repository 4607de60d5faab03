package org.pgdrover.frontend.login;

import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.auth.hba.IdentMaps;

/// The rules of who may come in, as `pool_hba.conf` and `pg_ident.conf` give them together.
public record AccessRules(HbaRules hba, IdentMaps ident) {
    /// Whether anything in them asks who is a member of which role.
    public boolean needRoles() {
        return hba.needRoles() || ident.needRoles();
    }
}
