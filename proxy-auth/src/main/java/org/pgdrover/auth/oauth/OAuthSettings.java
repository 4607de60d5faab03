package org.pgdrover.auth.oauth;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The options of a rule with method `oauth` (PostgreSQL manual, section 20.15).
///
/// @param issuer URL of the authorization server, as its discovery document spells it
/// @param scope what a token must grant, separated by spaces
/// @param validator name of the validator to use; null if there is one only
/// @param delegateIdentMapping whether the validator alone decides which role the token may take
public record OAuthSettings(
        String issuer, String scope, @Nullable String validator, boolean delegateIdentMapping) {
    /// As the options of a rule.
    public Map<String, String> options() {
        var options = new LinkedHashMap<String, String>();
        options.put("issuer", issuer);
        options.put("scope", scope);
        if (validator != null) options.put("validator", validator);
        if (delegateIdentMapping) options.put("delegate_ident_mapping", "1");
        return options;
    }
}
