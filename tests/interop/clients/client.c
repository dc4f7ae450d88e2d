/* What a program on gSOAP does: plain C from wsdl2h -c and soapcpp2 -c -C. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "soapH.h"
#include "TelefoniaSoapBinding.nsmap"

static const char *text(const char *value) { return value ? value : "null"; }

static const char *truth(enum xsd__boolean value) { return value ? "true" : "false"; }

static void refused(struct soap *soap, const char *check)
{
    char reason[256] = "";
    soap_sprint_fault(soap, reason, sizeof reason);
    reason[strcspn(reason, "\n")] = 0;
    printf("%s=refused: %d %s\n", check, soap->error, reason);
}

static void count(struct soap *soap, const char *endpoint, const char *check, char *document)
{
    struct ns1__obterQtdeSolicitacoes in = {document};
    struct ns1__obterQtdeSolicitacoesResponse out;
    if (soap_call___ns1__obterQtdeSolicitacoes(soap, endpoint, NULL, &in, &out) != SOAP_OK)
        refused(soap, check);
    else
        printf("%s=%s\n", check, text(out.obterQtdeSolicitacoesResult));
}

static const char *instant(time_t *value)
{
    static char written[2][32];
    static int turn;
    if (!value)
        return "null";
    turn = !turn;
    strftime(written[turn], sizeof written[turn], "%Y-%m-%dT%H:%M:%SZ", gmtime(value));
    return written[turn];
}

static void data(struct soap *soap, const char *endpoint, const char *check, int number)
{
    struct ns1__obterDadosSolicitacao in = {number};
    struct ns1__obterDadosSolicitacaoResponse out;
    if (soap_call___ns1__obterDadosSolicitacao(soap, endpoint, NULL, &in, &out) != SOAP_OK) {
        refused(soap, check);
        return;
    }
    struct ns1__DadosSolicitacao *found = out.obterDadosSolicitacaoResult;
    if (!strcmp(check, "data"))
        printf("%s=%d|%s|", check, found->id, instant(&found->dataAbertura));
    else
        printf("%s=", check);
    printf("%s|%s|%s\n", instant(found->prazoLimite), text(found->situacao), truth(found->dentroDoPrazo));
}

static void receipt(const char *check, struct ns1__RespostaChamada *answer)
{
    printf("%s=%s|%s|%s|%s\n", check, truth(answer->identificado), answer->aviso, answer->mensagem, answer->url);
}

static void announce(struct soap *soap, const char *endpoint, const char *check, char *document, char *extension)
{
    struct ns1__novaSolicitacao in = {document, extension};
    struct ns1__novaSolicitacaoResponse out;
    if (soap_call___ns1__novaSolicitacao(soap, endpoint, NULL, &in, &out) != SOAP_OK)
        refused(soap, check);
    else
        receipt(check, out.novaSolicitacaoResult);
}

static void view(struct soap *soap, const char *endpoint, int number, char *document, char *extension)
{
    struct ns1__visualizarSolicitacao in = {number, document, extension};
    struct ns1__visualizarSolicitacaoResponse out;
    if (soap_call___ns1__visualizarSolicitacao(soap, endpoint, NULL, &in, &out) != SOAP_OK)
        refused(soap, "view");
    else
        receipt("view", out.visualizarSolicitacaoResult);
}

static void fault(struct soap *soap, const char *endpoint)
{
    struct ns1__obterDadosSolicitacao in = {999999};
    struct ns1__obterDadosSolicitacaoResponse out;
    char code[64] = "";
    if (soap_call___ns1__obterDadosSolicitacao(soap, endpoint, NULL, &in, &out) == SOAP_OK)
        return;
    const char *detail = soap_fault_detail(soap);
    const char *begin = detail ? strstr(detail, "codigo>") : NULL;
    if (begin)
        sscanf(begin, "codigo>%63[^<]", code);
    const char *faultcode = *soap_faultcode(soap);
    const char *colon = strchr(faultcode, ':');
    printf("fault=%s|%s\n", colon ? colon + 1 : faultcode, code);
    printf("accents=%s\n", *soap_faultstring(soap));
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    const char *endpoint = argv[1], *secured = argv[2];
    struct soap *soap = soap_new1(SOAP_C_UTFSTRING);
    printf("wsdl=ok\n");
    count(soap, endpoint, "one", "11144477735");
    count(soap, endpoint, "several", "52998224725");
    count(soap, endpoint, "empty", "12345678909");
    data(soap, endpoint, "data", 955);
    data(soap, endpoint, "no_deadline", 34537);
    data(soap, endpoint, "suspended", 34539);
    fault(soap, endpoint);
    announce(soap, endpoint, "extension", "11144477735", "4099");
    announce(soap, endpoint, "no_extension", "11144477735", NULL);
    view(soap, endpoint, 34534, "11144477735", "4099");
    soap->userid = argv[3];
    soap->passwd = argv[4];
    count(soap, secured, "basic", "11144477735");
    soap->userid = argv[3];
    soap->passwd = "wrong";
    count(soap, secured, "wrong_secret", "11144477735");
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return 0;
}
