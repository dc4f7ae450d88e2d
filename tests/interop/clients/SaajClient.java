import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.concurrent.Callable;
import javax.xml.namespace.QName;
import javax.xml.soap.MessageFactory;
import javax.xml.soap.SOAPBody;
import javax.xml.soap.SOAPConnection;
import javax.xml.soap.SOAPConnectionFactory;
import javax.xml.soap.SOAPElement;
import javax.xml.soap.SOAPException;
import javax.xml.soap.SOAPFault;
import javax.xml.soap.SOAPMessage;
import org.w3c.dom.Element;

/** What a program on SAAJ does: it writes its messages element by element, without the WSDL. */
public class SaajClient {
    private static final String NAMESPACE = "urn:soap-service:telefonia:v1";

    private final URL address;
    private final String credential;

    private SaajClient(String address, String credential) throws Exception {
        this.address = new URL(address);
        this.credential = credential;
    }

    public static void main(String[] arguments) throws Exception {
        System.setOut(new java.io.PrintStream(System.out, true, "UTF-8"));
        SaajClient service = new SaajClient(arguments[0], null);
        line("wsdl", "-");
        say("one", () -> service.count("11144477735"));
        say("several", () -> service.count("52998224725"));
        say("empty", () -> service.count("12345678909"));
        say("data", () -> {
            SOAPBody data = service.call("obterDadosSolicitacao", "id", "955");
            return text(data, "id") + "|" + text(data, "dataAbertura") + "|" + deadline(data);
        });
        say("no_deadline", () -> deadline(service.call("obterDadosSolicitacao", "id", "34537")));
        say("suspended", () -> deadline(service.call("obterDadosSolicitacao", "id", "34539")));
        SOAPFault fault = service.call("obterDadosSolicitacao", "id", "999999").getFault();
        String code = fault.getDetail().getElementsByTagNameNS(NAMESPACE, "codigo").item(0).getTextContent();
        line("fault", fault.getFaultCodeAsQName().getLocalPart() + "|" + code);
        line("accents", fault.getFaultString());
        say("extension", () -> receipt(service.call("novaSolicitacao", "cpf", "11144477735", "ramal", "4099")));
        say("no_extension", () -> receipt(service.call("novaSolicitacao", "cpf", "11144477735")));
        say("view", () -> receipt(
                service.call("visualizarSolicitacao", "id", "34534", "cpf", "11144477735", "ramal", "4099")));
        for (String[] check : new String[][] {{"basic", arguments[3]}, {"wrong_secret", "wrong"}}) {
            SaajClient other = new SaajClient(arguments[1], arguments[2] + ":" + check[1]);
            say(check[0], () -> other.count("11144477735"));
        }
    }

    /** Call an operation with names and values of its arguments by turns; return the body of the answer. */
    private SOAPBody call(String operation, String... arguments) throws SOAPException {
        SOAPMessage message = MessageFactory.newInstance().createMessage();
        SOAPElement element = message.getSOAPBody().addBodyElement(new QName(NAMESPACE, operation, "t"));
        for (int at = 0; at < arguments.length; at += 2) {
            element.addChildElement(arguments[at], "t").addTextNode(arguments[at + 1]);
        }
        message.getMimeHeaders().setHeader("SOAPAction", "\"" + NAMESPACE + ":" + operation + "\"");
        if (credential != null) {
            String encoded = Base64.getEncoder().encodeToString(credential.getBytes(StandardCharsets.UTF_8));
            message.getMimeHeaders().setHeader("Authorization", "Basic " + encoded);
        }
        SOAPConnection connection = SOAPConnectionFactory.newInstance().createConnection();
        try {
            return connection.call(message, address).getSOAPBody();
        } finally {
            connection.close();
        }
    }

    private String count(String document) throws SOAPException {
        return text(call("obterQtdeSolicitacoes", "cpf", document), "obterQtdeSolicitacoesResult");
    }

    private static String text(SOAPBody answer, String name) throws SOAPException {
        if (answer.hasFault()) {
            throw new SOAPException(answer.getFault().getFaultString());
        }
        Element found = (Element) answer.getElementsByTagNameNS(NAMESPACE, name).item(0);
        boolean isNil = "true".equals(found.getAttributeNS("http://www.w3.org/2001/XMLSchema-instance", "nil"));
        return isNil ? "null" : found.getTextContent();
    }

    private static String deadline(SOAPBody data) throws SOAPException {
        return text(data, "prazoLimite") + "|" + text(data, "situacao") + "|" + text(data, "dentroDoPrazo");
    }

    private static String receipt(SOAPBody answer) throws SOAPException {
        return text(answer, "identificado") + "|" + text(answer, "aviso") + "|" + text(answer, "mensagem") + "|"
                + text(answer, "url");
    }

    private static void say(String check, Callable<String> call) {
        try {
            line(check, call.call());
        } catch (Exception error) {
            line(check, "refused: " + error);
        }
    }

    private static void line(String check, String value) {
        System.out.println(check + "=" + value);
    }
}
