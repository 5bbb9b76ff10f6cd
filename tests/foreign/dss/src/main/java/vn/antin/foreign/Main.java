package vn.antin.foreign;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.jar.Manifest;

/**
 * Asks other people's validators: one JSON line per file, in the order given.
 *
 * <pre>
 * java -jar foreign-validators.jar [--trust FILE_OR_DIR]... [--crl FILE]... [--at ISO8601]
 *                                  [--policy FILE] [--reports DIR] [--seconds N] [FILE...]
 *   --pdfa            say PDF/A flavour and compliance (veraPDF) instead of the signatures
 *   --check-report    say whether each FILE is an ETSI TS 119 102-2 report by its schema
 *   --version         say which releases answer
 * </pre>
 *
 * Without files, paths are read from standard input and answered one by one, so that a warm machine
 * serves many. A bad file is an answer with {@code error}, never an exit. There is no network.
 */
public final class Main {
    private static final ObjectMapper JSON =
            new ObjectMapper().disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS);

    private Main() {}

    /** One way of looking at a file. */
    interface Question {
        Map<String, Object> ask(Path file) throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        System.setProperty("java.awt.headless", "true");
        ProxySelector.setDefault(new NoWayOut());
        DssValidation.Settings settings = new DssValidation.Settings();
        List<String> files = new ArrayList<>();
        String mode = "signatures";
        long seconds = 120;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--trust" -> settings.trust(Path.of(arguments[++i]));
                case "--crl" -> settings.revocationList(Path.of(arguments[++i]));
                case "--at" -> settings.at(arguments[++i]);
                case "--policy" -> settings.policy(Path.of(arguments[++i]));
                case "--reports" -> settings.reports(Path.of(arguments[++i]));
                case "--seconds" -> seconds = Long.parseLong(arguments[++i]);
                case "--offline" -> { } // there is no other way; accepted so that callers can say it
                case "--pdfa", "--check-report", "--version" -> mode = arguments[i].substring(2);
                default -> files.add(arguments[i]);
            }
        }
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        if (mode.equals("version")) {
            out.println(JSON.writeValueAsString(versions()));
            return;
        }
        Question question = switch (mode) {
            case "pdfa" -> PdfaCompliance::check;
            case "check-report" -> ReportSchema::check;
            default -> new DssValidation(settings)::validate;
        };
        try (BufferedReader paths =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (int i = 0; ; i++) {
                String file = files.isEmpty() ? paths.readLine() : i < files.size() ? files.get(i) : null;
                if (file == null) {
                    break;
                }
                out.println(JSON.writeValueAsString(answer(question, file, seconds)));
            }
        }
        System.exit(0); // a question that ran out of time still holds its thread
    }

    private static Map<String, Object> answer(Question question, String file, long seconds) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("file", file);
        long start = System.nanoTime();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            answer.putAll(
                    thread.submit(() -> question.ask(Path.of(file))).get(seconds, TimeUnit.SECONDS));
        } catch (TimeoutException late) {
            answer.put("error", "no answer within " + seconds + " s");
        } catch (ExecutionException | InterruptedException failed) {
            Throwable cause = failed.getCause() == null ? failed : failed.getCause();
            answer.put("error", cause.getClass().getSimpleName() + ": " + cause.getMessage());
        } finally {
            thread.shutdownNow();
        }
        answer.put("milliseconds", Math.round((System.nanoTime() - start) / 1e4) / 100.0);
        return answer;
    }

    private static Map<String, Object> versions() throws IOException {
        Map<String, Object> versions = new LinkedHashMap<>();
        for (var urls = Main.class.getClassLoader().getResources("META-INF/MANIFEST.MF");
                urls.hasMoreElements(); ) {
            try (var stream = urls.nextElement().openStream()) {
                var attributes = new Manifest(stream).getMainAttributes();
                if (attributes.getValue("Dss-Version") != null) {
                    versions.put("dss", attributes.getValue("Dss-Version"));
                    versions.put("verapdf", attributes.getValue("Verapdf-Version"));
                }
            }
        }
        versions.put("java", Runtime.version().toString());
        return versions;
    }

    /** Refuses every connection: an answer must come from the file and the given certificates. */
    private static final class NoWayOut extends ProxySelector {
        @Override
        public List<Proxy> select(URI uri) {
            throw new IllegalStateException("offline: " + uri.getHost());
        }

        @Override
        public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
    }
}
