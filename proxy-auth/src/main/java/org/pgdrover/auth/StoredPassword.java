package org.pgdrover.auth;

public sealed interface StoredPassword {
    record Plain(String password) implements StoredPassword {}
}
