package org.pgdrover.server;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import org.pgdrover.auth.hba.HostNames;

/// Host names as the operating system resolves them; the Java runtime remembers them for some seconds.
final class SystemHostNames implements HostNames {
    @Override
    public Optional<String> nameOf(InetAddress address) {
        try {
            // A copy, because an address remembers the name that it was found with.
            var name = InetAddress.getByAddress(address.getAddress()).getCanonicalHostName();
            return name.equals(address.getHostAddress()) ? Optional.empty() : Optional.of(name);
        } catch (UnknownHostException impossible) {
            return Optional.empty();
        }
    }

    @Override
    public List<InetAddress> addressesOf(String name) {
        try {
            return List.of(InetAddress.getAllByName(name));
        } catch (UnknownHostException unknown) {
            return List.of();
        }
    }
}
