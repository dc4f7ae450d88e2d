// Call the telephony web services with Node's `soap`: node telefonia.js OPERATION ARGUMENT... (see ../README.md)
const soap = require("soap");

const ARGUMENTS = {
  obterQtdeSolicitacoes: ["cpf"],
  obterDadosSolicitacao: ["id"],
  novaSolicitacao: ["cpf", "ramal"],
  visualizarSolicitacao: ["id", "cpf", "ramal"],
};
const FIELDS = {
  obterDadosSolicitacao: ["id", "dataAbertura", "prazoLimite", "situacao", "dentroDoPrazo"],
  novaSolicitacao: ["identificado", "aviso", "url", "mensagem"],
  visualizarSolicitacao: ["identificado", "aviso", "url", "mensagem"],
};
const URL = process.env.TELEFONIA_URL || "http://127.0.0.1:8000/soap";

// Keep the client: reading the WSDL costs more than a call.
async function connect() {
  const client = await soap.createClientAsync(`${URL}?wsdl`, {}, URL);
  if (process.env.TELEFONIA_USER) {
    client.setSecurity(new soap.BasicAuthSecurity(process.env.TELEFONIA_USER, process.env.TELEFONIA_SECRET || ""));
  }
  return client;
}

// A nil element (prazoLimite without a deadline) is left out by `soap`.
function text(value) {
  if (value === undefined || value === null) return "";
  return value instanceof Date ? value.toISOString() : String(value);
}

// A fault has the parsed answer as `root`; a connection that failed has only a message.
function describe(error) {
  if (!error.root) return error.message;
  const fault = error.root.Envelope.Body.Fault;
  const code = fault.detail && fault.detail.erro ? fault.detail.erro.codigo : fault.faultcode;
  return `${code}: ${fault.faultstring}`;
}

async function main(operation, ...values) {
  if (!(operation in ARGUMENTS)) {
    console.error("usage: node telefonia.js OPERATION ARGUMENT...");
    return 2;
  }
  const client = await connect();
  const given = Object.fromEntries(values.map((value, at) => [ARGUMENTS[operation][at], value]));
  let answer;
  try {
    // The service answers within 3 s or says INDISPONIVEL.
    [answer] = await client[`${operation}Async`](given, { timeout: 5000 });
  } catch (error) {
    console.error(describe(error));
    return 1;
  }
  const result = answer[`${operation}Result`];
  if (operation === "obterQtdeSolicitacoes") {
    console.log(text(result));
  } else {
    for (const name of FIELDS[operation]) console.log(`${name}=${text(result[name])}`);
  }
  return 0;
}

main(...process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
