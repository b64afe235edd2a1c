"""The words that the readers' scripts show, taken from the reviewed files and left unfilled where a script counts."""

from __future__ import annotations

import functools
import re

from provisioning.words import Words

_MARK = re.compile(r"0([a-z]+)0")
_LABELS = {
    "finding": (),
    "found": ("count",),
    "found_first": ("count",),
    "hit_of": ("n", "count"),
    "page_of": ("page", "total"),
    "page_n": ("page",),
    "picture_n": ("n",),
    "picture_of": ("page", "total"),
    "credit_join": (),
    "previous": (),
    "next": (),
    "untitled": (),
    "from_start": (),
    "fit": (),
    "width": (),
    "play": (),
    "pause": (),
    "left": ("left",),
    "listening": (),
    "watching": (),
    "heard": (),
    "watched": (),
    "subtitles_off": (),
    "resume_video": ("start",),
    "listen_on": (),
    "watch_on": (),
    "listen_again": (),
    "watch_again": (),
    "time_of": ("start", "left"),
    "bookmark_add": (),
    "bookmark_remove": (),
    "note_go": (),
}
_SENTENCES = {
    "opening": (),
    "damaged.page": ("pages",),
    "damaged.chapter": (),
    "damaged.whole": (),
    "disconnected": (),
    "drive_gone": (),
    "simple_view": (),
    "fonts_missing": (),
    "find.none": ("query",),
    "first_page": (),
    "last_page": (),
    "part_end": (),
    "page_range": ("total",),
    "resume": ("page",),
    "resume.media": ("start",),
    "damaged.minutes": ("start", "end"),
    "no_sound_format": (),
    "sleep": ("minutes",),
    "sleep_end": (),
    "bookmark.added": ("page",),
    "aloud_missing": (),
    "aloud_end": (),
    "ill_formed": (),
}


def reader_key(spoken: Words, key: str, face: str) -> str:
    """The sentence of a reader as a face says it; children and elders have one sentence for every damage."""
    if key in {"reader.damaged.page", "reader.damaged.chapter"} and spoken.has(f"{face}.reader.damaged"):
        return f"{face}.reader.damaged"
    return spoken.faced(key, face)


def _marks(names: tuple[str, ...]) -> dict[str, str]:
    """Values that are spaced like numbers; queries stand in quotation marks and take no space."""
    return {name: f"0{name}0" for name in names}


def _unfilled(text: str) -> str:
    return _MARK.sub(r"{\1}", text)


@functools.cache
def _language_words(language: str, face: str) -> dict[str, str]:
    spoken = Words.load(language)
    out = {name: _unfilled(spoken.label(f"reader.{name}", **_marks(values))) for name, values in _LABELS.items()}
    for name, values in _SENTENCES.items():
        key = reader_key(spoken, f"reader.{name}", face)
        sentence = spoken.sentence(key, **_marks(values))
        for part in ("text", "button", "second"):
            out[f"{name}.{part}"] = _unfilled(getattr(sentence, part))
    out["opening"] = out["opening.text"]
    return out


def reader_words(words: Words, face: str) -> dict[str, str]:
    """Key → text for the scripts; `{page}` and the like are left for them to fill.

    Args:
        words: of the reader's language.
        face: standard, child or elder, each with its own sentences where there are any.
    """
    return dict(_language_words(words.language, face))
