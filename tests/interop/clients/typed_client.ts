// What a TypeScript program does with the typed client that wsdl-tsclient made; it compiles only if the types fit.
import { BasicAuthSecurity } from "soap";
import { createClientAsync, TelefoniaClient } from "./generated/telefonia";

const { line, say, deadline, describe, receipt, sayFault } = require("./report.cjs");

async function main(endpoint: string, secured: string, user: string, secret: string): Promise<void> {
  const client = await createClientAsync(`${endpoint}?wsdl`);
  line("wsdl", "ok");
  const count = async (cpf: string, through: TelefoniaClient = client) =>
    (await through.obterQtdeSolicitacoesAsync({ cpf }))[0].obterQtdeSolicitacoesResult;
  const data = async (id: number) => (await client.obterDadosSolicitacaoAsync({ id }))[0].obterDadosSolicitacaoResult;
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
    const other = await createClientAsync(`${endpoint}?wsdl`, {}, secured);
    other.setSecurity(new BasicAuthSecurity(user, given));
    await say(check, () => count("11144477735", other));
  }
}

const [endpoint, secured, user, secret] = process.argv.slice(2);
main(endpoint, secured, user, secret);
