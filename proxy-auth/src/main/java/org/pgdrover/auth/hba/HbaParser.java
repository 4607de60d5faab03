package org.pgdrover.auth.hba;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.FileProblem;
import org.pgdrover.auth.InvalidFileException;

/// Reads `pool_hba.conf`, whose form is that of pg_hba.conf (PostgreSQL manual, section 20.1), and
/// reports every error with its line.
///
/// What PostgreSQL knows and the proxy does not is an error, never ignored.
public final class HbaParser {
    private static final int MOST_RULES = 10_000;
    private static final int MOST_PROBLEMS = 1000;
    private static final String KNOWN =
            "(expected: trust, reject, scram-sha-256, scram-sha-256-plus, md5, password, peer, cert, ldap or oauth)";
    /// Methods of PostgreSQL that we do not have, and what does their work.
    private static final Map<String, String> FOREIGN = Map.of(
            "ident", "use peer on local rules, and scram-sha-256 or cert on others",
            "gss", "use oauth, ldap or cert",
            "sspi", "use oauth, ldap or cert",
            "pam", "use ldap or scram-sha-256",
            "bsd", "use ldap or scram-sha-256",
            "radius", "use ldap or oauth");

    private HbaParser() {}

    /// @throws IOException if the file cannot be read
    /// @throws InvalidFileException if lines of it, or of files that it includes, are wrong
    public static HbaRules parse(Path file) throws IOException, InvalidFileException {
        return parse(file, AuthFiles.ON_DISK);
    }

    static HbaRules parse(Path file, AuthFiles source) throws IOException, InvalidFileException {
        var rules = new ArrayList<HbaRule>();
        var problems = new ArrayList<FileProblem>();
        for (var line : AuthFileReader.read(file, source)) {
            try {
                if (line.problem() != null) throw new Unusable(line.problem());
                rules.add(rule(line));
            } catch (Unusable wrong) {
                problems.add(new FileProblem(line.file(), line.line(), wrong.why()));
            }
            if (problems.size() == MOST_PROBLEMS) break;
        }
        if (rules.size() > MOST_RULES)
            problems.add(new FileProblem(
                    file, 1, rules.size() + " rules (expected: <= " + MOST_RULES + "): put names into lists"));
        if (rules.isEmpty() && problems.isEmpty())
            problems.add(new FileProblem(file, 1, "there are no rules, so that nobody could connect: add one"));
        if (!problems.isEmpty()) throw new InvalidFileException(problems);
        return new HbaRules(rules);
    }

    private static HbaRule rule(AuthLine line) throws Unusable {
        var fields = line.fields().iterator();
        var type = type(single(fields, "connection type").text());
        var databases = NameList.ofDatabases(field(fields, "database"));
        var users = NameList.ofUsers(field(fields, "user"));
        var address = type == ConnectionType.LOCAL ? new AddressMatcher.None() : address(fields);
        var method = method(single(fields, "authentication method").text());
        check(type, method);
        var options = new HbaOptionParser(type, method);
        while (fields.hasNext()) for (var word : fields.next()) options.add(word.text());
        return new HbaRule(line.file(), line.line(), type, databases, users, address, method, options.options());
    }

    private static List<Word> field(Iterator<List<Word>> fields, String what) throws Unusable {
        if (!fields.hasNext()) throw new Unusable("the line ends before the " + what + ": add it");
        return fields.next();
    }

    private static Word single(Iterator<List<Word>> fields, String what) throws Unusable {
        var words = field(fields, what);
        if (words.size() > 1)
            throw new Unusable("the " + what + " must be one word, not a list: write a line for each");
        return words.getFirst();
    }

    private static ConnectionType type(String word) throws Unusable {
        var type = ConnectionType.of(word);
        if (type != null) return type;
        if (word.equals("include") || word.equals("include_if_exists") || word.equals("include_dir"))
            throw new Unusable(word + " takes one name and nothing else: put a name with blanks in double quotes");
        throw new Unusable("connection type \"" + word
                + "\" (expected: local, host, hostssl, hostnossl, hostgssenc, hostnogssenc, or an include)");
    }

    private static AddressMatcher address(Iterator<List<Word>> fields) throws Unusable {
        var address = single(fields, "address");
        if (!AddressParser.needsMask(address)) return AddressParser.of(address);
        return AddressParser.masked(address.text(), single(fields, "IP mask").text());
    }

    private static AuthenticationMethod method(String word) throws Unusable {
        var instead = FOREIGN.get(word);
        if (instead != null)
            throw new Unusable("authentication method " + word + " is not supported by the proxy: " + instead);
        return AuthenticationMethod.of(word)
                .orElseThrow(() -> new Unusable("authentication method \"" + word + "\" " + KNOWN));
    }

    private static void check(ConnectionType type, AuthenticationMethod method) throws Unusable {
        switch (method) {
            case PEER -> {
                if (type != ConnectionType.LOCAL)
                    throw new Unusable(
                            "method peer is for local rules only: a TCP/IP connection does not tell whose it is");
            }
            case CERT, SCRAM_SHA_256_PLUS -> {
                if (type != ConnectionType.HOSTSSL)
                    throw new Unusable("method " + method.label()
                            + " is for hostssl rules only: write hostssl instead of " + type.label());
            }
            case TRUST, REJECT, SCRAM_SHA_256, MD5, PASSWORD, LDAP, OAUTH -> {}
        }
    }
}
