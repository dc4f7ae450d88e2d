// What a program on Node's `soap` does with the published WSDL.
const soap = require("soap");
const { line, say, deadline, describe, receipt, sayFault } = require("./report.cjs");

async function main(endpoint, secured, user, secret) {
  const client = await soap.createClientAsync(`${endpoint}?wsdl`);
  const count = async (cpf, through = client) =>
    (await through.obterQtdeSolicitacoesAsync({ cpf }))[0].obterQtdeSolicitacoesResult;
  const data = async (id) => (await client.obterDadosSolicitacaoAsync({ id }))[0].obterDadosSolicitacaoResult;
  const operations = Object.keys(client.describe().TelefoniaService.TelefoniaPort);
  line("wsdl", operations.length === 4 ? "ok" : operations);
  await say("one", () => count("11144477735"));
  await say("several", () => count("52998224725"));
  await say("empty", () => count("12345678909"));
  await say("data", async () => describe(await data(955)));
  await say("no_deadline", async () => deadline(await data(34537)));
  await say("suspended", async () => deadline(await data(34539)));
  await data(999999).catch(sayFault);
  await say("extension", async () =>
    receipt((await client.novaSolicitacaoAsync({ cpf: "11144477735", ramal: "4099" }))[0].novaSolicitacaoResult));
  await say("no_extension", async () =>
    receipt((await client.novaSolicitacaoAsync({ cpf: "11144477735" }))[0].novaSolicitacaoResult));
  await say("view", async () =>
    receipt((await client.visualizarSolicitacaoAsync({ id: 34534, cpf: "11144477735", ramal: "4099" }))[0]
      .visualizarSolicitacaoResult));
  for (const [check, given] of [["basic", secret], ["wrong_secret", "wrong"]]) {
    const other = await soap.createClientAsync(`${endpoint}?wsdl`, {}, secured);
    other.setSecurity(new soap.BasicAuthSecurity(user, given));
    await say(check, () => count("11144477735", other));
  }
}

main(...process.argv.slice(2));
