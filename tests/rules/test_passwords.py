"""Agents' passwords: which may be chosen, and how they are kept."""

import threading
import time

import pytest

from soap_service.errors import InvalidValue, LoginRefused, Reason
from soap_service.rules.passwords import LONGEST_PASSWORD, check_new_password, check_password, hash_password

OWN = ("ana.souza", "Ana Beatriz Souza")


def refusal(password: str, *own: str) -> Reason:
    with pytest.raises(InvalidValue) as caught:
        check_new_password(password, *own)
    assert caught.value.key == "password"
    return caught.value.reason


def test_a_password_is_kept_as_argon2id_and_only_the_right_one_passes() -> None:
    kept = hash_password("uma senha longa")
    assert kept.startswith("$argon2id$")
    check_password("uma senha longa", kept)
    for wrong in ("outra senha", "", "uma senha longa ", "uma senha longa".upper(), "x" * (LONGEST_PASSWORD + 1)):
        with pytest.raises(LoginRefused):
            check_password(wrong, kept)


@pytest.mark.parametrize("kept", ["", "not a hash"])
def test_nobodys_password_is_always_wrong(kept: str) -> None:
    with pytest.raises(LoginRefused):
        check_password("uma senha longa", kept)


def test_a_password_stored_long_ago_is_still_accepted() -> None:
    kept = "$argon2id$v=19$m=65536,t=3,p=4$eQJDodD0tz6BrU9EZg8lZw$QOwHkDhbVRyVn2hJlF1QxoDPjma5UT+MJBlSCzSaBds"
    check_password("senha de 2026", kept)
    with pytest.raises(LoginRefused):
        check_password("senha de 2025", kept)


@pytest.mark.parametrize("password", ["curta", "Xk3v-9sQ_"])
def test_a_short_password_is_refused(password: str) -> None:
    assert refusal(password) is Reason.TOO_SHORT


def test_a_password_that_was_read_from_other_bytes_than_utf_8_is_refused() -> None:
    with pytest.raises(InvalidValue) as caught:
        hash_password(b"uma senh\xe3 longa".decode(errors="surrogateescape"))
    assert caught.value.reason is Reason.NOT_UTF8


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "qwertyuiop",
        "password123",
        "P@ssw0rd123",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "senha12345",
        "Mudar@2026",
        "Trocar@123",
        "administrador",
        "atendente123",
        "Flamengo2019!",
        "brasil2026",
        "soap_service",
        "soap-service-2026",
        "111.444.777-35",  # one's own CPF
        "62 98888-1234",
        "20261127183059",
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    assert refusal(password) is Reason.EASY_TO_GUESS


@pytest.mark.parametrize(
    "password",
    [
        "ana.souza.2026",
        "AnaSouza@1990",
        "souza-beatriz",
        "anabeatriz123",
        "ana beatriz souza",
        "beatriz-souza-ana-2026",
    ],
)
def test_a_password_made_of_the_agents_name_or_login_is_refused(password: str) -> None:
    assert refusal(password, *OWN) is Reason.EASY_TO_GUESS


def test_a_name_of_three_letters_counts_and_one_of_two_does_not() -> None:
    assert refusal("ivo-wqkz-7392", "Ivo") is Reason.EASY_TO_GUESS
    check_new_password("ivo-wqkz-7392", "Iv")


@pytest.mark.parametrize(
    "password",
    [
        "uma senha comprida",
        "senha-de-teste",
        "cavalo bateria grampo",
        "xkwvqzjhbtny",
        "8RUbY-kq2",
        "ação e reação",
        "日本語のながい言葉",
    ],
)
def test_no_kind_of_character_is_asked_for(password: str) -> None:
    check_new_password(password.ljust(10, "w"), *OWN)


def test_a_long_password_is_judged_by_its_beginning_and_kept_whole() -> None:
    password = "cavalo bateria grampo " * 45
    kept = hash_password(password)
    check_password(password, kept)
    with pytest.raises(LoginRefused):
        check_password(password[:-1], kept)
    assert refusal("a" * LONGEST_PASSWORD) is Reason.EASY_TO_GUESS


def test_no_password_takes_long_to_judge() -> None:
    begun = time.process_time()
    check_new_password("z6|s99|<@-1+[@65!5|5[0%3.@15es${xi-9ix1(48|/$z.1ao.e1(+1l-x.1t4-s7x21t[3")
    assert time.process_time() - begun < 2


def test_one_agents_names_are_not_anothers_while_both_are_judged() -> None:
    accepted = []

    def judge() -> None:
        for _ in range(50):
            check_new_password("margarida-quixeramobim-x", "ana")
            accepted.append(1)

    def judge_another() -> None:
        for _ in range(50):
            assert refusal("margarida-quixeramobim-x", "Margarida Quixeramobim") is Reason.EASY_TO_GUESS
            accepted.append(1)

    threads = [threading.Thread(target=work) for work in (judge, judge_another) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(accepted) == 200
