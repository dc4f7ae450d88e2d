"""Why a value is refused, in the words of the pages: a sentence for each reason of the rules."""

from soap_service.errors import Reason
from soap_service.rules.passwords import SHORTEST_PASSWORD
from soap_service.screens.language import N_

#: The sentences in Portuguese; a page translates them.
REASONS = {
    Reason.NO_SWITCH: N_("O valor deve ser S ou N."),
    Reason.NO_SERVICE_NUMBER: N_("O valor deve ser o número de identificação de um serviço."),
    Reason.NO_ACTIVE_SERVICE: N_("Não há serviço ativo com esse número de identificação."),
    Reason.CHILD_SERVICE_MISSING: N_("O parâmetro 282 está ativado, mas o parâmetro 283 não informa o serviço."),
    Reason.CHILD_SERVICE_WRONG: N_("O parâmetro 283 informa um serviço que não existe ou não está ativo."),
    Reason.NOT_UTF8: N_("O texto tem caracteres que não podem ser gravados."),
    Reason.TOO_SHORT: N_("A senha precisa de pelo menos %(shortest)d caracteres."),
    Reason.EASY_TO_GUESS: N_(
        "Esta senha é fácil de adivinhar: é comum, tem só números ou é feita do nome ou do usuário. "
        "Use três ou quatro palavras sem relação entre si."
    ),
    Reason.NO_NETWORK: N_("Escreva endereços ou redes como 10.1.2.3 ou 10.1.0.0/16, um por linha."),
    Reason.NEEDS_ADDRESSES: N_("Sem segredo, a integração precisa de pelo menos um endereço de rede."),
    Reason.NO_LANGUAGE: N_("Escolha o idioma."),
    Reason.NO_EXTENSION: N_("O ramal tem até 20 caracteres: dígitos, letras e * # + - . @ _"),
    Reason.EXTENSION_RESERVED: N_("Este ramal é reservado a outros atendentes. Se precisar, fale com o administrador."),
    Reason.NO_SHIFT: N_("Escreva os turnos como 08:00-12:00, 13:00-18:00."),
    Reason.BACKWARD_SHIFT: N_(
        "O turno termina antes de começar. Se ele passa da meia-noite, escreva em dois dias: 22:00-24:00 e 00:00-06:00."
    ),
    Reason.OVERLAPPING_SHIFTS: N_("Dois turnos do mesmo dia se sobrepõem."),
    Reason.NO_WORK: N_(
        "Com este calendário o prazo não teria quando correr: deixe pelo menos uma hora de trabalho por semana."
    ),
    Reason.NO_SLA: N_("Escreva horas e minutos como 4:30, até 8760 horas, ou deixe em branco."),
}
#: What the sentences speak of.
FIGURES = {"shortest": SHORTEST_PASSWORD}
