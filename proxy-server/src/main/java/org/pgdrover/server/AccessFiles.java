package org.pgdrover.server;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.pgdrover.auth.FileProblem;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.hba.HbaOptions.ClientCert;
import org.pgdrover.auth.hba.HbaParser;
import org.pgdrover.auth.hba.HbaRule;
import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.auth.hba.IdentMaps;
import org.pgdrover.auth.users.UserListFile;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.frontend.login.AccessRules;

/// The files that say who may come in, as they were when they were read.
record AccessFiles(AccessRules rules, UserListFile users) {
    /// @param checksCertificates whether certificates of clients can be checked here
    /// @throws IOException if a file cannot be read or has errors; the message has every error of all
    /// files with its line
    static AccessFiles read(AuthConfig config, boolean checksCertificates) throws IOException {
        var problems = new ArrayList<FileProblem>();
        var hba = read(() -> HbaParser.parse(config.hbaFile()), new HbaRules(List.of()), problems);
        var identFile = config.identFile();
        var ident =
                identFile == null ? IdentMaps.NONE : read(() -> IdentMaps.parse(identFile), IdentMaps.NONE, problems);
        var users = read(() -> UserListFile.read(config.userList()), UserListFile.EMPTY, problems);
        for (var rule : hba.rules()) check(rule, ident, config, checksCertificates, problems);
        if (!problems.isEmpty()) {
            var invalid = new InvalidFileException(problems);
            throw new IOException(invalid.getMessage(), invalid);
        }
        return new AccessFiles(new AccessRules(hba, ident), users);
    }

    /// What a rule takes for granted of the other files.
    private static void check(
            HbaRule rule, IdentMaps ident, AuthConfig config, boolean checksCertificates, List<FileProblem> problems) {
        var options = rule.options();
        var map = options.map();
        if (map != null && !ident.has(map))
            problems.add(problem(
                    rule,
                    "user name map \"" + map + "\" is not in "
                            + (config.identFile() == null ? "any file: set auth.ident-file" : config.identFile())));
        if (options.clientCert() != ClientCert.NOT_ASKED && !checksCertificates)
            problems.add(problem(
                    rule,
                    "certificates of clients can be checked only if listen.tls has cert-file, key-file and ca-file"));
        if (options.oauth() == null) return;
        if (config.oauth().audience().isEmpty())
            problems.add(
                    problem(
                            rule,
                            "method oauth needs auth.oauth.audience: without it a token that was issued for anybody else would do"));
        if (options.oauth().delegateIdentMapping())
            problems.add(problem(
                    rule,
                    "delegate_ident_mapping: no validator here decides which role a token may take: use map instead"));
    }

    private static FileProblem problem(HbaRule rule, String message) {
        return new FileProblem(rule.file(), rule.line(), message);
    }

    private interface Reading<T> {
        T read() throws IOException, InvalidFileException;
    }

    private static <T> T read(Reading<T> reading, T otherwise, List<FileProblem> problems) throws IOException {
        try {
            return reading.read();
        } catch (InvalidFileException invalid) {
            problems.addAll(invalid.problems());
            return otherwise;
        }
    }
}
