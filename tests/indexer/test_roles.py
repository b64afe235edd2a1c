"""What each file of a row is for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import ITEM_ROLES
from indexer.roles import FileFact, ItemPlan, infer_roles, page_label

TYPES = {
    "epub": "application/epub+zip", "pdf": "application/pdf", "mp4": "video/mp4", "webm": "video/webm",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg", "vtt": "text/vtt", "srt": "application/x-subrip", "jpg": "image/jpeg", "png": "image/png",
    "tif": "image/tiff",
    "xml": "application/alto+xml", "json": "application/json", "txt": "text/plain", "mrc": "application/marc",
    "bin": "application/octet-stream",
    "html": "text/html",
}  # fmt: skip


def plan(names: list[str], kind: str = "book") -> list[ItemPlan]:
    return infer_roles([FileFact(n, TYPES[n.rpartition(".")[2]], 1) for n in names], kind)


def brief(names: list[str], kind: str = "book") -> list[tuple[str, str, int, str, str]]:
    return [(p.path, p.role, p.order, p.label, p.of) for p in plan(names, kind)]


def test_infer_roles_epub_and_pdf_of_one_work_are_part_and_alternate() -> None:
    assert brief(["a/x.pdf", "a/x.epub"]) == [
        ("a/x.epub", "part", 0, "", ""),
        ("a/x.pdf", "alternate", 0, "", "a/x.epub"),
    ]
    assert brief(["正文-印刷版.pdf", "book.epub"])[1] == ("正文-印刷版.pdf", "alternate", 0, "", "book.epub")


def test_infer_roles_two_pdfs_are_two_parts() -> None:
    assert brief(["下册.pdf", "上册.pdf"]) == [("上册.pdf", "part", 0, "上册", ""), ("下册.pdf", "part", 1, "下册", "")]


def test_infer_roles_volumes_in_two_formats_pair_by_name() -> None:
    assert [(p, r, of) for p, r, _, _, of in brief(["v2.pdf", "v1.pdf", "v1.epub", "v2.epub"])] == [
        ("v1.epub", "part", ""), ("v1.pdf", "alternate", "v1.epub"), ("v2.epub", "part", ""),
        ("v2.pdf", "alternate", "v2.epub"),
    ]  # fmt: skip


def test_infer_roles_encodings_of_one_recording_are_part_and_alternate() -> None:
    assert brief(["花.webm", "花.mp4"], "video") == [
        ("花.mp4", "part", 0, "", ""),
        ("花.webm", "alternate", 0, "", "花.mp4"),
    ]
    assert brief(["g.ogg", "g.mp3"], "audio")[1] == ("g.ogg", "alternate", 0, "", "g.mp3")


def test_infer_roles_same_name_in_two_folders_are_two_parts() -> None:
    assert [p.role for p in plan(["cd1/01.mp3", "cd2/01.mp3"], "audio")] == ["part", "part"]


def test_infer_roles_course_has_parts_in_order_with_captions() -> None:
    names = [
        "第10讲 己.mp4",
        "第10讲 己.zh.vtt",
        "第2讲 乙.mp4",
        "第2讲 乙.zh-Hans.vtt",
        "第1讲 甲.mp4",
        "第1讲 甲.srt",
    ]
    plans = plan(names, "course")
    assert [(p.path, p.label) for p in plans if p.role == "part"] == [
        ("第1讲 甲.mp4", "第1讲 甲"), ("第2讲 乙.mp4", "第2讲 乙"), ("第10讲 己.mp4", "第10讲 己"),
    ]  # fmt: skip
    assert {p.path: (p.of, p.language) for p in plans if p.role == "caption"} == {
        "第10讲 己.zh.vtt": ("第10讲 己.mp4", "zh"),
        "第2讲 乙.zh-Hans.vtt": ("第2讲 乙.mp4", "zh-Hans"),
        "第1讲 甲.srt": ("第1讲 甲.mp4", ""),
    }


def test_infer_roles_chosen_order_without_numbers_stays() -> None:
    assert [p.path for p in plan(["crystal.webm", "elf.webm", "rabbit.webm", "monster.webm"], "course")] == [
        "crystal.webm", "elf.webm", "rabbit.webm", "monster.webm",
    ]  # fmt: skip


def test_infer_roles_chosen_order_with_a_number_in_one_name_stays() -> None:
    chosen = ["导言.mp4", "2020回顾.mp4", "展望.mp4"]
    assert [p.path for p in plan(chosen, "course")] == chosen


def test_infer_roles_alphabetical_listing_becomes_natural() -> None:
    names = ["1.jpg", "10.jpg", "2.jpg", "封底.jpg", "封面.jpg"]
    assert [p.path for p in plan(names)] == ["封面.jpg", "1.jpg", "2.jpg", "10.jpg", "封底.jpg"]


def test_infer_roles_pictures_of_a_book_are_numbered_pages() -> None:
    assert brief(["p/0002.jpg", "p/0001.jpg"]) == [
        ("p/0001.jpg", "page", 0, "1", ""),
        ("p/0002.jpg", "page", 1, "2", ""),
    ]
    assert [p.role for p in plan(["a.tif"])] == ["page"]


@pytest.mark.parametrize("kind", ["image", "exhibition"])
def test_infer_roles_pictures_of_a_picture_resource_are_parts(kind: str) -> None:
    assert brief(["1-童年.jpg", "2-青年.jpg"], kind) == [
        ("1-童年.jpg", "part", 0, "童年", ""),
        ("2-青年.jpg", "part", 1, "青年", ""),
    ]
    assert brief(["金鱼.png"], kind) == [("金鱼.png", "part", 0, "", "")]


def test_infer_roles_issues_of_a_journal_are_parts() -> None:
    names = ["J-2021-03.epub", "J-2021-01.epub", "J-2021-02.epub"]
    assert [(p, r, label) for p, r, _, label, _ in brief(names, "journal")] == [
        ("J-2021-01.epub", "part", "J-2021-01"), ("J-2021-02.epub", "part", "J-2021-02"),
        ("J-2021-03.epub", "part", "J-2021-03"),
    ]  # fmt: skip
    assert [p.role for p in plan(["1.epub", "2.pdf"], "journal")] == ["part", "part"]


def test_infer_roles_ocr_goes_with_its_page_and_metadata_stands_apart() -> None:
    plans = {
        p.path: p for p in plan(["p1.tif", "p2.tif", "alto/p1.xml", "p9.xml", "manifest.json", "r.mrc"], "newspaper")
    }
    assert (plans["alto/p1.xml"].role, plans["alto/p1.xml"].of) == ("ocr", "p1.tif")
    assert (plans["p9.xml"].role, plans["p9.xml"].of) == ("ocr", "")
    assert {plans["manifest.json"].role, plans["r.mrc"].role} == {"metadata"}


def test_infer_roles_cover_only_beside_something_to_open() -> None:
    assert [(p.path, p.role) for p in plan(["cover.jpg", "x.epub"])] == [("x.epub", "part"), ("cover.jpg", "cover")]
    assert [p.role for p in plan(["Cover.PNG".lower(), "1.jpg", "2.jpg"])] == ["page", "page", "cover"]
    assert [p.role for p in plan(["封面.jpg", "1.jpg"])] == ["page", "page"]
    assert [p.role for p in plan(["封面.jpg", "x.pdf"])] == ["part", "cover"]
    assert [p.role for p in plan(["cover.jpg"])] == ["page"]


def test_infer_roles_text_beside_a_recording_is_its_transcript() -> None:
    plans = {p.path: p for p in plan(["01.mp3", "01.txt", "02.mp3", "说明.txt"], "audio")}
    assert (plans["01.txt"].role, plans["01.txt"].of) == ("transcript", "01.mp3")
    assert plans["说明.txt"].role == "part"
    assert [(p.role, p.of) for p in plan(["a.mp4", "b.txt"], "video")] == [("part", ""), ("transcript", "a.mp4")]


def test_infer_roles_labels_lose_counters_and_common_beginnings() -> None:
    assert [p.label for p in plan(["01 学而篇.ogg", "02 为政篇.ogg"], "audio")] == ["学而篇", "为政篇"]
    assert [p.label for p in plan(["cmn-惨.mp3", "cmn-防汛.mp3"], "audio")] == ["惨", "防汛"]
    assert [p.label for p in plan(["01 同.mp3", "02 同.mp3"], "audio")] == ["01 同", "02 同"]


def test_infer_roles_labels_carry_no_marks_that_turn_the_text() -> None:
    assert [p.label for p in plan(["a\u202egpj.mp3", "b\x07.mp3"], "audio")] == ["agpj", "b"]


def test_infer_roles_decomposed_names_pair_too() -> None:
    assert [p.of for p in plan(["e\u0301.mp4", "é.zh.vtt"], "video")] == ["", "e\u0301.mp4"]


stems = st.one_of(
    st.sampled_from(["cover", "01", "x", "封面", "x.zh"]),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=6),
)
names = st.builds("{}{}.{}".format, st.sampled_from(["", "a/", "b/"]), stems, st.sampled_from(sorted(TYPES)))


@given(st.lists(names, max_size=10), st.sampled_from(["book", "journal", "image", "audio", "video", "course", "odd"]))
def test_infer_roles_every_path_once_and_links_lead_to_paths(paths: list[str], kind: str) -> None:
    plans = plan(paths, kind)
    assert sorted(p.path for p in plans) == sorted(set(paths))
    readable = {p.path for p in plans if p.role in {"part", "page"}}
    for p in plans:
        assert p.role in ITEM_ROLES
        assert p.media_type == TYPES[p.path.rpartition(".")[2]]
        assert p.of == "" or (p.of in set(paths) and p.of != p.path)
        assert p.role != "alternate" or p.of in readable
    for role in {p.role for p in plans}:
        assert [p.order for p in plans if p.role == role] == list(range(sum(p.role == role for p in plans)))


@pytest.mark.parametrize(
    ("path", "label"),
    [("a/第1版 要闻.jpg", "第1版 要闻"), ("清溪日报19490101第02版-本地_新闻.jpg", "第2版 本地 新闻"),
     ("03版副刊.tif", "第3版 副刊"), ("第A01版：头版.jpg", "第A01版 头版"), ("第四版.png", "第四版"),
     ("0001_封面.jpg", "封面"), ("目录.jpg", "目录"),
     ("封面设计稿.jpg", "7"), ("12.jpg", "7"), ("出版说明.jpg", "7"), ("初版.jpg", "7"), ("第2版次.jpg", "7")],
)  # fmt: skip
def test_page_label_says_what_the_file_is_called(path: str, label: str) -> None:
    assert page_label(path, 7) == label


def test_infer_roles_sets_counted_by_characters_follow_their_order() -> None:
    files = [FileFact(f"周易（{c}）.pdf", "application/pdf", 1) for c in "貞亨利元"]
    assert [p.path for p in infer_roles(files, "journal")] == [f"周易（{c}）.pdf" for c in "元亨利貞"]
    files = [FileFact(f"Vol {n}.pdf", "application/pdf", 1) for n in ("X", "V", "II", "IX", "I")]
    assert [p.path for p in infer_roles(files, "journal")] == [f"Vol {n}.pdf" for n in ("I", "II", "V", "IX", "X")]
