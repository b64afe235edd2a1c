"""Publishing houses, and the numbers of their books with valid check digits. The numbers are invented."""

from __future__ import annotations

from collections.abc import Mapping

from national_catalogue.phrases import Rand, load, pick

_PROVINCIAL = {
    "人民": ("general", "humanities"),
    "科学技术": ("science", "medicine", "farming"),
    "教育": ("education",),
    "文艺": ("literature",),
    "美术": ("literature",),
    "少年儿童": ("children",),
    "大学": ("humanities", "science", "education"),
    "古籍": ("humanities",),
}
_SHELVES = {
    "A": "general", "B": "humanities", "C": "humanities", "D": "humanities", "E": "humanities", "F": "humanities",
    "G": "education", "H": "education", "I": "literature", "J": "literature", "K": "humanities", "R": "medicine",
    "S": "farming", "Z": "general",
}  # fmt: skip
_STEP = 7_919
_PREFIX = 100


class House:
    """A publishing house: its name, its place, and the numbers of its next books."""

    def __init__(self, name: str, place: str, prefix: str) -> None:
        self.name, self.place, self._prefix = name, place, prefix
        self._room = 10 ** (12 - len(prefix))
        self._count = 0

    def isbn(self) -> str:
        """The next ISBN, hyphens left out; none comes twice before the room of its prefix is used."""
        self._count += 1
        number = self._count * _STEP % self._room
        return with_check(f"{self._prefix}{number:0{12 - len(self._prefix)}d}")

    def unified(self) -> str:
        """统一书号, as books had it from 1956 to 1986."""
        self._count += 1
        return f"{10000 + int(self._prefix[4:7]) + self._count % 17 * 500}·{self._count}"


class Publishers:
    """The houses, by what they print."""

    def __init__(self, capitals: Mapping[str, str]) -> None:
        table = load("publishers")
        shelves: dict[str, list[House]] = {name: [] for name in table["central"]}
        known: dict[str, House] = {}

        def house(name: str, place: str) -> House:
            return known.setdefault(name, House(name, place, f"9787{_PREFIX + len(known)}"))

        for shelf, names in table["central"].items():
            for name in names.split():
                whole = name if name.endswith(("书局", "书馆", "书店", "荣宝斋")) else f"{name}出版社"
                # The large houses print twice what one of a province does.
                shelves[shelf] += [house(whole, "北京")] * 3
        for province, capital in list(capitals.items())[:31]:
            for kind, fitting in _PROVINCIAL.items():
                for shelf in fitting:
                    shelves[shelf].append(house(f"{province}{kind}出版社", capital))
        self._shelves = {name: tuple(houses) for name, houses in shelves.items()}
        traditional = [(name, place) for place, names in table["traditional"].items() for name in names.split()]
        self._traditional = tuple(House(name, place, f"978957{80 + n}") for n, (name, place) in enumerate(traditional))

    def for_class(self, letter: str, rand: Rand) -> House:
        """One that prints books of a main class."""
        return self.on_shelf(_SHELVES.get(letter, "science"), rand)

    def on_shelf(self, shelf: str, rand: Rand) -> House:
        """One that prints such books, or now and then one that prints all."""
        return pick(self._shelves["general" if rand() < 0.12 else shelf], rand)

    def traditional(self, rand: Rand) -> House:
        """One of Taiwan, Hong Kong or Macao."""
        return pick(self._traditional, rand)


def with_check(twelve: str) -> str:
    """The 13 digits of an ISBN from the first twelve."""
    total = sum(int(digit) * (3 if n % 2 else 1) for n, digit in enumerate(twelve))
    return f"{twelve}{-total % 10}"


def issn(number: int) -> str:
    """The ISSN whose first seven digits are `number`."""
    digits = f"{number:07d}"
    check = -sum(int(digit) * (8 - n) for n, digit in enumerate(digits)) % 11
    return f"{digits[:4]}-{digits[4:]}{'X' if check == 10 else check}"
