// What a program on Node's `soap` does with the published WSDL.
const soap = require("soap");

const [endpoint, secured, user, secret] = process.argv.slice(2);
const line = (check, value) => console.log(`${check}=${value}`);
const say = async (check, call) => {
  try {
    line(check, await call());
  } catch (error) {
    line(check, `refused: ${error.message.split("\n")[0]}`);
  }
};
const time = (date) => (date == null ? "null" : date.toISOString());
const deadline = (data) => `${time(data.prazoLimite)}|${data.situacao}|${data.dentroDoPrazo}`;
const receipt = (answer) => `${answer.identificado}|${answer.aviso}|${answer.mensagem}|${answer.url}`;

async function main() {
  const client = await soap.createClientAsync(`${endpoint}?wsdl`);
  const count = async (cpf, through = client) =>
    (await through.obterQtdeSolicitacoesAsync({ cpf }))[0].obterQtdeSolicitacoesResult;
  const data = async (id) => (await client.obterDadosSolicitacaoAsync({ id }))[0].obterDadosSolicitacaoResult;
  const operations = Object.keys(client.describe().TelefoniaService.TelefoniaPort);
  line("wsdl", operations.length === 4 ? "ok" : operations);
  await say("one", () => count("11144477735"));
  await say("several", () => count("52998224725"));
  await say("empty", () => count("12345678909"));
  await say("data", async () => {
    const found = await data(955);
    return [found.id, time(found.dataAbertura), time(found.prazoLimite), found.situacao, found.dentroDoPrazo].join("|");
  });
  await say("no_deadline", async () => deadline(await data(34537)));
  await say("suspended", async () => deadline(await data(34539)));
  try {
    await data(999999);
  } catch (error) {
    const fault = error.root.Envelope.Body.Fault;
    line("fault", `${fault.faultcode.split(":").pop()}|${fault.detail.erro.codigo}`);
    line("accents", fault.faultstring);
  }
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

main();
