import com.sun.xml.ws.developer.SchemaValidationFeature;
import java.util.concurrent.Callable;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.WebServiceFeature;
import javax.xml.ws.soap.SOAPFaultException;
import telefonia.DadosSolicitacao;
import telefonia.RespostaChamada;
import telefonia.TelefoniaPortType;
import telefonia.TelefoniaService;

/**
 * What a program on the JAX-WS reference implementation does with the classes that wsimport made. With
 * {@code -Dvalidate=true} every message, sent or received, is checked against the schema of the WSDL.
 */
public class JaxwsClient {
    public static void main(String[] arguments) throws Exception {
        System.setOut(new java.io.PrintStream(System.out, true, "UTF-8"));
        TelefoniaService service = new TelefoniaService(new java.net.URL(arguments[0] + "?wsdl"));
        WebServiceFeature[] features = Boolean.getBoolean("validate")
                ? new WebServiceFeature[] {new SchemaValidationFeature()} : new WebServiceFeature[0];
        TelefoniaPortType port = service.getTelefoniaPort(features);
        line("wsdl", "ok");
        say("one", () -> port.obterQtdeSolicitacoes("11144477735"));
        say("several", () -> port.obterQtdeSolicitacoes("52998224725"));
        say("empty", () -> port.obterQtdeSolicitacoes("12345678909"));
        say("data", () -> describe(port.obterDadosSolicitacao(955)));
        say("no_deadline", () -> deadline(port.obterDadosSolicitacao(34537)));
        say("suspended", () -> deadline(port.obterDadosSolicitacao(34539)));
        try {
            port.obterDadosSolicitacao(999999);
        } catch (SOAPFaultException error) {
            String code = error.getFault().getDetail().getElementsByTagNameNS("*", "codigo").item(0).getTextContent();
            line("fault", error.getFault().getFaultCodeAsQName().getLocalPart() + "|" + code);
            line("accents", error.getFault().getFaultString());
        }
        say("extension", () -> receipt(port.novaSolicitacao("11144477735", "4099")));
        say("no_extension", () -> receipt(port.novaSolicitacao("11144477735", null)));
        say("view", () -> receipt(port.visualizarSolicitacao(34534, "11144477735", "4099")));
        for (String[] check : new String[][] {{"basic", arguments[3]}, {"wrong_secret", "wrong"}}) {
            TelefoniaPortType other = service.getTelefoniaPort(features);
            var context = ((BindingProvider) other).getRequestContext();
            context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, arguments[1]);
            context.put(BindingProvider.USERNAME_PROPERTY, arguments[2]);
            context.put(BindingProvider.PASSWORD_PROPERTY, check[1]);
            say(check[0], () -> other.obterQtdeSolicitacoes("11144477735"));
        }
    }

    private static String describe(DadosSolicitacao data) {
        return data.getId() + "|" + time(data.getDataAbertura()) + "|" + deadline(data);
    }

    private static String deadline(DadosSolicitacao data) {
        return time(data.getPrazoLimite()) + "|" + data.getSituacao() + "|" + data.isDentroDoPrazo();
    }

    private static String time(XMLGregorianCalendar value) {
        return value == null ? "null" : value.toGregorianCalendar().toInstant().toString();
    }

    private static String receipt(RespostaChamada answer) {
        return answer.isIdentificado() + "|" + answer.getAviso() + "|" + answer.getMensagem() + "|" + answer.getUrl();
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
