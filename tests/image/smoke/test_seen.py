"""A sentence is recognised by its key on a page, whatever stands in its places."""

from __future__ import annotations

from image.smoke.seen import keys_said, says


def test_sentence_is_seen_with_its_values_and_not_without():
    page = "需要处理 这份开通文件是 平武县图书馆 的，没有采用。 重新读取"
    assert says(page, "box.file.other_library")
    assert not says(page, "box.file.tampered")
    assert keys_said(page, ("box.file.",)) == ["box.file.other_library"]


def test_words_around_do_not_make_a_sentence():
    assert not says("这份开通文件是，没有采用。", "box.file.other_library")
