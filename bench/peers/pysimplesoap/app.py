"""The look-up with PySimpleSOAP's dispatcher, a held sqlite3 connection in each thread.

A WSGI application for gunicorn (`start`): of PySimpleSOAP's own servers, SOAPHandler sends no Content-Length and so
never keeps a connection, and WSGISOAPHandler fails on Python 3 (it matches bytes with a regular expression for text).
"""

import os
import sqlite3
import threading

from pysimplesoap.server import SoapDispatcher

NAMESPACE = "urn:soap-service:telefonia:v1"
QUERY = (
    "SELECT q.open_requests, CASE WHEN q.open_requests = 1 THEN (SELECT max(r.id) FROM request r "
    "WHERE r.requester_id = q.id AND r.situation IN ('EmAndamento', 'Reaberta')) END "
    "FROM requester q WHERE q.document = ?"
)

_held = threading.local()


def _connection():
    if not hasattr(_held, "connection"):
        _held.connection = sqlite3.connect(os.environ["BENCH_DATABASE"], isolation_level=None)
        _held.connection.execute("PRAGMA query_only=ON")
        _held.connection.execute("PRAGMA mmap_size=1073741824")
    return _held.connection


def count_open_requests(cpf):
    """Return what obterQtdeSolicitacoes answers; sqlite3 keeps the statement prepared."""
    count, number = _connection().execute(QUERY, (cpf,)).fetchone() or (0, None)
    if count == 0:
        return ""
    return f"1?{number}" if count == 1 else str(count)


dispatcher = SoapDispatcher("Telefonia", action=f"{NAMESPACE}:", namespace=NAMESPACE)
dispatcher.register_function(
    "obterQtdeSolicitacoes",
    count_open_requests,
    returns={"obterQtdeSolicitacoesResult": str},
    args={"cpf": str},
)


def application(environ, start_response):
    """Answer one POST, as WSGISOAPHandler would."""
    request = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    fault = {}
    response = dispatcher.dispatch(request.decode("utf-8"), fault=fault)
    status = "500 Internal Server Error" if fault else "200 OK"
    start_response(status, [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(response)))])
    return [response]
