"""The bill names all that is shipped, by digests, and the same each time."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path

import pytest

from image.builder import bill
from image.builder.packages import Package
from image.builder.plan import BuildError, Plan, version_of

STATUS = """\
Package: base-files
Status: install ok installed
Version: 12.4+deb12u15
Description: files
 Status: of the long text, not a field

Package: removed-one
Status: deinstall ok config-files
Version: 1
"""


def plan(tmp_path: Path) -> Plan:
    return Plan(work=tmp_path, cache=tmp_path, epoch=1_795_757_481, version=7, source="0", trust=None, offline=True)


def test_installed_packages_are_named_with_their_digest():
    cache = [Package("base-files", "12.4+deb12u15", "b.deb", "ab")]
    (component,) = bill.debian(bill.installed(STATUS), cache)
    assert component["purl"] == "pkg:deb/debian/base-files@12.4%2Bdeb12u15?arch=amd64&distro=bookworm"
    assert component["hashes"] == [{"alg": "SHA-256", "content": "ab"}]


def test_a_package_from_nowhere_is_an_error():
    with pytest.raises(BuildError, match="was not fetched"):
        list(bill.debian([("cuckoo", "1")], []))


def test_a_wheel_says_who_it_is(tmp_path):
    wheel = tmp_path / "some_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "some_thing-1.0.dist-info/METADATA", "Name: Some_Thing\nVersion: 1.0\nLicense-Expression: MIT\n"
        )
    (component,) = bill.python([wheel])
    assert (component["purl"], component["licenses"]) == ("pkg:pypi/some-thing@1.0", [{"expression": "MIT"}])


def test_the_browser_s_packages_are_those_that_are_shipped():
    shipped = {component["name"] for component in bill.browser(json.loads(bill.BROWSER_LOCK.read_bytes()))}
    assert {"htmx.org", "openseadragon", "pdfjs-dist", "@fontsource/noto-sans-sc"} <= shipped
    assert not any("esbuild" in name for name in shipped)


def test_an_integrity_becomes_a_digest():
    lock = {
        "packages": {
            "": {},
            "node_modules/@a/b": {"version": "1", "integrity": "sha512-" + base64.b64encode(b"\1").decode()},
        }
    }
    (component,) = bill.browser(lock)
    assert (component["purl"], component["hashes"][0]["content"]) == ("pkg:npm/%40a/b@1", "01")


def test_the_same_components_give_the_same_bill(tmp_path):
    one, two = (bill.bill([{"name": "a"}], plan(tmp_path)) for _ in range(2))
    assert one == two
    assert one["serialNumber"] != bill.bill([{"name": "b"}], plan(tmp_path))["serialNumber"]


def test_versions_grow_with_their_moment():
    assert version_of(1_795_757_481) == 202611270531
    assert version_of(1_795_757_481) < version_of(1_795_757_481 + 60)
