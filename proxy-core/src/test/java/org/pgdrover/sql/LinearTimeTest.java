package org.pgdrover.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// No text of n bytes takes much longer than n times 20 ns and a millisecond, whatever it says.
@Timeout(120)
class LinearTimeTest {
    private static final int[] BYTES = {256 * 1024, 64 * 1024, 16 * 1024};
    /// For machines that are slow or busy.
    private static final int PATIENCE = 10;

    private record Shape(String name, IntFunction<String> ofLength) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Shape repeated(String name, String head, String body, String tail) {
        return new Shape(name, length -> head + body.repeat(length / body.length()) + tail);
    }

    private static Shape numbered(String name, String head, String body, String tail) {
        return new Shape(name, length -> {
            var text = new StringBuilder(head);
            for (int i = 0; text.length() < length; i++) text.append(body.replace("#", Integer.toString(i, 36)));
            return text.append(tail).toString();
        });
    }

    static Stream<Shape> shapes() {
        return Stream.of(
                repeated("explain", "", "explain ", "select 1"),
                repeated("nesting", "select ", "(", ""),
                repeated("calls in calls", "select ", "f(", ""),
                repeated("names with commas and calls", "select 1", ",a(a", ""),
                repeated("brackets", "select ", "[", ""),
                repeated("statements", "", "select 1;", ""),
                repeated("empty statements", "", ";", ""),
                numbered("relations", "select * from a", ",t#", ""),
                numbered("functions", "select 1", ",f#()", ""),
                numbered("common tables", "with a as (select 1)", ",t# as (select 1)", " select 1"),
                repeated("one common table", "with x as (select 1) select * from x", ",x", ""),
                numbered("settings", "select 1", ",set_config('a#', 'b', false)", ""),
                repeated("one setting", "select 1", ",set_config('a', 'b', false)", ""),
                repeated("settings in settings", "select ", "set_config(", ""),
                repeated("comments", "", "/*", ""),
                repeated("dollars", "select ", "$a$b$", ""),
                repeated("dollar tags", "select $" + "a".repeat(1000) + "$", "$" + "a".repeat(999) + "b", ""),
                repeated("dots", "select a", ".a", "(1)"),
                repeated("conflicts", "insert into t select 1", " on conflict(a) where", ""),
                repeated("operators", "select 1", "+-*/", ""),
                repeated("quotes", "select '", "''", "'"),
                repeated("continued strings", "select ''", "\n''", ""),
                repeated("cases", "create function f() begin atomic", " case", ""),
                repeated("modes", "set session characteristics as transaction", " read only,", ""),
                repeated("long name", "select \"", "a", "\""),
                repeated("tables", "create table t (a int", ",like a", ")"));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void takesTimeInLineWithLength(Shape shape) {
        for (int bytes : BYTES) {
            var text = shape.ofLength().apply(bytes).getBytes(StandardCharsets.UTF_8);
            assertThat(nanos(text)).isLessThan((20L * text.length + 1_000_000) * PATIENCE);
        }
    }

    private static long nanos(byte[] text) {
        var classifier = new QueryClassifier();
        var threads = ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            long begin = threads.getCurrentThreadCpuTime();
            classifier.classify(text, 0, text.length, true);
            least = Math.min(least, threads.getCurrentThreadCpuTime() - begin);
        }
        return least;
    }
}
