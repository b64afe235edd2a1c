"""The build hook of the browser code: what it ships, what it never ships, when it has nothing to do."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
FRONTEND = ROOT / "appliance/web/frontend"
VENDOR = ROOT / "appliance/web/static/vendor"


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", FRONTEND / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def vendor() -> Path:
    if not (VENDOR / "stamp.json").is_file():
        pytest.skip("the front end is not built here")
    return VENDOR


def test_package_json_pins_every_version_exactly() -> None:
    package = json.loads((FRONTEND / "package.json").read_text())
    for name, version in package["dependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name


def test_lock_names_no_registry_and_has_every_digest() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name


def test_fingerprint_changes_with_any_input(hook: ModuleType, tmp_path: Path) -> None:
    scripts = (*hook.ENTRIES, *hook.WORKERS, *hook.IMPORTED)
    for name in ("package.json", "package-lock.json", "hatch_build.py", *scripts):
        (tmp_path / name).write_bytes((FRONTEND / name).read_bytes())
    before = hook.fingerprint(tmp_path)
    assert before == hook.fingerprint(FRONTEND)
    for name in ("package-lock.json", *scripts):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content + b"\n")
        assert hook.fingerprint(tmp_path) != before
        (tmp_path / name).write_bytes(content)


@pytest.mark.parametrize(
    "stamp",
    [None, b"", b"{", b'{"fingerprint": "other", "files": {}}', b'{"fingerprint": "f", "files": {"missing.js": 3}}'],
)
def test_is_current_doubtful_folder_is_made_again(hook: ModuleType, tmp_path: Path, stamp: bytes | None) -> None:
    if stamp is not None:
        (tmp_path / "stamp.json").write_bytes(stamp)
    assert not hook.is_current(tmp_path, "f")


def test_is_current_whole_folder_is_left_alone(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.js").write_bytes(b"abc")
    (tmp_path / "stamp.json").write_text(json.dumps({"fingerprint": "f", "files": {"a.js": 3}}))
    assert hook.is_current(tmp_path, "f")
    (tmp_path / "a.js").write_bytes(b"ab")
    assert not hook.is_current(tmp_path, "f")


def test_size_pages_writes_a_size_that_old_browsers_read_too(hook: ModuleType, tmp_path: Path) -> None:
    size = "`round(down, var(--total-scale-factor) * ${%s}px, var(--scale-round-%s))`"
    script = tmp_path / "pdf.js"
    script.write_text(f"let w={size % ('a', 'x')},h={size % ('b', 'y')};")
    hook.size_pages(script)
    assert "?`round(down, var(--total-scale-factor) * ${a}px, var(--scale-round-x))`:" in script.read_text()
    assert ":`calc(var(--total-scale-factor) * ${b}px)`)" in script.read_text()
    script.write_text(f"let w={size % ('a', 'x')};")
    with pytest.raises(hook.FrontendError):
        hook.size_pages(script)


def test_copy_fonts_rewrites_addresses_and_keeps_ranges(hook: ModuleType, tmp_path: Path) -> None:
    package = tmp_path / "noto-x"
    (package / "files").mkdir(parents=True)
    (package / "files/x-1-400-normal.woff2").write_bytes(b"font")
    face = "@font-face { src: url(./files/x-1-400-normal.woff2) format('woff2'), url(./files/x-1.woff) format('woff');"
    (package / "400.css").write_text(face + " unicode-range: U+4e00-4eff; }\n")
    hook.copy_fonts(package, tmp_path / "fonts", "sans", [400])
    sheet = (tmp_path / "fonts/sans.css").read_text()
    assert "url(files/x-1-400-normal.woff2) format('woff2'); unicode-range: U+4e00-4eff" in sheet
    assert (tmp_path / "fonts/files/x-1-400-normal.woff2").read_bytes() == b"font"


def test_copy_fonts_unknown_form_is_an_error(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "400.css").write_text("@font-face { src: url(https://example.org/x.woff2); }")
    with pytest.raises(hook.FrontendError):
        hook.copy_fonts(tmp_path, tmp_path / "fonts", "sans", [400])


def test_vendor_holds_no_source_map_and_no_script_engine(vendor: Path) -> None:
    names = [p.name for p in vendor.rglob("*") if p.is_file()]
    assert not [n for n in names if n.endswith(".map") or "sandbox" in n or "quickjs" in n.lower()]
    for script in vendor.rglob("*.js"):
        assert "sourceMappingURL" not in script.read_text("utf-8")[-400:], script.name


def test_vendor_has_a_licence_for_every_package(vendor: Path) -> None:
    licences = {p.stem for p in (vendor / "LICENSES").iterdir()}
    shipped = set(json.loads((FRONTEND / "package.json").read_text())["dependencies"]) - {"esbuild"}
    for name in shipped:
        plain = name.rpartition("/")[2].removesuffix(".org")
        assert any(licence.startswith(plain) for licence in licences), name


def test_vendor_style_sheets_reach_nothing_outside(vendor: Path) -> None:
    for sheet in vendor.rglob("*.css"):
        for address in re.findall(r"url\(\s*[\"']?([^\"')]+)", sheet.read_text("utf-8")):
            if not address.startswith(("data:", "#")):
                assert not re.match(r"[a-z]+:|//", address), address
                assert (sheet.parent / address).is_file(), f"{sheet.name}: {address}"


def test_vendor_style_sheets_hold_no_rules_in_rules(vendor: Path) -> None:
    assert not re.search(r"[{;}]\s*&", (vendor / "pdf_viewer.css").read_text("utf-8"))


def test_vendor_fonts_cover_common_characters(vendor: Path) -> None:
    for family in ("sans", "serif"):
        ranges = re.findall(r"u\+([0-9a-f]+)(?:-([0-9a-f]+))?", (vendor / f"fonts/{family}.css").read_text().lower())
        spans = [(int(a, 16), int(b or a, 16)) for a, b in ranges]
        for character in "论语學而時習之鬱龜，。《》〇ǎāü":
            assert any(low <= ord(character) <= high for low, high in spans), character
