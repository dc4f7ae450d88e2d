"""Why a line or a file is rejected, in the words of the page of imports."""

from collections.abc import Callable, Mapping

from soap_service.errors import InputRefused
from soap_service.rules.import_causes import Cause, Told
from soap_service.rules.import_columns import HISTORY_COLUMNS, REQUEST_COLUMNS, REQUESTER_COLUMNS
from soap_service.screens.language import N_

#: Of a line without a full stop, as part of a table; of a file with one.
SENTENCES: Mapping[Cause, str] = {
    Cause.NO_SERVICE: N_("falta o serviço"),
    Cause.UNKNOWN_SERVICE: N_("não há o serviço %(name)s"),
    Cause.SERVICE_NEEDS_GROUP: N_("não há o serviço %(name)s; para criá-lo a linha precisa de um grupo"),
    Cause.UNKNOWN_GROUP: N_("não há o grupo %(name)s"),
    Cause.ERASED: N_("os dados da pessoa foram apagados: uma importação não a cadastra de novo"),
    Cause.TAKEN_ID: N_("o id_externo é de um solicitante com outro documento; para corrigir, marque Atualizar"),
    Cause.TWO_REQUESTERS: N_("o documento e o id_externo são de dois solicitantes"),
    Cause.NOBODYS_ID: N_("falta o documento, e ninguém tem o id_externo"),
    Cause.NO_DOCUMENT: N_("falta o documento"),
    Cause.NO_REQUESTER_DOCUMENT: N_("falta o documento do solicitante"),
    Cause.NO_NAME: N_("falta o nome"),
    Cause.NO_SITUATION: N_("falta a situação"),
    Cause.NO_TIME: N_("falta a data"),
    Cause.NO_OPENING: N_("falta a data de abertura"),
    Cause.OPENED_IN_FUTURE: N_("a abertura está no futuro"),
    Cause.NO_CLOSING: N_("está finalizada e falta a data em que foi"),
    Cause.CLOSED_TOO_EARLY: N_("foi finalizada antes de ser aberta"),
    Cause.INVALID_DOCUMENT: N_("o documento não é um CPF ou CNPJ"),
    Cause.NO_NUMBER: N_("falta o número"),
    Cause.INVALID_NUMBER: N_("o número não é um número"),
    Cause.NUMBER_TOO_LARGE: N_("o número não está entre 1 e %(most)s: use a coluna do id interno do outro sistema"),
    Cause.OWN_NUMBER: N_("os números a partir de %(first)s são das solicitações abertas aqui"),
    Cause.NO_NUMBERS_LEFT: N_(
        "não sobrariam números para as solicitações abertas aqui: configure first_request_number acima dele"
    ),
    Cause.UNKNOWN_REQUESTER: N_("não há esse solicitante"),
    Cause.REQUESTER_NEEDS_NAME: N_("não há esse solicitante; para criá-lo a linha precisa de documento e nome"),
    Cause.NUMBER_OF_SOURCE: N_("o número é de uma solicitação da origem %(source)s"),
    Cause.NUMBER_OF_OURS: N_("o número é de uma solicitação aberta aqui"),
    Cause.NOT_OF_SOURCE: N_("não há solicitação com esse número da origem %(source)s"),
    Cause.TOO_MANY_CELLS: N_("tem %(cells)s células, e o cabeçalho %(columns)s"),
    Cause.NO_DATE: N_("%(column)s não é uma data como 20/11/2026 09:00"),
    Cause.DATE_OUT_OF_RANGE: N_("%(column)s não está entre 1970 e 2199"),
    Cause.NOT_HISTORY: N_("historico tem linhas que não são: data | quem | ação | texto"),
    Cause.TOO_LONG: N_("%(column)s tem mais de %(longest)s caracteres"),
    Cause.UNKNOWN_WORD: N_("%(column)s não é conhecida: %(value)s; diga o que é em Nomes de colunas e valores"),
    Cause.NO_PRIORITY: N_("a prioridade não está entre 1 e 5"),
    Cause.NOT_IN_ENCODING: N_("um caractere não está na codificação"),
    Cause.OPEN_QUOTE: N_("uma aspa não foi fechada"),
    Cause.NOT_CSV: N_("não é CSV"),
    Cause.NOT_JSON_OBJECT: N_("não é um objeto JSON"),
    Cause.OLD_XLS: N_("É um XLS antigo: salve como XLSX ou CSV."),
    Cause.UNREADABLE_XLSX: N_("Não é um XLSX que se possa ler."),
    Cause.TOO_LARGE_UNPACKED: N_("Descompactado passa de %(all)s MiB, ou de %(texts)s MiB de textos: salve como CSV."),
    Cause.EMPTY_FILE: N_("O arquivo está vazio."),
    Cause.UNREADABLE_HEADER: N_("A primeira linha não pode ser lida."),
    Cause.NOT_JSON: N_("A primeira linha não é JSON."),
    Cause.TAKES_TOO_LONG: N_("A leitura demora demais para uma página: use o comando soap-service import."),
    Cause.TAKES_TOO_MUCH_MEMORY: N_(
        "A leitura ocupa memória demais: salve como CSV, ou use o comando soap-service import."
    ),
    Cause.NO_IDENTITY_COLUMN: N_("Falta uma coluna cpf, cnpj, documento ou id_externo."),
    Cause.MISSING_COLUMN: N_("Falta a coluna %(column)s."),
    Cause.SAME_MEANING: N_("Estas colunas dizem o mesmo: %(first)s, %(second)s. Diga qual vale."),
    Cause.UNKNOWN_COLUMN: N_("O arquivo não tem a coluna %(column)s. Ele tem: %(others)s."),
    Cause.UNKNOWN_MAP: N_("%(given)s: escreva NOSSO=COLUNA ou NOSSO:VALOR=NOSSO VALOR. NOSSO é um de: %(ours)s."),
    Cause.UNKNOWN_ENCODING: N_("Não há a codificação %(name)s. Escolha outra."),
    Cause.UNKNOWN_DELIMITER: N_("Escolha um dos separadores."),
    Cause.INVALID_SOURCE: N_("Escreva um nome de 1 a 60 caracteres."),
}
#: Our columns as files name them.
_COLUMNS = {**HISTORY_COLUMNS, **REQUESTER_COLUMNS, **REQUEST_COLUMNS}
_SPOKEN = {key: next(iter(names)).replace(" ", "_") for key, names in _COLUMNS.items()} | {"line": "linha"}
_FIELDS = {"map": "mapa", "source": "origem", "encoding": "codificacao", "delimiter": "separador"}


def cause_in(gettext: Callable[[str], str], cause: Told) -> str:
    """Return a cause in a visit's language."""
    values = dict(cause.values)
    if "column" in values:
        values["column"] = _SPOKEN.get(values["column"], values["column"])
    return gettext(SENTENCES[cause.cause]) % values


def refusal_in(gettext: Callable[[str], str], refusal: InputRefused) -> tuple[str, str]:
    """Return the field that a refusal belongs to, and its sentence; as it is where it is not the importer's."""
    field, told = _FIELDS.get(str(refusal.key), "arquivo"), refusal.sentence
    return field, cause_in(gettext, told) if isinstance(told, Told) else told
