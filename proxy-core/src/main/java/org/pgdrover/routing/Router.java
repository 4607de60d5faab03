package org.pgdrover.routing;

import java.util.*;
import org.pgdrover.cluster.*;
import org.pgdrover.config.*;
import org.pgdrover.sql.*;

public final class Router {
    final TopologySource t;
    final RoutingConfig c;
    int n;

    public Router(RoutingConfig c, TopologySource t, FunctionCatalog f) {
        this.t = t;
        this.c = c;
    }

    public RoutingDecision route(List<QueryClass> q, RoutingSession s) {
        if (s.pinned || !c.loadBalance()) return new RoutingDecision.ToPrimary(RoutingReason.WRITE);
        for (var x : q)
            if (x.access() != Access.READ && x.transaction() != TransactionEffect.BEGIN_READ_ONLY)
                return new RoutingDecision.ToPrimary(RoutingReason.WRITE);
        if (s.wrote != 0) {
            long l = t.insertPositionSampledAfter(s.wrote);
            if (l < 0) return new RoutingDecision.ToPrimary(RoutingReason.READ);
            for (var x : t.topology().nodes())
                if (x.servesStandbyReads() && t.replayLsn(x.node()) >= l)
                    return new RoutingDecision.ToStandby(x.node(), RoutingReason.READ);
            return new RoutingDecision.ToPrimary(RoutingReason.READ);
        }
        n++;
        var l = t.topology().nodes();
        for (int i = 0; i < l.size(); i++) {
            var x = l.get((i + n) % l.size());
            if (x.servesStandbyReads()) return new RoutingDecision.ToStandby(x.node(), RoutingReason.READ);
        }
        return new RoutingDecision.ToPrimary(RoutingReason.READ);
    }
}
