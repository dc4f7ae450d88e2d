// What the Node clients print: one `check=value` line for each call. Knows none of the stacks.
const line = (check, value) => console.log(`${check}=${value}`);
const say = async (check, call) => {
  try {
    line(check, (await call()) ?? "null"); // strong-soap has undefined for an empty element
  } catch (error) {
    line(check, `refused: ${String(error.message).split("\n")[0]}`);
  }
};
const time = (date) => (date == null ? "null" : date.toISOString());
const deadline = (data) => `${time(data.prazoLimite)}|${data.situacao}|${data.dentroDoPrazo}`;
const describe = (data) => `${data.id}|${time(data.dataAbertura)}|${deadline(data)}`;
const receipt = (answer) => `${answer.identificado}|${answer.aviso}|${answer.mensagem}|${answer.url}`;
const sayFault = (error) => {
  const fault = error.root.Envelope.Body.Fault;
  line("fault", `${fault.faultcode.split(":").pop()}|${fault.detail.erro.codigo}`);
  line("accents", fault.faultstring);
};

module.exports = { line, say, time, deadline, describe, receipt, sayFault };
