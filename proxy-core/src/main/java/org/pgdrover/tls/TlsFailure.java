package org.pgdrover.tls;

import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import org.jspecify.annotations.Nullable;

/// Says in one sentence why a handshake has failed.
public final class TlsFailure {
    private static final int MOST_CAUSES = 20;

    private TlsFailure() {}

    /// What the deepest cause says, for the wrappers only repeat that something is wrong with the
    /// certificate.
    public static String describe(@Nullable Throwable failure) {
        String said = "no reason given";
        var each = failure;
        for (int i = 0; each != null && i < MOST_CAUSES; i++, each = each.getCause()) {
            var message = each.getMessage();
            if (message != null && !message.isBlank()) said = message;
            if (each instanceof CertPathValidatorException || isHostMismatch(each)) break;
        }
        return said;
    }

    private static boolean isHostMismatch(Throwable failure) {
        return failure instanceof CertificateException && failure.getCause() == null;
    }
}
