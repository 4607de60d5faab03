package org.pgdrover.server;

import java.util.*;
import java.util.concurrent.*;
import org.pgdrover.auth.*;
import org.pgdrover.auth.hba.*;

final class AccessFiles {
    static AccessFiles read(Object o) {
        return new AccessFiles();
    }

    HbaRules hba() {
        return new HbaRules();
    }

    PasswordStore users() {
        return u -> CompletableFuture.completedFuture(Optional.empty());
    }
}
