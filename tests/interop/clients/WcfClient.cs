using System;
using System.Runtime.Serialization;
using System.ServiceModel;
using System.Text;

/// <summary>The contract of the WSDL as WCF writes it; Mono has no svcutil.</summary>
[ServiceContract(Namespace = Telefonia.Namespace)]
public interface ITelefonia
{
    [OperationContract(Action = Telefonia.Namespace + ":obterQtdeSolicitacoes", ReplyAction = "*")]
    string obterQtdeSolicitacoes(string cpf);

    // Without a FaultContract for `erro` Mono's WCF cannot read a fault that has a detail.
    [OperationContract(Action = Telefonia.Namespace + ":obterDadosSolicitacao", ReplyAction = "*")]
    [FaultContract(typeof(Erro), Name = "erro", Namespace = Telefonia.Namespace)]
    DadosSolicitacao obterDadosSolicitacao(int id);

    [OperationContract(Action = Telefonia.Namespace + ":novaSolicitacao", ReplyAction = "*")]
    RespostaChamada novaSolicitacao(string cpf, string ramal);

    [OperationContract(Action = Telefonia.Namespace + ":visualizarSolicitacao", ReplyAction = "*")]
    RespostaChamada visualizarSolicitacao(int id, string cpf, string ramal);
}

[DataContract(Name = "DadosSolicitacao", Namespace = Telefonia.Namespace)]
public class DadosSolicitacao
{
    [DataMember(Order = 0)] public int id;
    [DataMember(Order = 1)] public DateTime dataAbertura;
    [DataMember(Order = 2)] public DateTime? prazoLimite;
    [DataMember(Order = 3)] public string situacao;
    [DataMember(Order = 4)] public bool dentroDoPrazo;
}

[DataContract(Name = "RespostaChamada", Namespace = Telefonia.Namespace)]
public class RespostaChamada
{
    [DataMember(Order = 0)] public bool identificado;
    [DataMember(Order = 1)] public string aviso;
    [DataMember(Order = 2)] public string url;
    [DataMember(Order = 3)] public string mensagem;
}

[DataContract(Name = "erro", Namespace = Telefonia.Namespace)]
public class Erro
{
    [DataMember] public string codigo;
}

/// <summary>What a program on Mono's WCF does.</summary>
public static class Telefonia
{
    public const string Namespace = "urn:soap-service:telefonia:v1";

    public static void Main(string[] arguments)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        var binding = new BasicHttpBinding();
        var service = new ChannelFactory<ITelefonia>(binding, new EndpointAddress(arguments[0])).CreateChannel();
        Line("wsdl", "-");
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
        catch (FaultException<Erro> fault)
        {
            Line("fault", fault.Code.Name + "|" + fault.Detail.codigo);
            Line("accents", fault.Message);
        }
        Say("extension", () => Receipt(service.novaSolicitacao("11144477735", "4099")));
        Say("no_extension", () => Receipt(service.novaSolicitacao("11144477735", null)));
        Say("view", () => Receipt(service.visualizarSolicitacao(34534, "11144477735", "4099")));
        foreach (var check in new[] { new[] { "basic", arguments[3] }, new[] { "wrong_secret", "wrong" } })
        {
            var other = Connect(arguments[1], arguments[2], check[1]);
            Say(check[0], () => other.obterQtdeSolicitacoes("11144477735"));
        }
    }

    private static ITelefonia Connect(string address, string user, string secret)
    {
        var binding = new BasicHttpBinding(BasicHttpSecurityMode.TransportCredentialOnly);
        binding.Security.Transport.ClientCredentialType = HttpClientCredentialType.Basic;
        var factory = new ChannelFactory<ITelefonia>(binding, new EndpointAddress(address));
        factory.Credentials.UserName.UserName = user;
        factory.Credentials.UserName.Password = secret;
        return factory.CreateChannel();
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
