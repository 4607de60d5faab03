package org.pgdrover.server.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.ClusterTlsConfig;
import org.pgdrover.config.ListenTlsConfig;
import org.pgdrover.config.SniCertificate;
import org.pgdrover.config.TlsFiles;
import org.pgdrover.config.TlsMode;
import org.pgdrover.config.TlsNegotiation;

/// Reads `listen.tls` and `cluster.tls`, and notes what in them contradicts itself.
final class TlsSections {
    private static final String LABEL = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?";
    /// Two labels at least behind the asterisk, as RFC 6125 advises: nobody vouches for a whole
    /// top-level domain.
    private static final Pattern SNI_HOST =
            Pattern.compile("(" + LABEL + "|\\*\\." + LABEL + ")(\\." + LABEL + ")*\\.?");

    private TlsSections() {}

    static ListenTlsConfig listen(ConfigSection section) {
        var mode = section.choice("mode", TlsMode.class, ListenTlsConfig.DEFAULT.mode());
        var files = files(section);
        var config = new ListenTlsConfig(mode, files, minVersion(section), sni(section));
        if (files.certFile() == null) {
            var needs = "needs a certificate: set cert-file and key-file";
            if (mode.requires()) section.problem("mode", spelling(mode) + " " + needs);
            if (files.caFile() != null) section.problem("ca-file", "checking certificates of clients " + needs);
            if (!config.sni().isEmpty())
                section.problem("sni", "is for some names; clients that ask for none of them " + needs);
        }
        if (mode.verifies() && files.caFile() == null)
            section.problem(
                    "mode", spelling(mode) + " needs the authorities of the clients' certificates: set ca-file");
        section.end();
        return config;
    }

    static ClusterTlsConfig cluster(ConfigSection section) {
        var usual = ClusterTlsConfig.DEFAULT;
        var mode = section.choice("mode", TlsMode.class, usual.mode());
        var negotiation = section.choice("negotiation", TlsNegotiation.class, usual.negotiation());
        var files = files(section);
        if (mode.verifies() && files.caFile() == null)
            section.problem("mode", spelling(mode) + " needs the authorities of the nodes' certificates: set ca-file");
        if (negotiation == TlsNegotiation.DIRECT && !mode.requires())
            section.problem(
                    "negotiation",
                    "direct leaves no way back to plain text, which mode = " + spelling(mode)
                            + " allows: set mode to require, verify-ca or verify-full");
        if (files.caFile() != null && !mode.requires())
            section.problem(
                    "ca-file",
                    "with mode = " + spelling(mode)
                            + " a node whose certificate fails the check is used in plain text: set mode to verify-ca or verify-full");
        var config = new ClusterTlsConfig(mode, negotiation, files, minVersion(section));
        section.end();
        return config;
    }

    /// The name that a node's certificate must have.
    static @Nullable String tlsName(ConfigSection node, TlsMode mode) {
        var name = node.text("tls-name");
        if (name != null && mode != TlsMode.VERIFY_FULL)
            node.problem(
                    "tls-name",
                    "is compared with the node's certificate only with cluster.tls.mode = verify-full: set that, or remove tls-name");
        return name;
    }

    private static String minVersion(ConfigSection section) {
        var version = section.text("min-version", ListenTlsConfig.DEFAULT.minVersion());
        if (version.equals("TLSv1.2") || version.equals("TLSv1.3")) return version;
        section.problem("min-version", "\"" + version + "\" (expected: TLSv1.2 or TLSv1.3)");
        return ListenTlsConfig.DEFAULT.minVersion();
    }

    private static TlsFiles files(ConfigSection section) {
        var cert = readable(section, "cert-file");
        var key = readable(section, "key-file");
        var ca = readable(section, "ca-file");
        var crl = readable(section, "crl-file");
        boolean pair = isPair(section, cert, key);
        if (crl != null && ca == null)
            section.problem("crl-file", "is of use only with ca-file, whose authorities have issued it: set both");
        return new TlsFiles(pair ? cert : null, pair ? key : null, ca, ca == null ? null : crl);
    }

    private static boolean isPair(ConfigSection section, @Nullable Path cert, @Nullable Path key) {
        if ((cert == null) != (key == null))
            section.problem(
                    cert == null ? "cert-file" : "key-file", "missing (expected: cert-file and key-file together)");
        return cert != null && key != null;
    }

    private static List<SniCertificate> sni(ConfigSection section) {
        var certificates = new ArrayList<SniCertificate>();
        var hosts = new HashSet<String>();
        for (var each : section.list("sni")) {
            var host = each.text("host");
            if (host == null) each.problem("host", "missing (expected: a host name, or *. and a domain)");
            else if (!isHostName(host))
                each.problem("host", "\"" + host + "\" (expected: a host name, or *. and a domain)");
            else if (!hosts.add(host.toLowerCase(Locale.ROOT)))
                each.problem("host", "\"" + host + "\" is listed twice: remove one of its certificates");
            var cert = readable(each, "cert-file");
            var key = readable(each, "key-file");
            if (cert == null && key == null && !each.has("cert-file") && !each.has("key-file"))
                each.problem("cert-file", "missing (expected: cert-file and key-file)");
            if (isPair(each, cert, key) && host != null && cert != null && key != null)
                certificates.add(new SniCertificate(host, cert, key));
            each.end();
        }
        return certificates;
    }

    /// Clients ask for names only, never for addresses (RFC 6066, section 3).
    private static boolean isHostName(String host) {
        var lower = host.toLowerCase(Locale.ROOT);
        return SNI_HOST.matcher(lower).matches() && !lower.matches("[0-9.]+") && !lower.matches("\\*\\.[^.]*");
    }

    private static @Nullable Path readable(ConfigSection section, String key) {
        var file = section.path(key);
        if (file != null && !Files.isReadable(file))
            section.problem(key, file + " cannot be read: check it and its rights");
        return file;
    }

    private static String spelling(TlsMode mode) {
        return mode.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
