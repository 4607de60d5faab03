package org.pgdrover.frontend.session;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Text in the encodings that PostgreSQL knows, by PostgreSQL's names.
@Timeout(60)
class ClientEncodingTest {
    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /// The bytes are those of PostgreSQL's convert_to(text, encoding).
    @ParameterizedTest
    @CsvSource({
        "LATIN1, \u00e4, e4",
        "LATIN2, \u0105, b1",
        "LATIN5, \u011f, f0",
        "LATIN7, \u0161, f0",
        "LATIN9, \u20ac, a4",
        "WIN1250, \u0161, 9a",
        "WIN1251, \u0416, c6",
        "WIN1252, \u20ac, 80",
        "WIN866, \u0416, 86",
        "WIN874, \u0e01, a1",
        "KOI8R, \u0416, f6",
        "KOI8U, \u0416, f6",
        "ISO_8859_5, \u0416, b6",
        "ISO_8859_7, \u03b1, e1",
        "EUC_JP, \u65e5, c6fc",
        "SJIS, \u65e5, 93fa",
        "EUC_KR, \uac00, b0a1",
        "UHC, \uac00, b0a1",
        "JOHAB, \uac00, 8861",
        "EUC_CN, \u4e2d, d6d0",
        "GBK, \u4e2d, d6d0",
        "GB18030, \u4e2d, d6d0",
        "BIG5, \u4e2d, a4a4",
        "EUC_TW, \u4e2d, c4e3",
        "SHIFT_JIS_2004, \u65e5, 93fa"
    })
    void convertsTextAsPostgresqlDoes(String encoding, String text, String expected) {
        var whole = ("head" + text).getBytes(UTF_8);

        var converted = ClientEncoding.ofUtf8(encoding, whole, 4);

        assertThat(hex(converted)).isEqualTo(hex("head".getBytes(UTF_8)) + expected);
        var bytes = HexFormat.of().parseHex(expected);
        assertThat(ClientEncoding.text(encoding, bytes)).isEqualTo(text);
        assertThat(ClientEncoding.inUtf8(encoding, bytes)).isEqualTo(text.getBytes(UTF_8));
    }

    @Test
    void leavesTextAsItIsWhereNothingIsToBeChanged() {
        var ascii = "plain".getBytes(UTF_8);
        var more = "\u00e4".getBytes(UTF_8);

        assertThat(ClientEncoding.ofUtf8("LATIN1", ascii, 0)).isSameAs(ascii);
        assertThat(ClientEncoding.ofUtf8("UTF8", more, 0)).isSameAs(more);
        assertThat(ClientEncoding.ofUtf8("MULE_INTERNAL", more, 0)).isSameAs(more);
        assertThat(ClientEncoding.ofUtf8("SQL_ASCII", more, 0)).isSameAs(more);
    }

    /// The bytes of SQL_ASCII are the database's own.
    @Test
    void takesForUtf8WhatJavaDoesNotKnow() {
        var more = "\u00e4".getBytes(UTF_8);

        assertThat(ClientEncoding.text("SQL_ASCII", more)).isEqualTo("\u00e4");
        assertThat(ClientEncoding.inUtf8("SQL_ASCII", more)).isSameAs(more);
        assertThat(ClientEncoding.isUtf8("SQL_ASCII")).isTrue();
        assertThat(ClientEncoding.isUtf8("LATIN1")).isFalse();
        assertThat(ClientEncoding.text("no name", more)).isEqualTo("\u00e4");
    }

    @Test
    void countsCharacters() {
        var bytes = Unpooled.wrappedBuffer(new byte[] {(byte) 0x93, (byte) 0xfa, 'x'});

        assertThat(ClientEncoding.characters("SJIS", bytes, 0, 3)).isEqualTo(2);
        assertThat(ClientEncoding.characters("WIN1252", bytes, 0, 3)).isEqualTo(3);
        assertThat(ClientEncoding.characters("MULE_INTERNAL", bytes, 0, 3)).isEqualTo(3);
    }
}
