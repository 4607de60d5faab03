package org.pgdrover.auth.hba;

/// The answer of the rules to a request.
public sealed interface HbaMatch {
    /// The first rule that fits.
    record Matched(HbaRule rule) implements HbaMatch {}

    /// No rule fits: the request must be refused.
    record NoEntry() implements HbaMatch {}

    /// A rule might fit, but what it asks about is not known now: the request must be refused, for a
    /// later rule may be laxer.
    record Undecided(String why) implements HbaMatch {}
}
