"""Agents' passwords: which may be chosen, and how they are kept. Pure rules."""

import threading
from collections.abc import Iterator, Sequence

from soap_service.errors import InvalidValue, LoginRefused, Reason
from soap_service.rules.names import fold_name

SHORTEST_PASSWORD = 10
#: Longer ones are refused before they cost a hash.
LONGEST_PASSWORD = 1024

# The argon2id hash of a password that was thrown away, so that an unknown login costs what a wrong password does.
_NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$YUUXDKU9RoY3Bo5Fk/nGHA$8mWsVE/T52XZy+9kfce97opHJBkWRkWO8Z7jjRw5pUQ"

_PROGRAM = "soap_service"
#: A password with one of the agent's names in it has so many letters beside.
_FEWEST_LETTERS = 5
_SHORTEST_NAME = 3
#: What passwords of a desk in Brazil are made of, beside zxcvbn's lists.
_COMMON_WORDS = (
    *("senha", "mudar", "mude", "trocar", "troque", "provisoria"),
    *("temporaria", "inicial", "padrao", "acesso", "admin", "administrador", "administradora", "atendente", "agente"),
    *("supervisor", "supervisora", "consulta", "suporte", "empresa", "central", "servicos", "sistema", "telefonia"),
    *("brasil", "deus", "jesus", "amor", "familia", "saudade", "flamengo", "corinthians", "palmeiras", "janeiro"),
    *("fevereiro", "marco", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    *("segunda", "bomdia", "bemvindo", "bemvinda"),
)
#: zxcvbn's score of what takes at least 10^8 guesses. It judges no more characters than this: of signs that may stand
#: for letters, 72 took it 5 s, 32 take half a second.
_GOOD_SCORE = 3
_JUDGED = 32
# zxcvbn keeps the words of a password's owner in one list for all threads.
_judging = threading.Lock()


def check_new_password(password: str, *own: str) -> None:
    """Raise InvalidValue for a password that is too short, easy to guess or, read from bytes, no UTF-8.

    `own` is what the agent is called: a password made of it, of common passwords and words, of keys side by side, or
    of digits alone, as telephone numbers and documents are, is easy to guess. What kinds of characters it has is not
    asked. Source: NIST SP 800-63B, 3.1.1.2; Wheeler, zxcvbn, USENIX Security 2016.
    """
    try:
        password.encode()
    except UnicodeEncodeError:
        raise InvalidValue("password", Reason.NOT_UTF8) from None
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidValue("password", Reason.TOO_SHORT)
    names = [*dict.fromkeys(_words_of((*own, _PROGRAM)))]
    words = [*dict.fromkeys((*names, *_COMMON_WORDS))]
    plain = fold_name(password).replace(" ", "")
    if plain.isdigit() or _is_made_of(plain, names):
        raise InvalidValue("password", Reason.EASY_TO_GUESS)
    if min(_score(text, words) for text in (password, plain)) < _GOOD_SCORE:
        raise InvalidValue("password", Reason.EASY_TO_GUESS)


def hash_password(password: str, *own: str) -> str:
    """Return the argon2id hash of an agent's new password; raises InvalidValue as `check_new_password`.

    Takes some 50 ms and 64 MiB on purpose (RFC 9106, second recommended option): the server calls it
    where `asgi.wsgi_bridge` has threads for that.
    """
    from argon2 import PasswordHasher

    check_new_password(password, *own)
    return PasswordHasher().hash(password)


def check_password(password: str, password_hash: str) -> None:
    """Raise LoginRefused unless the password is the one of that hash. An empty hash costs the same time and fails."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > LONGEST_PASSWORD:
        raise LoginRefused
    try:
        PasswordHasher().verify(password_hash or _NOBODYS_HASH, password)
    except (VerificationError, InvalidHashError):
        raise LoginRefused from None
    if not password_hash:
        raise LoginRefused


def _words_of(names: Sequence[str]) -> Iterator[str]:
    """Yield the words of names, folded, and those that stand side by side as one."""
    for name in names:
        words = fold_name(name).split()
        for width in range(1, len(words) + 1):
            yield from ("".join(words[at : at + width]) for at in range(len(words) - width + 1))


def _is_made_of(password: str, names: Sequence[str]) -> bool:
    """Tell whether a folded password is those names and hardly more: zxcvbn takes three of them for many guesses."""
    rest = password
    for name in sorted(names, key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME:
            rest = rest.replace(name, "0")
    return rest != password and sum(map(str.isalpha, rest)) < _FEWEST_LETTERS


def _score(password: str, words: list[str]) -> int:
    """Return zxcvbn's score, 0 to 4, where the words that come first are tried first."""
    from zxcvbn import zxcvbn

    with _judging:
        score: int = zxcvbn(password[:_JUDGED], user_inputs=words)["score"]
    return score
