package org.pgdrover.routing;

import java.util.Locale;

/// A reason why a batch goes where it goes. The label is the same in logs, metrics and SHOW.
public enum RoutingReason {
    READ("a proved read"),
    READ_ONLY_TRANSACTION("a READ ONLY transaction"),
    PRIMARYS_SHARE("a proved read; the primary's share"),
    WRITE("not a proved read"),
    TRANSACTION("may write"),
    SESSION("changes the session"),
    PINNED("the session is pinned"),
    LOAD_BALANCE_OFF("routing.load-balance is off"),
    WRITE_FUNCTION("calls a function of routing.write-functions"),
    VOLATILE_FUNCTION("calls a volatile function"),
    UNKNOWN_FUNCTION("calls an unknown function"),
    HARMFUL_FUNCTION("calls a function that leads to what a standby may not run"),
    UNKNOWN_RELATION("reads an unknown relation"),
    LOCAL_RELATION("reads what a standby may show otherwise"),
    HIDDEN_FUNCTION("an operator, cast or type of the database may write"),
    CATALOG_NOT_READ("names something; the catalog is still being read"),
    NO_STANDBY("no standby serves reads"),
    LAG("every standby is beyond routing.max-lag"),
    READ_YOUR_WRITES("read your writes"),
    IN_TRANSACTION("inside a transaction"),
    DEFERRED("waits for its first statement"),
    PIPELINED("behind other work of the same client"),
    STANDBY_REFUSED("a standby could not answer it"),
    OWN_STATEMENTS("shows or names the session's prepared statements"),
    NOT_SEEN_WHOLE("too large, or not sent whole"),
    PROTOCOL("no statement in it");

    private final String sentence;
    private final String label;

    RoutingReason(String sentence) {
        this.sentence = sentence;
        this.label = name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public String label() {
        return label;
    }

    /// Whether everything in the batch was proved to be a read, wherever it went in the end.
    public boolean isProvedRead() {
        return switch (this) {
            case READ,
                    READ_ONLY_TRANSACTION,
                    PRIMARYS_SHARE,
                    LOAD_BALANCE_OFF,
                    NO_STANDBY,
                    LAG,
                    READ_YOUR_WRITES,
                    STANDBY_REFUSED -> true;
            case WRITE,
                    TRANSACTION,
                    SESSION,
                    PINNED,
                    WRITE_FUNCTION,
                    VOLATILE_FUNCTION,
                    UNKNOWN_FUNCTION,
                    HARMFUL_FUNCTION,
                    UNKNOWN_RELATION,
                    LOCAL_RELATION,
                    HIDDEN_FUNCTION,
                    CATALOG_NOT_READ,
                    IN_TRANSACTION,
                    DEFERRED,
                    PIPELINED,
                    OWN_STATEMENTS,
                    NOT_SEEN_WHOLE,
                    PROTOCOL -> false;
        };
    }

    /// The reason in words.
    public String sentence() {
        return sentence;
    }
}
