package org.pgdrover.auth.hba;

import java.util.List;

/// The addresses that a rule is for; in words, it is as the file spells it.
sealed interface AddressMatcher {
    record All() implements AddressMatcher {
        @Override
        public String toString() {
            return "all";
        }
    }

    /// No address at all: a Unix-domain socket has none.
    record None() implements AddressMatcher {
        @Override
        public String toString() {
            return "";
        }
    }

    /// A network of IPv4 or IPv6; an address of the other family is never in it.
    ///
    /// @param mask as long as the network: 4 or 16 bytes
    record Network(String text, byte[] network, byte[] mask) implements AddressMatcher {
        boolean contains(byte[] address) {
            if (address.length != network.length) return false;
            for (int i = 0; i < address.length; i++) if (((address[i] ^ network[i]) & mask[i]) != 0) return false;
            return true;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /// The machine's own addresses, or the networks that they are in, as they were when the file was
    /// read.
    record Own(String keyword, List<Network> networks) implements AddressMatcher {
        boolean contains(byte[] address) {
            for (var network : networks) if (network.contains(address)) return true;
            return false;
        }

        @Override
        public String toString() {
            return keyword;
        }
    }

    record Host(HostPattern pattern) implements AddressMatcher {
        @Override
        public String toString() {
            return pattern.name();
        }
    }

    /// May block if it is a [Host].
    default Answer matches(HbaQuestion question) {
        var address = question.address();
        return switch (this) {
            case None() -> Answer.of(address == null);
            case All() -> Answer.of(address != null);
            case Network network -> Answer.of(address != null && network.contains(address));
            case Own own -> Answer.of(address != null && own.contains(address));
            case Host(var pattern) -> question.comesFrom(pattern);
        };
    }
}
