// The main flow of the screens in a real Firefox: node flow.js FIREFOX URL PASSWORD PICTURES
// Prints one line a step and ends with a status other than 0 at the first step that does not hold.
import assert from "node:assert/strict";
import { launch } from "puppeteer-core";

const [firefox, url, password, pictures] = process.argv.slice(2);
const TITLE = "Você está recebendo uma ligação";
const LONGEST_WAIT = 15_000;

const browser = await launch({
  browser: "firefox",
  executablePath: firefox,
  headless: true,
  args: ["--width=1280", "--height=800"],
  defaultViewport: null, // setting one asks for commands that Debian's Firefox does not know
  extraPrefsFirefox: { "intl.accept_languages": "pt-BR" },
});
const page = await browser.newPage();
page.setDefaultTimeout(LONGEST_WAIT);
const errors = [];
// A page that is left cuts its stream, which Firefox tells as an error of the page.
page.on("pageerror", (error) => String(error).includes("/eventos?") || errors.push(String(error)));

async function step(name, run) {
  const started = performance.now();
  try {
    await run();
  } catch (error) {
    await page.screenshot({ path: `${pictures}/failed.png` });
    throw new Error(`${name}: at ${page.url()}`, { cause: error });
  }
  console.log(`${name} (${Math.round(performance.now() - started)} ms)`);
}

// Call an operation as a platform does, and return the text of one element of its answer.
async function call(operation, values, wanted) {
  const inner = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`);
  const answer = await fetch(`${url}/soap`, {
    method: "POST",
    headers: { "Content-Type": "text/xml" },
    body:
      '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>' +
      `<${operation} xmlns="urn:soap-service:telefonia:v1">${inner.join("")}</${operation}></e:Body></e:Envelope>`,
  });
  return (await answer.text()).match(new RegExp(`${wanted}>([^<]*)<`))?.[1];
}

const text = (sentence) => page.waitForSelector(`::-p-text(${sentence})`, { visible: true });
const button = (name) => page.waitForSelector(`::-p-xpath(//button[normalize-space()="${name}"])`, { visible: true });

// A click that leads to another page; Firefox tells of it when that page is there.
async function follow(element) {
  await Promise.all([page.waitForNavigation(), element.click()]);
}

// The button inside the popup of a call: its name may stand on the page behind it too.
async function popupButton(name) {
  await text(TITLE);
  return page.waitForSelector(`.popup ::-p-xpath(.//button[normalize-space()="${name}"])`, { visible: true });
}

// The page's stream is open. No function is waited for: the pages' policy lets none be made from text.
const connected = () => page.waitForSelector('::-p-xpath(//*[@id="connection" and normalize-space()="Conectado"])');

await step("log in", async () => {
  await page.goto(url);
  await page.type("[name=usuario]", "atendente");
  await page.type("[name=senha]", password);
  await follow(await button("Entrar"));
  await text("Olá");
});

await step("register the extension", async () => {
  await page.click('[data-opens="extension-dialog"]');
  await page.type("#extension-dialog input[name=ramal]", "4067");
  await follow(await page.waitForSelector("#extension-dialog button[type=submit]"));
  await text("Ramal gravado com sucesso!");
  await connected();
});

await step("a call about a request pops up and is executed", async () => {
  const notice = await call("visualizarSolicitacao", { id: 955, cpf: "12312312312", ramal: "4067" }, "aviso");
  assert.equal(notice, "ENTREGUE");
  const execute = await popupButton("Executar");
  await page.screenshot({ path: `${pictures}/popup.png` });
  await follow(execute);
  assert.match(page.url(), /\/solicitacoes\/955/);
});

await step("a call of a known requester becomes a request", async () => {
  await page.goto(url);
  await connected();
  await call("novaSolicitacao", { cpf: "11144477735", ramal: "4067" }, "aviso");
  await follow(await popupButton("Cadastrar nova solicitação"));
  const service = await page.$eval("select[name=servico] option:not([value=''])", (option) => option.value);
  await page.select("select[name=servico]", service);
  await page.type("textarea[name=descricao]", "Não consigo acessar a folha de pagamento.");
  await follow(await button("Registrar solicitação"));
  await text("registrada");
  assert.equal(await call("obterQtdeSolicitacoes", { cpf: "11144477735" }, "Result"), "2");
  await page.screenshot({ path: `${pictures}/request.png` });
});

await step("after the log-out no call is delivered", async () => {
  await follow(await button("Sair"));
  await text("Usuário");
  const deadline = performance.now() + LONGEST_WAIT;
  let notice = "ENTREGUE";
  while (notice === "ENTREGUE" && performance.now() < deadline) {
    const cpf = String(10_000_000_000 + Math.floor(Math.random() * 1e9)); // another call each time
    notice = await call("novaSolicitacao", { cpf, ramal: "4067" }, "aviso");
  }
  assert.equal(notice, "AGUARDANDO");
});

assert.deepEqual(errors, []);
await browser.close();
