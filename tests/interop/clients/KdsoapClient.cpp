// What a Qt program on KDSoap does with the classes that kdwsdl2cpp made.
#include <QCoreApplication>
#include <QEventLoop>
#include <QTextStream>

#include <KDSoapClient/KDSoapAuthentication.h>
#include <KDSoapClient/KDSoapClientInterface.h>

#include "wsdl_telefonia.h"

static void line(const QString &check, const QString &value)
{
    QTextStream out(stdout);
    out.setCodec("UTF-8");
    out << check << "=" << value << "\n";
}

static void say(TelefoniaService &service, const QString &check, const QString &value)
{
    const QString error = service.lastError();
    line(check, error.isEmpty() ? value : "refused: " + QString(error).replace('\n', ' '));
}

static QString truth(bool value)
{
    return value ? "true" : "false";
}

static QString time(const KDDateTime &value)
{
    return value.isValid() ? value.toDateString() : "null";
}

static void count(TelefoniaService &service, const QString &check, const QString &document)
{
    TNS__ObterQtdeSolicitacoes parameters;
    parameters.setCpf(document);
    const QString answer = service.obterQtdeSolicitacoes(parameters).obterQtdeSolicitacoesResult();
    say(service, check, answer);
}

static TNS__DadosSolicitacao data(TelefoniaService &service, int number)
{
    TNS__ObterDadosSolicitacao parameters;
    parameters.setId(number);
    return service.obterDadosSolicitacao(parameters).obterDadosSolicitacaoResult();
}

static QString deadline(const TNS__DadosSolicitacao &found)
{
    return time(found.prazoLimite()) + "|" + found.situacao() + "|" + truth(found.dentroDoPrazo());
}

static QString receipt(const TNS__RespostaChamada &answer)
{
    return truth(answer.identificado()) + "|" + answer.aviso() + "|" + answer.mensagem() + "|" + answer.url();
}

static QString announce(TelefoniaService &service, const QString &document, const QString &extension)
{
    TNS__NovaSolicitacao parameters;
    parameters.setCpf(document);
    if (!extension.isNull())
        parameters.setRamal(extension);
    return receipt(service.novaSolicitacao(parameters).novaSolicitacaoResult());
}

static void fault(TelefoniaService &service)
{
    TNS__ObterDadosSolicitacao parameters;
    parameters.setId(999999);
    ObterDadosSolicitacaoJob job(&service);
    job.setAutoDelete(false);
    job.setParameters(parameters);
    QEventLoop loop;
    QObject::connect(&job, &KDSoapJob::finished, &loop, &QEventLoop::quit);
    job.start();
    loop.exec();
    const KDSoapValueList values = job.reply().childValues();
    const KDSoapValue error = values.child("detail").childValues().child("erro");
    const QString code = values.child("faultcode").value().toString().section(':', -1);
    line("fault", code + "|" + error.childValues().child("codigo").value().toString());
    line("accents", values.child("faultstring").value().toString());
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    TelefoniaService service;
    service.setEndPoint(arguments[1]);
    line("wsdl", "ok");
    count(service, "one", "11144477735");
    count(service, "several", "52998224725");
    count(service, "empty", "12345678909");
    const TNS__DadosSolicitacao found = data(service, 955);
    say(service, "data", QString::number(found.id()) + "|" + time(found.dataAbertura()) + "|" + deadline(found));
    const QString none = deadline(data(service, 34537));
    say(service, "no_deadline", none);
    const QString suspended = deadline(data(service, 34539));
    say(service, "suspended", suspended);
    fault(service);
    const QString given = announce(service, "11144477735", "4099");
    say(service, "extension", given);
    const QString absent = announce(service, "11144477735", QString());
    say(service, "no_extension", absent);
    TNS__VisualizarSolicitacao view;
    view.setId(34534);
    view.setCpf("11144477735");
    view.setRamal("4099");
    const QString viewed = receipt(service.visualizarSolicitacao(view).visualizarSolicitacaoResult());
    say(service, "view", viewed);
    for (const auto &check : {qMakePair(QString("basic"), arguments[4]), qMakePair(QString("wrong_secret"), QString("wrong"))}) {
        TelefoniaService other;
        other.setEndPoint(arguments[2]);
        KDSoapAuthentication credential;
        credential.setUser(arguments[3]);
        credential.setPassword(check.second);
        other.clientInterface()->setAuthentication(credential);
        count(other, check.first, "11144477735");
    }
    return 0;
}
