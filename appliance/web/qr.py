"""Addresses as two-dimensional codes, drawn as one SVG path (no style attribute, prints in black and white)."""

from __future__ import annotations

import functools

import segno
from markupsafe import Markup, escape

_QUIET = 1


@functools.lru_cache(maxsize=256)
def qr(text: str, label: str) -> Markup:
    """The code of `text` as inline SVG with `label` for screen readers."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    path = "".join(
        f"M{x + _QUIET} {y + _QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    side = len(rows) + 2 * _QUIET
    return Markup(
        '<svg class="qr" viewBox="0 0 {side} {side}" role="img" aria-label="{label}" '
        'shape-rendering="crispEdges"><path d="{path}"/></svg>'
    ).format(side=side, label=escape(label), path=path)
