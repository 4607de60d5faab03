package org.pgdrover.it.exactness;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/// What all clients together have heard: how many answers, which errors, which writes, and everything
/// that was wrong.
final class NonceTally {
    private static final int SHOWN = 40;

    private final AtomicLong nonces = new AtomicLong();
    private final LongAdder answers = new LongAdder();
    private final Map<String, LongAdder> events = new ConcurrentSkipListMap<>();
    private final ConcurrentLinkedQueue<String> wrongs = new ConcurrentLinkedQueue<>();
    private final LongAdder wrong = new LongAdder();
    private final ConcurrentLinkedQueue<Long> acknowledged = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Long> failed = new ConcurrentLinkedQueue<>();

    long nonce() {
        return nonces.incrementAndGet();
    }

    void answered(int count) {
        answers.add(count);
    }

    long answers() {
        return answers.sum();
    }

    void event(String what) {
        events.computeIfAbsent(what, _ -> new LongAdder()).increment();
    }

    void wrong(String what) {
        wrong.increment();
        if (wrong.sum() <= SHOWN) wrongs.add(what);
    }

    /// The client was told that these are committed.
    void acknowledged(Collection<Long> writes) {
        acknowledged.addAll(writes);
    }

    /// The client was told that these have failed and may be tried again.
    void failed(Collection<Long> writes) {
        failed.addAll(writes);
    }

    /// @param present the nonces in the table, sorted
    void compareWrites(long[] present) {
        for (int i = 1; i < present.length; i++)
            if (present[i] == present[i - 1]) wrong("nonce " + present[i] + " was written twice");
        for (long nonce : acknowledged)
            if (Arrays.binarySearch(present, nonce) < 0) wrong("nonce " + nonce + " was acknowledged and is not there");
        for (long nonce : failed)
            if (Arrays.binarySearch(present, nonce) >= 0)
                wrong("nonce " + nonce + " was reported as failed and is there");
    }

    List<String> wrongs() {
        return new ArrayList<>(wrongs);
    }

    String summary() {
        var all = new TreeMap<String, Long>();
        events.forEach((what, count) -> all.put(what, count.sum()));
        return answers.sum() + " answers, " + wrong.sum() + " wrong, " + acknowledged.size() + " writes acknowledged, "
                + failed.size() + " reported as failed; " + all;
    }
}
