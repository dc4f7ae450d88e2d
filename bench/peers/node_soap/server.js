// The look-up as a node `soap` server: one event loop, a held better-sqlite3 connection, a prepared statement.
"use strict";

const cluster = require("node:cluster");
const fs = require("node:fs");
const http = require("node:http");
const Database = require("better-sqlite3");
const soap = require("soap");

const [, , file, port, wsdl] = process.argv;
const workers = Number(process.env.WORKERS || 1);

function serve() {
  const database = new Database(file, { fileMustExist: true });
  database.pragma("query_only = ON");
  database.pragma("mmap_size = 1073741824");
  const query = database
    .prepare(
      "SELECT count(*), min(r.id) FROM requester q JOIN request r ON r.requester_id = q.id " +
        "WHERE q.document = ? AND r.situation IN ('EmAndamento', 'Reaberta')",
    )
    .raw(); // an array instead of an object: less to build

  function obterQtdeSolicitacoes({ cpf }) {
    const [count, number] = query.get(cpf);
    return { obterQtdeSolicitacoesResult: count === 0 ? "" : count === 1 ? `1?${number}` : String(count) };
  }

  const data = database.prepare("SELECT situation, opened_at, due_at, closed_at FROM request WHERE id = ?").raw();
  const instant = (text) => new Date(text.slice(0, 23).replace(" ", "T") + "Z");

  function obterDadosSolicitacao({ id }) {
    const [situation, opened, due, closed] = data.get(Number(id));
    const limit = due === null || situation === "Suspensa" ? null : instant(due);
    return {
      obterDadosSolicitacaoResult: {
        id: Number(id),
        dataAbertura: instant(opened).toISOString(),
        prazoLimite: limit === null ? { attributes: { "xsi:nil": "true" } } : limit.toISOString(),
        situacao: situation === "EmAndamento" ? "Em andamento" : situation,
        dentroDoPrazo: limit === null || (closed === null ? new Date() : instant(closed)) <= limit,
      },
    };
  }

  const server = http.createServer((request, response) => {
    response.statusCode = 404;
    response.end();
  });
  server.keepAliveTimeout = 75_000;
  server.listen(Number(port), "127.0.0.1", 1024, () => {
    soap.listen(server, {
      path: "/soap",
      services: { TelefoniaService: { TelefoniaPort: { obterQtdeSolicitacoes, obterDadosSolicitacao } } },
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
