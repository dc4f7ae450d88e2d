"""Changes that change nothing that can be seen, by module and words, without the line, with the reason."""

EQUIVALENT: dict[str, str] = {}
