package org.pgdrover.simulation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.testing.Message;

/// Compares what one client hears with what a session of its own would have told it.
final class Transcript {
    private static final Pattern NONCE = Pattern.compile("c\\d+n\\d+");
    /// What may be told of a server that was lost, or of one that could not be had.
    private static final Set<String> OF_LOSS = Set.of("40001", "08007", "08006", "57P01", "57P03", "53300");

    private static final Set<String> ENDS = Set.of("COMMIT\0", "ROLLBACK\0");

    /// What PostgreSQL says in a failed transaction before it says that the transaction has failed.
    private static final Set<String> UNASKED = Set.of("42601", "3B001", "34000");

    private static final Pattern MESSAGE_IN_COPY =
            Pattern.compile("unexpected message type 0x[0-9A-F]{2} during COPY from stdin");
    /// The beginning of the year 2024 in some time zone.
    private static final Pattern EPOCH = Pattern.compile("1704[01]\\d{5}$");

    private static final Pattern SERVERS_NAME = Pattern.compile("prepared statement \"pgdrover_\\d+\"");

    private final World world;
    private final SimulatedClient client;
    private final PrivateSession own;
    private final Deque<Message> unfed = new ArrayDeque<>();
    private final Map<String, String> parameters = new HashMap<>();
    private final Map<String, Long> floors = new HashMap<>();
    private final Set<String> lost = new HashSet<>();
    private final List<String> unended = new ArrayList<>();
    private List<String> open = List.of();
    private Message fed = new Message('S', new byte[0]);
    private boolean exact = true;
    private int process;
    private int executed;
    private int readiesOwed;
    private boolean toldOtherwise;
    private boolean told;
    private int cancelsAt;
    private int readiesHeard;
    /// Whether the client was told last that its transaction has failed.
    private boolean inFailed;
    private boolean cancelUnderWay;
    /// Whether a transaction has ended since ReadyForQuery was heard last.
    private boolean endedInBatch;

    Transcript(World world, SimulatedClient client, PrivateSession own) {
        this.world = world;
        this.client = client;
        this.own = own;
    }

    private void violated(String what) {
        world.violated("client " + client.number() + ": " + what);
    }

    // What is owed

    /// Takes what the client has said, and gives the number of the ReadyForQuery that ends its answer; 0
    /// if none does.
    int said(Unit unit) {
        unfed.addAll(unit.messages());
        readiesOwed += unit.readies();
        return unit.readies() == 0 ? 0 : readiesHeard + readiesOwed;
    }

    boolean isAnswered(int lastReady) {
        if (toldOtherwise) return readiesOwed <= 0;
        return !isOwed() || (lastReady > 0 && readiesHeard >= lastReady);
    }

    /// Whether nothing is owed to the client.
    boolean isQuiet() {
        return toldOtherwise ? readiesOwed <= 0 : !isOwed();
    }

    /// Whether the client has heard of a loss, after which nobody compares any more.
    boolean isToldOtherwise() {
        return toldOtherwise;
    }

    /// Whether messages of a batch were sent whose Sync has not come.
    boolean isInsideBatch() {
        return !unfed.isEmpty()
                || own.session().transaction.isImplicit()
                || own.session().isDiscarding();
    }

    boolean isInTransaction() {
        return own.session().transaction.isExplicit();
    }

    private @Nullable Answer due() {
        while (own.answers().isEmpty() && !unfed.isEmpty()) own.feed(next());
        return own.answers().peek();
    }

    private Message next() {
        fed = unfed.remove();
        remember(fed);
        return fed;
    }

    /// Whether an answer is due; what may be refused instead is not answered yet.
    private boolean isOwed() {
        while (own.answers().isEmpty() && !unfed.isEmpty()) {
            if (own.session().answers(unfed.peek())) return true;
            own.feed(next());
        }
        return !own.answers().isEmpty();
    }

    /// Its own session refuses what comes next, if a server has done so.
    private void refuse(Answer answer) {
        if (!answer.field('C').equals("57014") || isPermitted(answer)) return;
        if (!isOwed() || !own.answers().isEmpty() || !world.refusals().take()) return;
        own.session().refuse(next(), Refusals.error());
    }

    /// What must not have been carried out if the client hears now that its transaction was lost.
    private void remember(Message message) {
        var nonces = new ArrayList<String>();
        for (var value : own.session().state.writes.values()) if (value != null) nonces.add(value);
        var found = NONCE.matcher(new String(message.body(), ISO_8859_1));
        while (found.find()) nonces.add(found.group());
        open = nonces;
    }

    // What is heard

    /// Notifications that had not come in their time; while the proxy's listener is lost they are
    /// missed, or late.
    private final List<Answer> missed = new ArrayList<>();

    void heardWelcome(Answer answer) {
        switch (answer.type()) {
            case 'R' -> {}
            case 'S' -> parameter(answer);
            case 'K' -> process = new BodyReader(answer.body()).number32();
            case 'Z' -> {
                own.answers().clear();
                checkParameters();
            }
            case 'E' -> {
                if (!world.mayLose() && !world.mayBeFull()) violated("cannot log in: " + answer);
                told = true;
            }
            default -> violated("hears while logging in " + answer);
        }
    }

    private void parameter(Answer answer) {
        var reader = new BodyReader(answer.body());
        parameters.put(reader.string(), reader.string());
    }

    void heard(Answer answer) {
        if (answer.type() == 'Z') {
            readiesOwed--;
            readiesHeard++;
            inFailed = answer.body()[0] == 'E';
            endedInBatch = false;
        }
        endedInBatch |= answer.type() == 'C' && ENDS.contains(new String(answer.body(), ISO_8859_1));
        if (toldOtherwise) {
            // A client that has heard of a loss may end its own session afterwards: that is a word too.
            told |= answer.type() == 'E' && answer.field('S').equals("FATAL");
            if (readiesOwed < 0 && exact && !own.session().hasEnded()) violated("hears ReadyForQuery too often");
            return;
        }
        switch (answer.type()) {
            case 'S' -> parameter(answer);
            case 'A' -> notification(answer);
            default -> {
                if (answer.type() != 'N' || !answer.field('M').startsWith("notifications may have been missed"))
                    compare(answer);
            }
        }
    }

    private void notification(Answer answer) {
        if (isOwed() && !own.answers().isEmpty()) skipParameters();
        if (takeNotification(own.answers(), answer) || takeNotification(missed, answer)) {
            if (new BodyReader(answer.body()).number32() != process && world.checksProcess())
                violated("a notification of its own has another process id than its own");
            return;
        }
        violated("hears a notification that it should not: " + answer + ", expected " + due());
    }

    /// Of a channel that the client's own server listens on the order among those of other channels is
    /// not kept.
    private boolean takeNotification(Collection<Answer> from, Answer heard) {
        isOwed();
        for (var each : from) {
            if (each.type() != 'A') return false;
            boolean same = Arrays.equals(each.body(), 4, each.body().length, heard.body(), 4, heard.body().length);
            if (same) return from.remove(each);
            if (channel(each).equals(channel(heard))) return false;
        }
        return false;
    }

    private static String channel(Answer notification) {
        var reader = new BodyReader(notification.body());
        reader.number32();
        return reader.string();
    }

    private void skipParameters() {
        while (due() instanceof Answer expected && expected.type() == 'S')
            own.answers().remove();
    }

    private void compare(Answer answer) {
        refuse(answer);
        skipParameters();
        // What is notified while the proxy's listener is lost is missed.
        while (world.mayLose() && due() instanceof Answer next && next.type() == 'A')
            missed.add(own.answers().remove());
        skipParameters();
        skipWarning(answer);
        var expected = due();
        if (expected == null) {
            unexpected(answer, null);
            return;
        }
        if (!isAlike(expected, answer) && !isFoldedOtherwise(expected, answer)) {
            unexpected(answer, expected);
            return;
        }
        own.answers().remove();
        if (expected.mask() != null) judgeMasked(expected.mask(), answer);
        if (answer.type() == 'Z') checkParameters();
        if (answer.type() == 'E' && answer.field('S').equals("FATAL")) told = true;
    }

    /// Behind a statement of the proxy's own in a batch that comes in parts, PostgreSQL takes SET LOCAL for a command
    /// of a pipeline.
    private void skipWarning(Answer heard) {
        boolean missing = fed.type() != 'Q'
                && heard.type() != 'N'
                && due() instanceof Answer expected
                && expected.type() == 'N'
                && expected.field('M').startsWith("SET LOCAL can only");
        if (missing) own.answers().remove();
    }

    /// Another server has prepared a statement with the settings of its Parse, and not with those that a change of
    /// search_path has folded into it.
    private boolean isFoldedOtherwise(Answer expected, Answer answer) {
        return own.session().analysedAgain
                && expected.type() == 'D'
                && answer.type() == 'D'
                && EPOCH.matcher(new String(expected.body(), ISO_8859_1)).find()
                && EPOCH.matcher(new String(answer.body(), ISO_8859_1)).find();
    }

    private static boolean isAlike(Answer expected, Answer answer) {
        if (expected.type() != answer.type()) return false;
        if (expected.field('C').equals("08P01") && answer.field('C').equals("25P02")) return answer.type() == 'E';
        if (expected.type() == 'E' || expected.type() == 'N')
            return expected.field('C').equals(answer.field('C'))
                    && expected.field('S').equals(answer.field('S'))
                    && isAlike(expected.field('M'), answer.field('M'));
        return expected.mask() != null || Arrays.equals(expected.body(), answer.body());
    }

    /// How many ReadyForQuery are owed at most, when the message that was fed last has failed.
    private void countReadies() {
        readiesOwed =
                (int) own.answers().stream().filter(each -> each.type() == 'Z').count();
        boolean skipping = own.session().isDiscarding() || fed.type() != 'Q' && fed.type() != 'S';
        exact = !skipping;
        for (var message : unfed) {
            exact &= message.type() == 'Q' || message.type() == 'S';
            if (message.type() == 'S') skipping = false;
            if (message.type() == 'S' || message.type() == 'Q' && !skipping) readiesOwed++;
        }
    }

    /// Whether it may never be told how much is owed to the client, because messages behind an error are
    /// skipped.
    boolean isVague() {
        return toldOtherwise && !exact;
    }

    /// The proxy's own names for prepared statements may stand in the server's words, and the type of a
    /// message of the proxy's own where the client's next one ends the session anyway.
    private static boolean isAlike(String expected, String heard) {
        if (expected.equals(heard) || SERVERS_NAME.matcher(heard).find()) return true;
        return MESSAGE_IN_COPY.matcher(expected).matches()
                && MESSAGE_IN_COPY.matcher(heard).matches();
    }

    private void unexpected(Answer answer, @Nullable Answer expected) {
        if (answer.type() == 'E' && (isPermitted(answer) || isAsGood(answer, expected))) {
            if (answer.field('C').equals("57014")) cancelled();
            else {
                toldOtherwise = true;
                countReadies();
                told |= answer.field('S').equals("FATAL");
                if (answer.field('C').equals("40001")) lost.addAll(open);
                open = List.of();
            }
            return;
        }
        if (answer.type() == 'Z'
                && expected != null
                && expected.type() == 'Z'
                && world.mayLose()
                && answer.body()[0] == 'E') {
            // The transaction is lost, which the next statement that can fail hears in words.
            own.answers().remove();
            toldOtherwise = true;
            countReadies();
            return;
        }
        violated("hears " + answer + ", expected " + (expected == null ? "nothing" : expected));
    }

    /// Whether an error says what PostgreSQL would say otherwise: that nobody knows what a session has
    /// committed that has ended itself, and that a read-only transaction is on a standby to the end of
    /// its batch, or has pinned its session to one.
    private boolean isAsGood(Answer answer, @Nullable Answer expected) {
        if (expected != null && expected.type() == 'E' && expected.field('S').equals("FATAL"))
            return answer.field('C').equals("08007");
        if (answer.field('M').endsWith("during recovery")) return true;
        // In a failed transaction no statement can be prepared again, not even behind the ROLLBACK in the same batch.
        if (expected != null && expected.type() == '2' && answer.field('C').equals("25P02")) return true;
        // Nor can the client's own names be had there, by which a DEALLOCATE behind it finds what it means.
        if (inFailed
                && expected != null
                && expected.type() == 'C'
                && answer.field('C').equals("26000"))
            return new String(expected.body(), ISO_8859_1).startsWith("DEALLOCATE");
        // The savepoints of a transaction that no server knew of, or that is lost, nobody knows.
        if (answer.field('C').equals("25P02") && new String(fed.body(), ISO_8859_1).contains("ROLLBACK TO"))
            return true;
        // Of a transaction that was cancelled before any server knew of it nobody asks a server what is wrong with a
        // statement.
        if (expected != null
                && UNASKED.contains(expected.field('C'))
                && answer.field('C').equals("25P02")) return true;
        // The client's own defaults are set again inside a transaction, which takes a snapshot.
        if (answer.field('M').endsWith("must be set before any query")) return true;
        if (!answer.field('C').equals("25006")) return false;
        boolean several = fed.type() == 'Q' && fed.text(0).contains(";");
        return several
                || endedInBatch
                || own.session().holdsState()
                || client.conversation().pinsByFunctions();
    }

    private boolean isPermitted(Answer answer) {
        var state = answer.field('C');
        if (state.equals("57014")) return cancelsAt > 0 && readiesHeard == cancelsAt - 1;
        if (state.equals("53300") && world.mayBeFull()) return true;
        return world.mayLose() && OF_LOSS.contains(state);
    }

    /// What the client has cancelled changes nothing, so that its own session only has to take the
    /// error's consequences.
    private void cancelled() {
        own.answers().clear();
        own.session().fails();
    }

    void cancelSent() {
        // What comes later is none of its business.
        cancelsAt = isQuiet() ? 0 : readiesHeard + 1;
        cancelUnderWay = true;
    }

    void cancelDone() {
        cancelUnderWay = false;
    }

    boolean isCancelUnderWay() {
        return cancelUnderWay;
    }

    private void judgeMasked(String key, Answer answer) {
        if (answer.type() != 'D' || !Shared.isShared(key)) return;
        var row = new BodyReader(answer.body());
        row.number16();
        var value = row.value();
        var uncommitted = own.session().state.writes.get(key);
        if (uncommitted != null && uncommitted.equals(value)) return;
        // Its own session is past the whole string already.
        if (open.contains(String.valueOf(value))) return;
        if (fed.type() == 'Q' && value != null && fed.text(0).contains("'" + value + "'")) return;
        long position = world.data().positionOf(key, value);
        if (position < 0) violated("reads what nobody has written: " + key + " = " + value);
        long floor = floors.getOrDefault(key, 0L);
        if (position < floor && world.data().lastPositionOf(key, value) < floor && world.consistent())
            violated("reads the past: " + key + " = " + value + ", written at " + position + ", has seen "
                    + floors.get(key));
        floors.merge(key, position, Math::max);
    }

    private void checkParameters() {
        for (var name : SessionState.REPORTED) {
            var expected = own.session().state.value(name);
            var spelled = SessionState.spelling(name);
            if (isToldLater(name, expected)) continue;
            if (!expected.equals(parameters.get(spelled)))
                violated("was told that " + spelled + " is " + parameters.get(spelled) + ", expected " + expected);
        }
        // What was sent before the client has heard the answer runs before the proxy can say anything of its own, and
        // so
        // does the rest of a transaction.
        if (isQuiet() && own.session().transaction.status() == 'I') executed = own.session().executes;
        raiseFloors();
    }

    /// Defaults of the client's own that RESET has brought back on a server which was then lost: the
    /// client hears of them when the next server has them. So does a client that runs RESET by EXECUTE,
    /// which shows only afterwards.
    private boolean isToldLater(String name, String expected) {
        if (!expected.equals(own.session().state.startup.get(name))) return false;
        return world.mayLose() || own.session().executes > executed;
    }

    /// What the client has written it must read from now on.
    private void raiseFloors() {
        for (int i = 0; i < 2; i++) {
            var key = Shared.key(i);
            var written = own.data().read(key, own.data().position());
            if (written == null || written.equals("begin")) continue;
            floors.merge(key, Math.max(0, world.data().positionOf(key, written)), Math::max);
        }
    }

    /// @param inMessage whether a part of a message has come: then nothing can be said any more
    void ended(boolean welcomed, boolean inMessage) {
        if (told || client.isGone() || inMessage && world.mayLose()) return;
        if (welcomed && own.session().hasEnded()) return;
        violated(welcomed ? "its connection ends without a word" : "is turned away without a word");
    }

    // What must be so when nothing is owed

    /// Everything that the client was told of is there, and nothing else.
    void checkData() {
        if (toldOtherwise) return;
        for (int i = 0; i < 4; i++) {
            var key = "c" + client.number() + "k" + i;
            var expected = own.data().read(key, own.data().position());
            var actual = world.data().read(key, world.data().position());
            if (!java.util.Objects.equals(expected, actual))
                violated(key + " is " + actual + " in the database, expected " + expected);
        }
        for (var each : own.data().ran().entrySet()) {
            int actual = world.data().ran().getOrDefault(each.getKey(), 0);
            if (actual != each.getValue())
                violated(each.getKey() + " ran " + actual + " times, expected " + each.getValue());
        }
    }

    /// The client has gone before the end of what it said last.
    void leftUnended(Unit unit) {
        for (var message : unit.messages()) {
            var found = NONCE.matcher(new String(message.body(), ISO_8859_1));
            while (found.find()) unended.add(found.group());
        }
    }

    void checkAtEnd() {
        for (var nonce : unended)
            if (world.data().timesCommitted(nonce) > 0)
                violated("has left before the end of its batch, but " + nonce + " is committed");
        // A statement may have been run before, and committed then.
        for (var nonce : lost)
            if (world.data().timesCommitted(nonce) > own.data().timesCommitted(nonce))
                violated("was told 40001, but " + nonce + " is committed");
        for (var nonce : client.conversation().once()) {
            if (world.data().timesCommitted(nonce) > 1) violated(nonce + " is committed twice");
            if (world.data().ran().getOrDefault(nonce, 0) > 1) violated(nonce + " ran twice");
        }
    }

    String owed() {
        return String.valueOf(toldOtherwise ? readiesOwed + " ReadyForQuery" : due());
    }
}
