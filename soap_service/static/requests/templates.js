// A service's template is offered in the description while that is empty, or still the template of another service.

const service = document.getElementById("servico");
const description = document.getElementById("descricao");
const offered = document.getElementById("offered");
const templates = new Map(
  [...document.querySelectorAll("template[data-of]")].map((one) => [one.dataset.of, one.content.textContent]),
);

const isUntouched = () => !description.value.trim() || [...templates.values()].includes(description.value);

service.addEventListener("change", () => {
  if (!isUntouched()) return;
  description.value = templates.get(service.value) || "";
  offered.textContent = description.value && offered.dataset.offered;
});
