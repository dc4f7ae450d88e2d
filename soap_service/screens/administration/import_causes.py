"""Why a line or a file is rejected, for a page: the importer's English causes, by their pattern, as sentences."""

import re
from collections.abc import Callable

from soap_service.errors import InputRefused
from soap_service.rules.import_columns import REQUEST_COLUMNS, REQUESTER_COLUMNS
from soap_service.screens.language import N_

#: Each pattern matches a whole cause; its groups are the values of its sentence.
CAUSES = tuple(
    (re.compile(pattern, re.DOTALL), sentence)
    for pattern, sentence in (
        ("there is no service", N_("falta o serviço")),
        (
            "there is no service (?P<name>.*); to make it the line needs a group",
            N_("não há o serviço %(name)s; para criá-lo a linha precisa de um grupo"),
        ),
        ("there is no service (?P<name>.*)", N_("não há o serviço %(name)s")),
        ("there is no group (?P<name>.*)", N_("não há o grupo %(name)s")),
        (
            r"the person was erased .*",
            N_("os dados da pessoa foram apagados: uma importação não a cadastra de novo"),
        ),
        (
            "its id_externo belongs to a requester with another document; .*",
            N_("o id_externo é de um solicitante com outro documento; para corrigir, marque Atualizar"),
        ),
        (
            "its document and its id_externo belong to two requesters",
            N_("o documento e o id_externo são de dois solicitantes"),
        ),
        ("there is no document, and nobody has its id_externo", N_("falta o documento, e ninguém tem o id_externo")),
        ("there is no document", N_("falta o documento")),
        ("there is no document of the requester", N_("falta o documento do solicitante")),
        ("there is no name", N_("falta o nome")),
        ("there is no situation", N_("falta a situação")),
        ("there is no time", N_("falta a data")),
        ("there is no time of opening", N_("falta a data de abertura")),
        ("it is opened in the future", N_("a abertura está no futuro")),
        ("it is finished and there is no time of closing", N_("está finalizada e falta a data em que foi")),
        ("it is closed before it is opened", N_("foi finalizada antes de ser aberta")),
        ("the document is no CPF or CNPJ", N_("o documento não é um CPF ou CNPJ")),
        ("there is no number", N_("falta o número")),
        ("the number is no number", N_("o número não é um número")),
        (
            r"the number is not from 1 to (?P<most>\d+): .*",
            N_("o número não está entre 1 e %(most)s: use a coluna do id interno do outro sistema"),
        ),
        (
            r"numbers from (?P<first>\d+) on are those of .*",
            N_("os números a partir de %(first)s são das solicitações abertas aqui"),
        ),
        (
            "it would leave no numbers for requests opened here: .*",
            N_("não sobrariam números para as solicitações abertas aqui: configure first_request_number acima dele"),
        ),
        (
            "there is no such requester; to make it .*",
            N_("não há esse solicitante; para criá-lo a linha precisa de documento e nome"),
        ),
        ("there is no such requester.*", N_("não há esse solicitante")),
        (
            "the number is that of a request of the source (?P<source>.*)",
            N_("o número é de uma solicitação da origem %(source)s"),
        ),
        ("the number is that of a request opened here", N_("o número é de uma solicitação aberta aqui")),
        (
            r"it has (?P<cells>\d+) cells, the header (?P<columns>\d+)",
            N_("tem %(cells)s células, e o cabeçalho %(columns)s"),
        ),
        (r"(?P<column>\w+) is no date such as .*", N_("%(column)s não é uma data como 20/11/2026 09:00")),
        (r"(?P<column>\w+) is not between 1970 and 2199", N_("%(column)s não está entre 1970 e 2199")),
        (
            "historico has lines that are not: .*",
            N_("historico tem linhas que não são: data | quem | ação | texto"),
        ),
        (
            r"(?P<column>\w+) has more than (?P<longest>\d+) characters",
            N_("%(column)s tem mais de %(longest)s caracteres"),
        ),
        (
            r"(?P<column>\w+) is unknown: (?P<value>.*); map it with --map .*",
            N_("%(column)s não é conhecida: %(value)s; diga o que é em Nomes de colunas e valores"),
        ),
        ("priority is not from 1 to 5", N_("a prioridade não está entre 1 e 5")),
        ("a character is not in the encoding", N_("um caractere não está na codificação")),
        ("a quote is not closed", N_("uma aspa não foi fechada")),
        ("it is not CSV: .*", N_("não é CSV")),
        ("it is no JSON object", N_("não é um objeto JSON")),
    )
)
#: Our columns as files name them.
_SPOKEN = {key: next(iter(names)).replace(" ", "_") for key, names in {**REQUESTER_COLUMNS, **REQUEST_COLUMNS}.items()}
_FIELDS = {"map": "mapa", "source": "origem", "encoding": "codificacao", "delimiter": "separador"}
#: What is said of a whole file or of its columns.
REFUSALS = tuple(
    (re.compile(pattern, re.DOTALL), sentence)
    for pattern, sentence in (
        ("it is an old XLS: .*", N_("É um XLS antigo: salve como XLSX ou CSV.")),
        ("it is no readable XLSX: .*", N_("Não é um XLSX que se possa ler.")),
        (
            r"unpacked it has more than (?P<all>\d+) MiB, or (?P<texts>\d+) MiB of texts: .*",
            N_("Descompactado passa de %(all)s MiB, ou de %(texts)s MiB de textos: salve como CSV."),
        ),
        (".*: it is empty", N_("O arquivo está vazio.")),
        (".*: its first line is no JSON: .*", N_("A primeira linha não é JSON.")),
        (
            "it takes too long to read",
            N_("A leitura demora demais para uma página: use o comando soap-service import."),
        ),
        (
            "it takes too much memory to read",
            N_("A leitura ocupa memória demais: salve como CSV, ou use o comando soap-service import."),
        ),
        ("there is no column cpf, cnpj, .*", N_("Falta uma coluna cpf, cnpj, documento ou id_externo.")),
        (r"there is no column (?P<column>\w+); .*", N_("Falta a coluna %(column)s.")),
        ("(?P<two>.*) mean the same; .*", N_("Estas colunas dizem o mesmo: %(two)s. Diga qual vale.")),
        (
            "the file has no column (?P<column>.*); it has (?P<others>.*)",
            N_("O arquivo não tem a coluna %(column)s. Ele tem: %(others)s."),
        ),
        (
            "(?P<given>.*): write OURS=COLUMN or OURS:VALUE=OUR VALUE, OURS one of (?P<ours>.*)",
            N_("%(given)s: escreva NOSSO=COLUNA ou NOSSO:VALOR=NOSSO VALOR. NOSSO é um de: %(ours)s."),
        ),
    )
)


def cause_in(gettext: Callable[[str], str], cause: str) -> str:
    """Return a cause in a visit's language; as it is where no sentence is known."""
    return _sentence(gettext, CAUSES, cause)


def refusal_in(gettext: Callable[[str], str], refusal: InputRefused) -> tuple[str, str]:
    """Return the field that a refusal belongs to, and its sentence."""
    field = _FIELDS.get(str(refusal.key), "arquivo")
    return field, _sentence(gettext, REFUSALS, refusal.sentence)


def _sentence(gettext: Callable[[str], str], known: tuple[tuple[re.Pattern[str], str], ...], cause: str) -> str:
    for pattern, sentence in known:
        if found := pattern.fullmatch(cause):
            values = found.groupdict()
            if "column" in values:
                values["column"] = _SPOKEN.get(values["column"], values["column"])
            return gettext(sentence) % values
    return cause
