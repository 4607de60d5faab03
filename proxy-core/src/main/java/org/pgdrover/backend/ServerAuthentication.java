package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.pgdrover.auth.*;

final class ServerAuthentication {
    ServerAuthentication(ServerTarget t, PasswordStore p) {}

    void answer(ByteBuf body, Executor e, Consumer<ByteBuf> send, Consumer<String> fail) {
        if (body.getInt(0) != 0) fail.accept("auth " + body.getInt(0));
    }
}
