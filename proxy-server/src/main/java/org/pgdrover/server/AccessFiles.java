package org.pgdrover.server;

import java.io.IOException;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.hba.HbaParser;
import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.auth.users.UserListFile;
import org.pgdrover.config.AuthConfig;

/** The two files that say who may come in, as they were when the proxy started. */
record AccessFiles(HbaRules hba, PasswordStore users) {
    /** @throws IOException if a file cannot be read or has errors; the message has every error with its line */
    static AccessFiles read(AuthConfig config) throws IOException {
        try {
            return new AccessFiles(HbaParser.parse(config.hbaFile()), UserListFile.read(config.userList()));
        } catch (InvalidFileException invalid) {
            throw new IOException(invalid.getMessage(), invalid);
        }
    }
}
