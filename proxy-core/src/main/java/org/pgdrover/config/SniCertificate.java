package org.pgdrover.config;

import java.nio.file.Path;

/** The certificate for one host name that clients ask for, or with <code>*.</code> before it for every name one label longer. */
public record SniCertificate(String host, Path certFile, Path keyFile) {}
