"""Single sign-on with a real OpenID Connect provider: who is let in, with which role, and what is refused."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from joserfc.util import json_b64encode

from soap_service.config import Settings
from soap_service.errors import AlreadyExists, NotFound, ProviderAway, SignOnRefused
from soap_service.identity.provider import IdentityProvider
from soap_service.rate_limit import Limit
from soap_service.rules.auditing import AuditKind
from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.rules.roles import Role
from soap_service.rules.single_sign_on import Identity, SignOn
from soap_service.screens.app import Screens
from soap_service.screens.sign_on import SIGN_ON_COOKIE
from soap_service.store import AuditFilter
from tests.conftest import free_port
from tests.sign_on.provider import SECRET, RealProvider

from .conftest import LOGIN_LIMITS, ZONE, Browser, Desk
from .test_administration import ROOT

DESK = "http://desk.example"
ACCOUNTS = {
    "sub-ana": {"name": "Ana Souza", "preferred_username": "ana", "groups": ["desk", "everybody"]},
    "sub-eva": {"name": "Eva Reis", "preferred_username": "eva@example.com", "groups": ["desk"]},
    "sub-leo": {"name": "Leo Dias", "preferred_username": "leo", "groups": ["desk", "admins"]},
    "sub-max": {"name": "Max Melo", "preferred_username": "max", "groups": ["kitchen"]},
    "sub-ida": {"name": "Ida Nunes", "preferred_username": "ida"},
}
ROLES = "agent=desk, administrator=admins"
REFUSED = "não pôde ser confirmado"
NOT_JOINED = "ainda não está ligada"
AWAY = "não respondeu"


@pytest.fixture(scope="module")
def real() -> Iterator[RealProvider]:
    provider = RealProvider(DESK, ACCOUNTS)
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("secret") / "secret"
    file.write_text(f"{SECRET}\n")
    return file


@pytest.fixture
def settings(real: RealProvider, secret_file: Path) -> Settings:
    return Settings(
        public_url=DESK,
        oidc_issuer=real.url,
        oidc_client_id="desk",
        oidc_client_secret_file=str(secret_file),
        oidc_scopes="openid profile groups",
    )


def serve(desk: Desk, settings: Settings, clock: Callable[[], float] | None = None, **changes: str) -> IdentityProvider:
    """Have the desk log in at the provider of the settings, some of them changed."""
    settings = replace(settings, **changes)
    provider = IdentityProvider(settings, clock or (lambda: desk.store.now().timestamp()))
    logins = (frozenset[Role](), provider, settings.allowed_password_logins)
    desk.screens = Screens(desk.store, ZONE, LOGIN_LIMITS, False, None, "", None, *logins)
    return provider


def sent(browser: Browser, path: str = "/") -> str:
    """Return where the log-in page sends the browser."""
    assert "/entrar/provedor?" in browser.get(f"/entrar?para={path}").text
    response = browser.get(f"/entrar/provedor?para={path}")
    assert response.status_code == 303, response.text
    return str(response.location)


def come_back(desk: Desk, real: RealProvider, account: str, path: str = "/") -> Browser:
    """Return a browser after its way to the provider and back, as an account."""
    browser = desk.visitor()
    browser.get(real.vouch(sent(browser, path), account))
    return browser


def is_in(browser: Browser) -> bool:
    return browser.client.get("/").status_code == 200


def join(desk: Desk, rui: Browser, login: str) -> None:
    """Have the administrator join the one identity that waits."""
    [waiting] = desk.store.identities.list_waiting()
    number = desk.store.staff.find_agent(login).id
    assert waiting.subject in rui.get(f"{ROOT}/atendentes/{number}").text
    rui.follow(rui.post(f"{ROOT}/atendentes/{number}/conta", ligar=str(waiting.id)))


def kinds(desk: Desk) -> list[tuple[str, str]]:
    desk.store.audit.flush()
    return [(row.kind, row.actor) for row in reversed(desk.store.audit.list_page(AuditFilter()))]


def test_an_identity_is_joined_by_an_administrator_alone(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings)
    rui = desk.browser_of("rui")
    stranger = come_back(desk, real, "sub-ana")  # is called as an agent is: that joins nobody
    assert NOT_JOINED in stranger.page and not is_in(stranger)
    join(desk, rui, "ana")
    ana = desk.visitor()
    response = ana.get(real.vouch(sent(ana, "/solicitacoes"), "sub-ana"))
    assert (response.status_code, response.location) == (303, "/solicitacoes")
    assert "Olá, Ana Souza" in ana.get("/").text
    assert (AuditKind.IDENTITY_JOINED, "rui") in kinds(desk) and kinds(desk)[-1] == (AuditKind.LOGGED_IN, "ana")
    [joined] = desk.store.identities.list_of(desk.ana.id)
    number = str(joined.id)
    for login, form in (("bia", {"ligar": number}), ("bia", {"desligar": number}), ("ana", {"ligar": "9999999"})):
        path = f"{ROOT}/atendentes/{desk.store.staff.find_agent(login).id}/conta"
        assert rui.post(path, **form).status_code == 404
    rui.get("/")
    rui.follow(rui.post(f"{ROOT}/atendentes/{desk.ana.id}/conta", desligar=number))
    assert not is_in(ana)
    assert NOT_JOINED in come_back(desk, real, "sub-ana").page
    assert (AuditKind.IDENTITY_SEPARATED, "rui") in kinds(desk)


def test_the_browser_brings_pkce_state_and_nonce(desk: Desk, settings: Settings) -> None:
    serve(desk, settings)
    first, second = (parse_qs(urlsplit(sent(desk.visitor())).query) for _ in range(2))
    assert first["code_challenge_method"] == ["S256"] and first["response_type"] == ["code"]
    assert first["redirect_uri"] == [f"{DESK}/entrar/provedor/volta"]
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name] and len(first[name][0]) == 43
    assert SECRET not in str(first)


def test_groups_give_the_role_of_most_rights_each_time(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings, oidc_roles=ROLES, oidc_new_agents="yes")
    assert is_in(come_back(desk, real, "sub-leo"))
    leo = desk.store.staff.find_agent_by_id(desk.store.staff.find_agent("leo").id)
    assert (leo.role, leo.name, leo.password_hash) == (Role.ADMINISTRATOR, "Leo Dias", "")
    desk.give_role("leo", Role.VIEWER)
    assert is_in(come_back(desk, real, "sub-leo"))
    assert desk.store.staff.find_agent("leo").role is Role.ADMINISTRATOR
    assert "OpenID Connect" in desk.browser_of("rui").get(f"{ROOT}/historico").text
    serve(desk, settings)  # without a table of groups the role is what administrators say
    desk.give_role("leo", Role.VIEWER)
    assert is_in(come_back(desk, real, "sub-leo"))
    assert desk.store.staff.find_agent("leo").role is Role.VIEWER


def test_the_last_administrator_stays_one(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings, oidc_roles=ROLES, oidc_new_agents="yes")
    come_back(desk, real, "sub-leo")
    desk.store.staff.disable_agent("rui")
    serve(desk, settings, oidc_roles="viewer=admins")
    assert is_in(come_back(desk, real, "sub-leo"))
    assert desk.store.staff.find_agent("leo").role is Role.ADMINISTRATOR


def test_new_agents_are_made_where_the_administrator_wants_it(
    desk: Desk, real: RealProvider, settings: Settings
) -> None:
    serve(desk, settings, oidc_roles=ROLES)
    assert NOT_JOINED in come_back(desk, real, "sub-eva").page
    serve(desk, settings, oidc_roles=ROLES, oidc_new_agents="yes")
    eva = come_back(desk, real, "sub-eva")
    assert "Olá, Eva Reis" in eva.get("/").text
    assert "/preferencias/senha" not in eva.get("/preferencias").text
    assert desk.visitor().log_in("eva", "").status_code == 403
    come_back(desk, real, "sub-eva")
    assert [one.login for one in desk.store.staff.list_agents()].count("eva") == 1
    for account, sentence in (("sub-max", "não tem acesso"), ("sub-ida", "não tem acesso"), ("sub-ana", NOT_JOINED)):
        assert sentence in come_back(desk, real, account).page
    assert {one.login for one in desk.store.staff.list_agents()} == {"ana", "bia", "rui", "eva"}


def test_who_is_disabled_here_is_not_let_in(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings, oidc_roles=ROLES, oidc_new_agents="yes")
    come_back(desk, real, "sub-eva")
    desk.store.staff.disable_agent("eva")
    browser = come_back(desk, real, "sub-eva")
    assert "não tem acesso" in browser.page and not is_in(browser)


def test_a_log_in_of_the_provider_ends_there_too(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings, oidc_roles=ROLES, oidc_new_agents="yes")
    eva = come_back(desk, real, "sub-eva")
    eva.get("/")
    response = eva.follow(eva.post("/sair"))
    place = urlsplit(response.headers["Refresh"].removeprefix("0; url="))
    assert f"{place.scheme}://{place.netloc}" == real.url and place.path == "/session/end"
    assert parse_qs(place.query) == {"client_id": ["desk"], "post_logout_redirect_uri": [f"{DESK}/entrar"]}
    assert not is_in(eva)
    local = desk.visitor()
    local.log_in("ana")
    assert local.post("/sair").location == "/entrar?aviso=saiu"


def test_passwords_are_for_the_break_glass_account_alone(desk: Desk, settings: Settings) -> None:
    serve(desk, settings, password_logins="rui")
    visitor = desk.visitor()
    assert "<details" in visitor.get("/entrar").text
    refused = visitor.log_in("ana")
    assert refused.status_code == 403 and "Usuário ou senha incorretos." in refused.text
    assert desk.visitor().log_in("rui").status_code == 303


def test_an_answer_is_taken_once_and_from_its_browser_alone(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings, oidc_roles=ROLES, oidc_new_agents="yes")
    eva = desk.visitor()
    path = real.vouch(sent(eva), "sub-eva")
    cookie = eva.client.get_cookie(SIGN_ON_COOKIE, path="/entrar")
    assert cookie is not None
    other = desk.visitor()
    sent(other)  # has begun one of its own
    assert REFUSED in other.get(path).text and not is_in(other)
    assert REFUSED in desk.visitor().get(path).text
    assert eva.get(path).status_code == 303
    eva.client.set_cookie(SIGN_ON_COOKIE, cookie.value, path="/entrar")  # replayed
    assert REFUSED in eva.get(path).text
    assert AuditKind.LOG_IN_REFUSED in [kind for kind, *_ in kinds(desk)]


def test_another_state_code_or_issuer_is_refused(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings, oidc_roles=ROLES, oidc_new_agents="yes")
    for changed in ({"state": "x" * 43}, {"state": ""}, {"code": "x"}, {"code": ""}, {"iss": "https://evil.example"}):
        browser = desk.visitor()
        place = urlsplit(real.vouch(sent(browser), "sub-eva"))
        answer = browser.get(f"{place.path}?{urlencode({**dict(parse_qsl(place.query)), **changed})}")
        assert answer.status_code == 403 and REFUSED in answer.text, changed
        assert browser.client.get_cookie(SESSION_COOKIE) is None
    browser = desk.visitor()
    state = parse_qs(urlsplit(sent(browser)).query)["state"][0]
    answer = browser.get(f"/entrar/provedor/volta?error=access_denied&state={state}")
    assert "cancelado ou negado" in answer.text


def test_an_answer_that_says_a_thing_twice_is_refused(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings)
    browser = desk.visitor()
    answer = browser.get(real.vouch(sent(browser), "sub-ana") + "&iss=https://evil.example")
    assert answer.status_code == 403 and REFUSED in answer.text


def test_strangers_write_no_audit_with_answers_that_nobody_asked_for(desk: Desk, settings: Settings) -> None:
    serve(desk, settings)
    for cookie in ("", "x" * 43):
        browser = desk.visitor()
        for _ in range(20):
            if cookie:
                browser.client.set_cookie(SIGN_ON_COOKIE, cookie, path="/entrar")
            assert browser.get("/entrar/provedor/volta?code=x&state=y").status_code == 403
    refused = AuditFilter(kind=AuditKind.LOG_IN_REFUSED)
    desk.store.audit.flush()
    assert len(desk.store.audit.list_page(refused)) == 1


def test_a_token_that_has_expired_is_refused(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings, oidc_roles=ROLES, oidc_new_agents="yes")
    browser = desk.visitor()
    path = real.vouch(sent(browser), "sub-eva")
    now = desk.store.now
    provider_clock = IdentityProvider(replace(settings, oidc_roles=ROLES), lambda: now().timestamp() + 300 + 61)
    desk.screens._premises = replace(desk.screens._premises, provider=provider_clock)
    assert REFUSED in browser.get(path).text


def test_a_provider_of_another_name_is_not_believed(desk: Desk, real: RealProvider, settings: Settings) -> None:
    serve(desk, settings, oidc_issuer=real.url.replace("127.0.0.1", "localhost"))
    answer = desk.visitor().get("/entrar/provedor")
    assert answer.status_code == 503 and AWAY in answer.text


def test_a_provider_that_is_away_is_told_and_comes_back(desk: Desk, settings: Settings) -> None:
    port = free_port()
    provider = serve(desk, settings, oidc_issuer=f"http://127.0.0.1:{port}", oidc_roles=ROLES, oidc_new_agents="yes")
    answer = desk.visitor().get("/entrar/provedor?para=/solicitacoes")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert AWAY in answer.text and 'value="/solicitacoes"' in answer.text
    real = RealProvider(DESK, ACCOUNTS, port)
    provider._failed_at -= 5
    assert is_in(come_back(desk, real, "sub-eva"))
    browser = desk.visitor()
    path = real.vouch(sent(browser), "sub-eva")
    real.stop()  # between the browser's way there and the question for the token
    answer = browser.get(path)
    assert answer.status_code == 503 and AWAY in answer.text


def test_who_waits_for_a_silent_provider_waits_some_seconds(desk: Desk, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        serve(desk, settings, oidc_issuer=f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        assert desk.visitor().get("/entrar/provedor").status_code == 503
        assert 4 < time.monotonic() - begun < 9
        begun = time.monotonic()
        assert desk.visitor().get("/entrar/provedor").status_code == 503  # nobody asks again at once
        assert time.monotonic() - begun < 1


def test_a_thin_token_is_completed_by_the_provider(desk: Desk, settings: Settings) -> None:
    real = RealProvider(DESK, ACCOUNTS, thin=True)
    serve(desk, settings, oidc_issuer=real.url, oidc_roles=ROLES, oidc_new_agents="yes")
    assert is_in(come_back(desk, real, "sub-leo"))
    assert desk.store.staff.find_agent("leo").role is Role.ADMINISTRATOR
    real.stop()


class Forger(ThreadingHTTPServer):
    """A provider that says what a test wants, with keys of its own: what the real one would never sign."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Forged)
        self.answers = answers
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Forged(BaseHTTPRequestHandler):
    server: Forger

    def do_GET(self) -> None:
        body = self.server.answers.get(self.path, b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("claims", "is_taken"),
    [
        ({}, True),
        ({"iss": "https://evil.example"}, False),
        ({"aud": "another"}, False),
        ({"aud": ["desk", "another"]}, False),
        ({"aud": ["desk", "another"], "azp": "desk"}, True),
        ({"azp": "desk"}, True),
        ({"azp": "another"}, False),
        ({"nonce": "another"}, False),
        ({"nonce": None}, False),
        ({"nonce": ["begun"]}, False),
        ({"exp": -61}, False),
        ({"exp": -59}, True),
        ({"exp": None}, False),
        ({"iat": 120}, False),
        ({"sub": ""}, False),
        ({"alg": "HS256"}, False),
        ({"alg": "none"}, False),
        ({"key": "another"}, False),
        ({"signs by": "HS256"}, False),
    ],
)
def test_a_token_is_checked_in_every_part(
    desk: Desk, settings: Settings, claims: dict[str, object], is_taken: bool
) -> None:
    key, other = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
    forger = Forger({})
    url = forger.url
    published = {"keys": [{**key.as_dict(private=False), "kid": "one", "alg": "RS256", "use": "sig"}]}
    places = {"authorization_endpoint": f"{url}/auth", "token_endpoint": f"{url}/token", "jwks_uri": f"{url}/jwks"}
    signs = {"id_token_signing_alg_values_supported": [claims.get("signs by", "RS256")]}
    forger.answers["/.well-known/openid-configuration"] = json.dumps({"issuer": url, **places, **signs}).encode()
    forger.answers["/jwks"] = json.dumps(published).encode()
    now = int(desk.store.now().timestamp())  # it stands still: a second matters
    serve(desk, settings, lambda: now, oidc_issuer=url, oidc_roles="agent=desk", oidc_new_agents="yes")
    browser = desk.visitor()
    begun = parse_qs(urlsplit(sent(browser)).query)
    token: dict[str, object] = {"iss": url, "aud": "desk", "sub": "eva", "name": "Eva", "groups": ["desk"]}
    token |= {"preferred_username": "eva", "nonce": begun["nonce"][0], "iat": now, "exp": now + 60}
    for name, value in claims.items():
        if name in ("iat", "exp") and isinstance(value, int):
            token[name] = now + value
        elif value == ["begun"]:
            token[name] = begun["nonce"]
        elif name not in ("alg", "key", "signs by"):
            token[name] = value
    token = {name: value for name, value in token.items() if value is not None}
    if claims.get("alg") == "none":
        signed = b".".join((json_b64encode({"alg": "none", "kid": "one"}), json_b64encode(token), b"")).decode()
    elif claims.get("alg") == "HS256":
        signed = jwt.encode({"alg": "HS256", "kid": "one"}, token, OctKey.import_key(SECRET * 2))
    else:
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, token, other if "key" in claims else key)
    forger.answers["/token"] = json.dumps({"id_token": signed, "access_token": "x", "token_type": "Bearer"}).encode()
    answer = browser.get(f"/entrar/provedor/volta?code=x&state={begun['state'][0]}")
    assert (answer.status_code == 303) == is_taken, answer.text
    assert is_in(browser) == is_taken
    forger.shutdown()
    forger.server_close()


_DEEP = b"[" * 100_000
_DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        (_DISCOVERY, _DEEP),
        (_DISCOVERY, b" " * 1024 * 1024 + b"{}"),
        (_DISCOVERY, b"authorization_endpoint: null"),
        (_DISCOVERY, b"jwks_uri: 5"),
        (_DISCOVERY, b'jwks_uri: "http://localhost:1@198.51.100.1/jwks"'),
        (_DISCOVERY, b'token_endpoint: "https://[1/"'),
        (_DISCOVERY, b"id_token_signing_alg_values_supported: null"),
        (_DISCOVERY, b"id_token_signing_alg_values_supported: 5"),
        (_DISCOVERY, b"token_endpoint_auth_methods_supported: null"),
        ("/jwks", _DEEP),
        ("/jwks", b'{"keys": null}'),
        ("/jwks", b'{"keys": [{"kty": ["RSA"]}]}'),
        ("/token", _DEEP),
        ("/token", b"[]"),
        ("/token", b'{"error": {"a": 1}}'),
        ("/token", b'{"access_token": "x", "expires_in": "y"}'),
        ("/token", b'{"access_token": "x", "id_token": 5}'),
        ("/token", b"crit"),
    ],
)
def test_odd_answers_of_a_provider_let_nobody_in(desk: Desk, settings: Settings, place: str, answer: bytes) -> None:
    forger = Forger({"/jwks": json.dumps({"keys": [RSAKey.generate_key(2048).as_dict(private=False)]}).encode()})
    url = forger.url
    told: dict[str, object] = {"issuer": url, "authorization_endpoint": f"{url}/auth"}
    told |= {"token_endpoint": f"{url}/token", "jwks_uri": f"{url}/jwks"}
    name, colon, value = answer.decode().partition(": ")
    if place == _DISCOVERY and colon:
        told[name] = json.loads(value)
    head, nothing = json_b64encode({"alg": "RS256", "crit": 5}), json_b64encode({})
    odd = json.dumps({"access_token": "x", "id_token": b".".join((head, nothing, b"x")).decode()}).encode()
    forger.answers |= {"/token": odd, _DISCOVERY: json.dumps(told).encode()}
    if not colon and answer != b"crit":
        forger.answers[place] = answer
    provider = serve(desk, settings, oidc_issuer=url)
    begun = SignOn("state", "nonce", "v" * 50)
    with pytest.raises((SignOnRefused, ProviderAway)):
        provider.begin("/")
        provider.finish(begun, {"state": "state", "code": "x"})
    forger.shutdown()
    forger.server_close()


def test_without_a_provider_there_is_none_to_go_to(desk: Desk) -> None:
    visitor = desk.visitor()
    assert "provedor" not in visitor.get("/entrar").text
    for path in ("/entrar/provedor", "/entrar/provedor/volta", "/entrar/provedor/saida"):
        assert visitor.get(path).status_code == 404


def test_who_asks_too_often_is_not_sent(desk: Desk, settings: Settings) -> None:
    serve(desk, settings)
    standing = Limit(rate=1, burst=30, clock=lambda: 0.0)
    desk.screens._premises = replace(desk.screens._premises, sign_ons_begun=standing)
    answers = [desk.visitor().get("/entrar/provedor").status_code for _ in range(31)]
    assert answers == [303] * 30 + [429]


def test_one_identity_that_comes_twice_at_once_is_one(desk: Desk) -> None:
    eva = Identity("https://login.example", "sub-eva", "eva", "Eva")

    def come(_: int) -> str:
        try:
            return desk.store.identities.find_agent(eva).login
        except NotFound:
            return ""

    def make(_: int) -> str:
        try:
            return desk.store.identities.add_agent(eva, Role.AGENT).login
        except AlreadyExists:
            return ""

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(come, range(6))) == [""] * 6
        assert len(desk.store.identities.list_waiting()) == 1
        assert sorted(threads.map(make, range(6))) == [""] * 5 + ["eva"]
        assert list(threads.map(come, range(6))) == ["eva"] * 6


def test_identities_that_are_nobodys_are_forgotten(desk: Desk, real: RealProvider, settings: Settings) -> None:
    for number in range(205):
        with pytest.raises(NotFound):
            desk.store.identities.find_agent(Identity(real.url, f"sub-{number}"))
    assert len(desk.store.identities.list_waiting()) == 200
    now = desk.store.now() + timedelta(days=31)
    desk.store._database.now = lambda: now  # type: ignore[method-assign]
    with pytest.raises(NotFound):
        desk.store.identities.find_agent(Identity(real.url, "sub-new"))
    assert [one.subject for one in desk.store.identities.list_waiting()] == ["sub-new"]
