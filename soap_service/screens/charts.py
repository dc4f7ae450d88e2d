"""Bar charts as SVG, drawn here so that a page needs no script. Knows numbers and labels; neither store nor visit.

What a bar stands for is told by its pattern and by its height; colours come from the style sheet by class, so charts
follow the dark scheme, and no style is in the drawing. The same figures stand in a table beside each chart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import svg
from markupsafe import Markup

_WIDTH, _HEIGHT = 720, 220
_LEFT, _BOTTOM, _TOP = 72, 28, 14


@dataclass(frozen=True)
class Bar:
    """A bar of two parts, one upon the other: the plain one and the hatched one. Without a label it has none below."""

    label: str
    plain: float
    hatched: float = 0


def draw_bars(name: str, title: str, bars: Sequence[Bar], written: Callable[[float], str]) -> Markup:
    """Return a chart of upright bars; `name` is unique on its page, values on the axis are `written`."""
    highest = nice_ceiling(max((bar.plain + bar.hatched for bar in bars), default=0))
    room = _HEIGHT - _BOTTOM - _TOP
    step = (_WIDTH - _LEFT) / max(1, len(bars))
    elements = [_hatching(name), *_axis(highest, written)]
    for place, bar in enumerate(bars):
        x, bottom = _LEFT + place * step + step * 0.15, float(_HEIGHT - _BOTTOM)
        for value, look in ((bar.plain, "plain-bar"), (bar.hatched, "hatched-bar")):
            height = room * value / highest
            if height > 0:
                elements.append(_bar(name, look, x, bottom - height, step * 0.7, height))
                bottom -= height
        if bar.label:
            elements.append(_text(bar.label, x + step * 0.35, _HEIGHT - 8, "middle"))
    return _drawing(title, elements, _HEIGHT)


def draw_pairs(name: str, title: str, bars: Sequence[Bar], written: Callable[[float], str]) -> Markup:
    """Return a chart of upright bars, the plain and the hatched one of each pair beside each other."""
    highest = nice_ceiling(max((max(bar.plain, bar.hatched) for bar in bars), default=0))
    room = _HEIGHT - _BOTTOM - _TOP
    step = (_WIDTH - _LEFT) / max(1, len(bars))
    elements = [_hatching(name), *_axis(highest, written)]
    for place, bar in enumerate(bars):
        x = _LEFT + place * step + step * 0.1
        for value, look in ((bar.plain, "plain-bar"), (bar.hatched, "hatched-bar")):
            height = room * value / highest
            if height > 0:
                elements.append(_bar(name, look, x, _HEIGHT - _BOTTOM - height, step * 0.38, height))
            x += step * 0.4
        if bar.label:
            elements.append(_text(bar.label, _LEFT + place * step + step * 0.5, _HEIGHT - 8, "middle"))
    return _drawing(title, elements, _HEIGHT)


def _axis(highest: float, written: Callable[[float], str]) -> list[svg.Element]:
    """Return the lines of nothing, half and all, with their values."""
    elements: list[svg.Element] = []
    for share in (0, 0.5, 1):
        y = _TOP + (_HEIGHT - _BOTTOM - _TOP) * (1 - share)
        elements.append(svg.Line(x1=_LEFT, x2=_WIDTH, y1=y, y2=y, class_=["axis"]))
        elements.append(_text(written(highest * share), _LEFT - 8, y + 4, "end"))
    return elements


def draw_rows(name: str, title: str, bars: Sequence[Bar], written: Callable[[float], str]) -> Markup:
    """Return a chart of lying bars, each with its label above and its value at its end."""
    highest = max((bar.plain + bar.hatched for bar in bars), default=0) or 1
    elements: list[svg.Element] = [_hatching(name)]
    for place, bar in enumerate(bars):
        y, x = place * 46 + 16.0, 0.0
        elements.append(_text(bar.label, 0, y, "start"))
        for value, look in ((bar.plain, "plain-bar"), (bar.hatched, "hatched-bar")):
            width = (_WIDTH - 90) * value / highest
            if width > 0:
                elements.append(_bar(name, look, x, y + 6, width, 16))
                x += width
        elements.append(_text(written(bar.plain + bar.hatched), x + 8, y + 19, "start"))
    return _drawing(title, elements, max(1, len(bars)) * 46)


def nice_ceiling(value: float) -> float:
    """Return the next of 2, 4, 10, 20, 40, 100 ... that is not below the value."""
    ceiling = 1.0
    while True:
        for factor in (2, 4, 10):
            if value <= ceiling * factor:
                return ceiling * factor
        ceiling *= 10


def _bar(name: str, look: str, x: float, y: float, width: float, height: float) -> svg.Element:
    x, y, width, height = round(x, 2), round(y, 2), round(width, 2), round(height, 2)
    fill = f"url(#{name}-hatching)" if look == "hatched-bar" else None
    return svg.Rect(class_=[look], fill=fill, x=x, y=y, width=width, height=height)


def _hatching(name: str) -> svg.Element:
    ground = svg.Rect(class_=["hatch-ground"], width=6, height=6)
    line = svg.Line(x1=0, y1=0, x2=0, y2=6, class_=["hatch"])
    pattern = svg.Pattern(
        id=f"{name}-hatching",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform=[svg.Rotate(45)],
        elements=[ground, line],
    )
    return svg.Defs(elements=[pattern])


def _text(words: str, x: float, y: float, anchor: Literal["start", "middle", "end"]) -> svg.Element:
    # svg.py writes text as it is given.
    return svg.Text(text=escape(words), x=round(x, 2), y=round(y, 2), text_anchor=anchor)


def _drawing(title: str, elements: list[svg.Element], height: float) -> Markup:
    drawing = svg.SVG(
        viewBox=svg.ViewBoxSpec(0, 0, _WIDTH, height),
        class_=["chart"],
        extra={"role": "img", "aria-label": escape(title)},
        elements=elements,
    )
    return Markup(str(drawing))  # noqa: S704 - every word in it is escaped above
