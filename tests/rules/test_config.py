"""Settings from file, environment and flags, in rising order."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from soap_service.config import Settings
from soap_service.config_sources import load_settings, warnings_of
from soap_service.errors import InputRefused
from soap_service.rules.roles import Role


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "soap-service.toml"
    file.write_text('host = "10.0.0.1"\nport = 1\ntime_zone = "UTC"\n')
    environment = {"SOAP_SERVICE_HOST": "10.0.0.2", "SOAP_SERVICE_PORT": "2"}
    settings = load_settings({"port": "3", "host": None}, environment, file)
    assert (settings.time_zone, settings.host, settings.port) == ("UTC", "10.0.0.2", 3)


def test_the_public_address_is_the_listening_one_unless_it_is_given() -> None:
    assert Settings().endpoint_url == "http://127.0.0.1:8000/soap"
    assert Settings(host="::1").endpoint_url == "http://[::1]:8000/soap"
    assert Settings(public_url="https://t.example.com/").endpoint_url == "https://t.example.com/soap"
    assert Settings(public_url="http://[2001:db8::1]:8443").endpoint_url == "http://[2001:db8::1]:8443/soap"
    assert Settings(public_url="https://t.example.com").listening_url == "http://127.0.0.1:8000"


def test_workers_are_a_number_or_one_for_each_core(tmp_path: Path) -> None:
    file = tmp_path / "soap-service.toml"
    file.write_text("workers = 4\n")
    assert load_settings({}, {}, file).worker_count == 4
    assert Settings().worker_count == 1
    assert Settings(workers="auto").worker_count == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "http"),
        ("port", "70000"),
        ("workers", "0"),
        ("workers", "65"),
        ("workers", "-1"),
        ("workers", "1.5"),
        ("workers", "all"),
        ("database_url", "foo"),
        ("database_url", "sqlite://"),
        ("repeat_seconds", "nan"),
        ("repeat_seconds", "-1"),
        ("call_seconds", "inf"),
        ("time_zone", "Brasil"),
        ("working_hours", "8-18"),
        ("working_hours", "18:00-08:00"),
        ("working_days", "seg"),
        ("holidays", "XX"),
        ("public_url", "telefonia.example.com"),
        ("public_url", "https://"),
        ("public_url", "https://:8443"),
        ("public_url", "https://t.example.com/desk"),
        ("public_url", "https://t.example.com?x"),
        ("public_url", "https://t.example .com"),
        ("public_url", 'https://t.example.com"'),
        ("public_url", "https://t.example.com:port"),
        ("host", ""),
        ("host", " "),
        ("request_seconds", "0"),
        ("session_hours", "0"),
        ("session_hours", "-1"),
        ("session_hours", "99999999"),
        ("longest_session_hours", "11"),
        ("longest_session_hours", "99999999"),
        ("longest_session_hours", "-1"),
        ("log_level", "loud"),
        ("second_factor", "yes"),
        ("frame_ancestors", "https://cti.example"),
        ("oidc_issuer", "http://login.example.com"),
        ("oidc_issuer", "https://login.example.com?x"),
        ("oidc_issuer", "login.example.com"),
        ("oidc_scopes", "profile"),
        ("oidc_roles", "boss=desk"),
        ("oidc_roles", "agent"),
        ("oidc_roles", "agent="),
        ("oidc_new_agents", "maybe"),
        ("oidc_new_agents", "yes"),
        ("password_logins", "maria"),
        ("trusted_proxies", "proxy"),
    ],
)
def test_a_wrong_value_is_told_with_its_setting(name: str, value: str) -> None:
    with pytest.raises(InputRefused) as caught:
        load_settings({}, {f"SOAP_SERVICE_{name.upper()}": value})
    assert caught.value.key == name


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("prot = 1", "prot"),
        ("port = ", "config"),
        ('port = "x"', "port"),
        ("port = true", "port"),
        ("port = 80.7", "port"),
        ("call_seconds = true", "call_seconds"),
        ("host = 1", "host"),
    ],
    ids=["name", "syntax", "type", "truth", "fraction", "truth for a time", "number for a text"],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "soap-service.toml"
    file.write_text(text)
    with pytest.raises(InputRefused) as caught:
        load_settings({}, {}, file)
    assert caught.value.key == key


@pytest.mark.parametrize(
    "url", ["postgresql://u:segredo@localhost:abc/soap", "postgresql://u:segredo@db1:5433,db2:5434/soap"]
)
def test_a_wrong_port_of_the_database_is_told_without_the_password(url: str) -> None:
    with pytest.raises(InputRefused, match="database_url") as caught:
        Settings(database_url=url)
    assert "segredo" not in str(caught.value)
    assert Settings(database_url="postgresql://u:segredo@/soap?host=db1:5433&host=db2:5434")


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "soap-service.toml"
    file.write_text("port = 1\n", "utf-8-sig")
    assert load_settings({}, {}, file).port == 1


def test_an_address_that_nobody_can_call_needs_a_public_one() -> None:
    with pytest.raises(InputRefused, match="public_url"):
        Settings(host="0.0.0.0")
    assert Settings(host="0.0.0.0", public_url="http://desk:8000").endpoint_url == "http://desk:8000/soap"


def test_a_missing_file_is_told() -> None:
    with pytest.raises(InputRefused, match="cannot be read"):
        load_settings({}, {}, Path("/nonexistent/soap-service.toml"))


def test_national_holidays_do_not_count() -> None:
    from datetime import datetime

    calendar = Settings().calendar
    christmas_eve = datetime(2026, 12, 24, 17, tzinfo=calendar.zone)
    assert calendar.add(christmas_eve, timedelta(hours=2)).astimezone(calendar.zone).day == 28


@pytest.mark.parametrize(
    ("given", "idle", "longest"),
    [
        ({}, 12, 24),
        ({"session_hours": 8.0}, 8, 24),
        ({"session_hours": 48.0}, 48, 48),
        ({"longest_session_hours": 12.0}, 12, 12),
        ({"session_hours": 8.0, "longest_session_hours": 10.0}, 8, 10),
    ],
)
def test_a_log_in_has_a_limit_without_use_and_a_longest_life(given: dict[str, float], idle: int, longest: int) -> None:
    limits = Settings(**given).login_limits  # type: ignore[arg-type]
    assert (limits.idle, limits.longest) == (timedelta(hours=idle), timedelta(hours=longest))


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("http://t.example.com", True),
        ("http://10.0.0.1:8000/", True),
        ("http://localhost.example.com", True),
        ("https://t.example.com", False),
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("http://[::1]:8000", False),
        ("", False),
    ],
)
def test_a_public_address_without_tls_is_warned_of(url: str, is_told: bool) -> None:
    assert ["in the clear" in one for one in warnings_of(Settings(public_url=url))] == [True] * is_told


@pytest.mark.parametrize(
    ("text", "mode", "is_told"),
    [
        ('database_url = "postgresql://desk:secret@db/desk"', 0o644, True),
        ('database_url = "postgresql://desk@db/desk?password=secret"', 0o604, True),
        ('database_url = "postgresql://desk:secret@db/desk"', 0o640, False),
        ('database_url = "postgresql://desk@db:5432/desk"', 0o644, False),
        ('port = 1\n# database_url = "postgresql://desk:secret@db/desk"', 0o644, False),
    ],
)
def test_a_password_that_all_users_can_read_is_warned_of(tmp_path: Path, text: str, mode: int, is_told: bool) -> None:
    file = tmp_path / "soap-service.toml"
    file.write_text(text)
    file.chmod(mode)
    told = list(warnings_of(Settings(), file))
    assert [str(file) in one and "secret" not in one for one in told] == [True] * is_told


@pytest.mark.parametrize(("mode", "is_told"), [(0o644, True), (0o640, False), (0o600, False)])
def test_a_key_of_secrets_that_all_users_can_read_is_warned_of(tmp_path: Path, mode: int, is_told: bool) -> None:
    file = tmp_path / "key"
    settings = Settings(secrets_key_file=str(file))
    assert list(warnings_of(settings)) == []
    file.touch()
    file.chmod(mode)
    assert [str(file) in one for one in warnings_of(settings)] == [True] * is_told


def test_only_over_https_and_by_origin_are_the_screens_framed() -> None:
    url = "https://t.example.com"
    for text in ("cti.example", "https://cti.example/", "https://cti.example;", "*", "https://*.example", "'self'"):
        with pytest.raises(InputRefused, match="frame_ancestors"):
            Settings(public_url=url, frame_ancestors=text)
    with pytest.raises(InputRefused, match="frame_ancestors"):
        Settings(public_url="http://t.example.com", frame_ancestors="https://cti.example")
    framed = Settings(public_url=url, frame_ancestors=" https://CTI.example, https://b.example:8443,")
    assert framed.framing_origins == ("https://cti.example", "https://b.example:8443")
    assert Settings().framing_origins == ()


def test_settings_of_single_sign_on_fit_together(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="oidc_client_id"):
        Settings(oidc_issuer="https://login.example.com/tenant/v2.0")
    secret = tmp_path / "secret"
    given = {"oidc_issuer": "https://login.example.com/tenant/v2.0", "oidc_client_id": "desk"}
    settings = Settings(**given, oidc_client_secret_file=str(secret), password_logins="maria, joana")  # type: ignore[arg-type]
    assert settings.allowed_password_logins == {"maria", "joana"}
    for text in (None, b"", b"\xff"):
        if text is not None:
            secret.write_bytes(text)
        with pytest.raises(InputRefused, match="oidc_client_secret_file"):
            settings.read_oidc_secret()
    secret.write_text("a secret\n")
    secret.chmod(0o604)
    assert settings.read_oidc_secret() == "a secret"
    assert [str(secret) in one for one in warnings_of(settings)] == [True]
    assert Settings(**given).read_oidc_secret() == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "roles"),
    [("optional", set()), ("administrators", {Role.ADMINISTRATOR}), ("everyone", set(Role))],
)
def test_a_second_factor_is_asked_of_whom_the_setting_says(word: str, roles: set[Role]) -> None:
    assert Settings(second_factor=word).second_factor_of == roles


def test_a_file_that_is_gone_is_no_warning(tmp_path: Path) -> None:
    assert list(warnings_of(Settings(), tmp_path / "none.toml")) == []
