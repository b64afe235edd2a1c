"""Every sentence and label that people read, by key.

`sentences.md` is the reviewed source: a state's light, sentence, button, second line. `sentences.en.md` holds the
English of the keys in use, `labels.<language>.toml` the short labels of the interface. A key without a translation
falls back to Chinese.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources

from provisioning.words import numbers, tables
from provisioning.words.errors import WordsError
from provisioning.words.filling import Value, fill, placeholders
from provisioning.words.numbers import CHINESE

__all__ = ["CHINESE", "LANGUAGES", "Sentence", "Words", "WordsError", "numbers"]

LANGUAGES = (CHINESE, "en")
_LINK = {CHINESE: "链接：", "en": "Link: "}
_STOP = {CHINESE: "。", "en": ". "}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A filled sentence.

    Attributes:
        key: its name in sentences.md.
        light: normal, working, attention, or empty.
        text: the sentence. button: the one button, empty when there is none.
        second: the line below, without its links. links: the other ways, as text.
        audience: who sees it.
    """

    key: str
    light: str
    text: str
    button: str = ""
    second: str = ""
    links: tuple[str, ...] = ()
    audience: str = ""


class Words:
    """The words of one interface language. Immutable; share it between threads."""

    def __init__(
        self,
        language: str,
        sentences: Mapping[str, tables.Template],
        labels: Mapping[str, str],
        fallback: Words | None = None,
    ) -> None:
        """Keep the tables; `fallback` answers for keys without a translation."""
        self.language = language
        self._sentences, self._labels, self._fallback = dict(sentences), dict(labels), fallback

    @staticmethod
    @functools.cache
    def load(language: str) -> Words:
        """The words of `language`, read from the package once.

        Raises:
            WordsError: there are no words of that language, or a table is malformed.
        """
        if language not in LANGUAGES:
            raise WordsError(f"no words in {language!r}")
        originals = tables.read_sentences(_text("sentences.md"))
        labels = _labels(language)
        if language == CHINESE:
            return Words(CHINESE, originals, labels)
        translated = tables.read_translation(_text(f"sentences.{language}.md"), originals)
        return Words(language, translated, labels, Words.load(CHINESE))

    def has(self, key: str) -> bool:
        """Whether `key` names a sentence, here or in the fallback."""
        return key in self._sentences or (self._fallback is not None and self._fallback.has(key))

    def keys(self) -> tuple[str, ...]:
        """The keys of this language's own sentences, in the file's order."""
        return tuple(self._sentences)

    def template(self, key: str) -> tables.Template:
        """The unfilled row of `key`.

        Raises:
            WordsError: there is no such key.
        """
        if key in self._sentences:
            return self._sentences[key]
        if self._fallback is not None:
            return self._fallback.template(key)
        raise WordsError(f"no sentence {key!r}")

    def sentence(self, key: str, **params: Value) -> Sentence:
        """The sentence of `key`, filled.

        Clauses of the second line whose values are not given, or nought, are left out; the sentence and its button
        need all.

        Raises:
            WordsError: no such key, or the sentence or its button lacks a value.
        """
        if key not in self._sentences and self._fallback is not None:
            return self._fallback.sentence(key, **params)
        row = self.template(key)
        params = {"support": self.label("support.default"), **params}
        second, links = self._second(row.second, params)
        return Sentence(
            key=row.key,
            light=row.light,
            text=fill(row.text, params, self.language),
            button=fill(row.button, params, self.language),
            second=second,
            links=links,
            audience=row.audience,
        )

    def _second(self, template: str, params: Mapping[str, Value]) -> tuple[str, tuple[str, ...]]:
        stop, mark = _STOP[self.language], _LINK[self.language]
        clauses = [c for c in (template + " ").split(stop) if c.strip()] if template else []
        plain: list[str] = []
        links: list[str] = []
        for clause in clauses:
            if not all(_says_something(params.get(name)) for name in placeholders(clause)):
                continue
            text = fill(clause.strip(), params, self.language)
            if text.startswith(mark):
                links.append(text.removeprefix(mark).rstrip("."))
            else:
                plain.append(text.rstrip(".") if self.language != CHINESE else text)
        end = stop.strip()
        return (end + ("" if self.language == CHINESE else " ")).join(plain) + (end if plain else ""), tuple(links)

    def label(self, key: str, **params: Value) -> str:
        """A short label of the interface.

        Raises:
            WordsError: there is no such label.
        """
        if key in self._labels:
            return fill(self._labels[key], params, self.language)
        if self._fallback is not None:
            return self._fallback.label(key, **params)
        raise WordsError(f"no label {key!r}")

    def label_keys(self) -> tuple[str, ...]:
        """The keys of this language's own labels."""
        return tuple(self._labels)

    def label_template(self, key: str) -> str:
        """This language's own label of `key`, unfilled."""
        return self._labels[key]

    def has_label(self, key: str) -> bool:
        """Whether `key` names a label, here or in the fallback."""
        return key in self._labels or (self._fallback is not None and self._fallback.has_label(key))

    def faced(self, key: str, face: str) -> str:
        """The key as a face says it: `child.` or `elder.` in front when there is such a sentence.

        What has no sentence of its own is said in general where there is such a sentence.
        """
        if face not in _GENERAL:
            return key
        own = f"{face}.{key}"
        if self.has(own):
            return own
        return next((general for start, general in _GENERAL[face] if key.startswith(start)), key)

    @staticmethod
    def raw(name: str, value: str | int) -> Value:
        """A raw value of the box's documents as a value that sentences take; see `message`."""
        return raw(name, value)

    def message(self, key: str, params: Mapping[str, str | int]) -> Sentence:
        """The sentence of a key with raw values as the box's own documents hold them.

        `month` is 2026-11, `date`, `from`, `to` are 2026-11-22, `edition` is 2026.11 or text; the rest as they are.
        """
        return self.sentence(key, **{name: raw(name, value) for name, value in params.items()})

    def pinyin(self, key: str) -> str:
        """The reviewed pinyin of a child's label, with tones; empty when there is none."""
        found: str = self._labels.get(f"pinyin.{key}", "")
        return found

    def number(self, value: int) -> str:
        """An integer as people read it."""
        return numbers.number(value, self.language)

    def size(self, count: int) -> str:
        """Bytes as people read them."""
        return numbers.size(count, self.language)

    def year(self, value: int) -> str:
        """An astronomical year: 1897年, 公元前551年."""
        return numbers.year(value, self.language)

    def day(self, value: date) -> str:
        """A date with its year."""
        return numbers.day(value, language=self.language)

    def edition(self, text: str) -> str:
        """A release's edition: 2026.11 as 2026年11月版, anything else as it is signed."""
        return fill("{edition}", {"edition": raw("edition", text)}, self.language)

    def bundle(self, bundle: str, signed: str = "") -> str:
        """What readers call a bundle: the name that its release carries, else the agreed one (国家版), else its id."""
        key = f"bundle_names.{bundle}"
        return signed or (self.label(key) if self.has_label(key) else bundle)

    def month(self, value: date) -> str:
        """A month as people read it."""
        return numbers.month(value, self.language)


_REFUSALS = (
    "withdrawn",
    "suspended",
    "unpublished",
    "not_plugged",
    "unknown",
    "date_unknown",
    "accessible_only",
    "premises.outside",
)


def _says_something(value: Value | None) -> bool:
    """Whether a clause with this value is worth saying: unknown and nought are left out."""
    return value is not None and value not in (0, "")


_GENERAL = {
    face: (
        *((f"rights.{refusal}", f"{face}.rights.unavailable") for refusal in _REFUSALS),
        ("reader.damaged.", f"{face}.reader.damaged"),
        *((f"reader.closed.{why}", f"{face}.reader.closed") for why in ("locked", "damaged", "codec")),
        ("thanks.wish", "child.thanks.wish" if face == "child" else "elder.thanks"),
    )
    for face in ("child", "elder")
}
_ISO_MONTH = re.compile(r"(\d{4})[-.](\d{1,2})\Z")


def raw(name: str, value: str | int) -> Value:
    """A raw value of the box's documents as a value that sentences take."""
    if not isinstance(value, str):
        return value
    if name in {"month", "edition"} and (match := _ISO_MONTH.match(value)):
        year, month = int(match[1]), int(match[2])
        return date(year, month, 1) if 1 <= month <= 12 and year else value
    if name in {"date", "from", "to", "full_date"}:
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return value
    return value


def _text(name: str) -> str:
    return resources.files("provisioning.words").joinpath(name).read_text("utf-8")


def _labels(language: str) -> dict[str, str]:
    def flat(table: Mapping[str, object], prefix: str) -> dict[str, str]:
        out: dict[str, str] = {}
        for name, value in table.items():
            key = f"{prefix}{name}"
            if isinstance(value, Mapping):
                out |= flat(value, f"{key}.")
            else:
                out[key] = str(value)
        return out

    return flat(tomllib.loads(_text(f"labels.{language}.toml")), "")
