"""Cases of box files and recovery files (docs/provisioning.md): known keys sign what is written down here by hand.

`python -m tests.vectors.boxes` writes them to `provisioning-1/`, for readers in any language; a second schema gets
another folder. Key 11 may sign box files, key 12 is a stranger's, key 13 is the recovery key of CN-510726.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provisioning.keys import Key
from tests.vectors.known import known_key

Case = dict[str, Any]

BOX_KEY, STRANGER, RECOVERY_KEY = known_key(11), known_key(12), known_key(13)
_SALTED = "c2FsdHNhbHRzYWx0c2FsdA$4SvXEgXjqLzO1kDVgVUGdIHXkbeCb7jnRK8yMPYGQ9M"
_SAID: dict[str, Any] = {
    "expires": "2028-11-27", "image_floor": "2026-11-01", "issued": "2026-11-27",
    "library": {
        "id": "CN-510726", "name": "北川羌族自治县图书馆", "name_en": "", "opening_hours": "9:00-18:00",
        "place": "510726", "province": "51",
    },
    "network": {"address": "192.168.1.10/24", "dns": ["192.168.1.1"], "gateway": "192.168.1.1", "mode": "static"},
    "recovery": {"public_key": RECOVERY_KEY.public.raw.hex()},
    "report": {"key": "", "url": "https://returns.example.org/returns"},
    "root": '{"signatures":[],"signed":{"_type":"root"}}', "schema": 1, "serial": 2,
    "staff": {
        "name": "馆长",
        "password_hash": f"$argon2id$v=19$m=65536,t=3,p=4${_SALTED}",
    },
    "support": {"name": "省馆技术支持", "phone": "028-0000000"}, "type": "box",
    "updates": {
        "cap_bytes": 0, "metered": "auto", "origins": ["https://mirror.example.org/library"], "rate": 0,
        "window": "22:00-06:00",
    },
}  # fmt: skip
_RECOVERY: dict[str, Any] = {
    "issued": "2026-11-27", "library": "CN-510726", "name": "北川羌族自治县图书馆", "schema": 1, "serial": 1,
    "type": "recovery",
}  # fmt: skip


def _text(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _signed(said: dict[str, Any], *keys: Key, prefix: str = "") -> str:
    message = f"{prefix or 'shuxiang ' + said['type'] + ' 1'}\n{_text(said)}".encode()
    signatures = [{"keyid": key.id, "sig": key.sign(message).hex()} for key in keys]
    return _text({"signatures": sorted(signatures, key=lambda one: one["keyid"]), "signed": said})


def _case(name: str, content: str, code: str = "") -> Case:
    return {"name": name, "input": content, "ok": not code, **({"code": code} if code else {})}


_WHOLE, _OPENED = _signed(_SAID, BOX_KEY), _signed(_RECOVERY, RECOVERY_KEY)


def _changed(code: str = "box.schema", **changes: Any) -> tuple[str, str]:
    return _signed({**_SAID, **changes}, BOX_KEY), code


_DHCP = {"address": "", "dns": [], "gateway": "", "mode": "dhcp"}
_COSTLY = {"name": "馆长", "password_hash": _SAID["staff"]["password_hash"].replace("65536", "1048576")}
BOXES = [
    _case("as it is", _WHOLE),
    _case("two signatures, one of a stranger", _signed(_SAID, BOX_KEY, STRANGER)),
    _case("an address from the network", *_changed("", network=_DHCP)),
    _case("signed by a stranger", _signed(_SAID, STRANGER), "box.tampered"),
    _case("signed as another kind", _signed(_SAID, BOX_KEY, prefix="shuxiang recovery 1"), "box.tampered"),
    _case("not signed", _text({"signatures": [], "signed": _SAID}), "box.tampered"),
    _case("another name of the library", _WHOLE.replace("北川", "平武"), "box.tampered"),
    _case("no line feed at the end", _WHOLE[:-1], "box.tampered"),
    _case("blanks in it", _WHOLE.replace('"serial":2', '"serial": 2'), "box.tampered"),
    _case("a recovery file", _OPENED, "box.tampered"),
    _case("a second schema", *_changed(schema=2)),
    _case("a member more", *_changed(wifi={})),
    _case("a place of another province", *_changed(library={**_SAID["library"], "province": "50"})),
    _case("a day that there is not", *_changed(issued="2026-02-30")),
    _case("a password that costs a gibibyte", *_changed(staff=_COSTLY)),
]
RECOVERIES = [
    _case("as it is", _OPENED),
    _case("signed by another key", _signed(_RECOVERY, STRANGER), "recovery.tampered"),
    _case("another library's", _signed({**_RECOVERY, "library": "CN-510727"}, STRANGER), "recovery.other_library"),
    _case("a box file", _WHOLE, "recovery.tampered"),
    _case("a member more", _signed({**_RECOVERY, "device": ""}, RECOVERY_KEY), "recovery.tampered"),
    _case("cut short", _OPENED[:-2], "recovery.tampered"),
]
FOLDER = Path(__file__).parent / "provisioning-1"
FILES = {"boxes": BOXES, "recoveries": RECOVERIES}


def lines(name: str) -> bytes:
    """The file of a kind of cases: one object a line."""
    return "".join(map(_text, FILES[name])).encode()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in FILES:
        (FOLDER / f"{name}.jsonl").write_bytes(lines(name))
