"""What is in the training collection: its files and its catalogue."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packager.training import classics, posters, scenes
from packager.training.canvas import Faces
from packager.training.epub import Book, manual_pages, write_epub
from packager.training.errors import TrainingError
from packager.training.fonts import SANS, SERIF, FontSlices
from packager.training.pdf import Fonts, Imprint, write_pdf
from packager.training.text import Manual, parse_manual

COLUMNS = (
    "id",
    "title",
    "creator",
    "contributor",
    "publisher",
    "date",
    "language",
    "type",
    "subject",
    "clc",
    "audience",
    "access",
    "description",
    "rights",
    "licence",
    "source",
    "files",
)
_PROJECT = "书箱项目"
_EDITION = "2026年11月版"
_OWN = {
    "creator": f"{_PROJECT} 编",
    "publisher": _PROJECT,
    "date": "2026-11-01",
    "language": "zh-Hans",
    "audience": "general",
    "access": "open",
    "rights": "书箱项目编写，可以自由使用、复制和修改，请注明出处。",
    "licence": "Apache-2.0",
    "source": "书箱项目自编",
}
_OLD = {
    "publisher": _PROJECT,
    "date": "2026-11-01",
    "audience": "general",
    "access": "open",
    "rights": "原文为公有领域；本次整理可以自由使用。",
    "licence": "Public domain",
    "source": "通行本，书箱项目据以整理",
}


@dataclass(frozen=True)
class Entry:
    """One row of the catalogue with the bytes of its files, by name."""

    row: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)


def write_source(folder: Path, fonts: Path) -> None:
    """Write catalogue.csv and files/ below `folder`; see `packager.training.write_training`."""
    handbook, guide = _manual("staff-handbook.md"), _manual("patrons-guide.md")
    check_list = parse_manual(classics.CHECK_LIST)
    printed = (handbook, guide, check_list)
    faces = Faces()
    _draw(faces)  # with no fonts yet: notes which characters the pictures need
    slices = FontSlices(fonts)
    page_fonts = _fonts(slices, printed, faces)
    entries = list(_entries(handbook, guide, check_list, page_fonts, _draw(faces)))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        place = folder / "files" / entry.row["id"]
        names = []
        for name, body in entry.files.items():
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(body)
            names.append(f"files/{entry.row['id']}/{name}")
        writer.writerow({**entry.row, "files": ";".join(names)})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalogue.csv").write_text(text.getvalue(), encoding="utf-8")


def _manual(name: str) -> Manual:
    """A manual's text: beside this module in an installed wheel, in docs/ in a working copy."""
    for place in (Path(__file__).parent, Path(__file__).parents[2] / "docs"):
        if (place / name).is_file():
            return parse_manual((place / name).read_text(encoding="utf-8"))
    raise TrainingError(f"the text {name} is missing")


def _fonts(slices: FontSlices, printed: tuple[Manual, ...], faces: Faces) -> Fonts:
    """Fonts with just the glyphs that the printed manuals and the pictures use; also put into `faces`."""
    frame = set(f"书箱 · 目录前言 {_PROJECT}{_EDITION}写给馆员、志愿者读者0123456789.")
    body = frame | faces.seen["sans"] | classics.characters()
    title = frame | faces.seen["serif"] | classics.characters()
    bold = frame | faces.seen["bold"]
    for manual in printed:
        body |= manual.characters
        title |= manual.heading_characters
        bold |= manual.strong_characters
    fonts = Fonts(
        body=slices.font(body, SANS, bold=False),
        strong=slices.font(bold, SANS, bold=True),
        title=slices.font(title, SERIF, bold=True),
    )
    faces.fonts.update({"sans": fonts.body, "bold": fonts.strong, "serif": fonts.title})
    return fonts


@dataclass(frozen=True)
class Pictures:
    """Everything drawn, as PNG."""

    card: bytes
    lights: bytes
    way: bytes
    steps: tuple[bytes, ...]
    covers: Mapping[str, bytes]


def _draw(faces: Faces) -> Pictures:
    return Pictures(
        card=posters.plugging_card(faces),
        lights=posters.lights_poster(faces),
        way=scenes.house_map(faces),
        steps=scenes.step_pictures(faces),
        covers={
            "handbook": scenes.cover(faces, "馆员手册", _PROJECT, colour=scenes.COVER_COLOURS["handbook"]),
            "guide": scenes.cover(faces, "读者指南", _PROJECT, colour=scenes.COVER_COLOURS["guide"]),
            "old": scenes.cover(faces, "千字文", "周興嗣", bound=True, colour=scenes.COVER_COLOURS["old"]),
            "child": scenes.cover(faces, "三字经", "小朋友读本", colour=scenes.COVER_COLOURS["child"]),
        },
    )


def _entries(handbook: Manual, guide: Manual, check_list: Manual, fonts: Fonts, pictures: Pictures) -> Iterator[Entry]:
    yield Entry(
        _OWN
        | {
            "id": "SXT-01",
            "title": "馆员手册",
            "type": "book",
            "subject": "图书馆;馆员培训;书箱",
            "clc": "G251.6",
            "description": "写给县图书馆的馆员、馆长和志愿者：看灯办事，接上和拔出硬盘，没有采用和有损坏时怎么办。",
        },
        {
            "馆员手册.epub": _manual_epub(
                "SXT-01", handbook, fonts, pictures.covers["handbook"], "馆员、馆长和志愿者的日常手册。"
            ),
            "馆员手册.pdf": write_pdf(handbook, Imprint(_PROJECT, "写给馆员、馆长和志愿者", _EDITION), fonts),
        },
    )
    yield Entry(
        _OWN
        | {
            "id": "SXT-02",
            "title": "读者指南",
            "type": "book",
            "subject": "读者服务;检索;阅读;书箱",
            "clc": "G252",
            "description": "怎样找书、看懂使用条件、阅读、换字号、用自己的手机、结束使用。",
        },
        {
            "读者指南.epub": _manual_epub("SXT-02", guide, fonts, pictures.covers["guide"], "找书、阅读和结束使用。"),
            "读者指南.pdf": write_pdf(guide, Imprint(_PROJECT, "写给读者", _EDITION), fonts),
        },
    )
    yield from _picture_entries(pictures)
    yield from _sample_entries(check_list, fonts, pictures)


def _manual_epub(identifier: str, manual: Manual, fonts: Fonts, cover: bytes, description: str) -> bytes:
    return write_epub(
        Book(
            identifier=f"urn:shuxiang:{identifier}",
            title=manual.title,
            creator=_PROJECT,
            publisher=_PROJECT,
            language="zh-Hans",
            rights=_OWN["rights"],
            description=description,
            cover=cover,
            pages=manual_pages(manual),
            text_font=fonts.body,
            title_font=fonts.title,
        )
    )


def _picture_entries(pictures: Pictures) -> Iterator[Entry]:
    yield Entry(
        _OWN
        | {
            "id": "SXT-03",
            "title": "接盘卡",
            "type": "image",
            "subject": "馆员培训;硬盘;张贴",
            "clc": "G251.6",
            "description": "接上资源硬盘的五步，A4 一页，可以打印后张贴在主机旁。",
        },
        {"接盘卡.png": pictures.card},
    )
    yield Entry(
        _OWN
        | {
            "id": "SXT-04",
            "title": "看灯办事",
            "type": "image",
            "subject": "馆员培训;状态灯;张贴",
            "clc": "G251.6",
            "description": "正常、处理中、需要处理：三种灯的形状、文字和办法，A4 一页。",
        },
        {"看灯办事.png": pictures.lights},
    )
    yield Entry(
        _OWN
        | {
            "id": "SXT-05",
            "title": "一页书的来路",
            "type": "image",
            "subject": "图书馆;书箱;图解",
            "clc": "G250",
            "description": "一张图看懂书箱：国家图书馆两人签发，硬盘送到县里，主机核对每一页，读者在馆内阅读。",
        },
        {"一页书的来路.png": pictures.way},
    )
    yield Entry(
        _OWN
        | {
            "id": "SXT-06",
            "title": "接盘五步图",
            "type": "image",
            "subject": "馆员培训;硬盘;图解",
            "clc": "G251.6",
            "description": "接上资源硬盘的五步，一步一图，共 5 幅。",
        },
        {
            f"{n:02d} {name}.png": body
            for n, (name, body) in enumerate(zip(scenes.STEPS, pictures.steps, strict=True), 1)
        },
    )


def _sample_entries(check_list: Manual, fonts: Fonts, pictures: Pictures) -> Iterator[Entry]:
    old_rights = _OLD["rights"]
    thousand = Book(
        "urn:shuxiang:SXT-07", "千字文", "周興嗣", _PROJECT, "zh-Hant", old_rights, "蒙學讀本，直排。",
        pictures.covers["old"], classics.verse_pages(),
        fonts.body, fonts.title, vertical=True,
    )  # fmt: skip
    yield Entry(
        _OLD
        | {
            "id": "SXT-07",
            "title": "千字文（直排）",
            "creator": "（南朝梁）周興嗣 撰",
            "language": "zh-Hant",
            "type": "book",
            "subject": "古籍;蒙学;国学",
            "clc": "H194.1",
            "description": "《千字文》前三分之一，繁体直排，从右往左读。",
        },
        {"千字文.epub": write_epub(thousand)},
    )
    three = Book(
        "urn:shuxiang:SXT-08", "三字经（小朋友读本）", "王应麟", _PROJECT, "zh-Hans", old_rights,
        "开头五段，每段有浅近的话。",        pictures.covers["child"], classics.child_pages(),
        fonts.body, fonts.title,
    )  # fmt: skip
    yield Entry(
        _OLD
        | {
            "id": "SXT-08",
            "title": "三字经（小朋友读本）",
            "creator": "（宋）王应麟 撰;书箱项目 注",
            "language": "zh-Hans",
            "type": "book",
            "subject": "蒙学;儿童读物",
            "clc": "H194.1",
            "audience": "children:6-12",
            "description": "《三字经》开头五段，每段有几句写给小朋友的话。",
        },
        {"三字经.epub": write_epub(three)},
    )
    yield Entry(
        _OLD
        | {
            "id": "SXT-09",
            "title": "四库全书总目",
            "creator": "（清）永瑢 撰;（清）纪昀 撰",
            "publisher": "武英殿",
            "date": "清乾隆间",
            "language": "lzh",
            "type": "book",
            "subject": "目录学;古籍",
            "clc": "Z838",
            "description": "仅有目录，用来认识“仅有目录”的样子。",
            "source": "书箱项目著录",
        }
    )
    yield Entry(
        _OWN
        | {
            "id": "SXT-10",
            "title": "开馆闭馆检查单",
            "type": "book",
            "subject": "馆员培训;值班",
            "clc": "G251.6",
            "access": "premises",
            "description": "每天一页的值班检查单，仅限馆内阅览，用来认识“仅限馆内阅览”的样子。",
        },
        {"开馆闭馆检查单.pdf": write_pdf(check_list, Imprint(_PROJECT, "写给馆员", _EDITION), fonts)},
    )
