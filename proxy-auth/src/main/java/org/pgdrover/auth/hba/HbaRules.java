package org.pgdrover.auth.hba;

import java.util.List;

/// The rules of `pool_hba.conf`, in order: the first that matches decides, and no match is a refusal.
public record HbaRules(List<HbaRule> rules) {
    public HbaRules {
        rules = List.copyOf(rules);
    }

    /// What the rules say of this request. May block if [#needHostNames].
    public HbaMatch match(HbaRequest request, RoleMemberships roles, HostNames hosts) {
        var question = new HbaQuestion(request, roles, hosts);
        for (var rule : rules) {
            switch (rule.matches(question)) {
                case YES -> {
                    return new HbaMatch.Matched(rule);
                }
                case UNKNOWN -> {
                    return new HbaMatch.Undecided(question.unknown());
                }
                case NO -> {}
            }
        }
        return new HbaMatch.NoEntry();
    }

    /// Whether a rule has host names in it, so that matching may have to ask for some.
    public boolean needHostNames() {
        return rules.stream().anyMatch(rule -> rule.address() instanceof AddressMatcher.Host);
    }

    /// Whether a rule asks for members of a role.
    public boolean needRoles() {
        return rules.stream().anyMatch(HbaRule::needsRoles);
    }

    /// The rules as they were understood, one line each with where it stands, as pg_hba_file_rules tells
    /// them; without passwords.
    public List<String> lines() {
        return rules.stream().map(HbaRule::toString).toList();
    }
}
