"""The card that hangs beside the box: what each light means, and the five things that staff do. One page of A5."""

from __future__ import annotations

import html

from provisioning.cards import ADDRESS
from provisioning.words import CHINESE, Words

_STYLE = """
@page { size: A5; margin: 0 }
* { box-sizing: border-box; margin: 0; padding: 0 }
html { background: #e9e6df; color: #211d18 }
body { font: 4mm/1.6 "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
  sans-serif; -webkit-print-color-adjust: exact; print-color-adjust: exact }
main { width: 148mm; height: 209mm; margin: 0 auto; padding: 11mm 12mm 9mm; background: #fff; display: flex;
  flex-direction: column; gap: 4.6mm; overflow: hidden }
header { border-bottom: .5mm solid #211d18; padding-bottom: 3mm }
h1, h2 { font-family: "Noto Serif SC", "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, serif }
h1 { font-size: 8.4mm; line-height: 1.3; letter-spacing: .04em } header p { font-size: 4mm }
h2 { font-size: 5mm; line-height: 1.4; margin-bottom: 1mm }
.lights { display: grid; gap: 2mm } .lights li { display: grid; grid-template-columns: 9mm 24mm 1fr; gap: 2mm;
  align-items: center; padding: 1.8mm 3.6mm; border-radius: 1.6mm }
.lights svg { width: 7mm; height: 7mm; display: block } .lights b { font-size: 5mm }
.ok { background: #e6f0e6; color: #2a6646 } .busy { background: #e5edf4; color: #1f5480 }
.todo { background: #f7e6e1; color: #a32a1e } .lights span { color: #211d18 }
ul, ol { list-style: none } .two { display: grid; grid-template-columns: 1fr 1fr; gap: 4mm 9mm }
ol { counter-reset: n } ol li { counter-increment: n; padding-left: 6mm; text-indent: -6mm }
ol li::before { content: counter(n); display: inline-block; width: 6mm; text-indent: 0; color: #6b6154;
  font-weight: 700 }
footer { margin-top: auto; border-top: .2mm solid #8b8172; padding-top: 3mm; display: grid;
  grid-template-columns: 1fr auto; gap: 6mm; align-items: end }
footer b { font-size: 5.2mm; line-height: 1.4; display: block } footer p { color: #4c453b; font-size: 3.6mm }
footer div:last-child { text-align: right }
@media print { html { background: #fff } }
@media screen { main { margin: 6mm auto; box-shadow: 0 .4mm 2mm #0003 } }
"""
_LIGHTS = (
    ("normal", "ok", '<circle cx="12" cy="12" r="9" fill="currentColor"/>'),
    (
        "working", "busy",
        '<circle cx="12" cy="12" r="9" fill="none" stroke="currentColor" stroke-width="2"/>'
        '<path d="M12 12V3a9 9 0 0 1 9 9z" fill="currentColor"/>',
    ),
    ("attention", "todo", '<path d="M12 3 22 21H2z" fill="currentColor"/>'),
)  # fmt: skip
_PARTS = (("plug", 3), ("unplug", 2), ("power", 2), ("password", 2))


def staff_card(support: str = "", phone: str = "", address: str = ADDRESS) -> bytes:
    """The page.

    Args:
        support: who helps; empty leaves room to write.
        phone: their number.
        address: what is typed into a browser.
    """
    words = Words.load(CHINESE)
    lights = "".join(
        f'<li class="{look}"><svg viewBox="0 0 24 24" aria-hidden="true">{shape}</svg>'
        f"<b>{_label(words, f'light.{state}')}</b><span>{_label(words, f'staffcard.{state}')}</span></li>"
        for state, look, shape in _LIGHTS
    )
    parts = "".join(_part(words, name, count) for name, count in _PARTS)
    line = "".join(f"<b>{html.escape(text)}</b>" for text in (support, phone) if text) or f"<b>{'＿' * 10}</b>"
    return (
        f'<!doctype html>\n<html lang="zh-Hans"><head><meta charset="utf-8">'
        f"<title>{_label(words, 'staffcard.title')}</title><style>{_STYLE}</style></head><body><main>"
        f"<header><h1>{_label(words, 'staffcard.title')}</h1><p>{_label(words, 'staffcard.lead')}</p></header>"
        f'<section><h2>{_label(words, "staffcard.lights")}</h2><ul class="lights">{lights}</ul></section>'
        f'<div class="two">{parts}</div><footer><div><p>{_label(words, "staffcard.help")}</p>{line}'
        f"<p>{_label(words, 'staffcard.help_line')}</p></div><div><p>{_label(words, 'staffcard.address')}</p>"
        f"<b>{html.escape(address)}</b></div></footer></main></body></html>\n"
    ).encode()


def _part(words: Words, name: str, count: int) -> str:
    steps = "".join(f"<li>{_label(words, f'staffcard.{name}_{n}')}</li>" for n in range(1, count + 1))
    return f"<section><h2>{_label(words, f'staffcard.{name}')}</h2><ol>{steps}</ol></section>"


def _label(words: Words, key: str) -> str:
    return html.escape(words.label(key))
