"""Made-up pages of scans for the benchmarks: what a digitisation workshop delivers, seeded, of any size.

Kinds:
    colour      print on yellowed paper: fibres, uneven light, show-through of the back, grain of the sensor; JPEG
    grey        the same in shades of grey; JPEG
    bilevel     the same after thresholding, with its specks; TIFF, CCITT Group 4
    photograph  a collection's largest picture, or a made-up one, enlarged, with the grain of film; JPEG
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

KINDS = ("colour", "grey", "bilevel", "photograph")
JPEG_2000 = "grey as JPEG 2000"
"""A further kind, which Pillow unpacks."""
_FONT = Path(__file__).parents[1] / "appliance/web/static/vendor/fonts/whole/noto-sans-sc.ttf"
_TEXT = (
    "學而時習之不亦說乎有朋自遠方來不亦樂乎人不知而不慍不亦君子乎其為人也孝弟而好犯上者鮮矣不好犯上而好作亂者未之有也"
    "君子務本本立而道生孝弟也者其為仁之本與巧言令色鮮矣仁吾日三省吾身為人謀而不忠乎與朋友交而不信乎傳不習乎"
)
_INK, _PAPER = np.array([58, 48, 44], np.float32), np.array([226, 210, 178], np.float32)
_JPEG_QUALITY = 90
Pixels = np.ndarray


def page(kind: str, width: int = 6000, height: int = 8000, seed: int = 1) -> bytes:
    """One page of that kind as the file that a workshop delivers."""
    random = np.random.default_rng(seed)
    if kind == "photograph":
        return _jpeg(_photograph(width, height, random))
    scan = _scan(width, height, random)
    if kind == "colour":
        return _jpeg(Image.fromarray(scan))
    grey = Image.fromarray(scan).convert("L")
    if kind == JPEG_2000:
        out = io.BytesIO()
        grey.save(out, "JPEG2000", quality_mode="rates", quality_layers=[10], irreversible=True)
        return out.getvalue()
    return _jpeg(grey) if kind == "grey" else group4([grey])


def group4(pages: Sequence[Image.Image]) -> bytes:
    """Grey pages thresholded into one TIFF of 1 bit a pixel, CCITT Group 4."""
    out = io.BytesIO()
    first, *rest = [grey.point(lambda v: 255 * (v > 140), "1") for grey in pages]
    first.save(out, "TIFF", compression="group4", dpi=(600, 600), save_all=bool(rest), append_images=rest)
    return out.getvalue()


def largest_picture(folder: Path) -> Image.Image | None:
    """The picture of the most pixels among a collection's JPEG files, None without one."""
    best, most = None, 0
    for path in sorted(folder.rglob("*.jpg")):
        try:
            with Image.open(path) as picture:
                pixels = picture.width * picture.height
        except OSError:
            continue
        if pixels > most:
            best, most = path, pixels
    return Image.open(best).convert("RGB") if best else None


def _scan(width: int, height: int, random: np.random.Generator) -> Pixels:
    """Print on paper, three bytes a pixel."""
    ink = np.asarray(_print(width, height), np.float32) / 255
    back = np.asarray(_print(width, height, turn=7).transpose(Image.Transpose.FLIP_LEFT_RIGHT), np.float32) / 255
    fibres = _smooth(random, width, height, 3, 5.0) + _smooth(random, width, height, 40, 6.0)
    light = _smooth(random, width, height, 2000, 9.0)
    cover = ink + 0.06 * back
    out = np.empty((height, width, 3), np.uint8)
    for band in range(3):
        shade = _PAPER[band] - cover * (_PAPER[band] - _INK[band]) + fibres + light
        shade += random.standard_normal((height, width), np.float32) * 3.0
        np.clip(shade, 0, 255, out=shade)
        out[:, :, band] = shade
    return out


def _print(width: int, height: int, turn: int = 0) -> Image.Image:
    """Columns of text from right to left in a frame, as an old book has them: ink 255 on 0, edges softened."""
    unit = max(8, width // 40)
    sheet = Image.new("L", (width, height))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(str(_FONT), unit)
    draw.rectangle((unit * 2, unit * 2, width - unit * 2, height - unit * 2), outline=230, width=max(2, unit // 12))
    at = turn
    for left in range(width - unit * 4, unit * 2, -unit * 2):
        draw.line((left - unit // 2, unit * 2, left - unit // 2, height - unit * 2), fill=160, width=max(1, unit // 40))
        for top in range(unit * 3, height - unit * 4, unit + unit // 8):
            draw.text((left, top), _TEXT[at % len(_TEXT)], fill=240, font=font)
            at += 1
    small = sheet.resize((width * 2 // 3, height * 2 // 3), Image.Resampling.BOX)
    return small.resize((width, height), Image.Resampling.BICUBIC)


def _smooth(random: np.random.Generator, width: int, height: int, grain: int, strength: float) -> Pixels:
    """Noise whose spots are `grain` pixels wide, of standard deviation about `strength` before it is smoothed."""
    small = random.standard_normal((height // grain + 2, width // grain + 2), np.float32) * strength
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC), np.float32)


def _photograph(width: int, height: int, random: np.random.Generator) -> Image.Image:
    named = os.environ.get("SHUXIANG_COLLECTION")
    found = largest_picture(Path(named) / "files") if named else None
    if found is None:
        grains = (1500, 400, 90, 20)
        bands = [sum(_smooth(random, width, height, grain, grain**0.5 * 1.6) for grain in grains) for _ in range(3)]
        found = Image.fromarray(np.clip(np.stack(bands, 2) + 120, 0, 255).astype(np.uint8))
    if (found.width > found.height) != (width > height):
        found = found.transpose(Image.Transpose.ROTATE_90)
    large = np.asarray(found.resize((width, height), Image.Resampling.LANCZOS), np.int16)
    grain = random.standard_normal((height, width, 1), np.float32) * 5.0
    return Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8))


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_JPEG_QUALITY, dpi=(600, 600))
    return out.getvalue()
