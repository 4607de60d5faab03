package org.pgdrover.server.cli;

/// The terminal's width, as the script that starts us tells by COLUMNS.
final class Terminal {
    private static final int USUAL = 160;

    private Terminal() {}

    static int width() {
        try {
            var columns = System.getenv("COLUMNS");
            int width = columns == null ? USUAL : Integer.parseInt(columns.strip());
            return Math.max(80, width);
        } catch (NumberFormatException notNumber) {
            return USUAL;
        }
    }
}
