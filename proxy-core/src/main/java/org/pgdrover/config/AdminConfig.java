package org.pgdrover.config;

import java.util.List;

/// The reserved name of the administration database, and who may use it.
public record AdminConfig(String database, List<String> users, List<String> statsUsers) {
    public static final AdminConfig DEFAULT = new AdminConfig("pgdrover", List.of("admin"), List.of("stats"));

    public AdminConfig {
        users = List.copyOf(users);
        statsUsers = List.copyOf(statsUsers);
    }
}
