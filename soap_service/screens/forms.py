"""What people type: cleaned, bounded, and refused with a sentence beside its field. Knows neither store nor HTTP."""

import re
import secrets
from collections.abc import Callable, Container, Mapping

from soap_service.rules.texts import clean_line, clean_text

_FORM_KEY = re.compile(r"[\w-]{32}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


_UNTYPED = {"form_token", "chave", "acao", "para", "senha"}


def declare_untyped(*names: str) -> None:
    """Name fields of a screen's forms that nobody types, or nobody should read again: hidden ones, choices, secrets."""
    _UNTYPED.update(names)


def is_typed(name: str) -> bool:
    """Tell whether a field holds what somebody typed, and may be shown again."""
    return name not in _UNTYPED


class Form:
    """A form as it stands: the value of each field, and a sentence for each that cannot be taken.

    A page shown again with its form loses nothing of what was typed. A warning stands beside its field and refuses
    nothing.
    """

    def __init__(self, typed: Mapping[str, str], gettext: Callable[[str], str]) -> None:
        self.values = {name: clean_text(value) for name, value in typed.items()}
        self.errors: dict[str, str] = {}
        self.warnings: dict[str, str] = {}
        self._gettext = gettext

    def value(self, name: str) -> str:
        """Return the field's value as it is shown; empty when there is none."""
        return self.values.get(name, "")

    def line(self, name: str, longest: int, missing: str = "") -> str:
        """Return a field of one line; refuse it when too long, or with the sentence `missing` when empty."""
        return self._keep(name, clean_line(self.value(name)), longest, missing)

    def text(self, name: str, longest: int, missing: str = "") -> str:
        """Return a field of several lines; refuse it like `line`."""
        return self._keep(name, self.value(name), longest, missing)

    def email(self, name: str, longest: int) -> str:
        """Return an e-mail address; refuse what has no sign of being one."""
        address = self.line(name, longest)
        if address and not _EMAIL.fullmatch(address):
            self.refuse(name, self._gettext("Informe um e-mail como nome@exemplo.com.br."))
        return address

    def choice(self, name: str, allowed: Container[str], missing: str) -> str:
        """Return one of the allowed values; refuse anything else with the sentence `missing`."""
        value = clean_line(self.value(name))
        if value not in allowed:
            self.refuse(name, missing)
        return value

    def refuse(self, name: str, sentence: str) -> None:
        """Say at a field why it cannot be taken; the first reason stays."""
        self.errors.setdefault(name, sentence)

    @property
    def first_error(self) -> str:
        """The name of the first field that was refused; it gets the focus."""
        return next(iter(self.errors), "")

    def described_by(self, name: str, has_hint: bool, is_checked: bool = False) -> str:
        """Return the ids of the sentences beside a field, for `aria-describedby`.

        Beside a field that is checked as it is typed there is always a place for the warning.
        """
        has_warning = is_checked or name in self.warnings
        remarks = (("hint", has_hint), ("warning", has_warning), ("error", name in self.errors))
        return " ".join(f"{name}-{remark}" for remark, is_there in remarks if is_there)

    def _keep(self, name: str, value: str, longest: int, missing: str) -> str:
        self.values[name] = value
        if missing and not value:
            self.refuse(name, missing)
        if len(value) > longest:
            self.refuse(name, self._gettext("Use no máximo %(longest)d caracteres.") % {"longest": longest})
        return value


def form_key(form: Form) -> str:
    """Return the form's random key, the same for every post of one form; a new one for a form without a usable one."""
    if not _FORM_KEY.fullmatch(form.value("chave")):
        form.values["chave"] = secrets.token_urlsafe(24)
    return form.values["chave"]


def read_version(form: Form) -> int | None:
    """Return the version of the request that the form was filled from; None for a form without a usable one."""
    seen = form.value("versao")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None
