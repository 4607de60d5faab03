package org.pgdrover.auth.hba;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/** The domain name system, asked in both directions; may take seconds: not for an event loop. */
public interface HostNames {
    /** The name of an address, if it has one. */
    Optional<String> nameOf(InetAddress address);

    /** The addresses of a name; empty if there is none. */
    List<InetAddress> addressesOf(String name);
}
