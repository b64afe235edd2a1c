"""Questions by rule, from records drawn by chance: what is typed, and the condition that says what is right.

A rule gives the shortest text first. It is kept only where the whole corpus holds one work that is right (`one`), or
at most `FEW`: a piece of a title that hundreds of titles hold asks for none of them.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import opencc

from search_quality.corpus import Record, simple
from search_quality.predicates import Condition, condition
from search_quality.sounds import syllables

FEW = 10
_OFFERED = 6
_CHINESE = re.compile(r"[\u4e00-\u9fff]+\Z")
_STRETCH = re.compile(r"[\u4e00-\u9fff]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_ERA = re.compile(r"[\u4e00-\u9fff]([\u4e00-\u9fff]{2}[〇一二三四五六七八九十元]+年)")
_DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")
_s2t = opencc.OpenCC("s2t").convert


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that is not yet held against the corpus.

    Attributes:
        text: what is typed. right: the condition; or `heard` (syllables or initials) or `near` (a letter is wrong).
        one: whether only one work may be right.
    """

    text: str
    right: Condition = ()
    heard: tuple[str, ...] = ()
    near: str = ""
    one: bool = True


@dataclass
class Chance:
    """What rules draw on: chance, and characters as often as titles have them."""

    random: random.Random
    characters: list[str] = field(default_factory=list)
    by_sound: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, title: str) -> None:
        """Take up the characters of a title."""
        for character in _STRETCH.findall(title):
            self.characters.extend(character)

    def done(self) -> None:
        """Sort what was learned by its usual sound, the commonest first: an input method offers no rare ones."""
        for character, _ in sorted(Counter(self.characters).items(), key=lambda one: (-one[1], one[0])):
            held = self.by_sound.setdefault(syllables(character)[0], [])
            if len(held) < _OFFERED:
                held.append(character)

    def piece(self, text: str, length: int) -> str:
        """A piece of an unbroken stretch of Chinese; empty when none is as long."""
        stretches = [s for s in _STRETCH.findall(text) if len(s) >= length]
        if not stretches:
            return ""
        stretch = self.random.choice(stretches)
        start = self.random.randrange(len(stretch) - length + 1)
        return stretch[start : start + length]


Rule = Callable[[Record, Chance], Iterator[Draft]]


def _has(field_name: str, *words: str, whole: bool = False) -> str:
    return f"{field_name}{'=' if whole else ':'}{'|'.join(word.replace(' ', '_') for word in words)}"


def _usable(*texts: str) -> bool:
    """Whether conditions can say these texts."""
    return all(text and not set(text) & set("|:=_") for text in texts)


def whole_title(record: Record, _chance: Chance) -> Iterator[Draft]:
    """The title as it is printed."""
    if _usable(record.title):
        yield Draft(record.raw["title"], condition(_has("title", record.title, whole=True)), one=False)


def title_fragment(record: Record, chance: Chance) -> Iterator[Draft]:
    """Four to six characters out of a title, in simplified characters."""
    for length in (4, 5, 6):
        if len(record.title) > length and (piece := chance.piece(record.title, length)):
            yield Draft(piece, condition(_has("title", piece)))


def other_script(record: Record, chance: Chance) -> Iterator[Draft]:
    """A piece of a title in the script that it is not printed in."""
    for length in (4, 5, 6):
        piece = chance.piece(record.title, length)
        typed = piece if piece not in record.raw["title"] else _s2t(piece)
        if piece and typed not in record.raw["title"] and simple(typed) == piece:
            yield Draft(typed, condition(_has("title", piece)))


def name_and_volume(record: Record, chance: Chance) -> Iterator[Draft]:
    """A set's title and one of its volumes: 上册, 上, 第三册, 第3册, 3."""
    designation = record.raw.get("designation", "")
    base = record.raw["title"].removesuffix(designation).strip()
    if record.level != "volume" or not designation or not _usable(record.title):
        return
    number = re.search(r"\d+", designation)
    said = [designation, designation]
    if number:
        said += [designation.replace(number[0], _numeral(int(number[0]))), number[0]]
    typed = f"{base}{chance.random.choice(('', ' '))}{chance.random.choice(said)}"
    yield Draft(typed, condition(_has("title", record.title, whole=True)))


def author_and_word(record: Record, chance: Chance) -> Iterator[Draft]:
    """Who made it and two or three characters of the title."""
    if not record.creators or not _usable(record.creators[0]):
        return
    for length in (2, 3):
        if word := chance.piece(record.title, length):
            right = condition(f"{_has('creator', record.creators[0], whole=True)} {_has('title', word)}")
            parts = [record.creators[0], word]
            if chance.random.random() < 0.3:
                parts.reverse()
            yield Draft(" ".join(parts), right)


def full_pinyin(record: Record, chance: Chance) -> Iterator[Draft]:
    """The title in pinyin without tones, together or syllable by syllable."""
    if 3 <= len(record.title) <= 8 and _CHINESE.match(record.title):
        heard = syllables(record.title)
        if all("a" <= c <= "z" for c in "".join(heard)):
            yield Draft(chance.random.choice(("", " ")).join(heard), heard=tuple(heard))


def pinyin_initials(record: Record, _chance: Chance) -> Iterator[Draft]:
    """The first letters of a title's characters."""
    if 5 <= len(record.title) <= 9 and _CHINESE.match(record.title):
        letters = "".join(one[0] for one in syllables(record.title))
        if letters.isascii():
            yield Draft(letters, heard=tuple(letters))


def one_wrong(record: Record, chance: Chance) -> Iterator[Draft]:
    """A title of which one character is another."""
    title = record.title
    if 5 <= len(title) <= 14 and _CHINESE.match(title):
        place, other = chance.random.randrange(len(title)), chance.random.choice(chance.characters)
        if other != title[place]:
            typed = title[:place] + other + title[place + 1 :]
            yield Draft(typed, near=typed)


def one_left_out(record: Record, chance: Chance) -> Iterator[Draft]:
    """A title of which one character, not at an end, is missing."""
    title = record.title
    if 6 <= len(title) <= 14 and _CHINESE.match(title):
        place = chance.random.randrange(1, len(title) - 1)
        typed = title[:place] + title[place + 1 :]
        yield Draft(typed, near=typed)


def same_sound(record: Record, chance: Chance) -> Iterator[Draft]:
    """A title of which one or two characters are others of the same sound, as an input method offers them."""
    title = record.title
    if not (4 <= len(title) <= 10 and _CHINESE.match(title)):
        return
    heard, typed = syllables(title), list(title)
    for place in chance.random.sample(range(len(title)), 2 if len(title) > 6 else 1):
        others = [c for c in chance.by_sound.get(heard[place], ()) if c != title[place]]
        if others:
            typed[place] = chance.random.choice(others)
    if "".join(typed) != title:
        yield Draft("".join(typed), heard=tuple(heard))


def era_year(record: Record, chance: Chance) -> Iterator[Draft]:
    """An old book by a word of its title and its year, as its reign has it or as a number."""
    date = record.raw.get("date", {})
    era = _ERA.search(simple(date.get("printed", "")))
    if not era or not record.year or date.get("year_from") != date.get("year_to"):
        return
    for length in (3, 4, 5):
        if word := chance.piece(record.title, length):
            year = chance.random.choice((era[1], era[1], f"{record.year}年", record.year))
            right = condition(f"{_has('title', word)} year={record.year}")
            yield Draft(" ".join(chance.random.sample((word, year), 2)), right)


def identifier(record: Record, chance: Chance) -> Iterator[Draft]:
    """ISBN, ISSN, CN or 统一书号, with and without the signs."""
    if not record.identifiers:
        return
    value = chance.random.choice(record.identifiers)
    scheme = next(one["scheme"] for one in record.raw["identifiers"] if one["value"] == value)
    forms = {
        "isbn": lambda: (value, value, f"{value[:3]}-{value[3]}-{value[4:7]}-{value[7:12]}-{value[12]}",
                         f"ISBN {value[:3]}-{value[3]}-{value[4:7]}-{value[7:12]}-{value[12]}", _isbn10(value)),
        "issn": lambda: (value, value.replace("-", ""), f"ISSN {value}", f"issn{value}"),
        "cn": lambda: (value, value.removeprefix("CN"), value.replace("CN", "CN "), value.partition("/")[0]),
        "unified": lambda: (value, value.replace("·", "."), f"统一书号 {value}"),
    }  # fmt: skip
    if scheme in forms and _usable(value):
        yield Draft(chance.random.choice(forms[scheme]()), condition(_has("identifier", value, whole=True)))


def text_inside(record: Record, chance: Chance) -> Iterator[Draft]:
    """Seven to twelve characters of a description, or a line of a poem, in simplified characters."""
    for length in (7, 9, 12, 7, 5):
        if piece := chance.piece(record.text, length):
            yield Draft(piece, condition(_has("text", piece)))


def journal_issue(record: Record, chance: Chance) -> Iterator[Draft]:
    """《读者》2019年第3期 in the ways that people write it."""
    if record.level != "issue" or record.raw["type"] != "journal" or not _usable(record.title):
        return
    found = re.match(r"《(.+)》(\d{4})年第(\d+)期", record.title)
    if not found:
        return
    name, year, number = found.groups()
    typed = chance.random.choice(
        (
            f"《{name}》{year}年第{number}期",
            f"{name}{year}年第{number}期",
            f"{name} {year}年第{number}期",
            f"{name} {year}年{number}期",
            f"{name} {year}年第{_numeral(int(number))}期",
            f"《{name}》{year.translate(_DIGITS)}年第{_numeral(int(number))}期",
            f"{name} {year} 第{number}期",
            f"{name} {year} {number}",
        )
    )
    yield Draft(typed, condition(_has("title", record.title, whole=True)))


def newspaper_issue(record: Record, chance: Chance) -> Iterator[Draft]:
    """A newspaper and a day, in figures or in words."""
    found = re.match(r"《(.+)》(\d{4})年(\d+)月(\d+)日", record.title)
    if record.level != "issue" or not found or not _usable(record.title):
        return
    name, year, month, day = found.groups()
    numeral_day = f"{_numeral(int(month))}月{_numeral(int(day))}日"
    typed = chance.random.choice(
        (
            f"{name} {year}年{month}月{day}日",
            f"{name}{year}年{month}月{day}日",
            f"《{name}》{year}年{month}月{day}日",
            f"{name} {year}-{int(month):02d}-{int(day):02d}",
            f"{name} {year}.{month}.{day}",
            f"{name} {year.translate(_DIGITS)}年{numeral_day}",
        )
    )
    yield Draft(typed, condition(_has("title", record.title, whole=True)))


def creator(record: Record, chance: Chance) -> Iterator[Draft]:
    """A name alone."""
    if record.creators and _usable(name := chance.random.choice(record.creators)):
        yield Draft(name, condition(_has("creator", name, whole=True)), one=False)


def subject(record: Record, chance: Chance) -> Iterator[Draft]:
    """A subject alone."""
    if record.subjects and _usable(name := chance.random.choice(record.subjects)):
        yield Draft(name, condition(_has("subject", name, whole=True)), one=False)


def other_language(record: Record, chance: Chance) -> Iterator[Draft]:
    """Words of a title that is not Chinese."""
    words = record.raw["title"].split()
    if len(words) < 3 or _STRETCH.search(record.raw["title"]) or not _WORD.search(record.raw["title"]):
        return
    for length in (2, 3, 4, len(words)):
        start = chance.random.randrange(max(1, len(words) - length + 1))
        piece = " ".join(words[start : start + length])
        if _usable(piece):
            yield Draft(piece, condition(_has("title", piece.lower())))


RULES: dict[str, Rule] = {
    "whole title": whole_title,
    "title fragment": title_fragment,
    "other script": other_script,
    "name and volume": name_and_volume,
    "author and word": author_and_word,
    "full pinyin": full_pinyin,
    "pinyin initials": pinyin_initials,
    "one character wrong": one_wrong,
    "one character left out": one_left_out,
    "same sound": same_sound,
    "era year": era_year,
    "identifier": identifier,
    "text inside": text_inside,
    "journal issue": journal_issue,
    "newspaper issue": newspaper_issue,
    "creator": creator,
    "subject": subject,
    "other language": other_language,
}
"""Kind → its rule."""
PARTS = {"name and volume", "journal issue", "newspaper issue"}
"""Kinds that ask for a part of something; all others ask for whole works."""
MANY = {"subject", "whole title"}
"""Kinds that may have more than `FEW` right answers."""


def _numeral(number: int) -> str:
    """1 to 99 in Chinese words."""
    tens, ones = divmod(number, 10)
    digits = "〇一二三四五六七八九"
    return f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{digits[ones] if ones or not tens else ''}"


def _isbn10(isbn13: str) -> str:
    """The ten digits that the same book had before 2007."""
    nine = isbn13[3:12]
    check = -sum(int(digit) * (10 - n) for n, digit in enumerate(nine)) % 11
    return f"{nine}{'X' if check == 10 else check}"
