"""The printed card of a library, eight on a sheet of A4: one HTML file that prints by itself from any browser.

Fonts are those of the machine; nothing is fetched. The code holds the address only: a password in it would be read by
every phone that is held over the card.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import segno

from provisioning import places
from provisioning.issuing import DIRECTOR
from provisioning.words import CHINESE, Words, numbers

ADDRESS = "library.local"
_PER_SHEET = 8
_STYLE = """
@page { size: A4; margin: 0 }
* { box-sizing: border-box; margin: 0; padding: 0 }
html { background: #e9e6df; color: #111 }
body { font: 3.2mm/1.5 "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
  sans-serif; -webkit-print-color-adjust: exact; print-color-adjust: exact }
section { width: 210mm; height: 296mm; margin: 0 auto; padding: 8mm 9mm; background: #fff; display: grid;
  grid-template: repeat(4, 70mm) / repeat(2, 96mm); break-after: page; overflow: hidden }
article { padding: 5mm 6mm 4mm; border: .2mm dashed #aaa; margin: 0 -.2mm -.2mm 0; display: flex;
  flex-direction: column; overflow: hidden }
.head { display: flex; justify-content: space-between; font-size: 2.9mm; color: #444 }
h2 { font: 700 5.6mm/1.3 "Noto Serif SC", "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, serif;
  margin-top: 1.6mm } h2.long { font-size: 4.5mm } h2.longest { font-size: 3.7mm }
.middle { display: flex; justify-content: space-between; gap: 4mm; margin-top: 2.6mm }
dl { display: grid; grid-template-columns: auto 1fr; gap: .5mm 3mm; align-content: start; align-items: baseline }
dt { color: #444; font-size: 2.9mm } dd { font-size: 3.5mm; font-weight: 500 }
.middle svg { width: 21mm; height: 21mm; flex: none; display: block }
.password { margin-top: auto; padding: 1.6mm 3mm; background: #f3f0e8; border-radius: 1.2mm; display: flex;
  justify-content: space-between; align-items: baseline }
.password span { font-size: 2.9mm; color: #444 }
.password b { font: 700 5.6mm/1.3 "DejaVu Sans Mono", Consolas, Menlo, monospace; letter-spacing: .04em }
.foot { margin-top: 2mm; font-size: 2.8mm; line-height: 1.5; color: #333 }
@media print { html { background: #fff } }
@media screen { section { margin: 6mm auto; box-shadow: 0 .4mm 2mm #0003 } }
"""


@dataclass(frozen=True, slots=True)
class Card:
    """What stands on a card.

    Attributes:
        name, id: of the library. serial, issued: of its box file.
        password: first one of the director. static: address of four numbers, empty when the network gives one.
        support: who helps, with the number; may be empty.
    """

    name: str
    id: str
    serial: int
    issued: str
    password: str
    static: str = ""
    support: str = ""


def card_page(cards: Sequence[Card], province: str) -> bytes:
    """An HTML page with all cards of a province, eight on a sheet."""
    words = Words.load(CHINESE)
    sheets = "".join(
        f"<section>{''.join(_card(card, words) for card in cards[n : n + _PER_SHEET])}</section>"
        for n in range(0, len(cards), _PER_SHEET)
    )
    title = _text(words.label("card.title", name=places.name_of(f"{province}0000"), count=len(cards)))
    return (
        f'<!doctype html>\n<html lang="zh-Hans"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{sheets}</body></html>\n"
    ).encode()


def _card(card: Card, words: Words) -> str:
    long = "" if len(card.name) <= 14 else ' class="long"' if len(card.name) <= 18 else ' class="longest"'
    address = [words.label("card.address"), ADDRESS]
    facts = [address, *([[words.label("card.static"), card.static]] if card.static else [])]
    facts.append([words.label("card.account"), DIRECTOR])
    support = words.label("card.support", support=card.support) if card.support else ""
    issued = numbers.day(date.fromisoformat(card.issued))
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts)
    return (
        f'<article><p class="head"><span>{_text(words.label("card.product"))}</span>'
        f"<span>{_text(card.id)}　{_text(words.label('card.file', issued=issued, number=card.serial))}</span></p>"
        f'<h2{long}>{_text(card.name)}</h2><div class="middle"><dl>{rows}</dl>'
        f"{_code(f'http://{card.static or ADDRESS}/', words.label('card.code'))}</div>"
        f'<p class="password"><span>{_text(words.label("card.password"))}</span><b>{_text(card.password)}</b></p>'
        f'<p class="foot">{_text(words.label("card.once"))}<br>'
        f"{_text(support)}</p></article>"
    )


@cache
def _code(address: str, alternative: str) -> str:
    rows = list(segno.make(address, error="m", micro=False).matrix)
    path = "".join(f"M{x + 1} {y + 1}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    side = len(rows) + 2
    return (
        f'<svg viewBox="0 0 {side} {side}" role="img" aria-label="{html.escape(alternative)}" '
        f'shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )


def _text(text: str) -> str:
    return html.escape(text)
