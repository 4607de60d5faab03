package org.pgdrover.failover;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeHealth;
import org.pgdrover.cluster.NodeReport;
import org.postgresql.replication.LogSequenceNumber;

/// Chooses the standby to promote: the one with most WAL, if that is enough.
record CandidateChoice(long maxDataLossBytes) {
    private static final Pattern ANY_OF =
            Pattern.compile("\\s*ANY\\s+(\\d+)\\s*\\(.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    /// The outcome of a choice.
    sealed interface Choice {
        /// These may be promoted, the best one first; never empty.
        record Candidates(List<Node> nodes) implements Choice {
            public Candidates {
                nodes = List.copyOf(nodes);
            }
        }

        /// None may, for a reason to be shown to an operator.
        record Nobody(String why) implements Choice {}
    }

    /// A standby that answers, with what it answered.
    private record Standby(Node node, NodeReport report, boolean sync) {
        long received() {
            return report.receiveLsn();
        }
    }

    /// Chooses among nodes that have been asked just now, when no WAL can reach them any more.
    ///
    /// @param lastInsert the last WAL insert position that the lost primary is known to have had
    Choice choose(PrimaryMemory lost, long lastInsert, List<NodeHealth> others) {
        var objections = new ArrayList<String>();
        var reached = others.stream()
                .filter(other -> answers(other, lost, objections))
                .map(other -> standby(other, lost))
                .toList();
        var eligible = reached.stream()
                .filter(each -> mayBePromoted(each, objections))
                .sorted(Comparator.comparingLong((Standby each) -> -each.received())
                        .thenComparing(each -> !each.sync())
                        .thenComparing(each -> -each.node().priority())
                        .thenComparing(each -> each.node().index()))
                .toList();
        var enough = eligible.stream()
                .filter(each -> losesLittle(each, lost, lastInsert, objections))
                .filter(each -> keepsAcknowledged(each, reached, objections))
                .toList();
        if (enough.isEmpty()) return new Choice.Nobody("no standby may be promoted: " + reasons(objections));
        var doubt = syncDoubt(lost, reached);
        if (!doubt.isEmpty()) return new Choice.Nobody(doubt);
        return new Choice.Candidates(enough.stream().map(Standby::node).toList());
    }

    private static String reasons(List<String> objections) {
        return objections.isEmpty() ? "there is none" : String.join("; ", objections);
    }

    private static Standby standby(NodeHealth health, PrimaryMemory lost) {
        var name = lost.applicationNames().get(health.node());
        var report = health.report();
        if (report == null)
            throw new IllegalArgumentException(health.node() + " has not answered (expected: an answer)");
        return new Standby(
                health.node(), report, name != null && lost.syncStandbys().contains(name));
    }

    private static boolean answers(NodeHealth health, PrimaryMemory lost, List<String> objections) {
        var report = health.report();
        if (health.failure() != null || report == null) {
            objections.add(health.node() + " does not answer");
            return false;
        }
        var same = report.systemIdentifier() == lost.report().systemIdentifier();
        if (!same || !report.inRecovery()) {
            objections.add(health.node() + " is no standby of " + lost.node());
            return false;
        }
        if (report.timeline() != lost.timeline()) {
            objections.add(
                    health.node() + " is on timeline " + report.timeline() + " (expected: " + lost.timeline() + ")");
            return false;
        }
        return true;
    }

    private static boolean mayBePromoted(Standby standby, List<String> objections) {
        if (standby.node().priority() > 0) return true;
        objections.add(standby.node() + " has priority 0");
        return false;
    }

    private boolean losesLittle(Standby standby, PrimaryMemory lost, long lastInsert, List<String> objections) {
        var lacking = lastInsert - standby.received();
        if (lacking <= maxDataLossBytes) return true;
        objections.add(standby.node() + " lacks " + lacking + " bytes of WAL that " + lost.node()
                + " is known to have had (expected: <= " + maxDataLossBytes + ", failover.max-data-loss)");
        return false;
    }

    /// What a synchronous standby has may have been acknowledged to a client.
    private static boolean keepsAcknowledged(Standby standby, List<Standby> reached, List<String> objections) {
        for (var each : reached) {
            if (each.sync() && each.received() > standby.received()) {
                objections.add(standby.node() + " has received " + LogSequenceNumber.valueOf(standby.received())
                        + " (expected: >= " + LogSequenceNumber.valueOf(each.received())
                        + ", which the synchronous standby "
                        + each.node() + " has)");
                return false;
            }
        }
        return true;
    }

    /// Why an acknowledged commit may be on none of the standbys that answer, or an empty string. A
    /// commit is acknowledged when all of `FIRST n`, or any n of `ANY n`, have it: so it takes one of
    /// the former, or all but n - 1 of the latter.
    private static String syncDoubt(PrimaryMemory lost, List<Standby> reached) {
        var names = lost.syncStandbys();
        var setting = lost.report().synchronousStandbyNames();
        if (setting.isBlank()) return "";
        if (names.isEmpty())
            return "synchronous_standby_names: " + setting + ", but no standby was seen to be synchronous"
                    + " (the proxy's user needs pg_monitor to see it); promote by hand and accept the loss";
        var quorum = ANY_OF.matcher(setting);
        var needed = quorum.matches() ? Math.max(1, names.size() - Integer.parseInt(quorum.group(1)) + 1) : 1;
        var present = reached.stream()
                .filter(Standby::sync)
                .map(each -> lost.applicationNames().get(each.node()))
                .distinct()
                .count();
        if (present >= needed) return "";
        return "commits were acknowledged by synchronous standbys " + names + ", of which " + present
                + " answer (expected: >= " + needed + "); start one, or promote by hand and accept the loss";
    }
}
