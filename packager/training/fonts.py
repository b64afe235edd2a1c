"""One small TrueType font made of the glyphs that a text needs, out of web font slices.

The browser's fonts come as several hundred WOFF2 slices of some two hundred characters each. PDF and pictures
need plain TrueType, and one font a face so that a text is not cut into runs: a run break would break searching
and selecting in the PDF. So the wanted glyphs of all slices are copied into one new font. The bytes depend on
the slices and the characters only.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from packager.training.errors import TrainingError

SANS = "sans"
SERIF = "serif"
_FAMILIES = {SANS: "notosanssc", SERIF: "notoserifsc"}
_EPOCH = 3_600_000_000  # seconds since 1904-01-01, the fonts' own zero: a fixed day, so that bytes repeat
_UNITS = 1000
_RAISED = "，。、"  # in columns these stand at the upper right
_SIMPLIFIED = 1 << 18 | 1  # code pages: Latin 1 and simplified Chinese, by which a font is found as a substitute
_Outline: Any = DecomposingRecordingPen  # fontTools says nothing of its types
_Builder: Any = FontBuilder


@dataclass
class FontSlices:
    """The slices found below one folder, by family and weight.

    Attributes:
        folder: searched with its sub-folders for `*.woff2`.
    """

    folder: Path
    _faces: dict[tuple[str, int], list[Path]] = field(default_factory=dict)
    _open: dict[Path, tuple[TTFont, dict[int, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in sorted(self.folder.rglob("*.woff2")):
            face = _face_of(path.name)
            if face:
                self._faces.setdefault(face, []).append(path)
        if not self._faces:
            raise TrainingError(f"no Noto Sans SC slices (*.woff2) below {self.folder.name}")

    def face(self, family: str, *, bold: bool) -> list[Path]:
        """The slices of the weight nearest to the wanted one; the sans family stands in for a missing serif."""
        for name in (family, SANS, SERIF):
            weights = sorted(w for f, w in self._faces if f == name)
            if weights:
                return self._faces[name, weights[-1] if bold else min(weights, key=lambda w: abs(w - 400))]
        raise TrainingError("no font face")

    def characters(self) -> frozenset[str]:
        """Every character of the regular sans slices."""
        return frozenset(chr(code) for path in self.face(SANS, bold=False) for code in self._slice(path)[1])

    def font(self, characters: Iterable[str], family: str, *, bold: bool) -> bytes:
        """A TrueType font with a glyph for each of `characters`.

        Args:
            characters: any order, duplicates allowed; line breaks and tabs are left out.
            family: `SANS` or `SERIF`.
            bold: the heaviest weight that is there, otherwise the one nearest to 400.

        Raises:
            TrainingError: no slice has one of the characters.
        """
        wanted = sorted({ord(c) for c in characters if c.isprintable()} | {0x20})
        glyphs: dict[str, Any] = {".notdef": TTGlyphPen(None).glyph()}
        widths: dict[str, tuple[int, int]] = {".notdef": (_UNITS, 0)}
        cmap: dict[int, str] = {}
        paths = self.face(family, bold=bold) + ([] if family == SANS else self.face(SANS, bold=bold))
        missing = set(wanted)
        for path in paths:
            font, characters_of = self._slice(path)
            if missing.isdisjoint(characters_of):
                continue  # unpacking the outlines is what costs time
            glyph_set = font.getGlyphSet()
            for code in sorted(missing & characters_of.keys()):
                source = characters_of[code]
                name = f"u{code:05X}"
                outline: Any = _Outline(glyph_set)
                glyph_set[source].draw(outline)
                pen = TTGlyphPen(None)
                outline.replay(pen)
                glyphs[name] = pen.glyph()
                advance, _ = font["hmtx"][source]
                widths[name] = (advance, 0)
                cmap[code] = name
            missing -= cmap.keys()
            if not missing:
                break
        for code in (ord(c) for c in _RAISED if ord(c) in cmap):
            name = cmap[code]
            pen = TTGlyphPen(glyphs)
            pen.addComponent(name, (1, 0, 0, 1, _UNITS * 0.56, _UNITS * 0.56))
            glyphs[f"{name}.vert"], widths[f"{name}.vert"] = pen.glyph(), widths[name]
        if missing:
            raise TrainingError("the fonts lack " + " ".join(f"U+{c:04X}" for c in sorted(missing)[:8]))
        return _assemble(glyphs, widths, cmap, _name(family, cmap, bold=bold))

    def _slice(self, path: Path) -> tuple[TTFont, dict[int, str]]:
        if path not in self._open:
            font = TTFont(io.BytesIO(path.read_bytes()), lazy=True, recalcTimestamp=False)
            self._open[path] = (font, font.getBestCmap() or {})
        return self._open[path]


def write_whole_font(fonts: Path, out: Path) -> None:
    """Write one TrueType font with all characters of the sans slices (13,600 characters, 4.5 MB, half a minute).

    It is for machines without a Chinese font: `indexer.renditions.Sandbox(fonts=[folder of out])` then draws the
    Chinese text of PDFs that do not hold their fonts.

    Args:
        fonts: a folder with the slices, as for `packager.training.write_training`.
        out: the font file to write; its folder must be there.

    Raises:
        TrainingError: there are no slices.
    """
    slices = FontSlices(fonts)
    out.write_bytes(slices.font(slices.characters(), SANS, bold=False))


def _face_of(name: str) -> tuple[str, int] | None:
    """Family and weight of a slice: `noto-sans-sc-102-400-normal.woff2` → (sans, 400)."""
    parts = name.removesuffix(".woff2").lower().split("-")
    plain = "".join(parts)
    if "italic" in parts or len(parts) < 3:
        return None
    weight = int(parts[-2]) if parts[-2].isdigit() else 400
    return next(((f, weight) for f, start in _FAMILIES.items() if plain.startswith(start)), None)


def _name(family: str, characters: Iterable[int], *, bold: bool) -> str:
    """A name that no font of other characters has: who joins fonts by name (ReportLab does) never mixes two."""
    content = hashlib.sha256(" ".join(f"{code:X}" for code in sorted(characters)).encode()).hexdigest()[:8]
    return f"Shuxiang{family.title()}{'Bold' if bold else ''}{content}"


def _assemble(glyphs: dict[str, Any], widths: dict[str, tuple[int, int]], cmap: dict[int, str], name: str) -> bytes:
    builder = _Builder(_UNITS, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(cmap)
    builder.setupGlyf(glyphs)
    table = builder.font["glyf"]
    metrics = {g: (widths[g][0], getattr(table[g], "xMin", 0) or 0) for g in glyphs}
    builder.setupHorizontalMetrics(metrics)
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name, "fullName": name})
    builder.setupOS2(
        sTypoAscender=880,
        sTypoDescender=-120,
        usWinAscent=1000,
        usWinDescent=250,
        fsType=0,
        ulCodePageRange1=_SIMPLIFIED,
    )
    builder.setupPost()
    raised = [name for name in glyphs if name.endswith(".vert")]
    if raised:
        rules = "".join(f"sub {name.removesuffix('.vert')} by {name};" for name in raised)
        builder.addOpenTypeFeatures(
            f"languagesystem DFLT dflt; languagesystem hani dflt; feature vert {{ {rules} }} vert;"
        )
    builder.font["head"].created = builder.font["head"].modified = _EPOCH
    builder.font.recalcTimestamp = False
    out = io.BytesIO()
    builder.font.save(out)
    return out.getvalue()
