package org.pgdrover.config;

/// The whole of `proxy.conf`, checked.
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
    /// The defaults around a cluster.
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

    // The same with another section in the place of one.

    public ProxyConfig with(ListenConfig other) {
        return new ProxyConfig(other, auth, cluster, pool, routing, failover, admin, metrics, log, runtime);
    }

    public ProxyConfig with(AuthConfig other) {
        return new ProxyConfig(listen, other, cluster, pool, routing, failover, admin, metrics, log, runtime);
    }

    public ProxyConfig with(PoolConfig other) {
        return new ProxyConfig(listen, auth, cluster, other, routing, failover, admin, metrics, log, runtime);
    }

    public ProxyConfig with(RoutingConfig other) {
        return new ProxyConfig(listen, auth, cluster, pool, other, failover, admin, metrics, log, runtime);
    }

    public ProxyConfig with(FailoverConfig other) {
        return new ProxyConfig(listen, auth, cluster, pool, routing, other, admin, metrics, log, runtime);
    }

    public ProxyConfig with(MetricsConfig other) {
        return new ProxyConfig(listen, auth, cluster, pool, routing, failover, admin, other, log, runtime);
    }

    public ProxyConfig with(RuntimeConfig other) {
        return new ProxyConfig(listen, auth, cluster, pool, routing, failover, admin, metrics, log, other);
    }
}
