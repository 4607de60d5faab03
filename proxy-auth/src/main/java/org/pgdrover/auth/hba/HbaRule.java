package org.pgdrover.auth.hba;

import java.nio.file.Path;
import java.util.List;
import org.pgdrover.auth.AuthenticationMethod;

/**
 * One line of <code>pool_hba.conf</code>: for whom it is, and how they prove who they are.
 *
 * @param file in which it stands: the file itself, or one that it includes
 */
public record HbaRule(
        Path file,
        int line,
        ConnectionType type,
        List<NameMatcher> databases,
        List<NameMatcher> users,
        AddressMatcher address,
        AuthenticationMethod method,
        HbaOptions options) {
    public HbaRule {
        databases = List.copyOf(databases);
        users = List.copyOf(users);
    }

    boolean matches(HbaRequest request) {
        return type.matches(request)
                && address.matches(request.address())
                && databases.stream().anyMatch(name -> name.matches(request.database(), request.user()))
                && users.stream().anyMatch(name -> name.matches(request.user(), request.user()));
    }
}
