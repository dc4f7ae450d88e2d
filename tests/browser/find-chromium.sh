#!/bin/sh
# Print the path of a Chromium for the browser tests: an installed one, else Debian's, else Playwright's own.
# $VENV is the virtual environment with Playwright. Fails with a sentence that says what to install.
set -u

installed() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return 0
    done
    return 1
}

playwrights() {
    "$VENV/bin/python" -c '
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
print(path) if pathlib.Path(path).exists() else sys.exit(1)' 2>/dev/null
}

installed && exit 0
playwrights && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing Debian's chromium for the browser tests" >&2
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } >&2
    installed && exit 0
fi
echo "installing Playwright's chromium for the browser tests" >&2
"$VENV/bin/python" -m playwright install chromium >&2
playwrights && exit 0
echo "The browser tests need Chromium: install it (on Debian and Ubuntu: apt-get install chromium)" \
    "or run: $VENV/bin/python -m playwright install chromium" >&2
exit 1
