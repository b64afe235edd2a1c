"""The words that the readers' scripts show, taken from the reviewed files and left unfilled where a script counts."""

from __future__ import annotations

import functools

from provisioning.words import Words

_LABELS = {
    "finding": (),
    "found": ("count",),
    "page_of": ("page", "total"),
    "page_n": ("page",),
    "picture_of": ("page", "total"),
    "previous": (),
    "next": (),
    "untitled": (),
    "from_start": (),
    "fit": (),
    "width": (),
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
    "page_range": ("total",),
    "resume": ("page",),
    "resume.media": ("start",),
}


def reader_key(spoken: Words, key: str, face: str) -> str:
    """The sentence of a reader as a face says it; children and elders have one sentence for every damage."""
    if key in {"reader.damaged.page", "reader.damaged.chapter"} and spoken.has(f"{face}.reader.damaged"):
        return f"{face}.reader.damaged"
    return spoken.faced(key, face)


@functools.cache
def _language_words(language: str, face: str) -> dict[str, str]:
    spoken = Words.load(language)
    out = {
        name: spoken.label(f"reader.{name}", **{value: f"{{{value}}}" for value in values})
        for name, values in _LABELS.items()
    }
    for name, values in _SENTENCES.items():
        key = reader_key(spoken, f"reader.{name}", face)
        sentence = spoken.sentence(key, **{value: f"{{{value}}}" for value in values})
        out |= {f"{name}.text": sentence.text, f"{name}.button": sentence.button, f"{name}.second": sentence.second}
    out["opening"] = out["opening.text"]
    return out


def reader_words(words: Words, face: str) -> dict[str, str]:
    """Key → text for the scripts; `{page}` and the like are left for them to fill.

    Args:
        words: of the reader's language.
        face: standard, child or elder, each with its own sentences where there are any.
    """
    return dict(_language_words(words.language, face))
