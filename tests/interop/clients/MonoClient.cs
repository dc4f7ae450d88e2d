using System;
using System.Net;
using System.Text;
using System.Web.Services.Protocols;

/// <summary>What a program on ASMX proxies does with the class that Mono's wsdl made.</summary>
public static class MonoClient
{
    public static void Main(string[] arguments)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        var service = new TelefoniaService { Url = arguments[0] };
        Line("wsdl", "ok");
        Say("one", () => service.obterQtdeSolicitacoes("11144477735"));
        Say("several", () => service.obterQtdeSolicitacoes("52998224725"));
        Say("empty", () => service.obterQtdeSolicitacoes("12345678909"));
        Say("data", () =>
        {
            var data = service.obterDadosSolicitacao(955);
            return data.id + "|" + Time(data.dataAbertura) + "|" + Deadline(data);
        });
        Say("no_deadline", () => Deadline(service.obterDadosSolicitacao(34537)));
        Say("suspended", () => Deadline(service.obterDadosSolicitacao(34539)));
        try
        {
            service.obterDadosSolicitacao(999999);
        }
        catch (SoapException fault)
        {
            Line("fault", fault.Code.Name + "|" + fault.Detail.InnerText.Trim());
            Line("accents", fault.Message);
        }
        Say("extension", () => Receipt(service.novaSolicitacao("11144477735", "4099")));
        Say("no_extension", () => Receipt(service.novaSolicitacao("11144477735", null)));
        Say("view", () => Receipt(service.visualizarSolicitacao(34534, "11144477735", "4099")));
        foreach (var check in new[] { new[] { "basic", arguments[3] }, new[] { "wrong_secret", "wrong" } })
        {
            var other = new TelefoniaService
            {
                Url = arguments[1],
                Credentials = new NetworkCredential(arguments[2], check[1]),
            };
            Say(check[0], () => other.obterQtdeSolicitacoes("11144477735"));
        }
    }

    private static string Deadline(DadosSolicitacao data)
    {
        var deadline = data.prazoLimite == null ? "null" : Time(data.prazoLimite.Value);
        return deadline + "|" + data.situacao + "|" + data.dentroDoPrazo.ToString().ToLowerInvariant();
    }

    private static string Time(DateTime value)
    {
        return value.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ");
    }

    private static string Receipt(RespostaChamada answer)
    {
        return answer.identificado.ToString().ToLowerInvariant() + "|" + answer.aviso + "|" + answer.mensagem + "|"
            + answer.url;
    }

    private static void Say(string check, Func<string> call)
    {
        try
        {
            Line(check, call() ?? "null");
        }
        catch (Exception error)
        {
            Line(check, "refused: " + error.Message.Split('\n')[0]);
        }
    }

    private static void Line(string check, string value)
    {
        Console.WriteLine(check + "=" + value);
    }
}
