"""What is heard and seen: recordings in every container, films, courses, pictures of every form, an exhibition."""

from __future__ import annotations

from collections.abc import Iterator

from tests import generated_books as books
from tests import generated_media as media
from tests import generated_pictures as pictures
from tests.generated_kinds import FIRST, LAST, LATIN, Kind


def film(base: str = "#24405c", seconds: int = 3) -> bytes:
    """A short WebM."""
    return media.webm(media.frames(seconds * 2, base=base))


def sounds() -> Iterator[Kind]:
    """Sound and film."""
    for name, title, make in (
        ("wav", "风声", lambda: {"s/风.wav": media.wav()}),
        ("mp3", "雨声", lambda: {"s/雨.mp3": media.encoded("MP3", "MPEG_LAYER_III")}),
        ("ogg", "溪声", lambda: {"s/溪.ogg": media.encoded("OGG", "VORBIS")}),
        ("opus", "鸟声", lambda: {"s/鸟.opus": media.encoded("OGG", "OPUS")}),
        ("flac", "松声", lambda: {"s/松.flac": media.encoded("FLAC", "PCM_16")}),
        ("aac", "雪落无声", lambda: {"s/雪.aac": media.aac()}),
    ):
        yield Kind(f"s-{name}", title, "audio", "audio", make)
    numbers = (1, 2, 9, 10, 11)
    yield Kind(
        "s-album",
        "清溪民歌选",
        "audio",
        "audio",
        lambda: {
            f"s/民歌/第{n}首.mp3": media.encoded("MP3", "MPEG_LAYER_III", 1, 220 + 40 * n) for n in reversed(numbers)
        },
        parts=tuple(f"第{n}首" for n in numbers),
        columns={"creator": "清溪县文化馆 辑"},
    )
    yield Kind(
        "s-book",
        "三字经（听书）",
        "audio",
        "audio",
        lambda: {
            "s/听书/三字经.mp3": media.encoded("MP3", "MPEG_LAYER_III", 3),
            "s/听书/三字经.srt": media.cues([FIRST, "性相近"], "srt"),
            "s/听书/三字经.txt": FIRST.encode("gb18030"),
        },
        first=FIRST,
        columns={"audience": "少儿 6-12岁"},
    )
    yield Kind(
        "v-film",
        "清溪四季",
        "video",
        "video",
        lambda: {
            "v/四季.mp4": media.mp4(media.frames(8)),
            "v/四季.webm": film(),
            "v/四季.zh.srt": media.cues([FIRST, LAST], "srt"),
            "v/四季.en.vtt": media.cues([LATIN]),
            "v/四季.chapters.vtt": media.cues(["春", "夏"], seconds=2),
        },
        first=FIRST,
        columns={"date": "2019年"},
    )
    lectures = ("第1讲 渡口", "第2讲 石桥", "第10讲 归舟")
    yield Kind(
        "c-course",
        "清溪地方史三讲",
        "course",
        "video",
        lambda: {
            **{f"c/{name}.webm": film(f"#{30 + 20 * n}4050", 2) for n, name in enumerate(reversed(lectures))},
            **{f"c/{name}.zh.vtt": media.cues([f"{name}字幕"]) for name in lectures},
        },
        first="第1讲 渡口字幕",
        parts=lectures,
    )
    yield Kind(
        "c-some",
        "缺一讲的课",
        "course",
        "video",
        lambda: {
            "c/缺/第1讲.avi": media.avi(media.frames(4)),
            "c/缺/第2讲.webm": film("#405040", 2),
            "c/缺/第3讲.webm": film("#504040", 2),
        },
        parts=("第1讲 本机放不出", "第2讲", "第3讲"),
    )


def seen() -> Iterator[Kind]:
    """Pictures of every form, an exhibition, scanned pages."""
    counts = {"tiff": 3, "g4": 2}
    for name, make in pictures.FORMS.items():
        yield Kind(
            f"p-{name}",
            f"图片 {name}",
            "image",
            "picture",
            lambda name=name, make=make: {f"p/{name}.x": make()},
            pages=counts.get(name, 1),
        )
    rooms = ("序厅", "第一单元 开埠", "第二单元 航运", "第十单元 尾声")
    yield Kind(
        "x-show",
        "清溪开埠百年展",
        "exhibition",
        "picture",
        lambda: {f"展/{n:02} {room}.jpg": pictures.jpeg(f"Room {n}", (640, 480)) for n, room in enumerate(rooms, 1)},
        first="清溪县博物馆 摄，2019年，公有领域",
        parts=rooms,
        pages=4,
        tag="可下载",
        columns={"creator": "清溪县博物馆（摄）", "rights": "公有领域", "date": "2019年"},
    )
    yield Kind(
        "p-pages",
        "清溪县志书影",
        "book",
        "picture",
        lambda: {f"影/{n}.jpg": pictures.jpeg(f"Page {n}") for n in (1, 2, 10)},
        pages=3,
        columns={"language": "lzh"},
    )
    yield Kind(
        "g-gazette",
        "清溪县人民政府公报 2019年第2期",
        "government",
        "pdf",
        lambda: {"g/公报.pdf": books.pdf(FIRST, LAST)},
        FIRST,
        LAST,
        pages=3,
        columns={"publisher": "清溪县人民政府办公室", "designation": "2019年第2期", "clc": "D63"},
    )
