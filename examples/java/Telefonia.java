import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/**
 * Call the telephony web services with the JDK alone: {@code java Telefonia.java OPERATION ARGUMENT...} (see
 * ../README.md). Java 11 or newer.
 */
public class Telefonia {
    private static final String NAMESPACE = "urn:soap-service:telefonia:v1";
    private static final List<String> RECEIPT = List.of("identificado", "aviso", "url", "mensagem");
    private static final Map<String, List<String>> ARGUMENTS = Map.of(
            "obterQtdeSolicitacoes", List.of("cpf"),
            "obterDadosSolicitacao", List.of("id"),
            "novaSolicitacao", List.of("cpf", "ramal"),
            "visualizarSolicitacao", List.of("id", "cpf", "ramal"));
    private static final Map<String, List<String>> FIELDS = Map.of(
            "obterQtdeSolicitacoes", List.of(),
            "obterDadosSolicitacao", List.of("id", "dataAbertura", "prazoLimite", "situacao", "dentroDoPrazo"),
            "novaSolicitacao", RECEIPT,
            "visualizarSolicitacao", RECEIPT);

    public static void main(String[] arguments) throws Exception {
        System.setOut(new java.io.PrintStream(System.out, true, StandardCharsets.UTF_8));
        System.setErr(new java.io.PrintStream(System.err, true, StandardCharsets.UTF_8));
        if (arguments.length == 0 || !ARGUMENTS.containsKey(arguments[0])) {
            System.err.println("usage: java Telefonia.java OPERATION ARGUMENT...");
            System.exit(2);
        }
        String operation = arguments[0];
        Document answer = call(operation, List.of(arguments).subList(1, arguments.length));
        if (first(answer, "faultstring") != null) {
            System.err.println(first(answer, "codigo") + ": " + first(answer, "faultstring"));
            System.exit(1);
        }
        if (FIELDS.get(operation).isEmpty()) {
            System.out.println(first(answer, operation + "Result"));
        }
        for (String name : FIELDS.get(operation)) {
            System.out.println(name + "=" + first(answer, name));  // a nil prazoLimite reads as an empty text
        }
    }

    private static Document call(String operation, List<String> values) throws Exception {
        StringBuilder elements = new StringBuilder();
        for (int at = 0; at < Math.min(values.size(), ARGUMENTS.get(operation).size()); at++) {
            String name = ARGUMENTS.get(operation).get(at);
            String value = values.get(at).replace("&", "&amp;").replace("<", "&lt;");
            elements.append("<t:").append(name).append(">").append(value).append("</t:").append(name).append(">");
        }
        String envelope = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:t=\"" + NAMESPACE
                + "\"><s:Body><t:" + operation + ">" + elements + "</t:" + operation + "></s:Body></s:Envelope>";
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(setting("URL", "http://127.0.0.1:8000/soap")))
                .timeout(Duration.ofSeconds(5))  // the service answers within 3 s or says INDISPONIVEL
                .header("Content-Type", "text/xml; charset=utf-8")
                .header("SOAPAction", "\"" + NAMESPACE + ":" + operation + "\"")
                .POST(HttpRequest.BodyPublishers.ofString(envelope, StandardCharsets.UTF_8));
        if (!setting("USER", "").isEmpty()) {
            String credential = setting("USER", "") + ":" + setting("SECRET", "");
            String encoded = Base64.getEncoder().encodeToString(credential.getBytes(StandardCharsets.UTF_8));
            request.header("Authorization", "Basic " + encoded);
        }
        HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
        HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(response.body())));
    }

    /** Return the text of the first element of that local name; null without one. */
    private static String first(Document document, String name) {
        NodeList found = document.getElementsByTagNameNS("*", name);
        return found.getLength() == 0 ? null : found.item(0).getTextContent();
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault("TELEFONIA_" + name, otherwise);
    }
}
