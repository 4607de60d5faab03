package org.pgdrover.auth.hba;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the address of a rule: a keyword, a network with prefix length or mask, or a host name.
final class AddressParser {
    private static final Pattern IPV4 = Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F.:]*:[0-9a-fA-F.:]*");
    /// What the C library takes for an IPv4 address in one of its other spellings: 10.1 is 10.0.0.1, and
    /// 010 is 8.
    private static final Pattern NUMBERS =
            Pattern.compile("(0[xX][0-9a-fA-F]*|[0-9]+)?(\\.(0[xX][0-9a-fA-F]*|[0-9]+)?)*");

    private AddressParser() {}

    /// Whether an address is alone in its word, so that its mask follows in the next.
    static boolean needsMask(Word word) {
        return bytes(word.text()) != null;
    }

    static AddressMatcher of(Word word) throws Unusable {
        if (word.is("all")) return new AddressMatcher.All();
        if (word.is("samehost") || word.is("samenet")) return own(word.text());
        var text = word.text();
        int slash = text.indexOf('/');
        if (slash >= 0) return network(text, text.substring(0, slash), text.substring(slash + 1));
        if (text.indexOf(':') >= 0 || NUMBERS.matcher(text).matches()) throw noAddress(text);
        return new AddressMatcher.Host(HostPattern.of(text));
    }

    static AddressMatcher masked(String address, String mask) throws Unusable {
        var network = bytes(address);
        var bits = bytes(mask);
        if (network == null || bits == null || network.length != bits.length)
            throw new Unusable(
                    "IP mask \"" + mask + "\" does not fit address " + address
                            + " (expected: an address with a mask such as 255.255.255.0, or with a prefix length, such as 10.0.0.0/8)");
        return new AddressMatcher.Network(address + " " + mask, network, bits);
    }

    private static AddressMatcher network(String text, String address, String length) throws Unusable {
        var network = bytes(address);
        if (network == null) throw noAddress(address);
        int most = network.length * 8;
        boolean isNumber = length.matches("[0-9]{1,3}");
        if (!isNumber || Integer.parseInt(length) > most)
            throw new Unusable("address \"" + text + "\": prefix length " + length + " (expected: 0 to " + most + ")");
        return new AddressMatcher.Network(text, network, mask(network.length, Integer.parseInt(length)));
    }

    private static Unusable noAddress(String text) {
        if (text.indexOf('%') >= 0)
            return new Unusable("address \"" + text + "\" has a zone, which would not be looked at: leave it out");
        return new Unusable(
                "\"" + text + "\" is no address (expected: four numbers such as 10.0.0.0, without leading zeros,"
                        + " or IPv6, with a prefix length or a mask; all; samehost; samenet; or a host name without a prefix length)");
    }

    private static byte[] mask(int length, int bits) {
        var mask = new byte[length];
        for (int bit = 0; bit < bits; bit++) mask[bit / 8] |= (byte) (0x80 >> bit % 8);
        return mask;
    }

    private static byte @Nullable [] bytes(String text) {
        if (!IPV4.matcher(text).matches() && !IPV6.matcher(text).matches()) return null;
        try {
            var address = InetAddress.ofLiteral(text);
            boolean mapped = address instanceof Inet4Address && text.indexOf(':') >= 0;
            return mapped ? mapped(address.getAddress()) : address.getAddress();
        } catch (IllegalArgumentException notLiteral) {
            return null;
        }
    }

    /// Java makes IPv4 of ::ffff:10.0.0.1. To PostgreSQL it is IPv6, which no client of IPv4 has.
    private static byte[] mapped(byte[] ipv4) {
        var ipv6 = new byte[16];
        Arrays.fill(ipv6, 10, 12, (byte) 0xff);
        System.arraycopy(ipv4, 0, ipv6, 12, 4);
        return ipv6;
    }

    private static AddressMatcher own(String keyword) throws Unusable {
        try {
            List<AddressMatcher.Network> networks = NetworkInterface.networkInterfaces()
                    .flatMap(each -> each.getInterfaceAddresses().stream())
                    .map(each -> own(keyword, each))
                    .toList();
            return new AddressMatcher.Own(keyword, networks);
        } catch (SocketException failure) {
            throw new Unusable(keyword + ": cannot list this machine's network interfaces: " + failure.getMessage());
        }
    }

    private static AddressMatcher.Network own(String keyword, InterfaceAddress own) {
        var address = own.getAddress().getAddress();
        int whole = address.length * 8;
        int prefix = own.getNetworkPrefixLength();
        boolean one = keyword.equals("samehost") || prefix < 0 || prefix > whole;
        return new AddressMatcher.Network(keyword, address, mask(address.length, one ? whole : prefix));
    }
}
