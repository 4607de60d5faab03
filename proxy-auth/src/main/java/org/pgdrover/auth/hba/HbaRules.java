package org.pgdrover.auth.hba;

import java.util.List;
import java.util.Optional;

/** The rules of <code>pool_hba.conf</code>, in order: the first that matches decides, and no match is a refusal. */
public record HbaRules(List<HbaRule> rules) {
    public HbaRules {
        rules = List.copyOf(rules);
    }

    /** The first rule for this request; empty means that it must be refused. */
    public Optional<HbaRule> match(HbaRequest request) {
        return rules.stream().filter(rule -> rule.matches(request)).findFirst();
    }
}
