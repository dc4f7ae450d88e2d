// Call the telephony web services with the proxy that `wsdl` makes: Telefonia.exe OPERATION ARGUMENT...
// (see ../README.md). .NET Framework or Mono.
using System;
using System.Net;
using System.Text;
using System.Web.Services.Protocols;

public static class Program
{
    public static int Main(string[] arguments)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        var service = new TelefoniaService
        {
            Url = Setting("URL", "http://127.0.0.1:8000/soap"),
            Timeout = 5000, // the service answers within 3 s or says INDISPONIVEL
        };
        if (Setting("USER", "") != "")
        {
            service.Credentials = new NetworkCredential(Setting("USER", ""), Setting("SECRET", ""));
        }
        try
        {
            return Call(service, arguments);
        }
        catch (SoapException fault)
        {
            Console.Error.WriteLine(fault.Detail.InnerText + ": " + fault.Message);
            return 1;
        }
    }

    private static int Call(TelefoniaService service, string[] arguments)
    {
        Func<int, string> argument = at => arguments.Length > at ? arguments[at] : null;
        switch (argument(0))
        {
            case "obterQtdeSolicitacoes":
                Console.WriteLine(service.obterQtdeSolicitacoes(argument(1)));
                return 0;
            case "obterDadosSolicitacao":
                var data = service.obterDadosSolicitacao(int.Parse(argument(1)));
                Console.WriteLine("id=" + data.id);
                Console.WriteLine("dataAbertura=" + Time(data.dataAbertura));
                Console.WriteLine("prazoLimite=" + (data.prazoLimite == null ? "" : Time(data.prazoLimite.Value)));
                Console.WriteLine("situacao=" + data.situacao);
                Console.WriteLine("dentroDoPrazo=" + Truth(data.dentroDoPrazo));
                return 0;
            case "novaSolicitacao":
                return Print(service.novaSolicitacao(argument(1), argument(2)));
            case "visualizarSolicitacao":
                return Print(service.visualizarSolicitacao(int.Parse(argument(1)), argument(2), argument(3)));
            default:
                Console.Error.WriteLine("usage: Telefonia.exe OPERATION ARGUMENT...");
                return 2;
        }
    }

    private static int Print(RespostaChamada receipt)
    {
        Console.WriteLine("identificado=" + Truth(receipt.identificado));
        Console.WriteLine("aviso=" + receipt.aviso);
        Console.WriteLine("url=" + receipt.url);
        Console.WriteLine("mensagem=" + receipt.mensagem);
        return 0;
    }

    // The proxy turns every time into this machine's local time; UTC says the same everywhere.
    private static string Time(DateTime value)
    {
        return value.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ");
    }

    private static string Truth(bool value)
    {
        return value ? "true" : "false";
    }

    private static string Setting(string name, string otherwise)
    {
        return Environment.GetEnvironmentVariable("TELEFONIA_" + name) ?? otherwise;
    }
}
