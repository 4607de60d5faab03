package org.pgdrover.auth.oauth;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;

/// Fetches documents over HTTPS, bounded in time and size, following nobody elsewhere; thread-safe.
final class DocumentFetcher implements AutoCloseable {
    static final int MAX_BYTES = 256 * 1024;

    private final HttpClient client;
    private final Duration timeout;

    DocumentFetcher(SSLContext tls, Duration timeout) {
        this.timeout = timeout;
        client = HttpClient.newBuilder()
                .sslContext(tls)
                .connectTimeout(timeout)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    String fetch(String address) throws IOException {
        var request = HttpRequest.newBuilder(trustworthy(address))
                .header("Accept", "application/json")
                .build();
        // The client's own timeout ends with the headers; a body may drip for ever.
        var answer = client.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofString(), MAX_BYTES));
        try {
            var response = answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            if (response.statusCode() != 200)
                throw new IOException(address + ": status " + response.statusCode() + " (expected: 200)");
            return response.body();
        } catch (ExecutionException failure) {
            throw new IOException(address + ": " + failure.getCause(), failure);
        } catch (TimeoutException late) {
            throw new IOException(address + ": no answer within " + timeout, late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException(address + ": interrupted", interrupted);
        } finally {
            answer.cancel(true);
        }
    }

    private static URI trustworthy(String address) throws IOException {
        try {
            return IssuerAddress.trustworthy(address);
        } catch (URISyntaxException unusable) {
            throw new IOException(unusable.getMessage(), unusable);
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
