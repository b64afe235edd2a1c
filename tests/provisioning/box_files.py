"""Box files for tests: one library, known keys, a cheap hash."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from provisioning.box_file import BoxFile, make_box
from provisioning.box_members import Facts, Library, Network, ReportTo, Staff, Support, Updates
from tests.vectors.known import known_key

BOX_KEY, OTHER_KEY, RECOVERY_KEY = known_key(11), known_key(12), known_key(13)
KEYS = [BOX_KEY.public]
DAY = date(2026, 11, 27)
HASH = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$4SvXEgXjqLzO1kDVgVUGdIHXkbeCb7jnRK8yMPYGQ9M"
FACTS = Facts(
    serial=2,
    issued=DAY,
    expires=date(2028, 11, 27),
    library=Library("CN-510726", "北川羌族自治县图书馆", "510726", "Beichuan County Library", "9:00-18:00"),
    root='{"signatures":[],"signed":{"_type":"root"}}',
    staff=Staff("馆长", HASH),
    recovery_key=RECOVERY_KEY.public.raw.hex(),
    image_floor=date(2026, 11, 1),
    support=Support("省馆技术支持", "028-0000000"),
    updates=Updates(("https://mirror.example.org/library",)),
    report=ReportTo("https://returns.example.org/returns", "ab" * 32),
    network=Network("static", "192.168.1.10/24", "192.168.1.1", ("192.168.1.1",)),
)


def box(**changes: Any) -> BoxFile:
    """A box file that differs from `FACTS` in some members, signed by the box key."""
    return make_box(replace(FACTS, **changes), BOX_KEY)
