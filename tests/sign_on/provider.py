"""A real OpenID Connect provider (npm's oidc-provider) on this machine, and who logs in there without a browser."""

import fcntl
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import free_port, wait_until

FOLDER = Path(__file__).parent
SECRET = "um segredo de teste"
Accounts = dict[str, dict[str, Any]]


class RealProvider:
    """The provider of a desk at an address; `accounts` are claims by subject, which is what is typed to log in."""

    def __init__(self, desk: str, accounts: Accounts, port: int = 0, *, thin: bool = False) -> None:
        _install()
        self.desk, self.port = desk, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        told = json.dumps({"port": self.port, "desk": desk, "accounts": accounts, "thin": thin})
        command = ["node", "provider.js", told]
        self._process = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._is_ready, 30)

    def _is_ready(self) -> bool:
        assert self._process.poll() is None
        try:
            return httpx.get(f"{self.url}/jwks").status_code == 200
        except httpx.TransportError:
            return False

    def vouch(self, address: str, account: str) -> str:
        """Log in as an account where a browser was sent, and return the path that it comes back to."""
        with httpx.Client() as client:
            answer = client.get(address)
            for _ in range(12):
                if answer.is_redirect:
                    place = str(answer.url.join(answer.headers["Location"]))
                    if place.startswith(self.desk):
                        return place.removeprefix(self.desk)
                    answer = client.get(place)
                    continue
                found = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                assert found, answer.text
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                fields = {"prompt": prompt[1] if prompt else "", "login": account, "password": "x"}
                answer = client.post(str(answer.url.join(found[1])), data=fields)
        raise AssertionError(f"the provider leads nowhere: {answer.url}")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)


def _install() -> None:
    """Install the provider, once for all workers of the tests."""
    if shutil.which("npm") is None:
        pytest.skip("the provider of single sign-on needs Node and npm")
    with (FOLDER / "package.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (FOLDER / "node_modules" / "oidc-provider").exists():
            subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, timeout=150)
