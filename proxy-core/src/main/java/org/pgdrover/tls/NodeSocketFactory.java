package org.pgdrover.tls;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// Puts TLS round a socket that already leads to a node, with the node's own name in the handshake.
final class NodeSocketFactory extends SSLSocketFactory {
    /// What the sockets to all nodes have in common.
    record Context(SSLContext tls, List<String> protocols, boolean checksHost) {}

    private final Context context;
    private final String name;

    /// @param name that the node's certificate must have, if hosts are checked
    NodeSocketFactory(Context context, String name) {
        this.context = context;
        this.name = name;
    }

    static Context context(
            @Nullable Credentials credentials,
            TrustManagerFactory authorities,
            List<String> protocols,
            boolean checksHost)
            throws SSLException {
        try {
            var tls = SSLContext.getInstance("TLS");
            tls.init(credentials == null ? null : credentials.keyManagers(), authorities.getTrustManagers(), null);
            return new Context(tls, protocols, checksHost);
        } catch (GeneralSecurityException unusable) {
            throw new SSLException(unusable);
        }
    }

    @Override
    public Socket createSocket(Socket connected, String host, int port, boolean autoClose) throws IOException {
        var socket = (SSLSocket) context.tls().getSocketFactory().createSocket(connected, name, port, autoClose);
        var parameters = socket.getSSLParameters();
        parameters.setProtocols(context.protocols().toArray(String[]::new));
        if (context.checksHost()) parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        return socket;
    }

    @Override
    public String[] getDefaultCipherSuites() {
        return context.tls().getSocketFactory().getDefaultCipherSuites();
    }

    @Override
    public String[] getSupportedCipherSuites() {
        return context.tls().getSocketFactory().getSupportedCipherSuites();
    }

    @Override
    public Socket createSocket(String host, int port) {
        throw unused();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
        throw unused();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
        throw unused();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) {
        throw unused();
    }

    private static UnsupportedOperationException unused() {
        return new UnsupportedOperationException("PostgreSQL's connections are made first and encrypted then");
    }
}
