"""Drawing the screen: paper, ink, one light; read from three metres away, with nothing on it to be pressed.

Lengths are in hundredths of the width (`u`), as in the design's mockups, less on screens that are wider than 16:9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import segno
from PIL import Image, ImageDraw

from appliance.screen.lines import OPENING, balanced

if TYPE_CHECKING:
    from PIL import ImageFont

    from appliance.screen.fonts import Faces
    from appliance.screen.view import View

PAPER, SHEET, LINE = "#f8f5ee", "#ffffff", "#ddd5c5"
INK, INK_2, INK_3 = "#211d18", "#4c453b", "#665d50"
COLOURS = {"normal": "#2a6646", "working": "#1f5680", "attention": "#a32a1e"}
_ON_LIGHT = "#fffdf9"
_SMOOTH = 4
"""Shapes are drawn so many times larger and made smaller: Pillow draws edges without half tones."""
_SIZES = (5.4, 4.6, 3.9, 3.3)
"""Of the sentence; the first at which it takes no more than three lines, with air around."""
MOST_LINES = 3
QUIET = 4
"""Modules around a QR code, as its standard wants."""


@dataclass(frozen=True, slots=True)
class _Pen:
    draw: ImageDraw.ImageDraw
    faces: Faces
    u: float
    width: int
    height: int

    def px(self, length: float) -> int:
        return round(length * self.u)

    def font(self, size: float) -> ImageFont.FreeTypeFont:
        return self.faces(max(10, self.px(size)))

    def wide(self, text: str, size: float) -> float:
        return float(self.font(size).getlength(text))

    def text(
        self, x: float, y: float, text: str, size: float, colour: str, *, anchor: str = "la", heavy: float = 0.0
    ) -> None:
        """Draw one line at (x, y) in pixels. heavy: how much thicker, in hundredths of its size."""
        stroke = self.px(size) * heavy / 100
        self.draw.text((x, y), text, colour, self.font(size), anchor=anchor, stroke_width=stroke, stroke_fill=colour)

    def cut(self, text: str, size: float, room: float) -> str:
        """As much of one line as there is room for."""
        if self.wide(text, size) <= room:
            return text
        while text and self.wide(text + "…", size) > room:
            text = text[:-1]
        return text + "…"


def draw_screen(view: View, size: tuple[int, int], faces: Faces) -> Image.Image:
    """The whole screen, in RGB.

    Args:
        view: what to show.
        size: width and height in pixels, 320 by 200 at least.
        faces: of a font with Chinese.
    """
    width, height = size
    image = Image.new("RGB", size, PAPER)
    pen = _Pen(ImageDraw.Draw(image), faces, min(width / 100, height / 56.25), width, height)
    top = _head(pen, view)
    bottom = _foot(pen, view, image)
    _say(pen, view, image, top, bottom)
    return image


def _head(pen: _Pen, view: View) -> int:
    """Name of the library and the clock; returns where the next begins."""
    pad, base = pen.px(3), pen.px(4.6)
    clock = f"{view.day}　{view.time}".strip("　")
    pen.text(pen.width - pad, base, clock, 1.9, INK_3, anchor="rs")
    room = pen.width - 2 * pad - pen.wide(clock, 1.9) - pen.px(2)
    pen.text(pad, base, pen.cut(view.library, 2.2, room), 2.2, INK, anchor="ls", heavy=2)
    return pen.px(6.5)


def _say(pen: _Pen, view: View, image: Image.Image, top: int, bottom: int) -> None:
    pad, light, gap = pen.px(3), pen.px(19), pen.px(4.5)
    left = pad + light + gap
    room = pen.width - left - pad
    word, more = pen.px(4.6), pen.px(3.4) if view.more else 0
    size, lines = _fitted(pen, view.sentence, room, bottom - top - word - more - pen.px(4))
    step = pen.px(size * 1.36)
    tall = word + step * len(lines) + more
    middle = (top + bottom) // 2
    image.paste(*_shape(view.light, light, (pad, middle - light // 2)))
    y = middle - tall // 2
    pen.text(left, y, view.word, 3, COLOURS.get(view.light, COLOURS["attention"]), heavy=1.8)
    y += word
    for line in lines:
        hung = pen.px(size * 0.45) if line[0] in OPENING else 0  # half of such a sign is empty
        pen.text(left - hung, y + (step - pen.px(size)) // 2, line, size, INK, heavy=1.4)
        y += step
    if more:
        pen.text(left, y + pen.px(0.9), view.more, 2, INK_3)


def _fitted(pen: _Pen, sentence: str, room: float, tall: float) -> tuple[float, list[str]]:
    for size in _SIZES:
        lines = balanced(sentence, lambda text, size=size: pen.wide(text, size) <= room)  # type: ignore[misc]
        if len(lines) <= MOST_LINES and len(lines) * pen.px(size * 1.36) <= tall:
            return size, lines
    return size, [*lines[: MOST_LINES - 1], pen.cut("".join(lines[MOST_LINES - 1 :]), size, room)]


def _shape(light: str, side: int, place: tuple[int, int]) -> tuple[Image.Image, tuple[int, int], Image.Image]:
    """The light, its place and its mask: disc with a tick, quarter of a disc, triangle."""
    big = side * _SMOOTH
    unit = big / 24
    drawn = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    pencil = ImageDraw.Draw(drawn)
    colour = COLOURS.get(light, COLOURS["attention"])

    def at(*values: float) -> list[float]:
        return [value * unit for value in values]

    def path(*points: tuple[float, float], wide: float) -> None:
        flat = [(x * unit, y * unit) for x, y in points]
        pencil.line(flat, _ON_LIGHT, round(wide * unit), joint="curve")
        for x, y in points:
            pencil.ellipse(at(x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2), _ON_LIGHT)

    if light == "normal":
        pencil.ellipse(at(0.5, 0.5, 23.5, 23.5), colour)
        path((7.3, 12.4), (10.5, 15.6), (16.7, 9), wide=2.2)
    elif light == "working":
        pencil.ellipse(at(0.6, 0.6, 23.4, 23.4), outline=colour, width=round(2.3 * unit))
        pencil.pieslice(at(4.6, 4.6, 19.4, 19.4), -90, 0, colour)
    else:
        pencil.polygon([(x * unit, y * unit) for x, y in ((12, 2.6), (22.2, 21.2), (1.8, 21.2))], colour)
        pencil.line([(x * unit, y * unit) for x, y in ((12, 2.6), (22.2, 21.2), (1.8, 21.2), (12, 2.6))], colour,
                    round(1.8 * unit), joint="curve")  # fmt: skip
        for x, y in ((12, 2.6), (22.2, 21.2), (1.8, 21.2)):
            pencil.ellipse(at(x - 0.9, y - 0.9, x + 0.9, y + 0.9), colour)
        path((12, 9), (12, 15), wide=2.2)
        path((12, 18.6), (12, 18.6), wide=2.4)
    small = drawn.resize((side, side), Image.Resampling.LANCZOS)
    return small.convert("RGB"), place, small.getchannel("A")


def _foot(pen: _Pen, view: View, image: Image.Image) -> int:
    """How to reach the box; returns where it begins."""
    pad = pen.px(3)
    code = _code(view.code, pen.px(15))
    side = code.width
    top = pen.height - pad - side - pen.px(2)
    pen.draw.rectangle((pad, top, pen.width - pad, top + max(1, pen.px(0.12))), LINE)
    x, y = pen.width - pad - side, pen.height - pad - side
    image.paste(code, (x, y))
    pen.draw.rectangle((x, y, x + side - 1, y + side - 1), outline=LINE)
    centre = y + side // 2
    beside = _beside(view)
    wide = max((pen.wide(text, 1.9) for text, _ in beside), default=0.0)
    shows = bool(beside) and pen.wide(view.hint, 1.9) + wide + side + 2 * pad + pen.px(9) <= pen.width
    room = x - pad - pen.px(3) - (wide + pen.px(4) if shows else 0)
    big = next((size for size in (4.2, 3.6, 3.0, 2.5) if pen.wide(view.address, size) <= room), 2.1)
    rows = [(view.hint, 1.9, INK_2, 0.0), (view.address, big, INK, 2.0)]
    if view.numbers:
        rows.append((view.numbers, 1.9, INK_2, 0.0))
    left = _column(pen, rows, pad, centre, room)
    if shows:
        at = min(max(left + pen.px(4), round(pen.width * 0.5 - wide / 2)), round(x - pen.px(3) - wide))
        _column(pen, [(text, 1.9, colour, 0.0) for text, colour in beside], at, centre, wide + 1)
    return top


def _beside(view: View) -> list[tuple[str, str]]:
    return [(text, colour) for text, colour in ((view.updated, INK_2), (view.hours, INK_3)) if text]


def _column(pen: _Pen, rows: list[tuple[str, float, str, float]], x: int, centre: int, room: float) -> int:
    """Lines below each other around a height; returns where the widest ends."""
    steps = [pen.px(size * 1.5) for _, size, _, _ in rows]
    y, end = centre - sum(steps) // 2, float(x)
    for (text, size, colour, heavy), step in zip(rows, steps, strict=True):
        shown = pen.cut(text, size, room)
        pen.text(x, y + step // 2, shown, size, colour, anchor="lm", heavy=heavy)
        end = max(end, x + pen.wide(shown, size))
        y += step
    return round(end)


def _code(text: str, most: int) -> Image.Image:
    """A QR code with its quiet zone, whole pixels a module, at most so many pixels wide where that can be."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    modules = len(rows) + 2 * QUIET
    scale = max(1, most // modules)
    small = Image.new("1", (modules, modules), 1)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                small.putpixel((x + QUIET, y + QUIET), 0)
    return small.resize((modules * scale, modules * scale), Image.Resampling.NEAREST).convert("RGB")


def draw_plain(light: str, size: tuple[int, int]) -> Image.Image:
    """The light alone, for when the screen cannot be drawn as it should: no font, no words."""
    image = Image.new("RGB", size, PAPER)
    side = max(8, min(size) // 2)
    image.paste(*_shape(light, side, ((size[0] - side) // 2, (size[1] - side) // 2)))
    return image
