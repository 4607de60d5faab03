package org.pgdrover.cluster;

/// The source of the current picture of the cluster, and of news of its changes.
public interface TopologySource {
    /// The newest picture; one volatile read.
    ClusterTopology topology();

    /// A WAL insert position of the primary whose sampling began after a moment, or -1 while there is
    /// none: a standby that has replayed it has replayed everything that was committed before that
    /// moment.
    ///
    /// @param nanoTime a [System#nanoTime()]
    long insertPositionSampledAfter(long nanoTime);

    /// Somebody waits for newer positions: every node's is sampled in the next few milliseconds. May be
    /// called from any thread.
    void sampleSoon();

    /// The newest known replay position of a standby, or insert position of a primary; 0 while unknown;
    /// one volatile read.
    long replayLsn(Node node);

    /// Hears of the present picture and then of every new one, on the monitor's own thread; must not
    /// block.
    void listen(TopologyListener listener);

    /// Tells the monitor that traffic saw this node fail, so that it looks at once. May be called from
    /// any thread.
    void suspect(Node node, String why);
}
