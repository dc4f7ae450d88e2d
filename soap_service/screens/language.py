"""Which language a page speaks, and the words of the store that it translates. Knows neither store nor screen."""

from werkzeug.datastructures import LanguageAccept

from soap_service.language import LANGUAGES, N_, SOURCE_LANGUAGE, translations_of

__all__ = ["LANGUAGES", "N_", "STORE_SENTENCES", "choose_language", "translations_of"]

#: What the store says or keeps in Portuguese and the screens translate when they show it.
STORE_SENTENCES = (
    N_("Em andamento"),
    N_("Suspensa"),
    N_("Cancelada"),
    N_("Resolvida"),
    N_("Reaberta"),
    N_("Fechada"),
    N_("Reclassificada"),
    N_("abertura"),
    N_("anotação"),
    N_("suspensão"),
    N_("reativação"),
    N_("resolução"),
    N_("fechamento"),
    N_("reabertura"),
    N_("cancelamento"),
    N_("mudança de tarefa"),
    N_("encaminhamento"),
    N_("responsável"),
    N_("reclassificação"),
    N_("Alta"),
    N_("Média"),
    N_("Baixa"),
    N_("criada"),
    N_("entregue"),
    N_("vista"),
    N_("atendida"),
    N_("transferida"),
    N_("perdida"),
    N_("retornada"),
    N_("incidente"),
    N_("requisição"),
    N_("Integração com a telefonia"),
    N_("Ativar os web services de integração com a telefonia?"),
    N_("Solicitação filha a cada atendimento"),
    N_("Serviço da solicitação filha"),
    N_(
        "A telefonia deve lançar uma solicitação filha, referente à visualização de informações "
        "de uma solicitação já existente?"
    ),
    N_("Número de identificação do serviço para o qual a solicitação filha é lançada."),
)


def choose_language(chosen: str, accepted: LanguageAccept) -> str:
    """Return the language that was chosen, else that of `LANGUAGES` which the browser likes best, else Portuguese."""
    if chosen in LANGUAGES:
        return chosen
    # Not `best_match`, which prefers a language named exactly: "es-AR, en;q=0.5" would be answered in English.
    for tag, _ in sorted(accepted, key=lambda wish: -wish[1]):
        for language in LANGUAGES:
            if tag.partition("-")[0].lower() == language.partition("-")[0]:
                return language
    return SOURCE_LANGUAGE
