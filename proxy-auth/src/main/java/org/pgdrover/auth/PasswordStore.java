package org.pgdrover.auth;

import java.util.*;
import java.util.concurrent.*;

public interface PasswordStore {
    CompletionStage<Optional<StoredPassword>> find(String user);
}
