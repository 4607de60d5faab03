package org.pgdrover.it.exactness;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A limit that `docs/routing.md` names ("What is not seen"), and by which a difference is explained.
///
/// Each tells of exactly one way to differ: which line PostgreSQL has said, and which the proxy instead.
enum Limit {
    /// Whether a custom parameter without a value exists: '' or NULL, a value or "unrecognized".
    NAME_WITHOUT_VALUE {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            var one = difference.expected();
            var other = difference.got();
            if (isRow(one) && isRow(other))
                return hasSetting(difference) && withoutNull(one).equals(withoutNull(other));
            return isUnrecognized(one) && !isFurther(other) || isUnrecognized(other) && !isFurther(one);
        }

        /// Only a name that is taken already is found later.
        private static boolean isFurther(String line) {
            return isError(line) && !line.contains("C=42P05");
        }

        private static boolean hasSetting(Difference difference) {
            // Without Describe nobody has told the columns.
            for (var line : difference.before().reversed()) {
                if (line.startsWith("T")) return line.contains(" current_setting:") || line.contains(" tenant:");
                if (line.startsWith("Z") || line.startsWith("C")) break;
            }
            return difference.expected().matches("D( (NULL|'\\w*')){1,3}");
        }

        private static String withoutNull(String row) {
            return row.replace("NULL", "''");
        }

        private static boolean isUnrecognized(String line) {
            return line.contains("C=42704") && line.contains("M=unrecognized configuration parameter \"app.");
        }
    },

    /// Among copied data the server names the first message that is none, which may be the proxy's own before the
    /// client's.
    OTHER_MESSAGE_IN_COPY {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            var one = difference.expected();
            return one.contains("M=unexpected message type 0x50 during COPY from stdin")
                    && one.replace("0x50", "0x43").equals(difference.got());
        }
    },

    /// A trigger or rule has set a custom parameter while the catalog did not know it, just after a
    /// definition.
    SET_WHILE_UNKNOWN {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            var one = difference.expected();
            return one.matches("D( (NULL|'\\w*')){3}")
                    && one.contains("'yes'")
                    && one.replaceAll("'yes'", "NULL").equals(difference.got().replaceAll("'yes'", "NULL"));
        }
    },

    /// A transaction that began as READ ONLY on a standby shows there what the standby knows of a sequence.
    SEQUENCE_ON_STANDBY {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            var before = difference.before();
            boolean column = before.stream()
                    .filter(line -> line.startsWith("T"))
                    .reduce((_, last) -> last)
                    .filter(line -> line.startsWith("T last_value:"))
                    .isPresent();
            boolean ahead = difference.expected().startsWith("D '")
                    && difference.got().startsWith("D '")
                    && number(difference.got()) - number(difference.expected()) <= 32
                    && number(difference.got()) > number(difference.expected());
            return column && ahead && mentions(scenario, difference, READ_ONLY);
        }

        private static long number(String row) {
            var digits = row.replaceAll("D '(\\d+)'.*", "$1");
            return digits.matches("\\d+") ? Long.parseLong(digits) : Long.MIN_VALUE / 2;
        }
    },

    /// What the session's own sequences gave was on a server that another client has had since, or that
    /// was cleaned.
    OWN_SEQUENCES_LOST {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            return isUndefined(difference.got()) && isSequenceAnswer(difference.expected());
        }
    },

    /// The schema of a session's temporary objects, of which none is left, is not known to another
    /// server; or is there since others had some, in a session tied to that server by what may do
    /// anything.
    TEMPORARY_SCHEMA {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            var one = difference.expected();
            var other = difference.got();
            if (isWithout(one) && isWith(other))
                return difference.isInTransaction()
                        || difference.beganInTransaction()
                        || mentions(scenario, difference, MAY_DO_ANYTHING)
                        || mentions(scenario, difference, TEMPORARY_BEHIND_FLUSH);
            return isWith(one) && isWithout(other) && mentions(scenario, difference, MAKES_TEMPORARY);
        }

        private static boolean isWith(String line) {
            return line.contains("C=42883") && line.contains("function pg_temp.");
        }

        private static boolean isWithout(String line) {
            return line.contains("M=schema \"pg_temp\" does not exist");
        }
    },

    /// A READ ONLY transaction is on a standby, which says so when it is asked, and refuses what a primary
    /// refuses in other words.
    ON_STANDBY {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            var one = difference.expected();
            if (difference.got().contains("cannot use serializable mode in a hot standby"))
                return one.matches("C (BEGIN|START TRANSACTION)") && mentions(scenario, difference, READ_ONLY);
            if (one.equals("D 'f' 'f' 'f'"))
                return difference.got().equals("D 't' 't' 't'")
                        && difference.isInTransaction()
                        && mentions(scenario, difference, RECOVERY)
                        && mentions(scenario, difference, READ_ONLY);
            if (!one.contains("C=25006"))
                return isRestOfString(scenario, difference)
                        || isForPrimary(scenario, difference)
                        || isTied(scenario, difference);
            return one.contains(" in a read-only transaction,")
                    && difference.got().contains("C=25006")
                    && difference.got().contains(" during recovery,");
        }

        /// Something of the transaction has been done there before what only a primary can do.
        private static boolean isForPrimary(Scenario scenario, Difference difference) {
            boolean refused =
                    difference.got().contains("C=25006") || difference.got().contains("C=0A000");
            return refused
                    && difference.got().contains(" during recovery,")
                    && difference.isInTransaction()
                    && mentions(scenario, difference, READ_ONLY);
        }

        /// The transaction has left there what cannot be carried along.
        private static boolean isTied(Scenario scenario, Difference difference) {
            boolean locks =
                    mentions(scenario, difference, READ_ONLY) && mentions(scenario, difference, LOCKS_FOR_THE_SESSION);
            boolean ties =
                    mentions(scenario, difference, READ_ONLY) && mentions(scenario, difference, TIES_TO_ITS_SERVER);
            return difference.got().contains("C=25006") && (locks || ties);
        }

        /// A string has ended the transaction, and has gone on there.
        private static boolean isRestOfString(Scenario scenario, Difference difference) {
            boolean refused = difference.got().contains("C=25006");
            boolean shown =
                    difference.expected().equals("D 'off'") && difference.got().equals("D 'on'");
            return (refused || shown)
                    && mentions(scenario, difference, READ_ONLY)
                    && mentions(scenario, difference, ENDS_AND_GOES_ON);
        }
    },

    /// A transaction that has begun shows no channels that were listened to before it; nor does what nobody reads.
    CHANNELS_WITHIN {
        private static final String CHANNEL = "D '(ch|other|Quoted )\\d+'";
        private static final String FEWER = CHANNEL + "|D 'hidden'|C SELECT \\d";

        @Override
        boolean explains(Scenario scenario, Difference difference) {
            boolean hidden = mentions(scenario, difference, HIDES_CHANNELS);
            if (isBehindFlush(scenario, difference)) return true;
            if (isQueryBehindParse(difference)) return true;
            return (hidden || hasBegun(difference) || isInPieces(scenario, difference))
                    && difference.expected().matches(CHANNEL)
                    && difference.got().matches(FEWER)
                    && (difference.isInTransaction()
                            || difference.sameAnswer().reversed().stream()
                                    .filter(line -> line.startsWith("T "))
                                    .findFirst()
                                    .filter(line -> !shows(line))
                                    .isEmpty());
        }

        /// Other statements of the batch have gone to the server before.
        private static boolean isBehindFlush(Scenario scenario, Difference difference) {
            return parses(difference) > 1
                    && mentions(scenario, difference, FLUSHES)
                    && difference.expected().matches(CHANNEL)
                    && difference.got().equals("C SELECT 0");
        }

        /// Statements of a batch without Sync have gone to the server before: it shows what it listens on itself.
        private static boolean isQueryBehindParse(Difference difference) {
            var answer = difference.sameAnswer();
            return parses(difference) > 0
                    && answer.stream().noneMatch(line -> line.startsWith("2"))
                    && answer.stream().anyMatch(line -> shows(line))
                    && difference.expected().matches(CHANNEL)
                    && difference.got().matches(FEWER);
        }

        private static long parses(Difference difference) {
            return difference.sameAnswer().stream()
                    .filter(line -> line.startsWith("1"))
                    .count();
        }

        /// Other statements of the batch may have gone to the server before.
        private static boolean isInPieces(Scenario scenario, Difference difference) {
            return parses(difference) > 1 && mentions(scenario, difference, CHANNELS_IN_PIECES);
        }

        /// Without Describe nobody has told the columns.
        private static boolean shows(String line) {
            return line.startsWith("T pg_listening_channels:");
        }

        private static boolean hasBegun(Difference difference) {
            return difference.isInTransaction()
                    || difference.sameAnswer().stream()
                            .anyMatch(line -> line.startsWith("C ") || line.startsWith("3 "));
        }
    },

    /// A string notifies, commits, and listens then: PostgreSQL tells a client that listens already.
    NOTIFIED_BEFORE {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            return difference.expected().startsWith("A self ") && mentions(scenario, difference, LISTENS_BEHIND_COMMIT);
        }
    },

    /// The client's own server listens to what a string of several statements listens to, and the listener to the rest.
    NOTIFIED_BY_TWO {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            return difference.expected().startsWith("A self ")
                    && difference.got().startsWith("A self ")
                    && mentions(scenario, difference, LISTENS_IN_A_STRING);
        }
    },

    /// A notification of the client's own that no text tells of, or that stands behind a text which nobody reads.
    NOTIFIED_UNREAD {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            return difference.expected().startsWith("A self ")
                    && difference.got().equals(difference.expected().replace("A self ", "A other "))
                    && mentions(scenario, difference, NOTIFIES_UNREAD);
        }
    },

    /// An unnamed statement was parsed behind a call that sets something for its transaction, which has ended since.
    UNNAMED_BEHIND_CALL {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            return isRow(difference.expected())
                    && isRow(difference.got())
                    && HAS_TIME.matcher(difference.got()).find()
                    && mentions(scenario, difference, PARSES_BEHIND_CALL);
        }
    },

    /// The proxy has asked for settings in a batch without its Sync, so that no procedure can commit there.
    COMMIT_BEHIND_QUESTION {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            return difference.expected().equals("C CALL")
                    && difference.got().startsWith("E {C=2D000, ")
                    && mentions(scenario, difference, FLUSHES);
        }
    },

    /// A string or batch that ends a failed transaction, in which nothing can be prepared, and then shows the
    /// statements, or takes one of their names.
    STATEMENTS_BEHIND_FAILURE {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            if (difference.expected().contains("E {C=42P05,"))
                return difference.got().matches("C .*|1 ")
                        && difference.before().contains("Z E")
                        && mentions(scenario, difference, PREPARES_BEHIND_FAILURE);
            if (difference.got().contains("C=26000"))
                return difference.before().contains("Z E") && mentions(scenario, difference, NAMES_BEHIND_FAILURE);
            int ready = difference.before().size() - difference.sameAnswer().size() - 1;
            boolean failed = ready >= 0 && difference.before().get(ready).equals("Z E");
            return difference.expected().matches("D '\\w*' '[tf]'")
                    && difference.got().matches("D 'pgdrover_\\d+' '[tf]'" + (failed ? "|C SELECT \\d+" : ""))
                    && mentions(scenario, difference, ENDS_FAILED);
        }
    },

    /// A string that cannot be read, or EXECUTE of a statement of the protocol, has taken away what the
    /// startup message had set: the rest of the string finds the server's own default.
    RESET_UNREAD {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            if (difference.sameAnswer().stream().noneMatch(line -> line.matches("C (RESET|DISCARD ALL|SET)")))
                return false;
            var texts = scenario.stepsOf(difference.actor()).stream()
                    .flatMap(step -> step.messages().stream())
                    .filter(message -> !message.text().isEmpty())
                    .toList();
            boolean executes = texts.stream().anyMatch(each -> each.text().contains("EXECUTE "));
            boolean shifts = texts.stream().anyMatch(each -> each.text().contains("'SJIS'"));
            var unread = texts.stream()
                    .filter(each -> UNREADABLE.matcher(each.text()).find()
                            || shifts && each.text().contains("\\")
                            || executes && isNamed(each))
                    .toList();
            return scenario.actors().get(difference.actor()).startup().keySet().stream()
                    .map(name -> name.equals("options") ? "search_path" : name)
                    .filter(name -> unread.stream().anyMatch(each -> takesAway(each.text(), name)))
                    .anyMatch(name -> showsParameter(difference, name));
        }

        private static boolean isNamed(Sent message) {
            return message.type() == 'P' && !message.shown().startsWith("Parse \"\"");
        }

        private static boolean takesAway(String text, String name) {
            return text.contains("RESET ALL")
                    || text.contains("DISCARD ALL")
                    || text.contains("RESET " + name)
                    || text.contains("SET " + name + " TO DEFAULT");
        }

        private static boolean showsParameter(Difference difference, String name) {
            var lines = List.of(difference.expected(), difference.got());
            if (lines.stream().anyMatch(line -> line.startsWith("S " + name + "="))) return true;
            if (name.equals("search_path")
                    && NOT_FOUND.matcher(difference.got()).find()) return true;
            if (!lines.stream().allMatch(Limit::isRow)) return false;
            // Without Describe nobody has told the columns: the row is the startup message's value.
            if (name.equals("application_name") && difference.got().equals("D ''")) return true;
            var columns = difference.sameAnswer().reversed().stream()
                    .filter(line -> line.startsWith("T"))
                    .findFirst()
                    .orElse("");
            return switch (name) {
                case "TimeZone", "DateStyle" ->
                    columns.contains(" " + name + ":") || lines.stream().allMatch(HAS_TIME.asPredicate());
                case "search_path" -> columns.contains(" search_path:") || columns.contains(" current_schemas:");
                case "app.tenant" -> columns.contains("tenant:") || columns.contains(" current_setting:");
                default -> columns.contains(" " + name + ":") || columns.startsWith("T name:");
            };
        }
    },

    /// A statement that may write has ended its server: it may have been carried out, and the server's last words are
    /// the detail of that.
    LAST_WORDS {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            var words = FATAL_WORDS.matcher(difference.expected());
            return words.matches()
                    && difference.got().startsWith("E {C=08007, D=" + words.group(1) + ", ")
                    && !difference.isInTransaction();
        }
    },

    /// A transaction has failed, and the statement of a mistaken Bind, or of Describe, is not on its server.
    MISSING_IN_FAILED {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            var one = difference.expected();
            return (one.startsWith("E {C=08P01, M=bind message ") || one.startsWith("t"))
                    && difference.got().startsWith("E {C=25P02, ")
                    && difference.before().stream()
                            .filter(line -> line.startsWith("Z"))
                            .reduce((_, last) -> last)
                            .filter("Z E"::equals)
                            .isPresent();
        }
    },

    /// The table of a statement has gone, and the statement is not on the server that describes or binds it.
    DESCRIBED_WITHOUT_TABLE {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            boolean bound = difference.expected().startsWith("E {C=08P01, M=bind message ");
            return (bound || difference.expected().startsWith("t"))
                    && difference.got().contains("C=42P01")
                    && mentions(scenario, difference, bound ? DROPPED : DROPPED_ON_COMMIT);
        }
    },

    /// A server that has not run a function before looks up its tables now, which temporary ones hide; one that has the
    /// schema of temporary objects already does not look a statement's tables up again.
    PLANNED_ELSEWHERE {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            if (difference.expected().startsWith("E {C=42"))
                return difference.got().matches("[T2C] .*|n ") && mentions(scenario, difference, HIDES_TABLE);
            return difference.got().startsWith("E {C=42")
                    && difference.got().contains(", W=PL/pgSQL function ")
                    && mentions(scenario, difference, HIDES_TABLE);
        }
    },

    /// What sets transaction modes names the client's statements, or may name them.
    MODES_BEFORE_NAMES {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            return difference.expected().startsWith("C ")
                    && difference.got().contains("C=25001")
                    && difference.got().matches(".* must be (called|set) before any query,.*")
                    && mentions(scenario, difference, NAMES_BEHIND_MODES);
        }
    },

    /// What stands in for a statement that cannot be prepared any more raises the statement's error.
    STANDS_IN {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            var context = ", W=PL/pgSQL function inline_code_block line 1 at RAISE}";
            var told = difference.got().replace(context, "}");
            return isError(told)
                    && difference.got().endsWith(context)
                    && told.equals(difference.expected().replaceFirst(", P=\\d+, S=ERROR", ", S=ERROR"))
                    && mentions(scenario, difference, EXECUTES);
        }
    },

    /// The only server of the pool waits for another client's copied data, or did so until that client had left.
    NO_SERVER_LEFT {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            boolean copies = scenario.actors().size() == 2
                    && scenario.stepsOf(1 - difference.actor()).stream()
                            .anyMatch(step -> step.toString().contains("FROM STDIN"));
            boolean only = difference.got().matches("(?s)\\(no answer: [^;]*; pg1: \\d+ idle ClientRead [^;]*");
            if (copies && only) return true;
            return difference
                    .got()
                    .matches(
                            "(?s)\\(no answer: .*; pg1: \\d+ active ClientRead \\S+ COPY t \\(id, v\\) FROM STDIN pg2: .*");
        }
    },

    /// What is executed was prepared only after the EXECUTE was parsed.
    EXECUTE_BEFORE_PREPARE {
        @Override
        boolean explains(Scenario scenario, Difference difference) {
            return difference.expected().startsWith("n")
                    && difference.got().startsWith("T ")
                    && mentions(scenario, difference, EXTENDED_EXECUTE);
        }
    };

    private static final Pattern FATAL_WORDS = Pattern.compile("E \\{C=XX000, M=([^,]*), S=FATAL, V=FATAL}");
    private static final Pattern EXECUTES = Pattern.compile("\"EXECUTE \\w+");
    private static final Pattern EXTENDED_EXECUTE = Pattern.compile("Parse \"\\w*\" \"EXECUTE ");
    private static final Pattern UNREADABLE = Pattern.compile("U&\"|^.{100000}", Pattern.DOTALL);
    private static final Pattern NOT_FOUND = Pattern.compile("C=(42P01|42883|42704|3F000)");
    private static final Pattern TEMPORARY_BEHIND_FLUSH = Pattern.compile("Flush\\b.*pg_temp\\.", Pattern.DOTALL);
    private static final Pattern HAS_TIME = Pattern.compile("\\d\\d:\\d\\d:\\d\\d");
    private static final Pattern RECOVERY = Pattern.compile("pg_is_in_recovery\\(\\)");
    private static final Pattern ENDS_AND_GOES_ON =
            Pattern.compile("\\b(COMMIT|ROLLBACK|END|ABORT)(; |\"  Bind [^\\n]*  Parse )");
    private static final Pattern READ_ONLY = Pattern.compile("(?i)READ ONLY|read_only = on");
    private static final Pattern TIES_TO_ITS_SERVER = Pattern.compile("PREPARE \\w+ AS|FunctionCall");
    private static final Pattern MAKES_TEMPORARY = Pattern.compile("(?i)TEMP|f_temp");
    private static final Pattern MAY_DO_ANYTHING = Pattern.compile(
            "FunctionCall|U&|DO \\$\\$|xml|f_\\w+\\(|EXECUTE|currval|lastval|ALTER TABLE|pg_settings|INTO ruled|INTO triggered");
    private static final Pattern ENDS_FAILED =
            Pattern.compile("\\b(ROLLBACK|ABORT|COMMIT|END)\\b[^;\"]*[;\"].*pg_prepared_statements");
    private static final Pattern PREPARES_BEHIND_FAILURE =
            Pattern.compile("\\b(ROLLBACK|ABORT|COMMIT|END)\\b.*PREPARE \\w+ AS");
    private static final Pattern NAMES_BEHIND_FAILURE =
            Pattern.compile("\\b(ROLLBACK|ABORT|COMMIT|END)\\b.*(EXECUTE|DEALLOCATE) \\w+");
    private static final Pattern LOCKS_FOR_THE_SESSION = Pattern.compile("pg_(try_)?advisory_lock\\(");
    private static final Pattern LISTENS_IN_A_STRING = Pattern.compile("; LISTEN |\"LISTEN [^\"]*;|DO \\$\\$");
    private static final Pattern FLUSHES = Pattern.compile("  Flush");
    private static final Pattern DROPPED_ON_COMMIT = Pattern.compile("ON COMMIT DROP");
    private static final Pattern DROPPED = Pattern.compile("ON COMMIT DROP|DROP TABLE|DISCARD|ROLLBACK");
    private static final Pattern HIDES_TABLE = Pattern.compile("CREATE TEMP (TABLE|VIEW) t ");
    private static final Pattern NAMES_BEHIND_MODES =
            Pattern.compile("(BEGIN|TRANSACTION) [^;\"]*; .*(EXECUTE|DEALLOCATE|pg_prepared_statements)"
                    + "|characters\\)|(Parse|Close S) \"\\w");
    private static final Pattern HIDES_CHANNELS = Pattern.compile("EXECUTE |characters\\)");
    private static final Pattern NOTIFIES_UNREAD =
            Pattern.compile("FunctionCall|DO \\$\\$|U&\"|characters\\)|ROLLBACK; (.*; )?NOTIFY ");
    private static final Pattern PARSES_BEHIND_CALL = Pattern.compile("f_set\\w*\\(.*Parse \"\" \"SELECT [^\\n]*Sync");
    private static final Pattern CHANNELS_IN_PIECES =
            Pattern.compile("pg_listening_channels.*\\[in pieces\\]", Pattern.DOTALL);
    private static final Pattern LISTENS_BEHIND_COMMIT =
            Pattern.compile("NOTIFY [^;]*;.*\\b(COMMIT|END)\\b[^;]*;.*LISTEN");
    private static final Pattern UNDEFINED = Pattern.compile(
            "E \\{C=55000, M=(lastval|currval of sequence \"\\w+\") is not yet defined in this session,");

    /// Whether the difference comes of the limit.
    abstract boolean explains(Scenario scenario, Difference difference);

    private static boolean mentions(Scenario scenario, Difference difference, Pattern what) {
        return scenario.stepsOf(difference.actor()).stream()
                .anyMatch(step -> what.matcher(step.toString()).find());
    }

    /// The limit that explains a difference; null if none does.
    static @Nullable Limit of(Scenario scenario, Difference difference) {
        for (var limit : values()) if (limit.explains(scenario, difference)) return limit;
        return null;
    }

    private static boolean isUndefined(String line) {
        return UNDEFINED.matcher(line).find();
    }

    private static boolean isSequenceAnswer(String line) {
        return line.matches("D '\\d+'") || line.contains("M=permission denied for sequence ");
    }

    private static boolean isRow(String line) {
        return line.startsWith("D ");
    }

    private static boolean isError(String line) {
        return line.startsWith("E ");
    }
}
