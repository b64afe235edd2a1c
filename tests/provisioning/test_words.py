"""The reviewed words check themselves, by section 23 of sentences.md."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.words import CHINESE, LANGUAGES, Words, WordsError, numbers, tables
from provisioning.words.filling import PLACEHOLDER, fill, placeholders

ROOT = Path(__file__).parents[2]
ZH, EN = Words.load(CHINESE), Words.load("en")
FOLDER = ROOT / "provisioning" / "words"
REVIEWED = (FOLDER / "sentences.md").read_text("utf-8")
EXAMPLES: dict[str, str | int | date] = {
    "title": "清平县志", "count": 312, "total": 3, "n": 2, "done": 5, "left": 2, "added": 36, "changed": 8,
    "withdrawn": 2, "minutes": 20, "hours": 3, "days": 8, "months": 4, "duration": 3 * 3600, "percent": 42,
    "page": 12, "pages": "12 至 15", "from": date(2026, 3, 1), "to": date(2026, 5, 31), "start": "12:05",
    "end": "13:40", "time": "21:30", "date": date(2026, 11, 22), "month": date(2026, 10, 1),
    "edition": date(2026, 11, 1), "bundle": "国家版", "drive": "国家版第 2 块", "issuer": "国家图书馆",
    "library": "清平县图书馆", "mirror": "四川省图书馆站点", "support": "省馆技术支持", "phone": "028-0000000",
    "size": 3_200_000_000, "free": 412_000_000_000, "rate": "每秒 1.2 MB", "name": "王敏", "role": "馆员",
    "terminal": "3 号机", "code": "K7M 3XA", "query": "红楼梦", "chapter": "学而篇",
    "suggestion": "红楼梦", "address": "library.local",
    "degrees": 68, "full_date": "2026年11月22日", "task": "更新", "item": "老照片.pdf", "reason": "缺第 2 页",
    "format": "PDF", "id": "A0001", "row": 12, "word": "馆内",
}  # fmt: skip
_ALLOWED_LATIN = (
    "U盘", "PDF", "EPUB", "TXT", "MP3", "MP4", "MB", "GB", "TB", "ISBN", "ISSN", "GB18030", "hlm", "SX26", "K7M", "3XA",
    "library.local", "A0001", "老照片.pdf",
)  # fmt: skip


def _all_filled() -> list[tuple[str, str]]:
    return [(key, ZH.sentence(key, **EXAMPLES).text) for key in ZH.keys()]  # noqa: SIM118


def test_sentences_keys_are_unique_and_lights_known() -> None:
    rows = list(tables.read_rows(REVIEWED, "键"))
    assert len(rows) == len(ZH.keys()) > 400
    assert {row[1] for row in rows} <= set(tables.LIGHTS)


def test_sentences_with_a_light_have_a_button() -> None:
    assert [key for key in ZH.keys() if ZH.template(key).light and not ZH.template(key).button] == []  # noqa: SIM118


def test_sentences_are_short_with_example_values() -> None:
    assert [(k, len(t)) for k, t in _all_filled() if len(t) > 40] == []
    assert [(k, len(t)) for k, t in _all_filled() if k.startswith("child.") and len(t) > 18] == []


def test_sentences_hold_no_exclamation_and_no_forbidden_word() -> None:
    forbidden = _forbidden_words()
    assert {"哈希", "挂载", "失败", "索引", "登陆"} <= forbidden
    found = []
    for key in ZH.keys():  # noqa: SIM118
        row = ZH.template(key)
        text = f"{row.text}{row.button}{row.second}"
        found += [(key, word) for word in forbidden if word in text and not _excepted(key, word, text)]
        assert "！" not in text, key
        assert "!" not in text, key
    assert found == []


def _forbidden_words() -> set[str]:
    words: set[str] = set()
    for left, _right in tables.read_rows(REVIEWED, "不用"):
        for word in re.split(r"[、]", left):
            bare = re.sub(r"（.*?）|……", "", word).strip()
            if len(bare) > 1 and "作语气" not in bare and "表情" not in bare and "波浪" not in bare:
                words.add(bare)
    return words - {"感叹号", "全大写英文"}


def _excepted(key: str, word: str, text: str) -> bool:
    # 按下 stands inside 按下架…, 重启 inside 重新启动 never; the national desk speaks of 增量 in its own papers.
    return key.startswith("desk.") or text.replace("重新启动", "").find(word) < 0 or f"{word}架" in text


def test_sentences_hold_permitted_foreign_words_only() -> None:
    odd = []
    for key in ZH.keys():  # noqa: SIM118
        if key.startswith("desk."):
            continue
        row = ZH.template(key)
        text = PLACEHOLDER.sub("", f"{row.text} {row.button} {row.second}")
        for word in _ALLOWED_LATIN:
            text = text.replace(word, "")
        odd += [(key, m) for m in re.findall(r"[A-Za-z]{2,}", text)]
    assert odd == []


def test_placeholders_are_all_listed_in_section_0() -> None:
    listed = {name for row in tables.read_rows(REVIEWED, "占位符") for name in re.findall(r"\{([a-z_]+)\}", row[0])}
    used = set()
    for key in ZH.keys():  # noqa: SIM118
        row = ZH.template(key)
        used |= placeholders(row.text) | placeholders(row.button) | placeholders(row.second)
    assert used <= listed
    assert used <= EXAMPLES.keys()


def test_english_asks_for_the_same_values_in_the_sentence() -> None:
    for key in EN.keys():  # noqa: SIM118
        assert placeholders(EN.template(key).text) <= placeholders(ZH.template(key).text), key
        filled = EN.sentence(key, **EXAMPLES)
        assert filled.text
        assert filled.light == ZH.template(key).light
        assert bool(filled.button) == bool(ZH.template(key).button), key
        assert not re.search(r"[\u4e00-\u9fff]", EN.template(key).text + EN.template(key).button), key


def _string_constants(path: Path) -> set[str]:
    if path.suffix == ".py":
        tree = ast.parse(path.read_text("utf-8"))
        return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return set(re.findall(r"""["']([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)["']""", path.read_text("utf-8")))


def _sources() -> list[Path]:
    folders = ("appliance", "indexer", "packager/format")
    found = [p for f in folders for s in ("*.py", "*.html") for p in (ROOT / f).rglob(s)]
    return [p for p in found if not {"vendor", "node_modules"} & set(p.parts)]


_AREAS = {key.partition(".")[0] for key in ZH.keys()} - {"desk", "form", "check", "local", "screen", "home", "box"}  # noqa: SIM118
_KEY = re.compile(r"[a-z]+(?:\.[a-z0-9_]+)+\Z")


def _keys_in_code() -> dict[str, Path]:
    used = {}
    for path in _sources():
        for text in _string_constants(path):
            if _KEY.match(text) and text.partition(".")[0] in _AREAS and not text.endswith((".jsonl", ".html")):
                used[text] = path
    return used


def test_keys_used_in_code_exist_and_are_translated() -> None:
    prefixes = {p for key in ZH.keys() for p in _prefixes(key)}  # noqa: SIM118
    used = {k: p for k, p in _keys_in_code().items() if not ZH.has_label(k) and k not in prefixes}
    assert [(k, p.name) for k, p in used.items() if not ZH.has(k)] == []
    assert [k for k in used if k not in EN.keys()] == []  # noqa: SIM118
    faced = [f"{face}.{k}" for face in ("child", "elder") for k in used if ZH.has(f"{face}.{k}")]
    assert [k for k in faced if k not in EN.keys()] == []  # noqa: SIM118


def _prefixes(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:n]) for n in range(2, len(parts))]


def test_labels_used_in_templates_exist_in_both_languages() -> None:
    missing = []
    for path in (ROOT / "appliance/web/templates").rglob("*.html"):
        for key in re.findall(
            r"""\bt\(\s*["']([a-z]+\.[A-Za-z0-9_.-]+[a-z0-9_])["']\s*[,)]""", path.read_text("utf-8")
        ):
            missing += [(path.name, key, w.language) for w in (ZH, EN) if key not in w.label_keys()]
    assert missing == []


def test_labels_of_both_languages_are_the_same_keys() -> None:
    zh = {k for k in ZH.label_keys() if not k.startswith("pinyin.")}
    assert zh == set(EN.label_keys())
    for key in zh:
        assert placeholders(EN.label_template(key)) <= placeholders(ZH.label_template(key)), key


def test_pinyin_of_fixed_labels_fits_their_characters() -> None:
    texts = {"home": ZH.sentence("child.home").text, "shelf": ZH.label("home.shelf_child")}
    texts |= {k: ZH.label(f"kid.{k}") for k in ("book", "periodical", "audio", "video", "image", "course")}
    for key, text in texts.items():
        assert len(ZH.pinyin(key).split()) == len(re.findall(r"[\u4e00-\u9fff]", text)), key


@pytest.mark.parametrize(
    ("key", "params", "text"),
    [
        ("home.no_drive", {}, "书箱已就绪，请接上资源硬盘。"),
        ("intake.trusted", {"issuer": "国家图书馆"}, "核验通过，由国家图书馆签发，可以马上使用。"),
        ("intake.trusted.older", {"edition": date(2026, 11, 1)}, "核验通过。这块是 2026年11月版，本馆已有更新的。"),
        ("intake.reading_catalogue", {"minutes": 3}, "正在读取目录，还需 3 分钟，请勿拔出。"),
        ("index.rebuilding", {"duration": 1200}, "正在准备检索，还需约 20 分钟。"),
        ("index.ready", {"count": 338_120}, "检索已可使用，共 33.8 万条。"),
        ("index.ready", {"count": 3120}, "检索已可使用，共 3,120 条。"),
        ("reader.damaged.page", {"pages": "12 至 15"}, "第 12 至 15 页有损坏，已通知馆员。"),
        ("patron.search.empty", {"query": "iPad 2 入门"}, "没有查到“iPad 2 入门”，可以看看相近的内容。"),
        ("sync.stale.attention", {"month": date(2026, 5, 1)}, "自 2026年5月起没有更新过，仍可照常使用。"),
        ("rights.from", {"from": date(2027, 1, 1)}, "本资源自 2027年1月1日起提供。"),
        ("intake.sick", {"drive": "国家版第 2 块"}, "硬盘“国家版第 2 块”反应很慢，已暂停读取。"),
    ],
)
def test_sentence_filled_follows_section_20(key: str, params: dict[str, str | int | date], text: str) -> None:
    assert ZH.sentence(key, **params).text == text


def test_sentence_title_is_cut_and_its_quotes_turned() -> None:
    text = ZH.sentence(
        "repair.done.drive", title="读《红楼梦》与《三国演义》的一百种方法及其他杂论", drive="国家版"
    ).text
    assert text.startswith("《读〈红楼梦〉与〈三国演义〉的一百种方…》")


def test_sentence_second_line_leaves_out_unknown_and_nought() -> None:
    assert ZH.sentence("home.normal", month=date(2026, 11, 1)).second == "内容更新至 2026年11月。"
    gone = ZH.sentence("intake.unplugged.idle", drive="国家版", count=0)
    assert gone.second == "接回即可使用，读到的位置都保留。"


def test_sentence_links_are_kept_apart() -> None:
    asked = ZH.sentence("session.end.ask")
    assert asked.links == ("先要一张续读条", "继续阅读")
    assert asked.second == ""
    assert EN.sentence("session.end.ask").links == ("Go on reading",)


def test_sentence_without_its_value_is_refused() -> None:
    with pytest.raises(WordsError, match="issuer"):
        ZH.sentence("intake.trusted")
    with pytest.raises(WordsError, match="no sentence"):
        ZH.sentence("intake.unheard_of")
    with pytest.raises(WordsError, match="no label"):
        ZH.label("nav.unheard_of")
    with pytest.raises(WordsError, match="no words"):
        Words.load("xx")


def test_sentence_without_translation_falls_back_to_chinese() -> None:
    assert EN.sentence("desk.sign.passphrase").text == ZH.sentence("desk.sign.passphrase").text


def test_message_takes_raw_values() -> None:
    said = ZH.message("intake.trusted.second_bundle", {"bundle": "少儿版", "edition": "2026.11", "count": 12})
    assert said.text == "核验通过，已添加少儿版，共 12 种资源。"
    assert ZH.message("home.normal", {"month": "2026-11"}).second == "内容更新至 2026年11月。"
    assert ZH.edition("2026.11") == "2026年11月版"
    assert ZH.edition("试用版") == "试用版"


@pytest.mark.parametrize(
    ("key", "face", "expected"),
    [
        ("rights.premises", "child", "child.rights.premises"),
        ("rights.withdrawn", "child", "child.rights.unavailable"),
        ("rights.withdrawn", "elder", "elder.rights.unavailable"),
        ("rights.open", "child", "rights.open"),
        ("reader.damaged.chapter", "child", "child.reader.damaged"),
        ("rights.withdrawn", "standard", "rights.withdrawn"),
    ],
)
def test_faced_key_is_the_faces_own_or_general(key: str, face: str, expected: str) -> None:
    assert ZH.faced(key, face) == expected


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (30, "不到 1 分钟"), (60, "约 1 分钟"), (61, "约 2 分钟"), (1200, "约 20 分钟"), (89 * 60, "约 89 分钟"),
        (90 * 60, "约 1 个半小时"), (91 * 60, "约 2 小时"), (3 * 3600, "约 3 小时"), (25 * 3600, "约 2 天"),
    ],
)  # fmt: skip
def test_duration_is_rounded_up(seconds: int, text: str) -> None:
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (10, "不到 1 MB"), (1_000_000, "1 MB"), (3_200_000_000, "3.2 GB"), (412_000_000_000, "412 GB"),
        (4 * 10**12, "4 TB"),
    ],
)  # fmt: skip
def test_size_is_decimal(count: int, text: str) -> None:
    assert numbers.size(count) == text


def test_dates_years_pages_and_positions() -> None:
    today = date(2026, 11, 22)
    assert numbers.day(date(2026, 11, 21), today) == "昨天"
    assert numbers.day(date(2026, 3, 1), today) == "3月1日"
    assert numbers.day(date(2025, 3, 1), today) == "2025年3月1日"
    assert numbers.day(date(2025, 3, 1), today, "en") == "1 March 2025"
    assert numbers.year(-550) == "公元前551年"
    assert numbers.year(-550, "en") == "551 BCE"
    assert numbers.pages([3, 2]) == "2 至 3"
    assert numbers.pages([12, 30, 31, 40]) == "12、30 至 31、40"
    assert numbers.pages([1, 3, 5, 7]) == "1、3、5 等 4"
    assert numbers.position(725) == "12:05"
    assert numbers.position(3725) == "1:02:05"


@given(st.text(max_size=60), st.integers(0, 10**9))
def test_fill_never_loses_a_value_and_never_fails(query: str, count: int) -> None:
    filled = fill("查“{query}”有 {count} 条", {"query": query, "count": count}, CHINESE)
    assert filled.startswith("查“")
    assert filled.endswith("条")
    assert fill("{count:title|titles}", {"count": count}, "en").endswith("title" if count == 1 else "titles")


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_load_is_one_value_a_language(language: str) -> None:
    assert Words.load(language) is Words.load(language)


_HEAD = "| 键 | 灯 | 句子 | 按钮 | 第二行 | 谁看见 |\n|---|---|---|---|---|---|\n"


@pytest.mark.parametrize(
    "table",
    [
        f"{_HEAD}| a.b | 红 | x | — | | 公 |",
        f"{_HEAD}| Bad | — | x | — | | 公 |",
        f"{_HEAD}| a.b | — | x | — | | 公 |\n| a.b | — | x | — | | 公 |",
        "| 键 | 灯 | 句子 |\n|---|---|---|\n| a.b | — | x |",
    ],
)
def test_malformed_tables_are_refused(table: str) -> None:
    with pytest.raises(WordsError):
        tables.read_sentences(table)
