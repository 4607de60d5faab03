package org.pgdrover.auth.hba;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A request that is held against the rules, with what has been found out about it so far. A host name
/// is looked up once at most.
final class HbaQuestion {
    private final HbaRequest request;
    private final byte @Nullable [] address;
    private final RoleQuestion roles;
    private final HostNames hosts;
    private boolean knowsName;
    private Optional<String> name = Optional.empty();
    private @Nullable Answer leadsBack;
    private @Nullable String unknownHost;

    HbaQuestion(HbaRequest request, RoleMemberships roles, HostNames hosts) {
        this.request = request;
        var from = request.address();
        this.address = from == null ? null : from.getAddress();
        this.roles = new RoleQuestion(roles);
        this.hosts = hosts;
    }

    HbaRequest request() {
        return request;
    }

    /// The client's address, 4 or 16 bytes; null on a Unix-domain socket.
    byte @Nullable [] address() {
        return address;
    }

    RoleQuestion roles() {
        return roles;
    }

    /// Whether the address has a name that fits, and the name has the address. May block.
    Answer comesFrom(HostPattern pattern) {
        var address = request.address();
        if (address == null) return Answer.NO;
        if (unknownHost != null) return Answer.UNKNOWN;
        try {
            if (!knowsName) name = hosts.nameOf(address);
            knowsName = true;
            if (name.isEmpty() || !pattern.matches(name.get())) return Answer.NO;
            if (leadsBack == null) leadsBack = leadsBack(name.get(), address);
            return leadsBack;
        } catch (HostNames.Unknown why) {
            unknownHost = "the host name of " + address.getHostAddress() + " cannot be looked up: " + why.getMessage();
            return Answer.UNKNOWN;
        }
    }

    private Answer leadsBack(String name, InetAddress address) throws HostNames.Unknown {
        var wanted = address.getAddress();
        return Answer.of(hosts.addressesOf(name).stream().anyMatch(each -> Arrays.equals(each.getAddress(), wanted)));
    }

    /// Why there was no answer to something.
    String unknown() {
        if (unknownHost != null) return unknownHost;
        return roles.unknown() == null ? "" : roles.unknown();
    }
}
