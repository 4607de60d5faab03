package org.pgdrover.server.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads one braced section, value by value. A value that is absent has its default. A value that is
/// wrong is noted, and has its default too. [#end] notes every key that nobody asked for.
final class ConfigSection {
    /// Where all sections of one file note what is wrong.
    record Problems(String file, Path directory, List<ConfigProblem> found) {
        void add(int line, String path, String message) {
            found.add(new ConfigProblem(file, line, path, message));
        }
    }

    private final String path;
    private final @Nullable ConfigObject object;
    private final int line;
    private final Problems problems;
    private final Set<String> asked = new HashSet<>();

    ConfigSection(String path, @Nullable ConfigObject object, int line, Problems problems) {
        this.path = path;
        this.object = object;
        this.line = line;
        this.problems = problems;
    }

    private @Nullable ConfigValue value(String key) {
        asked.add(key);
        var value = object == null ? null : object.get(key);
        return value == null || value.valueType() == ConfigValueType.NULL ? null : value;
    }

    Path directory() {
        return problems.directory();
    }

    boolean has(String key) {
        return value(key) != null;
    }

    /// Notes a problem of one key, with what would be right.
    void problem(String key, String message) {
        var value = object == null ? null : object.get(key);
        int at = value == null ? line : value.origin().lineNumber();
        problems.add(Math.max(0, at), path + "." + key, message);
    }

    private void expected(String key, ConfigValue value, String what) {
        problem(key, value.render(com.typesafe.config.ConfigRenderOptions.concise()) + " (expected: " + what + ")");
    }

    ConfigSection section(String key) {
        var value = value(key);
        if (value != null && !(value instanceof ConfigObject)) expected(key, value, "a section in braces");
        var inner = value instanceof ConfigObject found ? found : null;
        return new ConfigSection(
                path + "." + key, inner, value == null ? line : value.origin().lineNumber(), problems);
    }

    /// The sections in a section, by their names, in the order of the file.
    Map<String, ConfigSection> sections(String key) {
        var named = new LinkedHashMap<String, ConfigSection>();
        if (value(key) instanceof ConfigObject all) {
            var section = section(key);
            all.keySet().stream().sorted().forEach(name -> named.put(name, section.section(name)));
        } else {
            section(key);
        }
        return named;
    }

    List<ConfigSection> list(String key) {
        var value = value(key);
        if (value == null) return List.of();
        if (!(value instanceof ConfigList list)) {
            expected(key, value, "a list in brackets");
            return List.of();
        }
        var sections = new ArrayList<ConfigSection>();
        for (int i = 0; i < list.size(); i++) {
            var inner = list.get(i);
            if (inner instanceof ConfigObject found)
                sections.add(new ConfigSection(
                        path + "." + key + "[" + i + "]", found, inner.origin().lineNumber(), problems));
            else expected(key, inner, "a section in braces");
        }
        return sections;
    }

    int integer(String key, int usual, int least, int most) {
        var value = value(key);
        if (value == null) return usual;
        var range = "a whole number, " + (most == Integer.MAX_VALUE ? ">= " + least : "from " + least + " to " + most);
        try {
            var text = String.valueOf(value.unwrapped());
            int number = Integer.parseInt(text.strip());
            if (number >= least && number <= most) return number;
            expected(key, value, range);
        } catch (NumberFormatException notNumber) {
            expected(key, value, range);
        }
        return usual;
    }

    @Nullable
    String text(String key) {
        var value = value(key);
        if (value == null) return null;
        if (value.valueType() != ConfigValueType.LIST && value.valueType() != ConfigValueType.OBJECT)
            return String.valueOf(value.unwrapped());
        expected(key, value, "a text");
        return null;
    }

    String text(String key, String usual) {
        var text = text(key);
        if (text != null && text.isBlank()) problem(key, "empty (expected: a text, such as \"" + usual + "\")");
        return text == null || text.isBlank() ? usual : text;
    }

    /// A path, relative to the directory of the file.
    @Nullable
    Path path(String key) {
        var text = text(key);
        return text == null ? null : problems.directory().resolve(text);
    }

    boolean flag(String key, boolean usual) {
        var value = value(key);
        if (value == null) return usual;
        switch (String.valueOf(value.unwrapped()).toLowerCase(Locale.ROOT)) {
            case "true", "on", "yes" -> {
                return true;
            }
            case "false", "off", "no" -> {
                return false;
            }
            default -> expected(key, value, "on or off");
        }
        return usual;
    }

    /// A duration with its unit; zero needs none.
    Duration duration(String key, Duration usual, Duration least) {
        var value = value(key);
        if (value == null || object == null) return usual;
        var what = "a duration with its unit, such as 500ms, 30s, 10m or 1h"
                + (least.isZero() ? "" : ", at least " + least.toMillis() + "ms");
        try {
            boolean bare = value.valueType() == ConfigValueType.NUMBER
                    || String.valueOf(value.unwrapped()).strip().matches("[0-9]+");
            boolean zero = bare && String.valueOf(value.unwrapped()).strip().equals("0");
            var duration = object.toConfig().getDuration(quoted(key));
            if (duration.compareTo(least) >= 0 && !duration.isNegative() && (!bare || zero)) return duration;
            expected(key, value, what);
        } catch (ConfigException malformed) {
            expected(key, value, what);
        }
        return usual;
    }

    /// A size in bytes with its unit; zero needs none.
    long size(String key, long usual) {
        var value = value(key);
        if (value == null || object == null) return usual;
        try {
            long bytes = object.toConfig().getBytes(quoted(key));
            boolean bare = String.valueOf(value.unwrapped()).strip().matches("[0-9]+");
            if (bytes == 0 || !bare) return bytes;
        } catch (ConfigException malformed) {
            // Said below.
        }
        expected(key, value, "a size with its unit, such as 64 KiB or 1 MiB");
        return usual;
    }

    private static String quoted(String key) {
        return com.typesafe.config.ConfigUtil.quoteString(key);
    }

    <E extends Enum<E>> E choice(String key, Class<E> choices, E usual) {
        var value = value(key);
        if (value == null) return usual;
        var text = String.valueOf(value.unwrapped());
        for (var choice : choices.getEnumConstants()) if (spelling(choice).equals(text)) return choice;
        expected(
                key,
                value,
                Arrays.stream(choices.getEnumConstants())
                        .map(ConfigSection::spelling)
                        .collect(Collectors.joining(" | ")));
        return usual;
    }

    /// IO_URING is io_uring, as the kernel calls it; all others have hyphens.
    private static String spelling(Enum<?> choice) {
        var name = choice.name().toLowerCase(Locale.ROOT);
        return name.equals("io_uring") ? name : name.replace('_', '-');
    }

    List<String> texts(String key, List<String> usual) {
        var value = value(key);
        if (value == null) return usual;
        if (!(value instanceof ConfigList list)) {
            expected(key, value, "a list in brackets");
            return usual;
        }
        return list.stream().map(each -> String.valueOf(each.unwrapped())).toList();
    }

    /// Notes every key that was not asked for.
    void end() {
        if (object == null) return;
        for (var key : object.keySet())
            if (!asked.contains(key))
                problem(
                        key,
                        "unknown key (expected: one of "
                                + asked.stream().sorted().collect(Collectors.joining(", ")) + ")");
    }
}
