package org.pgdrover.frontend.session;

import java.util.List;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.sql.SessionEffect;

/// The SET statements that set again what a statement takes away of the startup message's values.
final class TakenDefaults {
    private TakenDefaults() {}

    static List<String> statements(SessionEffect effect, SessionSettings defaults) {
        return switch (effect) {
            case SessionEffect.ResetAll _, SessionEffect.DiscardAll _ -> defaults.statements(_ -> true);
            case SessionEffect.ResetParameter(var name) -> defaults.statements(name::equals);
            case SessionEffect.ResetLocally(var name) -> defaults.localStatements(name::equals);
            case SessionEffect.None _,
                    SessionEffect.SetParameter _,
                    SessionEffect.SetLocally _,
                    SessionEffect.DeallocateAll _,
                    SessionEffect.Deallocate _,
                    SessionEffect.Leaves _,
                    SessionEffect.Block _,
                    SessionEffect.Sets _ -> List.of();
        };
    }
}
