package org.pgdrover.frontend.replication;

import io.netty.buffer.ByteBuf;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerStream;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.cluster.Node;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.frontend.Phase;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;

/// Joins a client that replicates to a server connection of its own (PostgreSQL manual, section 54.4).
/// The bytes pass as they are until one of them ends.
///
/// It leads to the primary, or to the node that the startup option `-c pgdrover.node=NAME` names.
final class ReplicationPhase implements Phase {
    private final ClientConnection client;
    private final StartupRequest request;
    private final Replication replication;
    private @Nullable ServerStream server;
    private @Nullable CancelKey key;
    private boolean over;

    ReplicationPhase(ClientConnection client, StartupRequest request, Replication replication) {
        this.client = client;
        this.request = request;
        this.replication = replication;
    }

    @Override
    public void onEnter() {
        client.read(false);
        var node = node();
        if (node == null) return;
        var target = new ServerTarget(node.name(), node.endpoint(), request.database(), request.user());
        replication
                .connector()
                .connectStream(target, startup(), client.eventLoop(), this::opened, (refused, error) -> refuse(error));
    }

    private @Nullable Node node() {
        var topology = replication.topology().topology();
        var wanted = request.node();
        if (wanted == null) {
            if (topology.primary() == null)
                refuse(ErrorFields.fatal(SqlState.CANNOT_CONNECT_NOW, "there is no primary to replicate from"));
            return topology.primary();
        }
        for (var each : topology.nodes()) if (each.node().name().equals(wanted)) return each.node();
        refuse(ErrorFields.fatal(SqlState.INVALID_CATALOG_NAME, "there is no node \"" + wanted + "\"")
                .withHint("The nodes are: "
                        + String.join(
                                ", ",
                                topology.nodes().stream()
                                        .map(each -> each.node().name())
                                        .toList())
                        + "."));
        return null;
    }

    /// The client's own parameters, but for what is the proxy's.
    private Map<String, String> startup() {
        var parameters = new LinkedHashMap<String, String>();
        parameters.put("user", request.user());
        if (request.replication() == StartupRequest.Replication.LOGICAL) parameters.put("database", request.database());
        parameters.putAll(request.passedOn());
        return parameters;
    }

    private void opened(ServerStream stream) {
        if (over) {
            stream.close();
            return;
        }
        server = stream;
        stream.listen(new FromServer(stream));
        var registered =
                replication.cancelKeys().register(client, stream.cancelKey().processId(), request.longCancelKeys());
        key = registered;
        var out = client.newBuffer(1024);
        stream.parameters().forEach((name, value) -> BackendMessages.parameterStatus(out, name, value));
        BackendMessages.backendKeyData(out, registered);
        BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
        client.writeAndFlush(out);
        client.loggedIn();
        client.read(true);
    }

    private void refuse(ErrorFields error) {
        if (over) return;
        over = true;
        client.closeWith(error, DisconnectReason.LOGIN_REFUSED);
    }

    // From the client

    @Override
    public void onRead(ByteBuf in) {
        var to = server;
        if (to == null) {
            in.release();
            throw new ProtocolViolation("received data before the session began");
        }
        to.write(in);
        if (!to.isWritable()) client.read(false);
    }

    @Override
    public void onReadComplete() {
        if (server != null) server.flush();
    }

    @Override
    public void onClosed() {
        over = true;
        if (key != null) replication.cancelKeys().unregister(key);
        if (server != null) server.close();
    }

    @Override
    public void onCancel(Runnable done) {
        if (server != null) replication.cancels().cancel(server, done);
        else done.run();
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        if (writable && server != null) server.read(true);
    }

    private final class FromServer implements ServerStream.Listener {
        private final ServerStream from;

        FromServer(ServerStream from) {
            this.from = from;
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            client.write(bytes);
            if (!client.isWritable()) from.read(false);
        }

        @Override
        public void onReadComplete() {
            client.flush();
        }

        @Override
        public void onWritabilityChanged(boolean writable) {
            if (writable) client.read(true);
        }

        @Override
        public void onClosed() {
            server = null;
            client.closeAfterFlush(DisconnectReason.SESSION_LOST);
        }
    }
}
