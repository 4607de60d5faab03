import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/// Logs in to a PostgreSQL server or proxy over and over: connection, StartupMessage, authentication,
/// ReadyForQuery, Terminate.
///
/// Salted passwords are remembered for each password, salt and number of iterations, as good drivers do,
/// so that the client's PBKDF2 is not what is measured. Stays alive between runs, for a cold JVM would
/// be measured otherwise: a line on standard input is a run, the answer is a line of JSON.
///
/// ```
///   run PORT DATABASE SECONDS CLIENTS   USER PASSWORD [USER PASSWORD ...]
/// ```
///
/// Every login takes the next of the users. What is refused with an ErrorResponse counts by its
/// SQLSTATE.
final class LoginLoad {
    private static final int MOST_SAMPLES = 50_000;
    /// How long a login that was under way at the end may take before it is given up.
    private static final long PATIENCE_NANOS = Duration.ofSeconds(15).toNanos();

    private record Account(String user, String password) {}

    private record Run(int port, String database, double seconds, int clients, List<Account> accounts) {
        static Run parse(String line) {
            var words = line.trim().split("\\s+");
            var accounts = new ArrayList<Account>();
            for (int i = 5; i + 1 < words.length; i += 2) accounts.add(new Account(words[i], words[i + 1]));
            return new Run(
                    Integer.parseInt(words[1]), words[2], Double.parseDouble(words[3]), Integer.parseInt(words[4]), accounts);
        }
    }

    void main() throws Exception {
        IO.println("ready");
        for (var line = IO.readln(); line != null; line = IO.readln()) IO.println(measure(Run.parse(line)));
    }

    private static String measure(Run run) throws InterruptedException, IOException {
        var loops = new ArrayList<Client>();
        var threads = new ArrayList<Thread>();
        long began = System.nanoTime();
        long end = began + (long) (run.seconds() * 1e9);
        for (int i = 0; i < run.clients(); i++) {
            var client = new Client(run, i, end);
            loops.add(client);
            threads.add(Thread.ofPlatform().stackSize(256 << 10).start(client));
        }
        long patience = end + PATIENCE_NANOS;
        for (int i = 0; i < threads.size(); i++) {
            long left = Math.max(0, patience - System.nanoTime());
            if (!threads.get(i).join(Duration.ofNanos(left))) loops.get(i).abandon();
            threads.get(i).join();
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        return json(seconds, loops);
    }

    private static String json(double seconds, List<Client> clients) {
        var latencies = clients.stream().flatMapToInt(client -> client.latencies()).toArray();
        var refused = new TreeMap<String, Integer>();
        var broken = new TreeMap<String, Integer>();
        for (var client : clients) {
            client.refused.forEach((state, count) -> refused.merge(state, count, Integer::sum));
            client.broken.forEach((why, count) -> broken.merge(why, count, Integer::sum));
        }
        int step = Math.max(1, latencies.length / MOST_SAMPLES);
        var sampled = new StringBuilder("[");
        for (int i = 0; i < latencies.length; i += step) sampled.append(i == 0 ? "" : ",").append(latencies[i]);
        return "{\"seconds\":" + seconds + ",\"logins\":" + latencies.length + ",\"refused\":" + json(refused) + ",\"broken\":"
                + json(broken) + ",\"latencies_us\":" + sampled.append("]") + "}";
    }

    private static String json(Map<String, Integer> counts) {
        var members = new ArrayList<String>();
        counts.forEach((name, count) -> members.add("\"" + name.replaceAll("[\"\\\\\\p{Cntrl}]", " ") + "\":" + count));
        return "{" + String.join(",", members) + "}";
    }

    /// One that logs in, and leaves, until the time is over.
    private static final class Client implements Runnable {
        private final Run run;
        private final long end;
        private final Map<String, Integer> refused = new TreeMap<>();
        private final Map<String, Integer> broken = new TreeMap<>();
        private final ByteBuffer in = ByteBuffer.allocateDirect(16 << 10).limit(0);
        private final ByteBuffer out = ByteBuffer.allocateDirect(4 << 10);
        private int[] latencies = new int[1024];
        private volatile SocketChannel current;
        private int logins;
        private int turn;

        Client(Run run, int number, long end) {
            this.run = run;
            this.turn = number;
            this.end = end;
        }

        /// Whoever waits for an answer gets an exception.
        void abandon() throws IOException {
            current.close();
        }

        IntStream latencies() {
            return Arrays.stream(latencies, 0, logins);
        }

        @Override
        public void run() {
            while (System.nanoTime() < end) {
                var account = run.accounts().get(turn++ % run.accounts().size());
                long began = System.nanoTime();
                try {
                    logIn(account);
                    if (logins == latencies.length) latencies = Arrays.copyOf(latencies, 2 * logins);
                    latencies[logins++] = (int) ((System.nanoTime() - began) / 1000);
                } catch (Refused error) {
                    refused.merge(error.getMessage(), 1, Integer::sum);
                } catch (IOException | GeneralSecurityException | RuntimeException failure) {
                    broken.merge(String.valueOf(failure), 1, Integer::sum);
                }
            }
        }

        private void logIn(Account account) throws IOException, GeneralSecurityException, Refused {
            try (var channel = SocketChannel.open()) {
                current = channel;
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.connect(new InetSocketAddress("127.0.0.1", run.port()));
                new Login(channel, in, out, account).run(run.database());
            }
        }
    }

    /// The server said no; the message is the SQLSTATE.
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        Refused(String sqlState) {
            super(sqlState, null, false, false);
        }
    }

    /// One connection, from StartupMessage to Terminate.
    private static final class Login {
        private final SocketChannel channel;
        private final ByteBuffer in;
        private final ByteBuffer out;
        private final Account account;
        private Proof proof;

        Login(SocketChannel channel, ByteBuffer in, ByteBuffer out, Account account) {
            this.channel = channel;
            this.in = in.position(0).limit(0);
            this.out = out;
            this.account = account;
        }

        void run(String database) throws IOException, GeneralSecurityException, Refused {
            out.clear().putInt(0).putInt(3 << 16);
            text("user").text(account.user()).text("database").text(database).text("application_name").text("login");
            out.put((byte) 0).putInt(0, out.position());
            send();
            while (!answer()) {}
            out.clear().put((byte) 'X').putInt(4);
            send();
        }

        /// Takes one message; true if it is ReadyForQuery.
        private boolean answer() throws IOException, GeneralSecurityException, Refused {
            need(5);
            byte type = in.get();
            int length = in.getInt() - 4;
            need(length);
            int end = in.position() + length;
            switch (type) {
                case 'R' -> authenticate(end);
                case 'E' -> throw new Refused(sqlState(end));
                default -> {}
            }
            in.position(end);
            return type == 'Z';
        }

        private void authenticate(int end) throws IOException, GeneralSecurityException {
            switch (in.getInt()) {
                case 0 -> {}
                case 3 -> message(account.password(), true);
                case 10 -> {
                    proof = new Proof(account.password());
                    var first = proof.first().getBytes(StandardCharsets.UTF_8);
                    out.clear().put((byte) 'p').putInt(0);
                    text("SCRAM-SHA-256").out.putInt(first.length).put(first).putInt(1, out.position() - 1);
                    send();
                }
                case 11 -> message(proof.last(rest(end)), false);
                case 12 -> proof.verify(rest(end));
                default -> throw new IOException("authentication method of the server");
            }
        }

        private void message(String body, boolean terminated) throws IOException {
            out.clear().put((byte) 'p').putInt(0).put(body.getBytes(StandardCharsets.UTF_8));
            if (terminated) out.put((byte) 0);
            out.putInt(1, out.position() - 1);
            send();
        }

        private String rest(int end) {
            var bytes = new byte[end - in.position()];
            in.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }

        private String sqlState(int end) {
            for (var field : rest(end).split("\0")) if (field.startsWith("C")) return field.substring(1);
            return "none";
        }

        private Login text(String value) {
            out.put(value.getBytes(StandardCharsets.UTF_8)).put((byte) 0);
            return this;
        }

        private void send() throws IOException {
            out.flip();
            while (out.hasRemaining()) channel.write(out);
        }

        private void need(int bytes) throws IOException {
            while (in.remaining() < bytes) {
                in.compact();
                if (channel.read(in) < 0) throw new EOFException("connection closed");
                in.flip();
            }
        }
    }

    /// The client's side of SCRAM-SHA-256.
    private static final class Proof {
        private static final ConcurrentHashMap<String, Proof.Keys> KEPT = new ConcurrentHashMap<>();
        private static final ThreadLocal<Mac> MAC = ThreadLocal.withInitial(() -> {
            try {
                return Mac.getInstance("HmacSHA256");
            } catch (GeneralSecurityException missing) {
                throw new IllegalStateException(missing);
            }
        });

        private record Keys(byte[] client, byte[] stored, byte[] server) {}

        private final String password;
        private final String bare = "n=,r=" + Long.toHexString(ThreadLocalRandom.current().nextLong())
                + Long.toHexString(ThreadLocalRandom.current().nextLong());
        private byte[] signature;

        Proof(String password) {
            this.password = password;
        }

        String first() {
            return "n,," + bare;
        }

        String last(String serverFirst) throws GeneralSecurityException {
            var parts = serverFirst.split(",");
            var keys = keys(password, parts[1].substring(2), Integer.parseInt(parts[2].substring(2)));
            var withoutProof = "c=biws," + parts[0];
            var whole = (bare + "," + serverFirst + "," + withoutProof).getBytes(StandardCharsets.UTF_8);
            var proof = hmac(keys.stored(), whole);
            for (int i = 0; i < proof.length; i++) proof[i] ^= keys.client()[i];
            signature = hmac(keys.server(), whole);
            return withoutProof + ",p=" + Base64.getEncoder().encodeToString(proof);
        }

        void verify(String serverFinal) throws GeneralSecurityException {
            if (!serverFinal.equals("v=" + Base64.getEncoder().encodeToString(signature)))
                throw new GeneralSecurityException("the server's signature");
        }

        private static Keys keys(String password, String salt, int iterations) {
            return KEPT.computeIfAbsent(password + "," + salt + "," + iterations, _ -> derive(password, salt, iterations));
        }

        private static Keys derive(String password, String salt, int iterations) {
            try {
                var spec = new PBEKeySpec(password.toCharArray(), Base64.getDecoder().decode(salt), iterations, 256);
                var salted = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256").generateSecret(spec).getEncoded();
                var client = hmac(salted, "Client Key".getBytes(StandardCharsets.US_ASCII));
                var server = hmac(salted, "Server Key".getBytes(StandardCharsets.US_ASCII));
                return new Keys(client, MessageDigest.getInstance("SHA-256").digest(client), server);
            } catch (GeneralSecurityException impossible) {
                throw new IllegalStateException(impossible);
            }
        }

        private static byte[] hmac(byte[] key, byte[] text) throws GeneralSecurityException {
            var mac = MAC.get();
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text);
        }
    }
}
