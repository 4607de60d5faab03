package org.pgdrover.frontend.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgdrover.auth.PasswordSources;
import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.ListenTlsConfig;
import org.pgdrover.config.SniCertificate;
import org.pgdrover.config.TlsFiles;
import org.pgdrover.config.TlsLibrary;
import org.pgdrover.config.TlsMode;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Clients;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.testing.Certificates;
import org.pgdrover.testing.EverySplit;
import org.pgdrover.testing.Logins;
import org.pgdrover.testing.WireBytes;
import org.pgdrover.tls.ClientTls;
import org.pgdrover.tls.TlsProvider;

/// How clients begin TLS, cut at every byte; no rule lets anybody in, and the refusal tells how the
/// client was seen.
class ClientEncryptionTest {
    private static final byte[] SSL_REQUEST = {0, 0, 0, 8, 4, (byte) 0xD2, 0x16, 0x2F};
    private static final byte[] GSSENC_REQUEST = {0, 0, 0, 8, 4, (byte) 0xD2, 0x16, 0x30};

    @TempDir
    Path directory = Path.of(".");

    private Certificates authority;
    private Certificates.Pair usual;
    private ClientTls tls = ClientTls.OFF;

    @BeforeEach
    void certificates() throws Exception {
        authority = new Certificates(directory, "ca");
        usual = authority.server("db.example.com");
    }

    @AfterEach
    void free() {
        tls.close();
    }

    private void offer(TlsLibrary library) throws IOException {
        offer(library, TlsMode.PREFER, null, null, List.of());
    }

    private void offer(
            TlsLibrary library, TlsMode mode, @Nullable Path ca, @Nullable Path crl, List<SniCertificate> sni)
            throws IOException {
        tls = ClientTls.read(
                new ListenTlsConfig(mode, new TlsFiles(usual.certificate(), usual.key(), ca, crl), "TLSv1.2", sni),
                TlsProvider.of(library, Runnable::run));
    }

    /// The proxy's end of a client's connection; over TCP unless it is said to be local.
    private static final class Channel extends EmbeddedChannel {
        private final boolean local;

        Channel(boolean local) {
            this.local = local;
        }

        @Override
        protected SocketAddress remoteAddress0() {
            return local ? super.remoteAddress0() : new InetSocketAddress("127.0.0.1", 5);
        }
    }

    private Channel proxy(boolean local) {
        var channel = new Channel(local);
        channel.pipeline()
                .addLast(
                        "client",
                        new ClientConnection(
                                1, channel, new Clients(ProxyMetrics.NOOP), entrance(), AuthConfig.DEFAULT.timeout()));
        channel.pipeline().fireChannelActive();
        return channel;
    }

    /// Whoever is refused at the door meets none of the servers behind.
    @SuppressWarnings("NullAway")
    private Login entrance() {
        return Logins.login(new HbaRules(List.of()), PasswordSources.NOBODY, () -> tls, new CancelRegistry(), null);
    }

    private static ClientConnection connection(EmbeddedChannel proxy) {
        return Objects.requireNonNull(proxy.pipeline().get(ClientConnection.class));
    }

    private static byte[] startup() {
        var text = "user\0me\0database\0db\0\0".getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length)
                .putInt(8 + text.length)
                .putInt(3 << 16)
                .put(text)
                .array();
    }

    private static ByteBuf buffer(byte[] bytes) {
        return Unpooled.copiedBuffer(bytes);
    }

    /// Everything that the channel has sent, as ISO 8859-1.
    private static String sent(EmbeddedChannel channel) {
        var text = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            text.append(out.toString(StandardCharsets.ISO_8859_1));
            out.release();
        }
        return text.toString();
    }

    private static void deliver(EmbeddedChannel to, ByteBuf bytes) {
        if (!to.isOpen()) {
            bytes.release();
            return;
        }
        to.pipeline().fireChannelRead(bytes);
        to.pipeline().fireChannelReadComplete();
        to.runPendingTasks();
    }

    /// An embedded channel throws what came after its end, as a failed handshake's alert does; what was
    /// sent before tells enough.
    private static void end(EmbeddedChannel channel) {
        try {
            channel.finishAndReleaseAll();
        } catch (DecoderException refused) {
            channel.releaseInbound();
            channel.releaseOutbound();
        }
    }

    private static SslContext client(SslContextBuilder settings, boolean alpn, String version) throws IOException {
        settings.sslProvider(SslProvider.JDK)
                .protocols(version)
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .endpointIdentificationAlgorithm(null);
        if (alpn)
            settings.applicationProtocolConfig(new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    TlsProvider.ALPN));
        return settings.build();
    }

    /// A client's end that speaks TLS, and what it has received in the clear.
    private static final class TlsClient {
        private final EmbeddedChannel channel;
        private final SslHandler handler;

        TlsClient(SslContext context, String host) {
            var made = context.newHandler(io.netty.buffer.ByteBufAllocator.DEFAULT, host, 5432);
            handler = made;
            channel = new EmbeddedChannel(made);
        }

        /// Carries bytes both ways until nobody has anything more to say, each piece so long at most.
        void talk(EmbeddedChannel proxy, int piece) {
            boolean moved = true;
            while (moved) moved = carry(channel, proxy, piece) | carry(proxy, channel, piece);
        }

        private static boolean carry(EmbeddedChannel from, EmbeddedChannel to, int piece) {
            boolean moved = false;
            for (ByteBuf out = from.readOutbound(); out != null; out = from.readOutbound()) {
                moved = true;
                while (out.isReadable())
                    deliver(to, buffer(bytes(out.readSlice(Math.min(piece, out.readableBytes())))));
                out.release();
            }
            from.runPendingTasks();
            return moved;
        }

        private static byte[] bytes(ByteBuf from) {
            var bytes = new byte[from.readableBytes()];
            from.readBytes(bytes);
            return bytes;
        }

        void send(byte[] bytes) {
            channel.writeOneOutbound(buffer(bytes));
            channel.flushOutbound();
        }

        String received() {
            var text = new StringBuilder();
            for (ByteBuf in = channel.readInbound(); in != null; in = channel.readInbound()) {
                text.append(in.toString(StandardCharsets.UTF_8));
                in.release();
            }
            return text.toString();
        }

        void close() {
            end(channel);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void takesNothingUnencryptedAfterSslRequest(TlsLibrary library) throws Exception {
        offer(library);
        var bytes = new WireBytes().append(SSL_REQUEST).append(startup()).bytes();

        EverySplit.of(bytes, pieces -> {
            var proxy = proxy(false);
            int before = 0;
            boolean together = false;
            for (var piece : pieces) {
                together |= before < SSL_REQUEST.length && before + piece.readableBytes() > SSL_REQUEST.length;
                before += piece.readableBytes();
                deliver(proxy, piece);
            }
            var answer = sent(proxy);
            if (together) assertThat(answer).startsWith("E").contains("received unencrypted data after SSL request");
            else assertThat(answer).startsWith("S").doesNotContain("pool_hba");
            assertThat(answer).doesNotContain("no pool_hba.conf entry");
            assertThat(proxy.isOpen()).isFalse();
            end(proxy);
        });
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void encryptsHoweverTheHandshakeIsCut(TlsLibrary library) throws Exception {
        offer(library);
        for (var version : List.of("TLSv1.2", "TLSv1.3"))
            for (boolean direct : new boolean[] {false, true})
                for (int piece : new int[] {1, 2, 3, 7, 100, Integer.MAX_VALUE}) {
                    var proxy = proxy(false);
                    if (!direct) {
                        deliver(proxy, buffer(SSL_REQUEST));
                        assertThat(sent(proxy)).isEqualTo("S");
                    }
                    var client = new TlsClient(client(SslContextBuilder.forClient(), true, version), "x");
                    client.talk(proxy, piece);
                    assertThat(client.handler.applicationProtocol()).isEqualTo("postgresql");
                    assertThat(connection(proxy).encryption().localCertificate())
                            .isEqualTo(usual.bundle().getCertificate());
                    assertThat(connection(proxy).encryption().peerCertificate()).isNull();
                    client.send(startup());
                    client.talk(proxy, piece);

                    assertThat(client.received())
                            .describedAs(version + (direct ? ", direct" : "") + ", " + piece)
                            .contains("no pool_hba.conf entry")
                            .contains("SSL encryption");
                    client.close();
                    end(proxy);
                }
    }

    @Test
    void refusesDirectTlsWithoutAlpn() throws Exception {
        offer(TlsLibrary.AUTO);
        var proxy = proxy(false);
        var client = new TlsClient(client(SslContextBuilder.forClient(), false, "TLSv1.3"), "x");

        client.talk(proxy, Integer.MAX_VALUE);

        assertThat(client.received()).contains("received direct SSL connection request without ALPN");
        assertThat(proxy.isOpen()).isFalse();
        client.close();
        end(proxy);
    }

    @Test
    void needsNoAlpnAfterSslRequest() throws Exception {
        offer(TlsLibrary.AUTO);
        var proxy = proxy(false);
        deliver(proxy, buffer(SSL_REQUEST));
        sent(proxy);
        var client = new TlsClient(client(SslContextBuilder.forClient(), false, "TLSv1.3"), "x");
        client.talk(proxy, Integer.MAX_VALUE);

        client.send(startup());
        client.talk(proxy, Integer.MAX_VALUE);

        assertThat(client.received()).contains("SSL encryption");
        client.close();
        end(proxy);
    }

    @Test
    void refusesToEncryptTwice() throws Exception {
        offer(TlsLibrary.AUTO);
        for (boolean direct : new boolean[] {false, true})
            for (var request : new byte[][] {SSL_REQUEST, GSSENC_REQUEST}) {
                var proxy = proxy(false);
                if (!direct) deliver(proxy, buffer(SSL_REQUEST));
                sent(proxy);
                var client = new TlsClient(client(SslContextBuilder.forClient(), true, "TLSv1.3"), "x");
                client.talk(proxy, Integer.MAX_VALUE);

                client.send(request);
                client.talk(proxy, Integer.MAX_VALUE);

                assertThat(client.received()).startsWith("E").contains("0A000");
                assertThat(proxy.isOpen()).isFalse();
                client.close();
                end(proxy);
            }
    }

    @Test
    void offersNoTlsWithoutACertificateOrOnAUnixSocket() throws Exception {
        var without = proxy(false);
        deliver(without, buffer(SSL_REQUEST));
        assertThat(sent(without)).isEqualTo("N");
        deliver(without, buffer(startup()));
        assertThat(sent(without)).contains("no encryption");
        end(without);

        var direct = proxy(false);
        deliver(direct, buffer(new byte[] {0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0}));
        assertThat(sent(direct)).isEmpty();
        assertThat(direct.isOpen()).isFalse();
        end(direct);

        offer(TlsLibrary.AUTO);
        var local = proxy(true);
        deliver(local, buffer(SSL_REQUEST));
        assertThat(sent(local)).isEqualTo("N");
        end(local);
    }

    @Test
    void refusesPlainTextWhereTlsIsRequiredButNotOnAUnixSocket() throws Exception {
        offer(TlsLibrary.AUTO, TlsMode.REQUIRE, null, null, List.of());
        var remote = proxy(false);
        deliver(remote, buffer(startup()));
        assertThat(sent(remote)).contains("28000").contains("encrypted connections only");
        end(remote);

        var local = proxy(true);
        deliver(local, buffer(startup()));
        assertThat(sent(local)).contains("no pool_hba.conf entry");
        end(local);
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void endsAHandshakeThatTakesTooLongWithoutAWordInTheClear(TlsLibrary library) throws Exception {
        for (var sni : List.of(
                List.<SniCertificate>of(), List.of(new SniCertificate("a.b", usual.certificate(), usual.key())))) {
            tls.close();
            offer(library, TlsMode.PREFER, null, null, sni);
            var proxy = proxy(false);
            deliver(proxy, buffer(SSL_REQUEST));
            assertThat(sent(proxy)).isEqualTo("S");
            proxy.freezeTime();

            proxy.advanceTimeBy(31, TimeUnit.SECONDS);
            proxy.runScheduledPendingTasks();

            assertThat(proxy.isOpen()).isFalse();
            assertThat(sent(proxy)).doesNotContain("FATAL");
            end(proxy);
        }
    }

    private Object answer(SslContext context, String host) {
        var proxy = proxy(false);
        deliver(proxy, buffer(SSL_REQUEST));
        sent(proxy);
        var client = new TlsClient(context, host);
        client.talk(proxy, 50);
        var shown = client.handler.handshakeFuture().isSuccess() ? shown(client) : null;
        client.close();
        end(proxy);
        return shown == null ? "failed" : shown;
    }

    private static X509Certificate shown(TlsClient client) {
        try {
            return (X509Certificate) client.handler.engine().getSession().getPeerCertificates()[0];
        } catch (javax.net.ssl.SSLPeerUnverifiedException none) {
            throw new AssertionError(none);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void showsTheCertificateOfTheNameThatIsAskedFor(TlsLibrary library) throws Exception {
        var one = authority.server("one.example.com");
        var any = authority.server("any.example.org");
        offer(
                library,
                TlsMode.PREFER,
                null,
                null,
                List.of(
                        new SniCertificate("one.Example.com", one.certificate(), one.key()),
                        new SniCertificate("*.example.org", any.certificate(), any.key())));
        var context = client(SslContextBuilder.forClient(), true, "TLSv1.3");

        assertThat(answer(context, "one.example.com")).isEqualTo(one.bundle().getCertificate());
        assertThat(answer(context, "ONE.example.COM")).isEqualTo(one.bundle().getCertificate());
        assertThat(answer(context, "a.example.org")).isEqualTo(any.bundle().getCertificate());
        for (var other : List.of("two.example.com", "example.org", "a.b.example.org", "127.0.0.1"))
            assertThat(answer(context, other))
                    .describedAs(other)
                    .isEqualTo(usual.bundle().getCertificate());
    }

    /// Shows a certificate whatever the server asks for, as libpq does.
    private static final class Showing extends X509ExtendedKeyManager {
        private final Certificates.Pair pair;

        Showing(Certificates.Pair pair) {
            this.pair = pair;
        }

        @Override
        public String chooseEngineClientAlias(String[] types, Principal @Nullable [] issuers, SSLEngine engine) {
            return "mine";
        }

        @Override
        public String chooseClientAlias(String[] types, Principal @Nullable [] issuers, Socket socket) {
            return "mine";
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return pair.bundle().getCertificatePath();
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return pair.bundle().getKeyPair().getPrivate();
        }

        @Override
        public String[] getClientAliases(String type, Principal @Nullable [] issuers) {
            return new String[] {"mine"};
        }

        @Override
        public String[] getServerAliases(String type, Principal @Nullable [] issuers) {
            return new String[0];
        }

        @Override
        public @Nullable String chooseServerAlias(String type, Principal @Nullable [] issuers, Socket socket) {
            return null;
        }
    }

    /// What the proxy tells a client that has shown this certificate, or that it could not connect.
    private String refusal(Certificates.@Nullable Pair shown, String version) throws Exception {
        var settings = SslContextBuilder.forClient();
        if (shown != null) settings.keyManager(new Showing(shown));
        var context = client(settings, true, version);
        var proxy = proxy(false);
        deliver(proxy, buffer(SSL_REQUEST));
        sent(proxy);
        var client = new TlsClient(context, "x");
        client.talk(proxy, Integer.MAX_VALUE);
        if (proxy.isOpen()) {
            assertThat(connection(proxy).encryption().peerCertificate())
                    .isEqualTo(shown == null ? null : shown.bundle().getCertificate());
            client.send(startup());
            client.talk(proxy, Integer.MAX_VALUE);
        }
        var said = client.received();
        client.close();
        end(proxy);
        return said.isEmpty() ? "handshake failed" : said;
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void checksTheCertificatesOfClients(TlsLibrary library) throws Exception {
        var good = authority.client("me");
        var revoked = authority.client("gone");
        var stranger = new Certificates(directory, "other").client("me");
        var expired = authority.expiredClient("me");
        for (var version : List.of("TLSv1.2", "TLSv1.3"))
            for (var mode : List.of(TlsMode.PREFER, TlsMode.VERIFY_CA)) {
                tls.close();
                offer(library, mode, authority.ca(), authority.revoke(revoked), List.of());

                assertThat(refusal(good, version)).contains("no pool_hba.conf entry");
                assertThat(refusal(null, version))
                        .contains(
                                mode == TlsMode.PREFER
                                        ? "no pool_hba.conf entry"
                                        : "connection requires a valid client certificate");
                for (var bad : List.of(stranger, expired, revoked))
                    assertThat(refusal(bad, version))
                            .describedAs(version + " " + bad.certificate())
                            .isEqualTo("handshake failed");
            }
    }

    /// A resumed session brings the client's certificate along, which was checked when it began.
    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void knowsTheCertificateOfAResumedSession(TlsLibrary library) throws Exception {
        offer(library, TlsMode.VERIFY_CA, authority.ca(), null, List.of());
        var pair = authority.client("me");
        var context = client(
                SslContextBuilder.forClient()
                        .keyManager(pair.certificate().toFile(), pair.key().toFile()),
                true,
                "TLSv1.2");
        byte[] first = null;
        for (int i = 0; i < 3; i++) {
            var proxy = proxy(false);
            deliver(proxy, buffer(SSL_REQUEST));
            sent(proxy);
            var client = new TlsClient(context, "x");
            client.talk(proxy, Integer.MAX_VALUE);
            var session = client.handler.engine().getSession();
            if (first == null) first = session.getId();
            assertThat(session.getId()).isEqualTo(first);
            assertThat(connection(proxy).encryption().peerCertificate())
                    .isEqualTo(pair.bundle().getCertificate());
            assertThat(connection(proxy).encryption().localCertificate())
                    .isEqualTo(usual.bundle().getCertificate());
            client.close();
            end(proxy);
        }
    }
}
