package org.pgdrover.auth.hba;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/// The domain name system, asked in both directions; may take seconds: not for an event loop.
public interface HostNames {
    /// The name of an address, if it has one.
    ///
    /// @throws Unknown if there was no answer, which is not the same as none
    Optional<String> nameOf(InetAddress address) throws Unknown;

    /// The addresses of a name; empty if there is none.
    ///
    /// @throws Unknown if there was no answer, which is not the same as none
    List<InetAddress> addressesOf(String name) throws Unknown;

    /// The domain name system did not answer.
    final class Unknown extends Exception {
        private static final long serialVersionUID = 1;

        public Unknown(String message) {
            super(message, null, false, false);
        }
    }
}
