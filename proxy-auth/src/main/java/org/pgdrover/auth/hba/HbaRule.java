package org.pgdrover.auth.hba;

import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.pgdrover.auth.AuthenticationMethod;

/// One line of `pool_hba.conf`: for whom it is, and how they prove who they are.
///
/// @param file in which it stands: the file itself, or one that it includes
public record HbaRule(
        Path file,
        int line,
        ConnectionType type,
        NameList databases,
        NameList users,
        AddressMatcher address,
        AuthenticationMethod method,
        HbaOptions options) {
    /// What is cheap to find out comes first.
    Answer matches(HbaQuestion question) {
        if (!type.matches(question.request())) return Answer.NO;
        boolean asksForName = address instanceof AddressMatcher.Host;
        if (!asksForName && address.matches(question) == Answer.NO) return Answer.NO;
        var answer = databases.hasDatabase(question);
        if (answer != Answer.NO) answer = answer.and(users.hasUser(question));
        return answer != Answer.NO && asksForName ? answer.and(address.matches(question)) : answer;
    }

    boolean needsRoles() {
        return databases.needsRoles() || users.needsRoles();
    }

    /// The rule as it was understood, in the form of the file; without passwords.
    public String text() {
        var fields =
                Stream.of(type.label(), databases.toString(), users.toString(), address.toString(), method.label());
        return Stream.concat(fields, options.words().stream())
                .filter(field -> !field.isEmpty())
                .collect(Collectors.joining(" "));
    }

    @Override
    public String toString() {
        return file + ":" + line + ": " + text();
    }
}
