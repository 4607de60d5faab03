package org.pgdrover.auth.hba;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.FileProblem;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.hba.HbaTokens.Word;

/**
 * Reads <code>pool_hba.conf</code>, whose form is that of pg_hba.conf (PostgreSQL manual, section 21.1), and reports every error with its line.
 *
 * <p>What PostgreSQL knows and the proxy does not is an error, never ignored.
 */
public final class HbaParser {
    private static final int MOST_FILE_DEPTH = 10;
    private static final Map<String, AuthenticationMethod> METHODS = Map.of(
            "trust", AuthenticationMethod.TRUST,
            "reject", AuthenticationMethod.REJECT,
            "scram-sha-256", AuthenticationMethod.SCRAM_SHA_256,
            "md5", AuthenticationMethod.MD5,
            "password", AuthenticationMethod.PASSWORD);
    private static final Set<String> OTHER_METHODS =
            Set.of("gss", "sspi", "ident", "peer", "ldap", "radius", "cert", "pam", "bsd", "oauth");

    private final Path file;
    private final List<FileProblem> problems = new ArrayList<>();
    private final List<HbaRule> rules = new ArrayList<>();
    private int line;

    /** One line cannot be used; says why. */
    private static final class Unusable extends Exception {
        private static final long serialVersionUID = 1;

        Unusable(String message) {
            super(message, null, false, false);
        }
    }

    private HbaParser(Path file) {
        this.file = file;
    }

    /**
     * @throws IOException if the file cannot be read
     * @throws InvalidFileException if lines of it are wrong
     */
    public static HbaRules parse(Path file) throws IOException, InvalidFileException {
        var parser = new HbaParser(file);
        parser.read(Files.readAllLines(file));
        if (!parser.problems.isEmpty()) throw new InvalidFileException(parser.problems);
        return new HbaRules(parser.rules);
    }

    private void read(List<String> lines) {
        var joined = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            if (joined.isEmpty()) line = i + 1;
            var text = lines.get(i);
            if (text.endsWith("\\")) {
                joined.append(text, 0, text.length() - 1);
                continue;
            }
            readLine(joined.append(text).toString());
            joined.setLength(0);
        }
        if (!joined.isEmpty()) readLine(joined.toString());
    }

    private void readLine(String text) {
        try {
            var fields = HbaTokens.of(text);
            if (!fields.isEmpty()) rules.add(rule(fields));
        } catch (Unusable | IllegalArgumentException wrong) {
            problems.add(new FileProblem(file, line, String.valueOf(wrong.getMessage())));
        }
    }

    private HbaRule rule(List<List<Word>> fields) throws Unusable {
        var type = type(single(fields, 0, "connection type"));
        var databases = names(field(fields, 1, "database"), true);
        var users = names(field(fields, 2, "user"), false);
        AddressMatcher address = new AddressMatcher.All();
        int next = 3;
        if (type != ConnectionType.LOCAL) {
            var word = single(fields, next++, "address");
            boolean needsMask = !word.quoted() && isAddress(word.text());
            address = needsMask
                    ? masked(word.text(), single(fields, next++, "IP mask").text())
                    : address(word);
        }
        var method = method(single(fields, next++, "authentication method"));
        if (fields.size() > next)
            throw new Unusable("option \"" + fields.get(next).getFirst().text() + "\" of method " + method.label()
                    + " is not supported: remove it");
        return new HbaRule(file, line, type, databases, users, address, method, HbaOptions.NONE);
    }

    private static List<Word> field(List<List<Word>> fields, int index, String what) throws Unusable {
        if (index >= fields.size()) throw new Unusable("the line ends before the " + what + ": add it");
        return fields.get(index);
    }

    private static Word single(List<List<Word>> fields, int index, String what) throws Unusable {
        var words = field(fields, index, what);
        if (words.size() > 1) throw new Unusable("the " + what + " must be one word, not a list");
        return words.getFirst();
    }

    private static ConnectionType type(Word word) throws Unusable {
        var type = ConnectionType.of(word.text());
        if (type != null) return type;
        var known = " (expected: local, host, hostssl or hostnossl)";
        if (word.text().startsWith("include"))
            throw new Unusable("\"" + word.text() + "\" is not supported: put the rules themselves here");
        if (word.text().startsWith("hostgssenc") || word.text().startsWith("hostnogssenc"))
            throw new Unusable("\"" + word.text() + "\": the proxy offers no GSSAPI encryption" + known);
        throw new Unusable("connection type \"" + word.text() + "\"" + known);
    }

    private List<NameMatcher> names(List<Word> words, boolean databases) throws Unusable {
        var names = new ArrayList<NameMatcher>();
        for (var word : words) addName(word, databases, names, file, 0);
        return names;
    }

    private void addName(Word word, boolean databases, List<NameMatcher> names, Path from, int depth) throws Unusable {
        var text = word.text();
        if (word.quoted()) names.add(new NameMatcher.Exactly(text));
        else if (text.equals("all")) names.add(new NameMatcher.All());
        else if (text.startsWith("@")) addFile(text.substring(1), databases, names, from, depth);
        else if (text.startsWith("/"))
            throw new Unusable("regular expression \"" + text + "\" is not supported: list the names");
        else if (databases && text.equals("sameuser")) names.add(new NameMatcher.SameUser());
        else if (databases && (text.equals("samerole") || text.equals("samegroup")))
            throw new Unusable("\"" + text + "\" is not supported: list the databases, or use sameuser");
        else if (databases && text.equals("replication"))
            throw new Unusable(
                    "\"replication\": replication connections do not pass through the proxy; remove the rule");
        else if (!databases && text.startsWith("+"))
            throw new Unusable("role group \"" + text + "\" is not supported: list its members, or name a file with @");
        else names.add(new NameMatcher.Exactly(text));
    }

    private void addFile(String name, boolean databases, List<NameMatcher> names, Path from, int depth)
            throws Unusable {
        if (depth == MOST_FILE_DEPTH) throw new Unusable("@" + name + ": files that name files, too deep");
        var included = from.toAbsolutePath().resolveSibling(name);
        try {
            for (var text : Files.readAllLines(included))
                for (var words : HbaTokens.of(text))
                    for (var word : words) addName(word, databases, names, included, depth + 1);
        } catch (IOException unreadable) {
            throw new Unusable("@" + name + ": cannot read " + included);
        }
    }

    private static boolean isAddress(String text) {
        return literal(text) != null;
    }

    /** Only whole IPv4 addresses: Java takes "10.1" as well, as 10.0.0.1. */
    private static @Nullable InetAddress literal(String text) {
        if (text.indexOf(':') < 0 && !text.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}")) return null;
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException notLiteral) {
            return null;
        }
    }

    private static AddressMatcher masked(String address, String mask) throws Unusable {
        var network = literal(address);
        var bits = literal(mask);
        if (network == null || bits == null || network.getAddress().length != bits.getAddress().length)
            throw new Unusable("IP mask \"" + mask + "\" does not fit address " + address
                    + " (expected: an address with a mask such as 255.255.255.0, or CIDR such as 10.0.0.0/8)");
        return new AddressMatcher.Network(network.getAddress(), bits.getAddress());
    }

    private static AddressMatcher address(Word word) throws Unusable {
        if (word.is("all")) return new AddressMatcher.All();
        if (word.is("samehost")) return new AddressMatcher.AnyOf(own(true));
        if (word.is("samenet")) return new AddressMatcher.AnyOf(own(false));
        var text = word.text();
        int slash = text.indexOf('/');
        var network = slash < 0 ? null : literal(text.substring(0, slash));
        if (network == null)
            throw new Unusable("address \"" + text + "\" is not supported"
                    + " (expected: all, samehost, samenet, CIDR such as 10.0.0.0/8, or an address and a mask)");
        return cidr(network.getAddress(), text.substring(slash + 1), text);
    }

    private static AddressMatcher cidr(byte[] network, String length, String text) throws Unusable {
        int most = network.length * 8;
        boolean isNumber = length.matches("[0-9]{1,3}");
        if (!isNumber || Integer.parseInt(length) > most)
            throw new Unusable("address \"" + text + "\": prefix length " + length + " (expected: 0 to " + most + ")");
        return AddressMatcher.prefix(network, Integer.parseInt(length));
    }

    private static List<AddressMatcher.Network> own(boolean hostsOnly) throws Unusable {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(each -> each.getInterfaceAddresses().stream())
                    .map(each -> own(each, hostsOnly))
                    .toList();
        } catch (SocketException failure) {
            throw new Unusable("cannot list this machine's network interfaces: " + failure.getMessage());
        }
    }

    private static AddressMatcher.Network own(InterfaceAddress each, boolean hostsOnly) {
        var address = each.getAddress().getAddress();
        return AddressMatcher.prefix(address, hostsOnly ? address.length * 8 : each.getNetworkPrefixLength());
    }

    private static AuthenticationMethod method(Word word) throws Unusable {
        var method = METHODS.get(word.text().toLowerCase(Locale.ROOT));
        if (method != null) return method;
        var known = "(expected: trust, reject, scram-sha-256, md5 or password)";
        if (OTHER_METHODS.contains(word.text()))
            throw new Unusable("authentication method \"" + word.text() + "\" is not supported " + known);
        throw new Unusable("authentication method \"" + word.text() + "\" " + known);
    }
}
