package org.pgdrover.failover;

import java.util.Set;
import org.pgdrover.cluster.Node;

/// A stage of a failover.
///
/// ```
/// Starting ---primary found---> Watching <--------------------------------+
///                                 | primary lost                           | it came back, or
///                                 v                                        | somebody promoted another
///                             Confirming --------------------------------> +
///                                 | lost beyond doubt                      |
///              mode manual, off   v                                        |
///   AwaitingOperator <------- Choosing                                     |
///     |      ^  |  ^              | a candidate                            |
///     |      |  |  +-- none fit --+                                        |
///     |      |  +--- look again -->                                        |
///     +------|----------------------------------------------------------> +
///            |                    v                                        |
///            +---- all failed - Promoting                                  |
///                                 | it writes                              |
///                                 v                                        |
///                             Repointing --- all standbys follow --------> +
/// ```
public sealed interface FailoverState {
    /// No primary has been seen yet; nothing is promoted that never had a primary before our eyes.
    record Starting() implements FailoverState {}

    /// All is well.
    record Watching(Node primary) implements FailoverState {}

    /// The primary does not serve us; whether it is dead is being found out.
    record Confirming(Node lost, String why) implements FailoverState {}

    /// The primary is lost, and this proxy may not, or cannot, replace it now.
    record AwaitingOperator(Node lost, String why) implements FailoverState {}

    /// The best standby is being looked for.
    record Choosing(Node lost) implements FailoverState {}

    /// A standby has been told to become primary.
    record Promoting(Node lost, Node candidate) implements FailoverState {}

    /// The new primary takes work; these standbys do not follow it yet.
    record Repointing(Node primary, Set<Node> standbys) implements FailoverState {
        public Repointing {
            standbys = Set.copyOf(standbys);
        }
    }
}
