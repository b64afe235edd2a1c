"""The product's own line icons, inlined into pages (an external sprite would need a wider policy on old browsers)."""

from __future__ import annotations

import functools
from importlib import resources

from lxml import etree
from markupsafe import Markup

_SVG = "{http://www.w3.org/2000/svg}"
LIGHT_CLASS = {"normal": "k-ok", "working": "k-busy", "attention": "k-todo"}
_LIGHT_ICON = {"normal": "light-ok", "working": "light-busy", "attention": "light-todo"}


@functools.cache
def _shapes() -> dict[str, str]:
    text = resources.files("appliance.web").joinpath("static/icons.svg").read_bytes()
    root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
    shapes: dict[str, str] = {}
    for symbol in root.iter(f"{_SVG}symbol"):
        inner = b"".join(etree.tostring(part, with_tail=False) for part in symbol).decode()
        shapes[str(symbol.get("id"))] = inner.replace(' xmlns="http://www.w3.org/2000/svg"', "")
    return shapes


@functools.cache
def icon(name: str) -> Markup:
    """The icon as inline SVG, hidden from screen readers: the words stand beside it.

    Raises:
        KeyError: there is no such icon.
    """
    return Markup(f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{_shapes()[name]}</svg>')  # noqa: S704


@functools.cache
def light_shape(light: str) -> Markup:
    """The shape of a state's light: disc, quarter disc or triangle; its word stands beside it."""
    return Markup(f'<svg viewBox="0 0 24 24" aria-hidden="true">{_shapes()[_LIGHT_ICON[light]]}</svg>')  # noqa: S704
