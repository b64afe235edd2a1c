"""The printed label of a drive, 60 × 90 mm, front and back: one HTML file that prints by itself from any browser.

Fonts are those of the machine; nothing is fetched. The numbers are large enough to be read at arm's length, the
code holds the number only.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import segno

from packager.production.readme import Sender
from packager.production.serials import spaced
from provisioning.words import CHINESE, Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packager.format.release import Release

LABEL = "label.html"
_STYLE = """
@page { size: 60mm 90mm; margin: 0 }
* { box-sizing: border-box; margin: 0; padding: 0 }
html { background: #e9e6df; color: #111 }
body { font: 3.1mm/1.5 "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
  sans-serif; display: flex; flex-wrap: wrap; gap: 6mm; padding: 6mm;
  -webkit-print-color-adjust: exact; print-color-adjust: exact }
section { width: 60mm; height: 90mm; background: #fff; padding: 4.6mm 5mm 0; display: flex; flex-direction: column;
  overflow: hidden; break-after: page; break-inside: avoid }
.product { font-size: 3.3mm; letter-spacing: .16em; padding-bottom: 2mm; border-bottom: .35mm solid #111 }
.bundle { font: 700 9mm/1.2 "Noto Serif SC", "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, serif;
  margin-top: 3.6mm; letter-spacing: .08em }
.edition { font-size: 5mm; font-weight: 500; line-height: 1.35; margin-top: .8mm }
.middle { display: flex; justify-content: space-between; align-items: flex-end; margin-top: auto }
.facts { color: #333; font-size: 3.1mm; line-height: 1.65 }
.middle svg { width: 17mm; height: 17mm; flex: none; display: block }
.number { margin-top: 2.6mm; border-top: .2mm solid #999; padding: 1.6mm 0 2.6mm }
.number span { display: block; color: #333; font-size: 2.8mm; line-height: 1.3 }
.number b { display: block; font: 700 5.7mm/1.3 "DejaVu Sans Mono", Consolas, Menlo, monospace; white-space: pre }
.warning { margin: 0 -5mm; padding: 2.4mm 5mm 2.8mm; background: #111; color: #fff; font-weight: 500;
  font-size: 3.1mm; line-height: 1.55; white-space: nowrap }
.care { font-size: 2.9mm; line-height: 1.42 } ul { list-style: none; margin-top: 2.6mm } li { margin-bottom: 1.2mm }
.support { margin-top: auto; font-weight: 500 }
.lines { margin: .6mm 0 5mm; color: #333 } .lines p { border-bottom: .2mm solid #777; padding-top: 2.2mm }
@media print { html { background: #fff } body { display: block; padding: 0 } }
@media screen { section { border-radius: 2mm; box-shadow: 0 .4mm 2mm #0003 } }
"""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on a label. serial: without spaces; disk: number in the set."""

    release: Release
    disk: int
    serial: str
    sender: Sender


def label_page(labels: Iterable[Label]) -> bytes:
    """An HTML page with front and back of every label, each on a page of its own when printed."""
    words = Words.load(CHINESE)
    cards = "".join(_front(label, words) + _back(label, words) for label in labels)
    title = html.escape(words.label("disk.labels_title"))
    return (
        f'<!doctype html>\n<html lang="zh-Hans"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{cards}</body></html>\n"
    ).encode()


def _front(label: Label, words: Words) -> str:
    release, total = label.release, len(label.release.disks)
    of_set = words.label("disk.set", total=total, n=label.disk) if total > 1 else words.label("disk.set_one")
    count = words.label("disk.holds_count", count=release.disks[label.disk - 1].count or release.count)
    signed = words.label("disk.signed", issuer=label.sender.issuer)
    return (
        f'<section><p class="product">{_text(words.label("disk.product"))}</p>'
        f'<p class="bundle">{_text(words.bundle(release.bundle, release.name))}</p>'
        f'<p class="edition">{_text(words.edition(release.edition))}</p>'
        f'<div class="middle"><p class="facts">{_text(of_set)}<br>{_text(count)}<br>{_text(signed)}</p>'
        f"{_code(label.serial, words.label('disk.code'))}</div>"
        f'<p class="number"><span>{_text(words.label("disk.serial"))}</span><b>{_text(spaced(label.serial))}</b></p>'
        f'<p class="warning">{_text(words.label("disk.warning_1"))}<br>{_text(words.label("disk.warning_2"))}</p>'
        "</section>"
    )


def _back(label: Label, words: Words) -> str:
    care = "".join(f"<li>{_text(words.label(f'disk.care_{n}'))}</li>" for n in range(1, 6))
    support = words.label("disk.support", support=label.sender.support_line)
    lines = "".join(f"<p>{_text(words.label(f'disk.{name}'))}</p>" for name in ("received", "plugged", "by"))
    return (
        f'<section class="care"><p class="product">{_text(spaced(label.serial))}</p><ul>{care}</ul>'
        f'<p class="support">{_text(support)}</p><div class="lines">{lines}</div></section>'
    )


def _code(serial: str, alternative: str) -> str:
    rows = list(segno.make(serial, error="m", micro=False).matrix)
    path = "".join(f"M{x + 1} {y + 1}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    side = len(rows) + 2
    return (
        f'<svg viewBox="0 0 {side} {side}" role="img" aria-label="{html.escape(alternative)}" '
        f'shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )


def _text(text: str) -> str:
    return html.escape(text)
