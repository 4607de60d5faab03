package org.pgdrover.auth.ldap;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/// Makes the sockets of one directory, under TLS, to the name that the rule has for it and no other.
///
/// Two things that the library leaves open: it bounds what it reads only after the handshake, and its
/// own check of the name is content with the one that the address resolves back to.
final class DirectoryTls extends SSLSocketFactory {
    private final SSLSocketFactory tls;
    private final String host;
    private final int timeoutMillis;

    DirectoryTls(SSLSocketFactory tls, String host, Duration timeout) {
        this.tls = tls;
        this.host = host;
        timeoutMillis = Math.toIntExact(timeout.toMillis());
    }

    /// For LDAPS. The library would rather connect by itself, but takes what is connected where it
    /// cannot.
    @Override
    public Socket createSocket(InetAddress address, int port) throws IOException {
        var plain = new Socket();
        try {
            plain.connect(new InetSocketAddress(address, port), timeoutMillis);
            plain.setSoTimeout(timeoutMillis);
            return createSocket(plain, host, port, true);
        } catch (IOException failure) {
            plain.close();
            throw failure;
        }
    }

    /// For StartTLS, on a socket that has a time limit already.
    @Override
    public Socket createSocket(Socket plain, String name, int port, boolean autoClose) throws IOException {
        var socket = (SSLSocket) tls.createSocket(plain, host, port, autoClose);
        var parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("LDAPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    @Override
    public Socket createSocket(String name, int port) throws IOException {
        return createSocket(InetAddress.getByName(name), port);
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress from, int fromPort) throws IOException {
        throw new IOException("no source address can be chosen here");
    }

    @Override
    public Socket createSocket(String name, int port, InetAddress from, int fromPort) throws IOException {
        throw new IOException("no source address can be chosen here");
    }

    @Override
    public String[] getDefaultCipherSuites() {
        return tls.getDefaultCipherSuites();
    }

    @Override
    public String[] getSupportedCipherSuites() {
        return tls.getSupportedCipherSuites();
    }
}
