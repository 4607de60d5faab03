package org.pgdrover.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The PEM files of one side of the proxy.
///
/// @param certFile our certificate with its chain, and `keyFile` its key: both or neither
/// @param caFile the authorities whose certificates the other end may show
/// @param crlFile what they have revoked; only with `caFile`
public record TlsFiles(
        @Nullable Path certFile,
        @Nullable Path keyFile,
        @Nullable Path caFile,
        @Nullable Path crlFile) {
    public static final TlsFiles NONE = new TlsFiles(null, null, null, null);

    public TlsFiles {
        if ((certFile == null) != (keyFile == null))
            throw new IllegalArgumentException("certFile: " + certFile + ", keyFile: " + keyFile + " (expected: both)");
        if (crlFile != null && caFile == null)
            throw new IllegalArgumentException("crlFile: " + crlFile + " (expected: with caFile)");
    }
}
