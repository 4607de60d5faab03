package org.pgdrover.auth.scram;

import com.ongres.scram.common.exception.ScramException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The client's side of one SCRAM-SHA-256 exchange with a server (RFC 5802, RFC 7677). */
public final class ScramClient {
    /** PostgreSQL ignores the user's name in the exchange, but the RFC wants one. */
    private static final String ANY_USER = "*";

    private final com.ongres.scram.client.ScramClient exchange;

    public ScramClient(String password) {
        exchange = com.ongres.scram.client.ScramClient.builder()
                .advertisedMechanisms(List.of(ScramServer.MECHANISM))
                .username(ANY_USER)
                .password(password.toCharArray())
                .build();
    }

    public byte[] first() {
        return exchange.clientFirstMessage().toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Derives keys from the password, which takes milliseconds: not for an event loop. */
    public byte[] last(byte[] serverFirst) throws org.pgdrover.auth.scram.ScramException {
        try {
            exchange.serverFirstMessage(new String(serverFirst, StandardCharsets.UTF_8));
            return exchange.clientFinalMessage().toString().getBytes(StandardCharsets.UTF_8);
        } catch (ScramException | RuntimeException failure) {
            throw new org.pgdrover.auth.scram.ScramException("SCRAM: " + failure.getMessage());
        }
    }

    /** Checks that the server knows the password too. */
    public void verify(byte[] serverFinal) throws org.pgdrover.auth.scram.ScramException {
        try {
            exchange.serverFinalMessage(new String(serverFinal, StandardCharsets.UTF_8));
        } catch (ScramException | RuntimeException failure) {
            throw new org.pgdrover.auth.scram.ScramException(
                    "SCRAM: the server did not prove that it knows the password: " + failure.getMessage());
        }
    }
}
