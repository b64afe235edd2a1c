"""Drawn scenes: the way of a page through the house, plugging in step by step, and covers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from packager.training.canvas import (
    BUSY,
    BUSY_WASH,
    DAI,
    EDGE,
    INK,
    INK_2,
    INK_3,
    LINE,
    OK,
    OK_WASH,
    PAPER,
    QING,
    SEAL,
    SHEET,
    SLIP,
    SLIP_INK,
    SUNK,
    TONG,
    ZHE,
    ZHU,
    Canvas,
    Faces,
    Point,
)

_STOPS = (
    ("遴选与签发", "国家图书馆选定书刊，两人各自核对、签发。"),
    ("硬盘上路", "书刊装进贴有标签和编号的资源硬盘，寄到县里。"),
    ("接上主机", "书箱先看签发，再核对目录，约 1 分钟。"),
    ("核对每一页", "读到哪一页，核对哪一页；不一致的不送出。"),
    ("馆内网络", "不上外网。终端和手机连上就能用。"),
    ("读者阅读", "写一个词，翻开一本书。看完清除记录。"),
)


def house_map(faces: Faces) -> bytes:
    """一页书的来路: how a page comes from the national library to a reader, as a map. PNG, A4 landscape."""
    c = Canvas(3508, 2480, faces)
    c.seal((160, 140), 210)
    c.text((430, 270), "一页书的来路", 150, "serif")
    c.text((436, 345), "书箱怎样把国家图书馆的书刊送到县里读者面前", 52, colour=INK_3)
    _river(c)
    _national(c, (420, 980))
    _county(c)
    _road(c)
    for number, at in enumerate(((420, 1390), (1010, 1235), (1560, 1330), (1905, 985), (2330, 1310), (2900, 955)), 1):
        _mark(c, at, number)
    for number, (head, body) in enumerate(_STOPS):
        x = 160 + (number % 3) * 1080
        y = 1850 + (number // 3) * 260
        c.panel((x, y, x + 1028, y + 226), SHEET, 20, LINE)
        _mark(c, (x + 92, y + 113), number + 1)
        c.text((x + 184, y + 92), head, 58, "serif")
        c.paragraph((x + 184, y + 110), body, 40, 820, colour=INK_2, leading=1.35)
    return c.png()


def _mark(c: Canvas, at: Point, number: int) -> None:
    c.disc(at, 50, SHEET)
    c.disc(at, 44, SEAL)
    c.text((at[0], at[1] + 19), str(number), 54, "bold", SHEET, "ms")


def _river(c: Canvas) -> None:
    """Hills and water between the capital and the county, as on an old map."""
    for x, y, size in ((950, 760, 150), (1110, 800, 210), (1290, 790, 120), (860, 1620, 130), (1180, 1640, 170)):
        c.polygon([(x - size, y), (x - size * 0.2, y - size), (x + size, y)], "#e3e2d2")
        c.polygon([(x - size * 0.2, y - size), (x + size, y), (x + size * 0.1, y)], "#d6d8c4")
    points = [(690, 460), (760, 640), (720, 820), (800, 980), (770, 1160), (850, 1340), (790, 1520), (880, 1740)]
    c.stroke(points, 44, "#d5e2e8")
    c.stroke(points, 14, "#c0d4de")


def _national(c: Canvas, at: Point) -> None:
    x, y = at
    c.polygon([(x - 290, y - 120), (x, y - 300), (x + 290, y - 120)], DAI)
    c.panel((x - 250, y - 132, x + 250, y - 90), INK_2, 6)
    for column in range(5):
        left = x - 214 + column * 98
        c.panel((left, y - 78, left + 40, y + 190), SLIP, 6, EDGE)
    c.panel((x - 280, y + 190, x + 280, y + 232), INK_2, 6)
    c.text((x, y + 320), "国家图书馆", 60, "serif", anchor="ms")


def _road(c: Canvas) -> None:
    route = [(720, 1170), (850, 1150), (1000, 1180), (1150, 1160), (1300, 1190), (1440, 1175)]
    for start, end in pairwise(route):
        for piece in range(0, 10, 3):
            a, b = piece / 10, (piece + 1.6) / 10
            c.stroke(
                [(start[0] + (end[0] - start[0]) * f, start[1] + (end[1] - start[1]) * f) for f in (a, b)], 12, SEAL
            )
    drive(c, (1010, 1085), 150)


def _county(c: Canvas) -> None:
    x0, y0, x1, y1 = 1470, 470, 3348, 1700
    c.panel((x0, y0, x1, y1), INK_2, 12)
    c.panel((x0 + 14, y0 + 14, x1 - 14, y1 - 14), SHEET, 6)
    c.text((x0 + 60, y0 + 100), "县图书馆", 64, "serif")
    c.rectangle((2130, y0 + 14, 2142, 860), INK_2)
    c.rectangle((2130, 1060, 2142, y1 - 14), INK_2)
    c.rectangle((2142, 1040, 2620, 1052), INK_2)
    c.rectangle((2790, 1040, x1 - 14, 1052), INK_2)
    box(c, (1790, 1180), 440)
    drive(c, (1620, 1490), 190)
    drive(c, (1950, 1490), 190)
    c.stroke([(1620, 1425), (1620, 1360), (1740, 1360), (1740, 1295)], 10, INK_3)
    c.stroke([(1950, 1425), (1950, 1360), (1840, 1360), (1840, 1295)], 10, INK_3)
    c.text((1790, 1640), "资源硬盘", 46, colour=INK_2, anchor="ms")
    c.text((1790, 880), "书箱主机", 52, "serif", anchor="ms")
    for x, y in ((2010, 1180), (2230, 1180)):
        c.stroke([(x, y), (2230, 1180)], 10, BUSY)
    c.stroke([(2230, 1180), (2230, 760)], 10, BUSY)
    c.stroke([(2230, 760), (2380, 760)], 10, BUSY)
    c.stroke([(2230, 1180), (2230, 1400), (2470, 1400)], 10, BUSY)
    for x in (2470, 2790, 3110):
        terminal(c, (x, 750), 220)
    c.text((2270, 570), "阅览室", 52, "serif")
    for x in (2590, 2830):
        phone(c, (x, 1380), 190)
    terminal(c, (3110, 1380), 260)
    c.text((3110, 1610), "长辈版字更大", 42, colour=INK_2, anchor="ms")
    c.text((2710, 1610), "读者自己的手机", 42, colour=INK_2, anchor="ms")
    c.text((2400, 1160), "少儿与长辈阅览区", 52, "serif")


# — things —


def drive(c: Canvas, centre: Point, width: float) -> None:
    """A drive with its label."""
    x, y = centre
    h = width * 0.62
    c.panel((x - width / 2, y - h / 2, x + width / 2, y + h / 2), DAI, round(width * 0.07))
    c.panel((x - width * 0.36, y - h * 0.32, x + width * 0.36, y + h * 0.2), SLIP, round(width * 0.02))
    c.text((x, y + h * 0.07), "书箱", max(round(width * 0.15), 8), "serif", SLIP_INK, "ms")
    c.disc((x + width * 0.38, y + h * 0.36), width * 0.03, OK_WASH)


def box(c: Canvas, centre: Point, width: float) -> None:
    """The box: a low chest with a seal, vents and a green light."""
    x, y = centre
    h = width * 0.52
    c.panel((x - width / 2, y - h / 2, x + width / 2, y + h / 2), ZHE, round(width * 0.04))
    c.panel((x - width * 0.46, y - h * 0.42, x + width * 0.46, y + h * 0.42), "#83512f", round(width * 0.03))
    c.seal((x - width * 0.13, y - width * 0.13), width * 0.26)
    for slot in range(4):
        top = y - h * 0.22 + slot * h * 0.13
        c.panel((x + width * 0.2, top, x + width * 0.4, top + h * 0.05), "#5d3721", 4)
    c.disc((x - width * 0.33, y), width * 0.035, "#8fcaa4")


def terminal(c: Canvas, centre: Point, width: float) -> None:
    """A reading-room terminal with a book on its screen."""
    x, y = centre
    h = width * 0.64
    c.panel((x - width / 2, y - h / 2, x + width / 2, y + h / 2), INK_2, round(width * 0.05))
    c.panel((x - width * 0.45, y - h * 0.43, x + width * 0.45, y + h * 0.43), PAPER, round(width * 0.02))
    c.panel((x - width * 0.08, y + h * 0.5, x + width * 0.08, y + h * 0.72), INK_2, 2)
    c.panel((x - width * 0.24, y + h * 0.7, x + width * 0.24, y + h * 0.8), INK_2, round(width * 0.02))
    for side in (-1, 1):
        left = x + (0.02 if side > 0 else -0.34) * width
        c.panel((left, y - h * 0.3, left + width * 0.32, y + h * 0.3), SHEET, 4, LINE)
        for row in range(4):
            top = y - h * 0.2 + row * h * 0.12
            c.rectangle((left + width * 0.05, top, left + width * 0.27, top + max(h * 0.03, 2)), EDGE)


def phone(c: Canvas, centre: Point, height: float) -> None:
    """A reader's phone."""
    x, y = centre
    w = height * 0.54
    c.panel((x - w / 2, y - height / 2, x + w / 2, y + height / 2), INK_2, round(w * 0.14))
    c.panel((x - w * 0.42, y - height * 0.4, x + w * 0.42, y + height * 0.4), PAPER, round(w * 0.05))
    c.panel((x - w * 0.26, y - height * 0.3, x + w * 0.26, y + height * 0.08), QING, 6)
    for row in range(3):
        top = y + height * (0.16 + row * 0.08)
        c.rectangle((x - w * 0.3, top, x + w * 0.3, top + height * 0.025), EDGE)


# — plugging in, step by step —


STEPS = ("看标签", "放稳", "接好线", "等一等", "可以用了")


def step_pictures(faces: Faces) -> tuple[bytes, ...]:
    """接盘五步: five pictures, one a step. PNG, 1600 by 1200."""
    scenes: tuple[tuple[str, Callable[[Canvas], None]], ...] = (
        ("盘上贴有“书箱资源硬盘”和编号。没有标签的盘先不要接。", _scene_label),
        ("平放在通风、不易碰到的地方，不压东西。接上以后不要搬动。", _scene_flat),
        ("先接硬盘的电源，再把数据线插到主机上有标记的接口。不要接到电脑上。", _scene_cable),
        ("看屏幕上的灯。处理中，约 1 分钟，请勿拔出。", _scene_wait),
        ("灯变成正常，屏幕上写明由谁签发。读者不用等后台检查。", _scene_ready),
    )
    pictures = []
    for number, (head, (body, scene)) in enumerate(zip(STEPS, scenes, strict=True), 1):
        c = Canvas(1600, 1200, faces)
        c.panel((90, 90, 1510, 790), SHEET, 24, LINE)
        scene(c)
        c.disc((160, 930), 62, SEAL)
        c.text((160, 957), str(number), 76, "bold", SHEET, "ms")
        c.text((260, 962), head, 96, "serif")
        c.paragraph((264, 1000), body, 44, 1180, colour=INK_2, leading=1.5)
        pictures.append(c.png())
    return tuple(pictures)


def _scene_label(c: Canvas) -> None:
    c.panel((420, 190, 1180, 690), DAI, 44)
    c.panel((500, 250, 1100, 590), SLIP, 10)
    c.text((540, 340), "书箱 资源硬盘", 68, "serif", SLIP_INK)
    c.text((540, 420), "国家版 2026年11月版", 40, colour=SLIP_INK)
    c.text((540, 480), "本套共 2 块 第 1 块", 40, colour=SLIP_INK)
    c.text((540, 552), "编号 SX26 1104 0372", 46, "bold", SEAL)
    c.disc((1120, 640), 14, OK_WASH)


def _scene_flat(c: Canvas) -> None:
    c.panel((220, 600, 1380, 640), ZHE, 8)
    c.panel((280, 640, 330, 790), ZHE, 4)
    c.panel((1270, 640, 1320, 790), ZHE, 4)
    box(c, (560, 475), 480)
    drive(c, (1070, 515), 280)
    for x in (960, 1070, 1180):
        c.stroke([(x, 350), (x + 18, 315), (x - 18, 270), (x, 235)], 9, "#b9cfc0")


def _scene_cable(c: Canvas) -> None:
    box(c, (520, 360), 560)
    drive(c, (1130, 470), 320)
    c.stroke([(1130, 569), (1130, 690), (560, 690), (560, 505)], 16, INK_2)
    c.panel((530, 470, 590, 540), INK, 8)
    c.polygon([(440, 500), (500, 470), (500, 530)], SEAL)
    c.stroke([(1250, 569), (1250, 660), (1400, 660), (1400, 300)], 12, EDGE)
    c.panel((1350, 220, 1450, 310), SUNK, 12, EDGE)
    for x in (1382, 1418):
        c.disc((x, 265), 9, INK_2)


def _screen(c: Canvas, light: str, wash: str, colour: str, word: str, sentence: str) -> None:
    c.panel((300, 170, 1300, 690), INK_2, 26)
    c.panel((330, 200, 1270, 660), PAPER, 8)
    c.panel((390, 280, 1210, 580), wash, 14)
    c.rectangle((390, 294, 402, 566), colour)
    c.light(light, (520, 430), 82)
    c.text((650, 400), word, 54, "bold", colour)
    c.paragraph((650, 430), sentence, 46, 540, "serif", leading=1.4)
    c.panel((740, 690, 860, 760), INK_2, 2)


def _scene_wait(c: Canvas) -> None:
    _screen(c, "working", BUSY_WASH, BUSY, "处理中", "正在识别硬盘，约需 1 分钟，请勿拔出。")


def _scene_ready(c: Canvas) -> None:
    _screen(c, "normal", OK_WASH, OK, "正常", "核验通过，可以马上使用。")


# — covers —


def cover(faces: Faces, title: str, author: str, *, bound: bool = False, colour: str = DAI) -> bytes:
    """A cover in the look of the shelves: a paperback, or a thread-bound book. PNG, 900 by 1200."""
    c = Canvas(900, 1200, faces, colour)
    if bound:
        c.line((770, 0), (770, 1200), 5, "#fbf6ea")
        for y in (180, 460, 740, 1020):
            c.line((770, y), (900, y), 5, "#fbf6ea")
        c.panel((90, 90, 310, 860), SLIP, 6, SLIP_INK, 4)
        c.panel((106, 106, 294, 844), SLIP, 2, SLIP_INK, 2)
        c.column((200, 140), title, 128, colour=SLIP_INK)
        c.column((680, 1130 - len(author) * 60), author, 50, colour="#fbf6ea")
        return c.png()
    c.seal((80, 90), 170)
    base = 470
    for line in c.wrap(title, 132, 750, "serif"):
        c.text((78, base), line, 132, "serif", "#fbf6ea")
        base += 168
    c.line((80, base - 80), (820, base - 80), 4, "#fbf6ea")
    c.text((80, 1120), author, 46, "sans", "#fbf6ea")
    return c.png()


COVER_COLOURS = {"handbook": DAI, "guide": QING, "old": ZHE, "child": ZHU, "form": TONG}
