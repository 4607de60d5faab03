package org.pgdrover.config;

/** Everything that <code>proxy.conf</code> says, checked. */
public record ProxyConfig(
        ListenConfig listen,
        AuthConfig auth,
        ClusterConfig cluster,
        PoolConfig pool,
        RoutingConfig routing,
        FailoverConfig failover,
        AdminConfig admin,
        MetricsConfig metrics,
        LogConfig log,
        RuntimeConfig runtime) {
    /** The defaults around a cluster. */
    public static ProxyConfig of(ClusterConfig cluster) {
        return new ProxyConfig(
                ListenConfig.DEFAULT,
                AuthConfig.DEFAULT,
                cluster,
                PoolConfig.DEFAULT,
                RoutingConfig.DEFAULT,
                FailoverConfig.DEFAULT,
                AdminConfig.DEFAULT,
                MetricsConfig.DEFAULT,
                LogConfig.DEFAULT,
                RuntimeConfig.DEFAULT);
    }

    /** The same with other ways for clients to prove who they are. */
    public ProxyConfig with(AuthConfig other) {
        return new ProxyConfig(listen, other, cluster, pool, routing, failover, admin, metrics, log, runtime);
    }
}
