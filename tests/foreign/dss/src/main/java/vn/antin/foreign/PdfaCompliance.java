package vn.antin.foreign;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.ValidationResult;

/** Which PDF/A flavour a file claims, and whether veraPDF finds it kept. */
final class PdfaCompliance {
    static {
        VeraGreenfieldFoundryProvider.initialise();
    }

    private PdfaCompliance() {}

    static Map<String, Object> check(Path file) throws Exception {
        Map<String, Object> answer = new LinkedHashMap<>();
        try (PDFAParser parser = Foundries.defaultInstance().createParser(file.toFile())) {
            PDFAFlavour flavour = parser.getFlavours().stream().findFirst().orElse(null);
            boolean claimed = flavour != null && flavour != PDFAFlavour.NO_FLAVOUR;
            answer.put("flavour", claimed ? flavour.toString() : null);
            if (!claimed) {
                answer.put("compliant", false);
                answer.put("failed_rules", List.of());
                return answer;
            }
            try (PDFAValidator validator =
                    Foundries.defaultInstance().createValidator(flavour, false)) {
                ValidationResult result = validator.validate(parser);
                answer.put("compliant", result.isCompliant());
                answer.put("failed_rules", result.getFailedChecks().keySet().stream()
                        .map(rule -> rule.getClause() + "-" + rule.getTestNumber()).sorted().toList());
            }
        }
        return answer;
    }
}
