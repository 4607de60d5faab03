package org.pgdrover.auth.hba;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The addresses that a rule is for. */
sealed interface AddressMatcher {
    record All() implements AddressMatcher {}

    /** @param mask as long as the network: 4 or 16 bytes */
    record Network(byte[] network, byte[] mask) implements AddressMatcher {
        boolean contains(byte[] address) {
            if (address.length != network.length) return false;
            for (int i = 0; i < address.length; i++) if ((address[i] & mask[i]) != (network[i] & mask[i])) return false;
            return true;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Network that
                    && Arrays.equals(network, that.network)
                    && Arrays.equals(mask, that.mask);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(network);
        }
    }

    /** The machine's own addresses, or the networks that they are in: samehost, samenet. */
    record AnyOf(List<Network> networks) implements AddressMatcher {}

    static Network prefix(byte[] address, int bits) {
        var mask = new byte[address.length];
        for (int bit = 0; bit < bits; bit++) mask[bit / 8] |= (byte) (0x80 >> bit % 8);
        return new Network(address, mask);
    }

    /** @param address null, for a Unix-domain socket, matches: such a rule has no address */
    default boolean matches(@Nullable InetAddress address) {
        if (address == null) return true;
        var bytes = address.getAddress();
        return switch (this) {
            case All() -> true;
            case Network network -> network.contains(bytes);
            case AnyOf(var networks) -> networks.stream().anyMatch(network -> network.contains(bytes));
        };
    }
}
