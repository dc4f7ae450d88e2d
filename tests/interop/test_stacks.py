"""Every client stack calls every operation of the real service, from the published WSDL. Source: docs/wire.md."""

import os
import re
from datetime import UTC, datetime

import pytest

from tests.conftest import Service
from tests.interop.conftest import REPORT, Secured
from tests.interop.report import CHECKS
from tests.interop.stacks import STACKS, Stack, StackFailed

_URL = r"http://127\.0\.0\.1:\d+/chamadas/[\w-]{20,}"
#: What a client prints for each check, as a regular expression.
EXPECTED = {
    "wsdl": "ok|-",
    "one": r"1\?34534",
    "several": "3",
    "empty": "|null",  # Python's stacks give None for an empty element
    "data": r"955\|T2016-06-30T17:10:00\|T2016-07-01T15:10:00\|Em andamento\|false",
    "no_deadline": r"null\|Em andamento\|true",
    "suspended": r"null\|Suspensa\|true",
    "accents": "A solicitação não foi encontrada para os dados informados.",
    "fault": r"Client\|SOLICITACAO_NAO_ENCONTRADA",
    "extension": rf"true\|RAMAL_NAO_REGISTRADO\|O ramal 4099 não está registrado por nenhum atendente\.\|{_URL}",
    "no_extension": rf"true\|RAMAL_NAO_INFORMADO\|O ramal não foi informado; .*\|{_URL}",
    "view": rf"true\|RAMAL_NAO_REGISTRADO\|O ramal 4099 não está .*\|{_URL}",
    "basic": r"1\?34534",
    "wrong_secret": "refused.*",
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.0+)?(?:Z|[+-]\d\d:\d\d)")


@pytest.fixture(scope="module", params=STACKS, ids=lambda stack: stack.name)
def stack(request: pytest.FixtureRequest) -> Stack:
    """One stack after the other; one that is not installed is reported, and fails where all are required."""
    stack: Stack = request.param
    if missing := stack.missing():
        REPORT.not_run[stack.name] = f"{missing} is missing"
        if os.environ.get("INTEROP_REQUIRED"):
            pytest.fail(f"{stack.name}: {missing} is missing")
        pytest.skip(f"{stack.name}: {missing} is missing; `make interop` installs it")
    REPORT.versions[stack.name] = stack.version()
    return stack


@pytest.fixture(scope="module")
def answers(
    stack: Stack, open_service: Service, secured: Secured, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What the stack's client printed, by check; empty, with the reason, when it could not be built."""
    folder = tmp_path_factory.mktemp("stack")
    try:
        return stack.answers(folder, open_service.endpoint, secured.service.endpoint, secured.user, secured.secret)
    except StackFailed as failure:
        return {"failure": str(failure)}


@pytest.mark.parametrize("check", CHECKS)
def test_a_client_stack_gets_what_the_contract_says(stack: Stack, answers: dict[str, str], check: str) -> None:
    answer = _in_utc(answers.get(check, "no answer"))
    is_right = re.fullmatch(EXPECTED[check], answer) is not None
    REPORT.outcomes[stack.name, check] = ("ok" if answer != "-" else "-") if is_right else "RED"
    assert is_right, answers.get("failure") or f"{check}: {answer!r} is not {EXPECTED[check]!r}"


def _in_utc(answer: str) -> str:
    """Write every instant in one way: stacks that know dates print them as they like."""

    def write(found: "re.Match[str]") -> str:
        return f"T{datetime.fromisoformat(found[0]).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"

    return _INSTANT.sub(write, answer)
