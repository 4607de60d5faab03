package org.pgdrover.protocol.codec;

import org.pgdrover.protocol.ProtocolViolation;

/// The messages of one direction that are looked at, with the longest of each, as PostgreSQL itself
/// limits them.
public final class MessageTable {
    private static final int SMALL = 10_000;
    /// One gigabyte less one byte: PostgreSQL's MaxAllocSize.
    private static final int LARGE = 0x3FFFFFFF;

    /// PostgreSQL's PG_MAX_SASL_MESSAGE_LENGTH.
    private static final int SASL_MOST = 1024;
    /// PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH.
    private static final int PASSWORD_MOST = 65_535;

    /// From clients that log in with SCRAM.
    public static final MessageTable SASL = new MessageTable("frontend").frames("p", SASL_MOST);
    /// From clients that log in in any other way.
    public static final MessageTable PASSWORD = new MessageTable("frontend").frames("p", PASSWORD_MOST);
    /// From clients: everything is looked at but CopyData.
    public static final MessageTable FRONTEND = frontend();
    /// From servers: everything is looked at but rows and copied data.
    public static final MessageTable BACKEND = backend();

    private final String direction;
    private final boolean[] frame = new boolean[256];
    private final int[] limit = new int[256];

    private MessageTable(String direction) {
        this.direction = direction;
    }

    private MessageTable frames(String types, int most) {
        return add(types, most, true);
    }

    private MessageTable runs(String types, int most) {
        return add(types, most, false);
    }

    private MessageTable add(String types, int most, boolean isFrame) {
        for (char type : types.toCharArray()) {
            frame[type] = isFrame;
            limit[type] = most;
        }
        return this;
    }

    private static MessageTable frontend() {
        return new MessageTable("frontend")
                .frames("QPBF", LARGE)
                .frames("EDCSHXcf", SMALL)
                .runs("d", LARGE);
    }

    private static MessageTable backend() {
        return new MessageTable("backend").frames("123CEGIKNnsRStTVvWZA", LARGE).runs("DdcH", Integer.MAX_VALUE - 1);
    }

    boolean isFrame(byte type) {
        return frame[type & 0xFF];
    }

    /// The length if it is possible for this type; after any other one PostgreSQL closes the connection
    /// without a word.
    int checkedLength(byte type, int length) {
        int most = limit[type & 0xFF];
        if (most == 0) throw new ProtocolViolation("invalid " + direction + " message type " + (type & 0xFF));
        if (length < 4 || length > most)
            throw ProtocolViolation.unanswered("invalid length of " + direction + " message '" + (char) (type & 0xFF)
                    + "': " + length + " (expected: 4 to " + most + ")");
        return length;
    }
}
