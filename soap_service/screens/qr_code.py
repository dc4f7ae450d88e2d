"""QR codes as SVG, drawn here: what they say, such as a key, is told to no other service."""

from html import escape
from itertools import groupby

import svg
from markupsafe import Markup

_QUIET = 4  # modules of white around, as the standard wants


def draw_qr_code(text: str, label: str) -> Markup:
    """Return a QR code of a text: dark upon white in every theme, so that cameras read it. Source: ISO/IEC 18004."""
    import segno

    rows = segno.make(text, error="m", micro=False).matrix
    size = len(rows) + 2 * _QUIET
    dark: list[svg.PathData] = []
    for y, row in enumerate(rows, _QUIET):
        x = _QUIET
        for is_dark, modules in groupby(row):
            width = len(list(modules))
            if is_dark:
                dark += [svg.M(x, y), svg.h(width), svg.v(1), svg.h(-width), svg.Z()]
            x += width
    drawing = svg.SVG(
        viewBox=svg.ViewBoxSpec(0, 0, size, size),
        class_=["qr-code"],
        extra={"role": "img", "aria-label": escape(label)},
        elements=[svg.Rect(width=size, height=size, fill="#fff"), svg.Path(d=dark, fill="#000")],
    )
    return Markup(str(drawing))  # noqa: S704 - every word in it is escaped above
