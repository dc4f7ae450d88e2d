"""What both Python clients print: one `check=value` line for each call. Knows neither stack."""

from collections.abc import Callable
from typing import Any


def describe(data: Any) -> str:
    return (
        f"{data.id}|{data.dataAbertura.isoformat()}|{data.prazoLimite.isoformat()}|{data.situacao}|"
        f"{str(data.dentroDoPrazo).lower()}"
    )


def deadline(data: Any) -> str:
    return (
        f"{'null' if data.prazoLimite is None else data.prazoLimite}|{data.situacao}|{str(data.dentroDoPrazo).lower()}"
    )


def receipt(answer: Any) -> str:
    return f"{str(answer.identificado).lower()}|{answer.aviso}|{answer.mensagem}|{answer.url}"


def say(check: str, call: Callable[[], object]) -> None:
    try:
        answer = call()
    except Exception as error:
        answer = f"refused: {error!r}"
    line(check, "null" if answer is None else answer)


def line(check: str, value: object) -> None:
    print(f"{check}={value}", flush=True)
