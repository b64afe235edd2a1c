"""Devices come home, are entered once, and reports are taken of exactly those that the registry names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from packager.cli import main as packager
from packager.format.errors import UnknownDeviceError
from packager.format.reports import Head, make_report, moment_text
from packager.returns.registered import Registered
from provisioning.cli import main
from provisioning.desk_keys import trusted_keys
from provisioning.device_file import DeviceFile, make_device, read_device
from provisioning.errors import DeviceFileError, RegistryError
from provisioning.ledger import Ledger
from provisioning.registry import make_registry, read_registry
from provisioning.signed import canonical, parse
from tests.provisioning.box_files import BOX_KEY, DAY, KEYS, OTHER_KEY
from tests.provisioning.desk import ROOT, counties, make_keys, write_csv
from tests.vectors.known import known_key

FIRST, SECOND, THIRD = (known_key(n) for n in (21, 22, 23))
NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)


def device(library: str = "CN-110101", number: int = 21) -> DeviceFile:
    return make_device(library, DAY, known_key(number))


def report(library: str, key: object = FIRST) -> object:
    return make_report(Head(library, "2026-11", 1, moment_text(NOW), "1"), [], key)


def test_a_device_is_read_from_its_file_and_from_its_text() -> None:
    assert read_device(device().content) == device()
    assert read_device(device().text.encode()) == device()
    assert read_device(f"  {device().text}\r\n".encode()) == device()
    assert segno.make(device().text).mode == "alphanumeric"
    assert read_device(make_device("box-0123456789abcdef", DAY, FIRST).text.encode()).library == "box-0123456789abcdef"


@given(st.data(), st.booleans())
def test_a_changed_device_is_refused(data: st.DataObject, as_text: bool) -> None:
    content = bytearray(device().text.encode() if as_text else device().content)
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = read_device(bytes(content))
    except DeviceFileError:
        return
    assert found == device()  # blanks around the text, or unused bits of its last letter


@given(st.binary(max_size=300))
def test_any_bytes_are_no_device(content: bytes) -> None:
    with pytest.raises(DeviceFileError):
        read_device(content)


def test_a_device_under_another_name_is_refused() -> None:
    said = parse(device().content)
    said["signed"]["key"] = SECOND.public.raw.hex()
    with pytest.raises(DeviceFileError):
        read_device(canonical(said))
    with pytest.raises(DeviceFileError):
        make_device("../a", DAY, FIRST)


def test_a_registry_is_read_with_the_keys_of_the_desk_only() -> None:
    made = make_registry(3, DAY, [("CN-1", FIRST.public), ("CN-1", SECOND.public), ("CN-2", THIRD.public)], BOX_KEY)
    assert read_registry(made.content, KEYS) == made
    assert len(made.devices) == 3
    for content, keys in ((made.content, [OTHER_KEY.public]), (made.content[:-3], KEYS), (b"x" * (5 << 20), KEYS)):
        with pytest.raises(RegistryError):
            read_registry(content, keys)
    with pytest.raises(RegistryError):
        make_registry(0, DAY, [], BOX_KEY)


def test_the_receiver_follows_the_registry_and_keeps_the_good_one(tmp_path: Path) -> None:
    path = tmp_path / "devices.registry"

    def put(number: int, *names: str) -> None:
        made = make_registry(number, DAY, [(name, FIRST.public) for name in names], BOX_KEY)
        path.with_suffix(".new").write_bytes(made.content)
        path.with_suffix(".new").replace(path)

    put(2, "CN-1")
    known = Registered(path, KEYS)
    assert known.key_of(report("CN-1")) == FIRST.public
    for stranger in (report("CN-2"), report("CN-1", SECOND)):
        with pytest.raises(UnknownDeviceError):
            known.key_of(stranger)
    put(3, "CN-2")
    assert known.libraries() == {"CN-2"}
    put(2, "CN-1")
    assert known.libraries() == {"CN-2"}
    path.write_bytes(b"damaged")
    assert known.libraries() == {"CN-2"}
    path.unlink()
    assert known.libraries() == {"CN-2"}
    with pytest.raises(OSError, match="No such file"):
        Registered(path, KEYS)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Three provisioned libraries; arguments of `enrol`."""
    path = make_keys(tmp_path / "keys", monkeypatch)
    monkeypatch.chdir(tmp_path)
    Path("root.json").write_text(ROOT)
    write_csv(Path("list.csv"), counties(3))
    keys = ["--keys", "keys", "--passphrases", str(path)]
    assert main(["batch", "list.csv", "--root", "root.json", "--to", "out", *keys]) == 0
    Path("home").mkdir()
    capsys.readouterr()
    return [*keys, "--to", "devices.registry"]


def put(*devices: DeviceFile) -> None:
    for one in devices:
        Path(f"home/{one.library}.device").write_bytes(one.content)


def test_enrol_signs_what_returns_takes(desk: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    put(device(), device("CN-110102", 22))
    assert main(["enrol", "home", "--by", "王敏", *desk]) == 0
    out = capsys.readouterr().out
    assert "新登记 2 台。" in out
    assert "设备名单已签好，共 2 台主机。\n第 1 份名单。" in out
    first = Path("devices.registry").read_bytes()
    assert main(["enrol", "home", *desk]) == 0
    assert "原已登记 2 台" in capsys.readouterr().out
    assert Path("devices.registry").read_bytes() == first
    assert read_registry(first, trusted_keys(Path("keys"))).issued <= date(2100, 1, 1)

    Path("stick").mkdir()
    for name, key in (("CN-110101", FIRST), ("CN-110102", FIRST), ("CN-110105", THIRD)):
        Path(f"stick/{name}.report").write_bytes(report(name, key).content)  # type: ignore[attr-defined]
    options = ["--store", "store", "--registry", "devices.registry", "--trust", "keys"]
    assert packager(["returns", "take", "stick", *options]) == 1
    out = capsys.readouterr().out
    assert "已收下　CN-110101 2026-11" in out
    assert out.count("设备没有登记") == 2
    assert packager(["returns", "list", *options]) == 0
    assert packager(["returns", "take", "stick", *options[:4]]) == 3
    Path("devices.registry").write_bytes(b"{}")
    assert packager(["returns", "take", "stick", *options]) == 3
    assert "设备名单 devices.registry 不完整" in capsys.readouterr().err


def test_nothing_is_enrolled_when_one_is_wrong(desk: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    put(device(), device("CN-999999", 22))
    assert main(["enrol", "home", *desk]) == 3
    assert "台账里没有馆号 CN-999999" in capsys.readouterr().err
    Path("home/CN-999999.device").write_bytes(b"damaged")
    assert main(["enrol", "home", *desk]) == 3
    assert "签名核对不上" in capsys.readouterr().err
    assert not Path("devices.registry").exists()
    with Ledger(Path("keys/ledger.db")) as ledger:
        assert ledger.lines("device") == []
    assert main(["enrol", "keys", *desk]) == 3


def test_another_box_takes_the_place_only_when_it_is_said(desk: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    put(device())
    assert main(["enrol", "home", *desk]) == 0
    again = ["enrol", "--text", device(number=22).text, *desk]
    assert main(again) == 3
    assert "确是换机，请加 --replace" in capsys.readouterr().err
    assert main([*again, "--replace"]) == 0
    assert "新登记 1 台，停用 1 台。" in capsys.readouterr().out
    registry = read_registry(Path("devices.registry").read_bytes(), trusted_keys(Path("keys")))
    assert registry.number == 2
    assert registry.devices == {("CN-110101", SECOND.public)}
    assert main(["enrol", "--text", device("CN-110102", 22).text, *desk]) == 3
    assert "已登记在 CN-110101 名下" in capsys.readouterr().err
    two = [f"--text={device('CN-110105', n).text}" for n in (23, 24)]
    assert main(["enrol", *two, *desk]) == 3
    assert "这一批里有两台不同的主机" in capsys.readouterr().err
