package org.pgdrover.backend;

import java.util.concurrent.Executor;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.secrets.ServerSecrets;

/// The material for logging in to servers.
///
/// @param hashing derives keys, which takes milliseconds
/// @param clearText whether a server gets a password in clear text without TLS
public record ServerLoginMaterial(
        ServerSecrets secrets, ScramDerivation derivation, Executor hashing, boolean clearText) {}
