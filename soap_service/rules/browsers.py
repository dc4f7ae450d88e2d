"""Which browser it is, in a few words: what it says of itself is long, and most of it about others. Pure rules."""

import re

LONGEST_BROWSER = 60
# The first that fits counts: a browser also names those whose pages it can show.
_BROWSERS = (
    ("Edge", re.compile(r"Edg(?:A|iOS)?/([0-9]+)")),
    ("Opera", re.compile(r"OPR/([0-9]+)")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/([0-9]+)")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/([0-9]+)")),
    ("Chrome", re.compile(r"(?:Chrome|CriOS)/([0-9]+)")),
    ("Safari", re.compile(r"Version/([0-9]+)[0-9.]* (?:Mobile/\w+ )?Safari/")),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def browser_of(user_agent: str) -> str:
    """Return the browser and system that a User-Agent names ("Firefox 140, Linux"); "" for one that names none."""
    browsers = (f"{name} {found[1]}" for name, sign in _BROWSERS if (found := sign.search(user_agent)))
    systems = (name for sign, name in _SYSTEMS if sign in user_agent)
    return ", ".join(filter(None, (next(browsers, ""), next(systems, ""))))[:LONGEST_BROWSER]
