package org.pgdrover.config;

import java.nio.file.Path;

/// The certificate for one host name that clients ask for. With `*.` before it, it is for every name one
/// label longer.
public record SniCertificate(String host, Path certFile, Path keyFile) {}
