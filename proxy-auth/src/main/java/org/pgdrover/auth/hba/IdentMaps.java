package org.pgdrover.auth.hba;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.FileProblem;
import org.pgdrover.auth.InvalidFileException;

/// The user name maps of `pg_ident.conf`: which names of another system may be which database users
/// (PostgreSQL manual, section 20.2).
public final class IdentMaps {
    /// None at all.
    public static final IdentMaps NONE = new IdentMaps(Map.of());

    private static final int MOST_PROBLEMS = 1000;

    private final Map<String, List<IdentLine>> maps;

    private IdentMaps(Map<String, List<IdentLine>> maps) {
        this.maps = Map.copyOf(maps);
    }

    /// @throws IOException if the file cannot be read
    /// @throws InvalidFileException if lines of it are wrong
    public static IdentMaps parse(Path file) throws IOException, InvalidFileException {
        return parse(file, AuthFiles.ON_DISK);
    }

    static IdentMaps parse(Path file, AuthFiles source) throws IOException, InvalidFileException {
        var maps = new HashMap<String, List<IdentLine>>();
        var problems = new ArrayList<FileProblem>();
        for (var line : AuthFileReader.read(file, source)) {
            try {
                if (line.problem() != null) throw new Unusable(line.problem());
                var parsed = IdentLine.of(line.fields());
                maps.computeIfAbsent(parsed.map(), _ -> new ArrayList<>()).add(parsed);
            } catch (Unusable wrong) {
                problems.add(new FileProblem(line.file(), line.line(), wrong.why()));
            }
            if (problems.size() == MOST_PROBLEMS) break;
        }
        if (!problems.isEmpty()) throw new InvalidFileException(problems);
        return new IdentMaps(maps);
    }

    public boolean has(String map) {
        return maps.containsKey(map);
    }

    /// Whether a line asks for members of a role.
    public boolean needRoles() {
        return maps.values().stream().flatMap(List::stream).anyMatch(IdentLine::needsRoles);
    }

    /// Whether somebody whom another system knows by a name may be a database user.
    ///
    /// @param map null means that the names must be equal
    /// @throws RoleMemberships.Unknown if that depends on memberships that nobody has told
    public boolean permits(@Nullable String map, String systemName, String user, RoleMemberships roles)
            throws RoleMemberships.Unknown {
        if (map == null) return systemName.equals(user);
        var question = new RoleQuestion(roles);
        var answer = Answer.NO;
        for (var line : maps.getOrDefault(map, List.of())) {
            if (!line.isFor(systemName)) continue;
            // As in PostgreSQL, a line that is for the name and cannot be used ends the search.
            if (line.lacksGroup(systemName)) return false;
            answer = answer.or(line.permits(systemName, user, question));
            if (answer == Answer.YES) return true;
        }
        var unknown = question.unknown();
        if (answer == Answer.UNKNOWN && unknown != null) throw new RoleMemberships.Unknown(unknown);
        return false;
    }
}
