"""Names of persons: surnames as often as they are borne, foreign authors, persons of history."""

from __future__ import annotations

import re

from national_catalogue.phrases import Rand, Words, load, pick

_ROLES = ("著", "著", "著", "编著", "主编", "编", "编写")
_RARE = 0.003


class People:
    """Makes names with the given chance."""

    def __init__(self, rand: Rand) -> None:
        table = load("people")
        self._rand = rand
        self.surnames = tuple(
            name for name, share in re.findall(r"(\D+?)(\d+)\s*", table["surnames"]) for _ in range(int(share))
        )
        self._given = tuple(table["given"].split())
        self._rare = tuple(table["rare"].split())
        self._countries, self._first, self._last = (tuple(table[n].split()) for n in ("countries", "first", "last"))
        self.history = tuple(table["history"].split())
        self.courtesy = tuple(table["courtesy"].split())
        self.words: Words = {
            "name": self.name,
            "name2": self.name,
            "person": self.history,
            "surname": tuple(dict.fromkeys(self.surnames)),
        }

    def name(self) -> str:
        """A Chinese name; one in some hundreds holds a rare character."""
        rand, given = self._rand, self._given
        # The usual characters stand first.
        last = given[int(len(given) * rand() ** 1.4)] if rand() > _RARE else pick(self._rare, rand)
        if rand() < 0.11:
            return pick(self.surnames, rand) + last
        return pick(self.surnames, rand) + given[int(len(given) * rand() ** 1.4)] + last

    def authors(self) -> str | list[str]:
        """A statement of responsibility as a title page has it."""
        chance = self._rand()
        role = pick(_ROLES, self._rand)
        if chance < 0.62:
            return f"{self.name()} {role}"
        if chance < 0.8:
            return [f"{self.name()} {role}", f"{self.name()} {role}"]
        if chance < 0.9:
            return [self.name(), self.name(), f"{self.name()} {role}"]
        return self.translated()

    def translated(self) -> list[str]:
        """A foreign author and who translated."""
        rand = self._rand
        author = f"（{pick(self._countries, rand)}）{pick(self._first, rand)}·{pick(self._last, rand)} 著"
        return [author, f"{self.name()} 译"]
