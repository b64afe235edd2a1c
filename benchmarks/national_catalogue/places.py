"""Provinces, cities and counties."""

from __future__ import annotations

from dataclasses import dataclass

from national_catalogue.phrases import Words, load


@dataclass(frozen=True, slots=True)
class Place:
    """A county, or a city, of a province."""

    name: str
    province: str
    code: str
    capital: str


class Places:
    """The places, and the lists of their names."""

    def __init__(self) -> None:
        table = load("places")
        provinces = table["provinces"]
        self.provinces = tuple(provinces)
        self.capitals = {name: entry["cities"].split()[0] for name, entry in provinces.items()}
        self.codes = {name: entry["code"] for name, entry in provinces.items()}
        self.cities = self._of(provinces, "cities")
        self.counties = self._of(provinces, "counties")
        cities = tuple(place.name for place in self.cities)
        counties = tuple(place.name for place in self.counties)
        full = tuple(_full(name) for name in counties)
        both = (*self.provinces, *self.provinces, *table["regions"].split(), *cities, *counties, *full)
        self.words: Words = {
            "place": both,
            "place2": both,
            "city": cities,
            "county": full,
            "province": self.provinces[:31],
        }

    def _of(self, provinces: dict[str, dict[str, str]], kind: str) -> tuple[Place, ...]:
        return tuple(
            Place(name, province, entry["code"], self.capitals[province])
            for province, entry in provinces.items()
            for name in entry[kind].split()
        )


def _full(county: str) -> str:
    """平遥县; longer names and those that say it already stay."""
    return f"{county}县" if len(county) == 2 and county[1] not in "县市" else county
