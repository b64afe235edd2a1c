"""A sheet of paper to draw on: smooth shapes and Chinese text in the product's colours, fixed bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from packager.training.breaking import break_lines

PAPER, SHEET, SUNK, LINE, EDGE = "#f8f5ee", "#fffdf9", "#f0ebdf", "#ddd5c5", "#857a68"
INK, INK_2, INK_3 = "#211d18", "#4c453b", "#665d50"
SEAL, ON_SEAL, OK, BUSY, TODO = "#a32a1e", "#fffaf5", "#2a6646", "#1f5680", "#a32a1e"
OK_WASH, BUSY_WASH, TODO_WASH = "#e6f0e6", "#e4edf4", "#f8e9e3"
DAI, ZHE, QING, ZHU, TONG, SLIP, SLIP_INK = "#2f4352", "#74452b", "#2b5568", "#3f5b43", "#4c5340", "#f5eedc", "#2a241c"

_OVER = 4  # shapes are drawn this many times larger and scaled down, which smooths their edges

Point = tuple[float, float]
Mask = Callable[[ImageDraw.ImageDraw, tuple[int, int]], None]


@dataclass
class Faces:
    """The fonts of the pictures: TrueType bytes by name (sans, bold, serif).

    While `fonts` is empty nothing is drawn, and the pictures only note in `seen` which characters they need of
    which face; so the fonts can be made to measure.
    """

    fonts: dict[str, bytes] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=lambda: {"sans": set(), "bold": set(), "serif": set()})


class Canvas:
    """A picture being drawn. Lengths are pixels, the origin is the top left corner."""

    def __init__(self, width: int, height: int, faces: Faces, paper: str = PAPER) -> None:
        """Take clean paper.

        Args:
            width: pixels.
            height: pixels.
            faces: the fonts; without any, nothing is drawn.
            paper: colour of the ground.
        """
        self.width, self.height = width, height
        self._faces = faces
        self._blank = not faces.fonts
        self._image = Image.new("RGB", (1, 1) if self._blank else (width, height), paper)
        self._draw = ImageDraw.Draw(self._image)
        self._font = lru_cache(maxsize=None)(self._load)

    def png(self) -> bytes:
        """The picture as PNG, 300 dots an inch."""
        out = io.BytesIO()
        self._image.save(out, "PNG", compress_level=7, dpi=(300, 300))
        return out.getvalue()

    def _load(self, face: str, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(io.BytesIO(self._faces.fonts[face]), size, layout_engine=ImageFont.Layout.BASIC)

    # — text —

    def text(self, at: Point, text: str, size: int, face: str = "sans", colour: str = INK, anchor: str = "ls") -> float:
        """One line of text; `at` is its base line. Returns the x after its last character."""
        self._faces.seen[face].update(text)
        if self._blank:
            return at[0] + len(text) * size
        font = self._font(face, size)
        self._draw.text(at, text, fill=colour, font=font, anchor=anchor)
        return at[0] + font.getlength(text)

    def length(self, text: str, size: int, face: str = "sans") -> float:
        """Width of a line in pixels."""
        return len(text) * size if self._blank else float(self._font(face, size).getlength(text))

    def wrap(self, text: str, size: int, width: float, face: str = "sans") -> list[str]:
        """Lines of at most `width` pixels; no line begins with a full stop or ends with an opening bracket."""
        lines = break_lines([(text, face)], width, lambda unit, name: self.length(unit, size, name))
        return ["".join(unit for unit, _ in line) for line in lines]

    def paragraph(
        self,
        at: Point,
        text: str,
        size: int,
        width: float,
        face: str = "sans",
        colour: str = INK,
        leading: float = 1.6,
    ) -> float:
        """Wrapped text; `at` is the top left corner. Returns the y below its last line."""
        x, y = at
        for line in self.wrap(text, size, width, face):
            self.text((x, y + size * (leading + 0.76) / 2), line, size, face, colour)
            y += size * leading
        return y

    def column(
        self, at: Point, text: str, size: int, face: str = "serif", colour: str = INK, gap: float = 1.12
    ) -> None:
        """Characters one below the other; `at` is the top middle."""
        x, y = at
        for character in text:
            self.text((x, y + size * 0.88), character, size, face, colour, "ms")
            y += size * gap

    # — shapes —

    def rectangle(self, box: tuple[float, float, float, float], fill: str) -> None:
        """A plain filled rectangle."""
        if self._blank:
            return
        self._draw.rectangle([round(v) for v in (box[0], box[1], box[2] - 1, box[3] - 1)], fill=fill)

    def line(self, start: Point, end: Point, width: int, colour: str = LINE) -> None:
        """A horizontal or vertical rule."""
        (x0, y0), (x1, y1) = start, end
        if x0 == x1:
            self.rectangle((x0 - width / 2, y0, x0 - width / 2 + width, y1), colour)
        else:
            self.rectangle((x0, y0 - width / 2, x1, y0 - width / 2 + width), colour)

    def panel(
        self,
        box: tuple[float, float, float, float],
        fill: str = SHEET,
        radius: int = 18,
        outline: str = "",
        width: int = 3,
    ) -> None:
        """A rectangle with round corners and, when `outline` is a colour, an edge inside it."""
        if outline:
            self.panel(box, outline, radius)
            x0, y0, x1, y1 = box
            self.panel((x0 + width, y0 + width, x1 - width, y1 - width), fill, max(radius - width, 0))
            return
        x0, y0, x1, y1 = (round(v) for v in box)
        r = min(radius, (x1 - x0) // 2, (y1 - y0) // 2)
        self.rectangle((x0 + r, y0, x1 - r, y1), fill)
        self.rectangle((x0, y0 + r, x1, y1 - r), fill)
        for cx, cy in ((x0 + r, y0 + r), (x1 - r, y0 + r), (x0 + r, y1 - r), (x1 - r, y1 - r)):
            self.disc((cx, cy), r, fill)

    def disc(self, centre: Point, radius: float, fill: str) -> None:
        """A filled circle."""
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        self._smooth(box, fill, lambda d, s: d.ellipse([0, 0, s[0] - 1, s[1] - 1], fill=255))

    def sector(self, centre: Point, radius: float, start: float, end: float, fill: str) -> None:
        """A slice of a circle; angles in degrees, 0 to the right, clockwise."""
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        self._smooth(box, fill, lambda d, s: d.pieslice([0, 0, s[0] - 1, s[1] - 1], start, end, fill=255))

    def polygon(self, points: Sequence[Point], fill: str) -> None:
        """A filled polygon."""
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        box = (min(xs), min(ys), max(xs), max(ys))
        scaled = [((x - math.floor(box[0])) * _OVER, (y - math.floor(box[1])) * _OVER) for x, y in points]
        self._smooth(box, fill, lambda d, _s: d.polygon(scaled, fill=255))

    def stroke(self, points: Sequence[Point], width: float, colour: str) -> None:
        """A line through points with round ends and joints."""
        for (x0, y0), (x1, y1) in pairwise(points):
            length = math.hypot(x1 - x0, y1 - y0) or 1
            dx, dy = (y1 - y0) / length * width / 2, -(x1 - x0) / length * width / 2
            self.polygon([(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)], colour)
        for point in points:
            self.disc(point, width / 2, colour)

    def _smooth(self, box: tuple[float, float, float, float], fill: str, draw: Mask) -> None:
        if self._blank:
            return
        x0, y0 = math.floor(box[0]), math.floor(box[1])
        width, height = max(math.ceil(box[2]) - x0, 1), max(math.ceil(box[3]) - y0, 1)
        large = Image.new("L", (width * _OVER, height * _OVER))
        draw(ImageDraw.Draw(large), large.size)
        self._image.paste(fill, (x0, y0), large.resize((width, height), Image.Resampling.BOX))

    # — the product's own signs —

    def light(self, kind: str, centre: Point, radius: float) -> None:
        """A status light: `normal` disc with a tick, `working` quarter disc, `attention` triangle."""
        x, y = centre
        r = radius
        if kind == "normal":
            self.disc(centre, r, OK)
            self.stroke(
                [(x - r * 0.42, y + r * 0.02), (x - r * 0.1, y + r * 0.34), (x + r * 0.46, y - r * 0.32)],
                r * 0.19,
                SHEET,
            )
        elif kind == "working":
            self.disc(centre, r, BUSY)
            self.disc(centre, r * 0.84, SHEET)
            self.sector(centre, r * 0.84, -90, 0, BUSY)
        else:
            self.polygon([(x, y - r), (x + r * 1.06, y + r * 0.86), (x - r * 1.06, y + r * 0.86)], TODO)
            self.stroke([(x, y - r * 0.34), (x, y + r * 0.28)], r * 0.17, SHEET)
            self.disc((x, y + r * 0.58), r * 0.11, SHEET)

    def seal(self, at: Point, size: float) -> None:
        """The product's seal, 书箱; `at` is its top left corner."""
        x, y = at
        self.panel((x, y, x + size, y + size), SEAL, round(size * 0.07))
        edge = size * 0.07
        self.panel(
            (x + edge, y + edge, x + size - edge, y + size - edge),
            SEAL,
            round(size * 0.04),
            ON_SEAL,
            max(round(size * 0.018), 1),
        )
        for row, character in enumerate("书箱"):
            self.text(
                (x + size / 2, y + size * (0.46 + 0.37 * row)), character, round(size * 0.34), "serif", ON_SEAL, "ms"
            )
