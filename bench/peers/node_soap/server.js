// The look-up as a node `soap` server: one event loop; a held better-sqlite3 connection with prepared statements, or a
// pool of pg's, which prepares a named statement once in each connection.
"use strict";

const cluster = require("node:cluster");
const fs = require("node:fs");
const http = require("node:http");
const soap = require("soap");

const [, , address, port, wsdl] = process.argv;
const workers = Number(process.env.WORKERS || 1);
const isPostgresql = address.startsWith("postgresql://");

const COUNT =
  "SELECT q.open_requests, CASE WHEN q.open_requests = 1 THEN (SELECT max(r.id) FROM request r " +
  "WHERE r.requester_id = q.id AND r.situation IN ('EmAndamento', 'Reaberta')) END " +
  "FROM requester q WHERE q.document = ";
const DATA = "SELECT situation, opened_at, due_at, closed_at FROM request WHERE id = ";

// node soap declares xsi nowhere.
const NIL = { attributes: { "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "xsi:nil": "true" } };

// Each look-up returns a row as an array, or undefined; PostgreSQL's a promise of it.
function openSqlite() {
  const Database = require("better-sqlite3");
  const database = new Database(address, { fileMustExist: true });
  database.pragma("query_only = ON");
  database.pragma("mmap_size = 1073741824");
  const count = database.prepare(`${COUNT}?`).raw(); // an array instead of an object: less to build
  const data = database.prepare(`${DATA}?`).raw();
  return { count: (document) => count.get(document), data: (id) => data.get(id) };
}

function openPostgresql() {
  const { Pool } = require("pg");
  const pool = new Pool({ connectionString: address });
  const ask = async (name, text, value) =>
    (await pool.query({ name, text: `${text}$1`, values: [value], rowMode: "array" })).rows[0];
  return { count: (document) => ask("count", COUNT, document), data: (id) => ask("data", DATA, id) };
}

// SQLite has texts in UTC, pg makes dates of them.
function instant(stored) {
  return typeof stored === "string" ? new Date(`${stored.slice(0, 23).replace(" ", "T")}Z`) : stored;
}

function serve() {
  const store = isPostgresql ? openPostgresql() : openSqlite();

  function countAnswer([count, number] = [0, null]) {
    return { obterQtdeSolicitacoesResult: count === 0 ? "" : count === 1 ? `1?${number}` : String(count) };
  }

  function dataAnswer(id, row) {
    if (row === undefined) {
      throw { Fault: { faultcode: "soap:Client", faultstring: "no such request", statusCode: 500 } };
    }
    const [situation, opened, due, closed] = row;
    const limit = due === null || situation === "Suspensa" ? null : instant(due);
    const reference = closed === null ? new Date() : instant(closed);
    return {
      obterDadosSolicitacaoResult: {
        id,
        dataAbertura: instant(opened).toISOString(),
        prazoLimite: limit === null ? NIL : limit.toISOString(),
        situacao: situation === "EmAndamento" ? "Em andamento" : situation,
        dentroDoPrazo: limit === null || situation === "Cancelada" || reference <= limit,
      },
    };
  }

  const operations = isPostgresql
    ? {
        obterQtdeSolicitacoes: async ({ cpf }) => countAnswer(await store.count(cpf)),
        obterDadosSolicitacao: async ({ id }) => dataAnswer(Number(id), await store.data(Number(id))),
      }
    : {
        obterQtdeSolicitacoes: ({ cpf }) => countAnswer(store.count(cpf)),
        obterDadosSolicitacao: ({ id }) => dataAnswer(Number(id), store.data(Number(id))),
      };

  const server = http.createServer((request, response) => {
    response.statusCode = 404;
    response.end();
  });
  server.keepAliveTimeout = 75_000;
  server.listen(Number(port), "127.0.0.1", 1024, () => {
    soap.listen(server, {
      path: "/soap",
      services: { TelefoniaService: { TelefoniaPort: operations } },
      xml: fs.readFileSync(wsdl, "utf8"),
    });
  });
}

if (workers > 1 && cluster.isPrimary) {
  for (let index = 0; index < workers; index += 1) cluster.fork();
  process.on("SIGTERM", () => {
    // The primary ends by itself after its last worker.
    for (const worker of Object.values(cluster.workers)) worker.process.kill();
  });
} else {
  serve();
}
