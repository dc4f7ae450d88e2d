"""Changes that change nothing that can be seen, by the name that the report gives them, with the reason."""

EQUIVALENT: dict[str, str] = {}
