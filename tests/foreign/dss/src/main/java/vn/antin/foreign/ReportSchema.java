package vn.antin.foreign;

import eu.europa.esig.validationreport.ValidationReportUtils;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.xml.transform.stream.StreamSource;

/** Whether a file is a validation report by the schema of ETSI TS 119 102-2. */
final class ReportSchema {
    private ReportSchema() {}

    static Map<String, Object> check(Path file) {
        List<String> errors =
                ValidationReportUtils.getInstance().validateAgainstXSD(new StreamSource(file.toFile()));
        return Map.of("valid", errors.isEmpty(), "errors", errors);
    }
}
