"""The sheets that hang beside the box: the plugging-in card and the three lights. A4 at 300 dots an inch."""

from __future__ import annotations

from packager.training.canvas import (
    BUSY,
    BUSY_WASH,
    INK_2,
    INK_3,
    LINE,
    OK,
    OK_WASH,
    SEAL,
    SHEET,
    SUNK,
    TODO,
    TODO_WASH,
    Canvas,
    Faces,
)

A4 = (2480, 3508)
_MARGIN = 180

_STEPS = (
    ("看标签", "盘上贴有“书箱资源硬盘”和编号。"),
    ("放稳", "平放在不易碰到、通风的地方，不压东西。接上以后请不要搬动。"),
    ("接好线", "先接硬盘的电源（如有），再把数据线插到书箱主机上有标记的接口。不要接到电脑上。"),
    ("等一等", "看屏幕上的灯。处理中，约 1 分钟，请勿拔出。"),
    ("看到正常就好", "屏幕上会写明由谁签发。读者不用等后台检查。"),
)
_LIGHTS = (
    ("normal", "正常", "读者可以使用", "不用管"),
    ("working", "处理中", "书箱正在办", "等一等，先不拔线、不断电"),
    ("attention", "需要处理", "请馆员看一眼", "读那一句话，按旁边的按钮"),
)
_CASES = (
    ("没有反应", "插紧两头的线；换一个接口；等 1 分钟"),
    ("“不是书箱的资源硬盘”", "核对标签；普通硬盘和 U盘拔下即可，里面的内容不会改动"),
    ("“没有采用”", "拔下，抄下编号，打技术支持电话；原有资源照常使用"),
    ("“第 2 块还没有接上”", "把同一套的另一块也接上，先后不限"),
    ("“有损坏”", "不用拔盘；其余部分照常阅读，损坏多了请联系换盘"),
    ("误接到电脑，提示格式化", "选“取消”，拔下，接回书箱"),
    ("停电", "来电后自动启动，等灯变成“正常”"),
)
_SENTENCES = (
    ("normal", OK, OK_WASH, "正常", "一切正常，读者可以使用。", "不用管。后台检查、准备检索这类长时间的事，也亮此灯。"),
    (
        "working",
        BUSY,
        BUSY_WASH,
        "处理中",
        "正在识别硬盘，约需 1 分钟，请勿拔出。",
        "等一等，办完灯会变。先不拔线，不断电。",
    ),
    (
        "attention",
        TODO,
        TODO_WASH,
        "需要处理",
        "这不是书箱的资源硬盘，没有采用。",
        "读那一句话，按旁边的按钮。读者多半仍可照常使用。",
    ),
)


def plugging_card(faces: Faces) -> bytes:
    """接盘卡: everything that one needs to plug in a drive, on one page. PNG."""
    c = Canvas(*A4, faces)
    right = A4[0] - _MARGIN
    c.rectangle((0, 0, A4[0], 24), SEAL)
    c.seal((_MARGIN, 150), 230)
    c.text((_MARGIN + 290, 300), "接上资源硬盘", 168, "serif")
    c.text((_MARGIN + 296, 372), "接盘卡 · 张贴在主机旁", 46, colour=INK_3)
    y: float = 470
    for left, label, end in ((_MARGIN, "本馆网址：", 1240), (1310, "技术支持：", right)):
        after = c.text((left, y), label, 46, colour=INK_2)
        c.line((after, y + 10), (end, y + 10), 3, INK_3)
    y = _card_steps(c, y + 90)
    y = _card_unplug(c, y + 36)
    y = _card_lights(c, y + 86)
    y = _card_cases(c, y + 86)
    y += 40
    x = c.text((_MARGIN, y + 62), "三件事要记住", 56, "serif", SEAL)
    c.text((x + 50, y + 62), "不格式化；接着的时候不搬动；编号标签不撕下。", 50, "bold")
    c.line((_MARGIN, 3350), (right, 3350), 3)
    c.text((_MARGIN, 3424), "打电话前请备好：馆名、硬盘编号、屏幕上那一句话。", 40, colour=INK_2)
    c.text((right, 3424), "责任人：__________  日期：__________", 40, colour=INK_2, anchor="rs")
    return c.png()


def _card_steps(c: Canvas, y: float) -> float:
    right = A4[0] - _MARGIN
    c.panel((_MARGIN, y, right, y + 1020), SHEET, 24, LINE)
    for number, (head, body) in enumerate(_STEPS, 1):
        top = y + 20 + (number - 1) * 196
        middle = top + 98
        c.disc((_MARGIN + 110, middle), 56, SEAL if number == 5 else INK_2)
        c.text((_MARGIN + 110, middle + 25), str(number), 68, "bold", SHEET, "ms")
        lines = c.wrap(body, 44, 1240)
        c.paragraph((_MARGIN + 700, middle - len(lines) * 34), body, 44, 1240, colour=INK_2, leading=1.55)
        heads = c.wrap(head, 60, 460, "serif")
        for row, line in enumerate(heads):
            c.text((_MARGIN + 210, middle + 22 + (row - (len(heads) - 1) / 2) * 76), line, 60, "serif")
        if number in {4, 5}:
            c.light("working" if number == 4 else "normal", (right - 110, middle), 54)
        if number < len(_STEPS):
            c.line((_MARGIN + 210, top + 196), (right - 60, top + 196), 2)
    return y + 1020


def _card_unplug(c: Canvas, y: float) -> float:
    right = A4[0] - _MARGIN
    c.panel((_MARGIN, y, right, y + 250), SUNK, 24)
    c.text((_MARGIN + 60, y + 145), "要拔出时", 64, "serif")
    x = _MARGIN + 420
    c.paragraph((x, y + 32), "在屏幕上选这块硬盘，按“拔出”。看到“现在可以拔出”，再拔线。", 48, 1640, "bold")
    c.paragraph((x, y + 128), "有读者正在使用时，屏幕会写明几位，可以等读完再拔。", 46, 1640, colour=INK_2)
    return y + 250


def _card_lights(c: Canvas, y: float) -> float:
    c.text((_MARGIN, y + 20), "看灯办事", 64, "serif")
    y += 60
    width = (A4[0] - 2 * _MARGIN - 60) / 3
    washes = {"normal": OK_WASH, "working": BUSY_WASH, "attention": TODO_WASH}
    for column, (kind, word, meaning, act) in enumerate(_LIGHTS):
        x = _MARGIN + column * (width + 30)
        c.panel((x, y, x + width, y + 270), washes[kind], 24)
        c.light(kind, (x + 104, y + 135), 60)
        c.text((x + 206, y + 92), word, 56, "bold")
        c.text((x + 206, y + 156), meaning, 42, colour=INK_2)
        c.paragraph((x + 206, y + 172), act, 38, width - 220, colour=INK_2, leading=1.3)
    return y + 270


def _card_cases(c: Canvas, y: float) -> float:
    c.text((_MARGIN, y + 20), "遇到这些情况", 64, "serif")
    y += 56
    right = A4[0] - _MARGIN
    for seen, act in _CASES:
        c.line((_MARGIN, y), (right, y), 3)
        c.text((_MARGIN + (10 if seen[0] != "“" else -16), y + 66), seen, 44, "bold")
        c.text((_MARGIN + 690, y + 66), act, 44, colour=INK_2)
        y += 100
    c.line((_MARGIN, y), (right, y), 3)
    return y


def lights_poster(faces: Faces) -> bytes:
    """看灯办事: the three lights, large enough to be read across a room. PNG."""
    c = Canvas(*A4, faces)
    right = A4[0] - _MARGIN
    c.seal((_MARGIN, 170), 260)
    c.text((_MARGIN + 330, 335), "看灯办事", 190, "serif")
    c.text((_MARGIN + 338, 420), "一盏灯，一句话，一个按钮", 60, colour=INK_3)
    y = 540.0
    for kind, colour, wash, word, sentence, act in _SENTENCES:
        c.panel((_MARGIN, y, right, y + 850), wash, 36)
        c.rectangle((_MARGIN, y + 36, _MARGIN + 28, y + 814), colour)
        c.light(kind, (_MARGIN + 420, y + 425), 270)
        x = _MARGIN + 830
        c.text((x, y + 290), word, 190, "serif", colour)
        bottom = c.paragraph((x, y + 370), f"{sentence}", 76, 1220, "bold", leading=1.5)
        c.paragraph((x, bottom + 34), act, 66, 1200, colour=INK_2, leading=1.55)
        y += 900
    c.text((A4[0] / 2, 3350), "灯和句子不登录就能看见；按钮要登录后才能用。", 60, colour=INK_2, anchor="ms")
    return c.png()
