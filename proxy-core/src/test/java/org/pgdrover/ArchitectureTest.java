package org.pgdrover;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Arrows between packages point one way only.
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.pgdrover");
    private static final String[] FOREIGN = {
        "java..", "javax..", "io.netty..", "org.slf4j..", "org.jspecify..", "org.postgresql..", "com.ongres.."
    };

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "protocol        | ",
                "config          | ",
                "metrics         | ",
                "tls             | config",
                "sql             | ",
                "protocol.codec  | protocol",
                "backend         | protocol protocol.codec config metrics tls auth..",
                "pool            | backend protocol protocol.codec config metrics",
                "cluster         | backend protocol config metrics tls",
                "access          | cluster config auth..",
                "listening       | cluster backend protocol protocol.codec metrics",
                "routing         | cluster sql config metrics protocol",
                "failover        | cluster pool backend protocol config metrics",
                "frontend        | backend protocol protocol.codec metrics tls auth..",
                "frontend.session | frontend routing backend sql protocol",
                "frontend.relay  | frontend.session frontend routing listening failover pool backend cluster sql protocol protocol.codec config metrics",
                "frontend.login  | frontend routing failover pool backend cluster protocol protocol.codec config tls auth..",
                "frontend.replication | frontend backend cluster protocol protocol.codec"
            })
    void usesOnlyWhatItMay(String name, @org.jspecify.annotations.Nullable String allowed) {
        var ours = Stream.concat(Stream.of(name), allowed == null ? Stream.empty() : Arrays.stream(allowed.split(" ")))
                .map(each -> "org.pgdrover." + each);
        classes()
                .that()
                .resideInAPackage("org.pgdrover." + name)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(Stream.concat(Arrays.stream(FOREIGN), ours).toArray(String[]::new))
                .check(CLASSES);
    }

    @Test
    void hasNoCycles() {
        slices().matching("org.pgdrover.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void keepsTheNetworkOutOfTheClassifierAndTheRecords() {
        classes()
                .that()
                .resideInAnyPackage(
                        "org.pgdrover.sql", "org.pgdrover.config", "org.pgdrover.metrics", "org.pgdrover.protocol")
                .should()
                .onlyDependOnClassesThat()
                .resideOutsideOfPackages("io.netty..", "java.net..", "java.sql..")
                .check(CLASSES);
    }

    /// Who needs the time is given a clock; a method reference in the wiring is how it is given.
    @Test
    void asksNoClockOfTheSystems() {
        noClasses()
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .check(CLASSES);
    }
}
