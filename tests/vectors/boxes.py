"""Cases of box, recovery and device files and of registries (docs/provisioning.md): known keys sign what stands here.

`python -m tests.vectors.boxes` writes them to `provisioning-1/`, for readers in any language; a second schema gets
another folder, and these cases stay. Key 11 may sign box files and registries, key 12 is a stranger's, key 13 is the
recovery key of CN-510726, keys 14 and 15 are those of devices.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from provisioning.keys import Key
from tests.vectors.known import known_key

Case = dict[str, Any]

BOX_KEY, STRANGER, RECOVERY_KEY = known_key(11), known_key(12), known_key(13)
DEVICE_KEY, SECOND_KEY = known_key(14), known_key(15)
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

_RAW, _SECOND = DEVICE_KEY.public.raw.hex(), SECOND_KEY.public.raw.hex()
_DEVICE: dict[str, Any] = {
    "key": _RAW, "library": "CN-510726", "made": "2026-12-01", "schema": 1, "type": "device",
}  # fmt: skip
_DEVICES: dict[str, Any] = {
    "devices": {_RAW: "CN-510726", _SECOND: "CN-510727"}, "issued": "2026-12-24", "number": 3, "schema": 1,
    "type": "devices",
}  # fmt: skip
_MINE = _signed(_DEVICE, DEVICE_KEY)


def _base32(digits: str) -> str:
    return base64.b32encode(bytes.fromhex(digits)).decode().rstrip("=")


_TEXT = f"SHUXIANG DEVICE 1 CN-510726 2026-12-01 {_base32(_RAW)} {_base32(json.loads(_MINE)['signatures'][0]['sig'])}"


def _device(name: str, *, refused: bool = False, prefix: str = "", **changes: Any) -> Case:
    return _case(name, _signed({**_DEVICE, **changes}, DEVICE_KEY, prefix=prefix), "device-file" if refused else "")


def _registry(name: str, *, refused: bool = True, key: Key = BOX_KEY, **changes: Any) -> Case:
    return _case(name, _signed({**_DEVICES, **changes}, key), "registry" if refused else "")


DEVICES = [
    _device("as it is"),
    _device("of a box that has no box file yet", library="box-7f3a"),
    _case("as text", _TEXT),
    _case("as text, with blanks around it", f" {_TEXT}\r\n"),
    _case("as text, in small letters", _TEXT.lower(), "device-file"),
    _case("as text, of another library", _TEXT.replace("510726", "510727"), "device-file"),
    _case("as text, of another version", _TEXT.replace("DEVICE 1", "DEVICE 2"), "device-file"),
    _case("as text, cut short", _TEXT[:-1], "device-file"),
    _case("as text, an address before it", f"http://outside.example/ {_TEXT}", "device-file"),
    _device("another key signed", refused=True, key=_SECOND),
    _device("signed as a registry", refused=True, prefix="shuxiang devices 1"),
    _device("a second schema", refused=True, schema=2),
    _device("a member more", refused=True, model=""),
    _device("a day that there is not", refused=True, made="2026-02-30"),
    _device("a library above", refused=True, library="../CN-510726"),
    _device("a library in full-width letters", refused=True, library="ＣＮ-510726"),
    _case("another library's", _MINE.replace("510726", "510727"), "device-file"),
    _case("no line feed at the end", _MINE[:-1], "device-file"),
    _case("empty", "", "device-file"),
]
REGISTRIES = [
    _registry("as it is", refused=False),
    _registry("of no device", refused=False, devices={}),
    _registry("two devices of one library", refused=False, devices={_RAW: "CN-510726", _SECOND: "CN-510726"}),
    _registry("signed by a stranger", key=STRANGER),
    _registry("a second schema", schema=2),
    _registry("a member more", revoked=[]),
    _registry("number 0", number=0),
    _registry("a number that is true", number=True),
    _registry("a key in capitals", devices={_RAW.upper(): "CN-510726"}),
    _registry("a key cut short", devices={_RAW[:-1]: "CN-510726"}),
    _registry("a library that is a list", devices={_RAW: ["CN-510726"]}),
    _registry("devices in a list", devices=[_RAW]),
    _case("a device file", _MINE, "registry"),
    _case("cut short", _signed(_DEVICES, BOX_KEY)[:-2], "registry"),
]
FOLDER = Path(__file__).parent / "provisioning-1"
FILES = {"boxes": BOXES, "recoveries": RECOVERIES, "devices": DEVICES, "registries": REGISTRIES}


def lines(name: str) -> bytes:
    """The file of a kind of cases: one object a line."""
    return "".join(map(_text, FILES[name])).encode()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in FILES:
        (FOLDER / f"{name}.jsonl").write_bytes(lines(name))
