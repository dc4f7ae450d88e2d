// What a program on strong-soap does with the published WSDL.
const { promisify } = require("util");
const { soap } = require("strong-soap");
const { line, say, deadline, describe, receipt, sayFault } = require("./report.cjs");

const connect = promisify(soap.createClient);
const call = async (client, operation, values) => (await client[operation](values)).result[`${operation}Result`];

async function main(endpoint, secured, user, secret) {
  const client = await connect(`${endpoint}?wsdl`, {});
  const operations = Object.keys(client.describe().TelefoniaService.TelefoniaPort);
  line("wsdl", operations.length === 4 ? "ok" : operations);
  const data = (id) => call(client, "obterDadosSolicitacao", { id });
  await say("one", () => call(client, "obterQtdeSolicitacoes", { cpf: "11144477735" }));
  await say("several", () => call(client, "obterQtdeSolicitacoes", { cpf: "52998224725" }));
  await say("empty", () => call(client, "obterQtdeSolicitacoes", { cpf: "12345678909" }));
  await say("data", async () => describe(await data(955)));
  await say("no_deadline", async () => deadline(await data(34537)));
  await say("suspended", async () => deadline(await data(34539)));
  await data(999999).catch(sayFault);
  await say("extension", async () =>
    receipt(await call(client, "novaSolicitacao", { cpf: "11144477735", ramal: "4099" })));
  await say("no_extension", async () => receipt(await call(client, "novaSolicitacao", { cpf: "11144477735" })));
  await say("view", async () =>
    receipt(await call(client, "visualizarSolicitacao", { id: 34534, cpf: "11144477735", ramal: "4099" })));
  for (const [check, given] of [["basic", secret], ["wrong_secret", "wrong"]]) {
    const other = await connect(`${endpoint}?wsdl`, {});
    other.setEndpoint(secured);
    other.setSecurity(new soap.BasicAuthSecurity(user, given));
    await say(check, () => call(other, "obterQtdeSolicitacoes", { cpf: "11144477735" }));
  }
}

main(...process.argv.slice(2));
