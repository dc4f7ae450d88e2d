/* The look-up in gSOAP, its usual threaded server: one acceptor, a thread for each kept-alive connection, a prepared
 * statement in each thread. Contract first: wsdl2h and soapcpp2 generate the rest from wsdl/telefonia.wsdl (`start`). */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "soapH.h"
#include "TelefoniaSoapBinding.nsmap"

static const char *database;

static const char *const QUERY =
    "SELECT q.open_requests, CASE WHEN q.open_requests = 1 THEN (SELECT max(r.id) FROM request r "
    "WHERE r.requester_id = q.id AND r.situation IN ('EmAndamento', 'Reaberta')) END "
    "FROM requester q WHERE q.document = ?";

static const char *const DATA =
    "SELECT r.situation, CAST(strftime('%s', r.opened_at) AS INTEGER), CAST(strftime('%s', r.due_at) AS INTEGER), "
    "CAST(strftime('%s', r.closed_at) AS INTEGER) FROM request r WHERE r.id = ?";

struct queries {
    sqlite3_stmt *count, *data;
};

int __ns1__obterQtdeSolicitacoes(struct soap *soap, struct ns1__obterQtdeSolicitacoes *in,
                                 struct ns1__obterQtdeSolicitacoesResponse *out)
{
    sqlite3_stmt *query = ((struct queries *)soap->user)->count;
    char *answer = soap_malloc(soap, 32);

    sqlite3_bind_text(query, 1, in->cpf, -1, SQLITE_STATIC);
    int found = sqlite3_step(query);
    if (!answer || (found != SQLITE_ROW && found != SQLITE_DONE)) {
        sqlite3_reset(query);
        return soap_receiver_fault(soap, "the look-up failed", NULL);
    }
    long long count = found == SQLITE_ROW ? sqlite3_column_int64(query, 0) : 0;
    if (count == 0)
        answer[0] = '\0';
    else if (count == 1)
        snprintf(answer, 32, "1?%lld", (long long)sqlite3_column_int64(query, 1));
    else
        snprintf(answer, 32, "%lld", count);
    sqlite3_reset(query); /* ends the read transaction */
    out->obterQtdeSolicitacoesResult = answer;
    return SOAP_OK;
}

int __ns1__obterDadosSolicitacao(struct soap *soap, struct ns1__obterDadosSolicitacao *in,
                                 struct ns1__obterDadosSolicitacaoResponse *out)
{
    sqlite3_stmt *query = ((struct queries *)soap->user)->data;
    struct ns1__DadosSolicitacao *data = soap_new_ns1__DadosSolicitacao(soap, 1);

    sqlite3_bind_int(query, 1, in->id);
    int found = sqlite3_step(query);
    if (!data || found != SQLITE_ROW) {
        sqlite3_reset(query);
        return found == SQLITE_DONE ? soap_sender_fault(soap, "no such request", NULL)
                                    : soap_receiver_fault(soap, "the look-up failed", NULL);
    }
    const char *situation = (const char *)sqlite3_column_text(query, 0);
    int is_suspended = strcmp(situation, "Suspensa") == 0;
    int has_limit = sqlite3_column_type(query, 2) != SQLITE_NULL && !is_suspended;
    time_t limit = sqlite3_column_int64(query, 2);
    time_t reference = sqlite3_column_type(query, 3) != SQLITE_NULL ? sqlite3_column_int64(query, 3) : time(NULL);
    data->id = in->id;
    data->dataAbertura = sqlite3_column_int64(query, 1);
    if (has_limit && (data->prazoLimite = soap_malloc(soap, sizeof *data->prazoLimite)))
        *data->prazoLimite = limit;
    data->situacao = soap_strdup(soap, strcmp(situation, "EmAndamento") == 0 ? "Em andamento" : situation);
    data->dentroDoPrazo = !has_limit || strcmp(situation, "Cancelada") == 0 || reference <= limit;
    sqlite3_reset(query);
    out->obterDadosSolicitacaoResult = data;
    return SOAP_OK;
}

int __ns1__novaSolicitacao(struct soap *soap, struct ns1__novaSolicitacao *in, struct ns1__novaSolicitacaoResponse *out)
{
    return soap_receiver_fault(soap, "not part of the bench", NULL);
}

int __ns1__visualizarSolicitacao(struct soap *soap, struct ns1__visualizarSolicitacao *in,
                                 struct ns1__visualizarSolicitacaoResponse *out)
{
    return soap_receiver_fault(soap, "not part of the bench", NULL);
}

static void *serve(void *argument)
{
    struct soap *soap = argument;
    sqlite3 *connection = NULL;
    struct queries queries = {NULL, NULL};

    pthread_detach(pthread_self());
    /* NOMUTEX: the connection never leaves this thread. */
    if (sqlite3_open_v2(database, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(connection, 5000) == SQLITE_OK &&
        sqlite3_exec(connection, "PRAGMA query_only=ON; PRAGMA mmap_size=1073741824", NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v3(connection, QUERY, -1, SQLITE_PREPARE_PERSISTENT, &queries.count, NULL) == SQLITE_OK &&
        sqlite3_prepare_v3(connection, DATA, -1, SQLITE_PREPARE_PERSISTENT, &queries.data, NULL) == SQLITE_OK) {
        soap->user = &queries;
        soap_serve(soap); /* until the client closes the connection */
    } else {
        fprintf(stderr, "%s: %s\n", database, sqlite3_errmsg(connection));
    }
    sqlite3_finalize(queries.count);
    sqlite3_finalize(queries.data);
    sqlite3_close(connection);
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return NULL;
}

int main(int argc, char **argv)
{
    struct soap soap;
    pthread_attr_t attributes;
    pthread_t thread;

    if (argc != 3)
        return 2;
    database = argv[1];
    signal(SIGPIPE, SIG_IGN);
    soap_init2(&soap, SOAP_IO_KEEPALIVE | SOAP_XML_TREE | SOAP_C_UTFSTRING, /* in */
               SOAP_IO_KEEPALIVE | SOAP_XML_TREE | SOAP_C_UTFSTRING);       /* out */
    soap.max_keep_alive = 1000000000;
    soap.recv_timeout = 75;
    soap.send_timeout = 75;
    soap.bind_flags = SO_REUSEADDR;
    if (!soap_valid_socket(soap_bind(&soap, "127.0.0.1", atoi(argv[2]), 1024))) {
        soap_print_fault(&soap, stderr);
        return 1;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 512 * 1024);
    for (;;) {
        if (!soap_valid_socket(soap_accept(&soap)))
            continue;
        struct soap *copy = soap_copy(&soap);
        if (!copy || pthread_create(&thread, &attributes, serve, copy) != 0)
            return 1;
    }
}
