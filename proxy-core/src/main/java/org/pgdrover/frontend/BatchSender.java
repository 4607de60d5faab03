package org.pgdrover.frontend;

import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;

/** Sends a client's batches to the server that works for it: those that were read whole, and the others message by message as they come. */
final class BatchSender {
    private final OutstandingBatches batches;
    private final BatchReader reader;
    private final BatchJournal journal;
    private final OwnAnswers own;
    private final Home home;
    private final MessageSender messages = new MessageSender();

    BatchSender(OutstandingBatches batches, BatchReader reader, BatchJournal journal, OwnAnswers own, Home home) {
        this.batches = batches;
        this.reader = reader;
        this.journal = journal;
        this.own = own;
        this.home = home;
    }

    /** Sends what has been read of a batch; its bytes are kept if it may have to be sent again. */
    void send(Batch batch, ServerLease lease) {
        var server = lease.server();
        var naming = home.naming(lease);
        var bytes = batch.bytes();
        batches.send(batch);
        if (batch.framesAnswered > 0) server.suppress(batch.framesAnswered);
        for (int i = 0; bytes != null && i < batch.messages(); i++) {
            var message = batch.message(i);
            int start = batch.from() + message.start;
            messages.send(message, batch, bytes, start, start + message.size, server, naming);
        }
        messages.finish(server);
        if (!batch.mayRunAgain()) batch.releaseBytes();
    }

    /**
     * Sends a message without knowing what follows it.
     *
     * @param large whether only its beginning is in hand
     */
    void pass(MessageDecoder message, boolean large, ServerLease lease) {
        var server = lease.server();
        var batch = batches.passing();
        if (batch == null) {
            if (BatchReader.isCopyEnd(message.type())) {
                passCopyEnd(message, server);
                return;
            }
            batch = journal.newBatch();
            journal.follows(batch, server);
        }
        var passing = reader.pass(batch, message, large);
        if (own.deallocates(passing, server)) {
            journal.recycle(batch);
            return;
        }
        if (endsBatch(passing.type, server)) batches.passed(batch);
        else batches.pass(batch);
        messages.send(passing, batch, message.buffer(), message.start(), message.end(), server, home.naming(lease));
    }

    /** It belongs to a Query that was sent whole, and begins nothing; what nobody takes any more is not sent. */
    private void passCopyEnd(MessageDecoder message, ServerConnection server) {
        if (!server.ledger().isAtRest()) messages.sendCopyEnd(message.buffer(), message.start(), message.end(), server);
    }

    private static boolean endsBatch(byte type, ServerConnection server) {
        return type == MessageType.SYNC ? server.ledger().takesSync() : BatchReader.endsBatch(type);
    }

    /** Sends bytes that nobody needs to see: copied data, or the rest of a large message. */
    void run(MessageDecoder run, ServerConnection server) {
        messages.sendRun(run.buffer(), run.start(), run.end(), server);
    }

    /** Writes what was gathered; to be called before the bytes that it points into are given up. */
    void finish(ServerConnection server) {
        messages.finish(server);
    }
}
