package org.pgdrover.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** TLS on one side of the proxy; a mode of PREFER without a certificate on the listening side means plain text. */
public record TlsConfig(
        TlsMode mode,
        @Nullable Path certFile,
        @Nullable Path keyFile,
        @Nullable Path caFile,
        String minVersion) {
    public static final TlsConfig DEFAULT = new TlsConfig(TlsMode.PREFER, null, null, null, "TLSv1.2");
}
