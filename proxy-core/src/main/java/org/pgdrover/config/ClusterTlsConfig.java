package org.pgdrover.config;

/// TLS with the nodes.
///
/// @param minVersion oldest protocol that is spoken, as the JDK spells it
public record ClusterTlsConfig(TlsMode mode, TlsNegotiation negotiation, TlsFiles files, String minVersion) {
    public static final ClusterTlsConfig DEFAULT =
            new ClusterTlsConfig(TlsMode.PREFER, TlsNegotiation.POSTGRES, TlsFiles.NONE, "TLSv1.2");
}
