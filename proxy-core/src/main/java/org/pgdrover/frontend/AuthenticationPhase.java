package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import org.pgdrover.protocol.codec.BackendMessages;

final class AuthenticationPhase implements Phase {
    final ClientConnection c;
    final FrontendServices s;
    final StartupRequest r;

    AuthenticationPhase(ClientConnection c, FrontendServices s, StartupRequest r) {
        this.c = c;
        this.s = s;
        this.r = r;
    }

    public void onEnter() {
        var o = c.newBuffer(16);
        BackendMessages.authenticationOk(o);
        c.writeAndFlush(o);
        c.become(new WelcomePhase(c, s, r));
    }

    public void onRead(ByteBuf in) {
        in.release();
    }
}
