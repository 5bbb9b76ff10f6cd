package vn.antin.foreign;

import eu.europa.esig.dss.detailedreport.DetailedReport;
import eu.europa.esig.dss.detailedreport.jaxb.XmlBasicBuildingBlocks;
import eu.europa.esig.dss.detailedreport.jaxb.XmlStatus;
import eu.europa.esig.dss.diagnostic.AbstractSignatureWrapper;
import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.diagnostic.jaxb.XmlDigestMatcher;
import eu.europa.esig.dss.diagnostic.jaxb.XmlObjectModification;
import eu.europa.esig.dss.enumerations.Indication;
import eu.europa.esig.dss.enumerations.TimestampType;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.policy.SignaturePolicyProvider;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What EU DSS says of the signatures and time-stamps of one PDF, by its default policy. */
final class DssValidation {
    private final Settings settings;

    DssValidation(Settings settings) {
        this.settings = settings;
    }

    /** What holds for every file of a run. */
    static final class Settings {
        private final CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        private final List<DSSDocument> revocationLists = new ArrayList<>();
        private Date at;
        private Path policy;
        private Path reports;

        /** Trusts one certificate file (DER or PEM, any number in it) or all files of a folder. */
        void trust(Path path) throws IOException, CertificateException {
            try (Stream<Path> files = Files.walk(path)) {
                for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                    try (InputStream stream = Files.newInputStream(file)) {
                        for (var certificate :
                                CertificateFactory.getInstance("X.509").generateCertificates(stream)) {
                            trusted.addCertificate(new CertificateToken((X509Certificate) certificate));
                        }
                    }
                }
            }
        }

        /** Offers a revocation list (DER or PEM) that stands for the one DSS would have fetched. */
        void revocationList(Path file) {
            revocationLists.add(new FileDocument(file.toFile()));
        }

        void at(String time) {
            at = Date.from(OffsetDateTime.parse(time).toInstant());
        }

        void policy(Path file) {
            policy = file;
        }

        void reports(Path directory) throws IOException {
            reports = Files.createDirectories(directory);
        }

        /** A verifier that has the file and what was handed in, and nothing to fetch with. */
        private CommonCertificateVerifier verifier() {
            CommonCertificateVerifier verifier = new CommonCertificateVerifier(true);
            verifier.setAIASource(null);
            verifier.setCrlSource(revocationLists.isEmpty()
                    ? null
                    : new ExternalResourcesCRLSource(revocationLists.toArray(DSSDocument[]::new)));
            verifier.setOcspSource(null);
            verifier.addTrustedCertSources(trusted);
            return verifier;
        }
    }

    Map<String, Object> validate(Path file) throws IOException {
        SignedDocumentValidator validator =
                SignedDocumentValidator.fromDocument(new FileDocument(file.toFile()));
        validator.setCertificateVerifier(settings.verifier());
        validator.setSignaturePolicyProvider(new SignaturePolicyProvider());
        validator.setEnableEtsiValidationReport(settings.reports != null);
        if (settings.at != null) {
            validator.setValidationTime(settings.at);
        }
        Reports reports = settings.policy == null
                ? validator.validateDocument()
                : validator.validateDocument(settings.policy.toFile());
        if (settings.reports != null) {
            Files.writeString(
                    settings.reports.resolve(file.getFileName() + ".xml"),
                    reports.getXmlValidationReport());
        }
        DiagnosticData data = reports.getDiagnosticData();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("signatures", data.getSignatures().stream().map(s -> signature(s, reports)).toList());
        answer.put("timestamps",
                data.getNonEvidenceRecordTimestamps().stream().map(t -> timestamp(t, reports)).toList());
        answer.put("evidence_records", data.getEvidenceRecords().size());
        answer.put("signature_count", reports.getSimpleReport().getSignaturesCount());
        answer.put("valid_count", reports.getSimpleReport().getValidSignaturesCount());
        return answer;
    }

    private static Map<String, Object> signature(SignatureWrapper signature, Reports reports) {
        SimpleReport simple = reports.getSimpleReport();
        Map<String, Object> answer = token(signature, signature.getId(), reports);
        answer.put("level", signature.getSignatureFormat() == null
                ? null : signature.getSignatureFormat().toString());
        answer.put("signed_by", simple.getSignedBy(signature.getId()));
        answer.put("signing_time", time(signature.getClaimedSigningTime()));
        answer.put("best_signature_time", time(simple.getBestSignatureTime(signature.getId())));
        return answer;
    }

    private static Map<String, Object> timestamp(TimestampWrapper timestamp, Reports reports) {
        Map<String, Object> answer = token(timestamp, timestamp.getId(), reports);
        answer.put("type", timestamp.getType().toString());
        answer.put("document_timestamp", timestamp.getType() == TimestampType.DOCUMENT_TIMESTAMP);
        answer.put("production_time", time(timestamp.getProductionTime()));
        return answer;
    }

    /** What signatures and time-stamps have in common. */
    private static Map<String, Object> token(
            AbstractSignatureWrapper token, String id, Reports reports) {
        SimpleReport simple = reports.getSimpleReport();
        Indication indication = simple.getIndication(id);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", id);
        answer.put("field", token.getFirstFieldName());
        answer.put("indication", indication == null ? null : indication.toString());
        answer.put("sub_indication",
                simple.getSubIndication(id) == null ? null : simple.getSubIndication(id).toString());
        answer.put("intact", token.isSignatureIntact()
                && token.getDigestMatchers().stream().allMatch(XmlDigestMatcher::isDataIntact));
        answer.put("data_found",
                token.getDigestMatchers().stream().allMatch(XmlDigestMatcher::isDataFound));
        answer.put("signature_intact", token.isSignatureIntact());
        answer.put("signature_valid", token.isSignatureValid());
        answer.put("digest_algorithm",
                token.getDigestAlgorithm() == null ? null : token.getDigestAlgorithm().getName());
        if (token.getPDFRevision() != null) {
            answer.put("modifications", modifications(token));
        }
        answer.put("complaints", complaints(reports.getDetailedReport(), id));
        answer.put("errors", simple.getAdESValidationErrors(id).stream().map(Message::getValue).toList());
        answer.put("warnings",
                simple.getAdESValidationWarnings(id).stream().map(Message::getValue).toList());
        return answer;
    }

    /** DSS's own comparison of the signed revision with the whole file. */
    private static Map<String, Object> modifications(AbstractSignatureWrapper token) {
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("detected", token.arePdfModificationsDetected());
        found.put("page_difference", token.getPdfPageDifferenceConcernedPages());
        found.put("visual_difference", token.getPdfVisualDifferenceConcernedPages());
        found.put("annotation_overlap", token.getPdfAnnotationsOverlapConcernedPages());
        found.put("extension", objects(token.getPdfExtensionChanges()));
        found.put("form_fill", objects(token.getPdfSignatureOrFormFillChanges()));
        found.put("annotation", objects(token.getPdfAnnotationChanges()));
        found.put("undefined", objects(token.getPdfUndefinedChanges()));
        found.put("fields", token.getModifiedFieldNames());
        found.put("doc_mdp", token.getDocMDPPermissions() == null
                ? null : token.getDocMDPPermissions().toString());
        return found;
    }

    /** The first fifty; a rewritten file has tens of thousands. */
    private static Map<String, Object> objects(List<XmlObjectModification> changes) {
        return Map.of("count", changes.size(), "first",
                changes.stream().limit(50).map(c -> c.getAction() + " " + c.getValue()).toList());
    }

    /** Keys of the format constraints that did not hold: failed by the policy, or a warning. */
    private static Map<String, String> complaints(DetailedReport detailed, String id) {
        Map<String, String> kept = new LinkedHashMap<>();
        XmlBasicBuildingBlocks blocks = detailed.getBasicBuildingBlockById(id);
        if (blocks != null && blocks.getFC() != null) {
            blocks.getFC().getConstraint().stream()
                    .filter(c -> c.getStatus() == XmlStatus.NOT_OK || c.getStatus() == XmlStatus.WARNING)
                    .forEach(c -> kept.put(c.getName().getKey(), c.getStatus().value()));
        }
        return kept;
    }

    private static String time(Date date) {
        return date == null ? null : date.toInstant().toString();
    }
}
