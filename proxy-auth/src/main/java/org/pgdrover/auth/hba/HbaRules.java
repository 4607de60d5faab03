package org.pgdrover.auth.hba;

import java.util.List;

/** The rules of <code>pool_hba.conf</code>, in order: the first that matches decides, and no match is a refusal. */
public record HbaRules(List<HbaRule> rules) {
    public HbaRules {
        rules = List.copyOf(rules);
    }

    /** What the rules say of this request. May block if {@link #needHostNames}. */
    public HbaMatch match(HbaRequest request, RoleMemberships roles, HostNames hosts) {
        for (var rule : rules) if (rule.matches(request)) return new HbaMatch.Matched(rule);
        return new HbaMatch.NoEntry();
    }

    /** Whether a rule has host names in it, so that matching may have to ask for some. */
    public boolean needHostNames() {
        return false;
    }

    /** Whether a rule asks for members of a role. */
    public boolean needRoles() {
        return false;
    }
}
