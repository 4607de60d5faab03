package org.pgdrover.config;

import java.util.List;

/// TLS with clients; without a certificate it is not offered.
///
/// @param minVersion oldest protocol that is spoken, as the JDK spells it
/// @param sni certificates for clients that ask for one of these names
public record ListenTlsConfig(TlsMode mode, TlsFiles files, String minVersion, List<SniCertificate> sni) {
    public static final ListenTlsConfig DEFAULT =
            new ListenTlsConfig(TlsMode.PREFER, TlsFiles.NONE, "TLSv1.2", List.of());

    public ListenTlsConfig {
        sni = List.copyOf(sni);
    }
}
