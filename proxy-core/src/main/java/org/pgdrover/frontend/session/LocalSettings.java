package org.pgdrover.frontend.session;

import org.pgdrover.backend.SessionSettings;
import org.pgdrover.sql.SessionEffect;

/// Tells whether an effect sets for its transaction what the meaning of statements depends on.
public final class LocalSettings {
    private LocalSettings() {}

    /// Whether the effect tells which parameter it sets.
    static boolean areTold(SessionEffect effect) {
        return effect instanceof SessionEffect.SetLocally || effect instanceof SessionEffect.ResetLocally;
    }

    public static boolean areChanged(SessionEffect effect) {
        return switch (effect) {
            case SessionEffect.SetLocally(var name, var _) -> isOfMeaning(name);
            case SessionEffect.ResetLocally(var name) -> isOfMeaning(name);
            case SessionEffect.Sets(var each) -> each.stream().anyMatch(LocalSettings::areChanged);
            case SessionEffect.None _,
                    SessionEffect.SetParameter _,
                    SessionEffect.ResetParameter _,
                    SessionEffect.ResetAll _,
                    SessionEffect.DiscardAll _,
                    SessionEffect.DeallocateAll _,
                    SessionEffect.Deallocate _,
                    SessionEffect.Leaves _,
                    SessionEffect.Block _ -> false;
        };
    }

    /// No statement is parsed by the value of a custom parameter.
    static boolean isOfMeaning(String name) {
        return SessionSettings.isOfMeaning(name) && !SessionEffect.isCustom(name);
    }
}
