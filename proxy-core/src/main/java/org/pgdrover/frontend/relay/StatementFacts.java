package org.pgdrover.frontend.relay;

import org.pgdrover.frontend.session.LocalSettings;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.SessionEffect;

/// Tells what one statement may do, or one of its parts.
final class StatementFacts {
    private StatementFacts() {}

    static boolean mayDefine(QueryClass ran) {
        for (int i = 0; i < ran.parts().size(); i++) if (mayDefine(ran.parts().get(i))) return true;
        var statement = ran.statement();
        return statement.startsWith("CREATE ") || statement.startsWith("ALTER ") || statement.equals("COMMIT PREPARED");
    }

    static boolean changesSettings(QueryClass ran) {
        for (int i = 0; i < ran.parts().size(); i++)
            if (changesSettings(ran.parts().get(i))) return true;
        return SessionEffect.changesSettings(ran.session()) || LocalSettings.areChanged(ran.session());
    }

    static boolean shows(QueryClass ran) {
        for (int i = 0; i < ran.parts().size(); i++) if (shows(ran.parts().get(i))) return true;
        return ran.statement().equals("SHOW") || ran.calls("current_setting");
    }

    static boolean mayCopy(QueryClass ran) {
        for (int i = 0; i < ran.parts().size(); i++) if (mayCopy(ran.parts().get(i))) return true;
        return ran.isUnknown() || ran.statement().equals("COPY FROM");
    }
}
