import java.util.Calendar;
import java.util.concurrent.Callable;
import org.apache.axis.AxisFault;
import org.apache.axis.client.Stub;
import org.w3c.dom.Element;
import telefonia.DadosSolicitacao;
import telefonia.RespostaChamada;
import telefonia.TelefoniaPortType;
import telefonia.TelefoniaServiceLocator;

/** What a program on Axis 1.4 does with the classes that WSDL2Java made. */
public class AxisClient {
    public static void main(String[] arguments) throws Exception {
        System.setOut(new java.io.PrintStream(System.out, true, "UTF-8"));
        TelefoniaServiceLocator service = new TelefoniaServiceLocator();
        TelefoniaPortType port = service.getTelefoniaPort(new java.net.URL(arguments[0]));
        line("wsdl", "ok");
        say("one", () -> port.obterQtdeSolicitacoes("11144477735"));
        say("several", () -> port.obterQtdeSolicitacoes("52998224725"));
        say("empty", () -> port.obterQtdeSolicitacoes("12345678909"));
        say("data", () -> describe(port.obterDadosSolicitacao(955)));
        say("no_deadline", () -> deadline(port.obterDadosSolicitacao(34537)));
        say("suspended", () -> deadline(port.obterDadosSolicitacao(34539)));
        try {
            port.obterDadosSolicitacao(999999);
        } catch (AxisFault fault) {
            String code = "";
            for (Element detail : fault.getFaultDetails()) {
                if ("erro".equals(detail.getLocalName())) {
                    code = detail.getElementsByTagNameNS("*", "codigo").item(0).getTextContent();
                }
            }
            line("fault", fault.getFaultCode().getLocalPart() + "|" + code);
            line("accents", fault.getFaultString());
        }
        say("extension", () -> receipt(port.novaSolicitacao("11144477735", "4099")));
        say("no_extension", () -> receipt(port.novaSolicitacao("11144477735", null)));
        say("view", () -> receipt(port.visualizarSolicitacao(34534, "11144477735", "4099")));
        for (String[] check : new String[][] {{"basic", arguments[3]}, {"wrong_secret", "wrong"}}) {
            TelefoniaPortType other = service.getTelefoniaPort(new java.net.URL(arguments[1]));
            ((Stub) other).setUsername(arguments[2]);
            ((Stub) other).setPassword(check[1]);
            say(check[0], () -> other.obterQtdeSolicitacoes("11144477735"));
        }
    }

    private static String describe(DadosSolicitacao data) {
        return data.getId() + "|" + time(data.getDataAbertura()) + "|" + deadline(data);
    }

    private static String deadline(DadosSolicitacao data) {
        return time(data.getPrazoLimite()) + "|" + data.getSituacao() + "|" + data.isDentroDoPrazo();
    }

    private static String time(Calendar value) {
        return value == null ? "null" : value.toInstant().toString();
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
