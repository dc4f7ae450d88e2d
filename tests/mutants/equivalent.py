"""Changes that change nothing that can be seen, by `Change.what`, with the reason."""

EQUIVALENT: dict[str, str] = {}
