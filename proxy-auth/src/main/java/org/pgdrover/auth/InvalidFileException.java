package org.pgdrover.auth;

import java.util.List;
import java.util.stream.Collectors;

/// A file has errors: all of them, in the order of their lines.
public final class InvalidFileException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient List<FileProblem> problems;

    public InvalidFileException(List<FileProblem> problems) {
        super(problems.stream().map(FileProblem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    public List<FileProblem> problems() {
        return problems;
    }
}
