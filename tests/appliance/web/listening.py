"""Works to hear, to watch and to leaf through by date, made here: what the tests of their readers open."""

from __future__ import annotations

import io
import math
import struct
import wave
from dataclasses import replace

from indexer.model import Audience, ContentsEntry, PublicationDate, Resource
from indexer.peaks import Peaks, dump_peaks
from tests.appliance.web.holding import one
from tests.appliance.web.reading import EPUB, plain_book

MEBIBYTE = 1 << 20
RATE = 44_100
SUBRIP = (
    "1\r\n00:00:00,000 --> 00:00:00,900\r\n<i>第一句</i> <font color=red>红</font> & <script>x</script>\r\n\r\n"
    "2\r\n00:00:01,000 --> 00:00:02,000\r\n第二句\r\n第二行\r\n"
).encode("gb18030")
STYLED = b"WEBVTT\n\nSTYLE\n::cue{color:red}\n\n00:00.000 --> 00:01.000\nhi\n"
CHAPTERS = b"WEBVTT\n\n00:00.000 --> 00:10.000\nOne\n\n00:10.000 --> 00:40.000\nTwo\n"


def tone(seconds: float, pitch: int = 440, rate: int = 8000) -> bytes:
    """A WAV of one soft tone, 16 bit, one channel; at `RATE` a mebibyte holds 11.9 s."""
    out = io.BytesIO()
    period = [int(4000 * math.sin(2 * math.pi * n / (rate // pitch))) for n in range(rate // pitch)]
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        frames = int(seconds * rate)
        block = struct.pack(f"<{len(period)}h", *period)
        file.writeframes((block * (frames // len(period) + 1))[: frames * 2])
    return out.getvalue()


def swelling(seconds: int, rate: int = 8000) -> bytes:
    """Peaks of a recording that is silent in its first half and swells in its second, ten a second."""
    levels = [0] * (5 * seconds) + [127 * n // (5 * seconds) for n in range(5 * seconds)]
    return dump_peaks(Peaks(rate, rate // 10, tuple(v for level in levels for v in (-level, level))))


def lines(count: int, language: str = "") -> bytes:
    """WebVTT of a line each two seconds."""
    minutes = (f"00:{2 * n // 60:02}:{2 * n % 60:02}" for n in range(count))
    cues = (f"{at}.000 --> {at}.900\n{language}第 {n} 句\n" for n, at in enumerate(minutes))
    return "\n".join(("WEBVTT\n", *cues)).encode()


def heard() -> tuple[Resource, dict[str, bytes]]:
    """Two parts with peaks, the first with captions in two languages; the peaks of the third are out of bounds."""
    sounds = [("part", f"{n}.wav", "audio/wav", tone(s)) for n, s in ((1, 40), (2, 2), (3, 2))]
    made, contents = one(
        "m.wave", "有波形", "audio", language=("zh-Hans",), labels=("上", "中", "下", "中文", "English"),
        files=(*sounds, ("caption", "1.zh.vtt", "text/vtt", lines(20)),
               ("caption", "1.en.vtt", "text/vtt", lines(9, "E")),
               ("peaks", "1.json", "application/json", swelling(40)),
               ("peaks", "2.json", "application/json", swelling(2)),
               ("peaks", "3.json", "application/json", b'{"version":2}')),
    )  # fmt: skip
    first, second, third, zh, en, *peaks = made.items
    owned = [replace(zh, of=first.id, language="zh-Hans"), replace(en, of=first.id, language="en")]
    owned += [replace(item, of=part.id) for item, part in zip(peaks, (first, second, third), strict=True)]
    return replace(made, items=(first, second, third, *owned)), contents


def dated(year: int, month: int | None = None, day: int | None = None) -> PublicationDate:
    """An exact date."""
    return PublicationDate(str(year), year, year, month, day, "exact")


def listening() -> list[tuple[Resource, dict[str, bytes]]]:
    """Every kind of them, with its bytes."""
    zh = ("zh-Hans",)
    short = [("part", f"{n}.wav", "audio/wav", tone(1.5, 200 * n)) for n in range(1, 4)]
    made = [
        one("m.short", "三段短声", "audio", language=zh, labels=("甲", "乙", "丙"), audience=Audience("children"),
            files=(*short, ("caption", "1.srt", "application/x-subrip", SUBRIP),
                   ("transcript", "1.txt", "text/plain", "第一句".encode()))),
        one("m.long", "长声", "audio", language=zh, labels=("前", "后"),
            files=(("part", "1.wav", "audio/wav", tone(45, rate=RATE)), ("part", "2.wav", "audio/wav", tone(8)))),
        one("m.whole", "坏声", "audio", language=zh, files=(("part", "1.wav", "audio/wav", tone(3)),)),
        one("m.forms", "两种格式", "audio", language=zh,
            files=(("part", "1.xyz", "audio/x-unheard-of", b"nothing that plays"),
                   ("alternate", "1.wav", "audio/wav", tone(20, 300)))),
        one("m.none", "放不出", "audio", language=zh, files=(("part", "1.xyz", "audio/x-unheard-of", b"nothing"),)),
        one("m.film", "影片", "video", language=zh, labels=("", "chapters"),
            files=(("part", "1.mp4", "video/mp4", b"no film"), ("caption", "c.vtt", "text/vtt", CHAPTERS),
                   ("caption", "z.vtt", "text/vtt", STYLED))),
        one("m.mixed", "一书两种", files=(("part", "a.epub", EPUB, plain_book() + b"\0" * 5),
            ("alternate", "a.txt", "text/plain", "第一章 开头\n\n正文".encode())), language=zh),
    ]  # fmt: skip
    chaptered, contents = one(
        "m.chapters", "有章节", "audio", language=zh, files=(("part", "1.wav", "audio/wav", tone(40, 330)),)
    )
    own = chaptered.items[0].id
    entries = (ContentsEntry("起", f"{own}#t=0"), ContentsEntry("承", f"{own}#0:20"), ContentsEntry("无处", "x#1"))
    return [*made, (replace(chaptered, contents=entries), contents), heard(), *periodicals()]


def periodicals() -> list[tuple[Resource, dict[str, bytes]]]:
    """A journal whose issues are children, one whose issues are parts, a newspaper with days, one without pages."""
    zh = ("zh-Hans",)

    def issue(resource_id: str, parent: str, type_: str, designation: str, date: PublicationDate, seq: int):
        files = (("part", "a.epub", EPUB, plain_book() + resource_id.encode()),)
        return one(
            resource_id, f"刊物 {designation}", type_, files=files, parent=parent, level="issue", language=zh,
            designation=designation, date=date, seq=seq,
        )  # fmt: skip

    return [
        one("p.journal", "农业月刊", "journal", files=(), level="serial", language=zh),
        *(issue(f"p.j{n}", "p.journal", "journal", f"{y}年第{n}期", dated(y), n)
          for n, y in ((1, 2018), (2, 2018), (3, 2019))),
        one("p.news", "清溪日报", "newspaper", files=(), level="serial", language=zh),
        *(issue(f"p.n{n}", "p.news", "newspaper", f"第{n}号", dated(1949, m, d), n)
          for n, (m, d) in enumerate(((9, 30), (10, 1), (10, 31)), 1)),
        one("p.nopages", "清溪日报 第4号", "newspaper", files=(("ocr", "a.xml", "application/alto+xml", b"<alto/>"),),
            parent="p.news", level="issue", designation="第4号", date=dated(1949, 10, 2), seq=4, language=zh),
        one("p.parts", "合订月刊", "journal", labels=("月刊-2021-01", "月刊-2021-02", "月刊-2020-12"), language=zh,
            files=tuple(("part", f"{n}.epub", EPUB, plain_book() + b"p%d" % n) for n in (1, 2, 3))),
    ]  # fmt: skip
