"""Portuguese words of the wire and the screens to the English terms of the code. The one place that maps them.

README shows this table; `tests/rules/test_readme.py` holds the two together.
"""

GLOSSARY = {
    "solicitante": "requester",
    "solicitação": "request",
    "solicitação filha": "child request",
    "ramal": "extension",
    "atendente": "agent",
    "chamada, ligação": "call",
    "perdida": "missed",
    "retornada": "returned",
    "transferida": "transferred",
    "aviso": "notice",
    "situação": "situation",
    "prazo limite": "deadline",
    "parâmetro": "parameter",
    "serviço": "service",
    "grupo executor": "executor group",
    "plataforma de telefonia": "integration",
}
