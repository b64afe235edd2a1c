"""The software bill of materials, as CycloneDX 1.5 JSON: Debian packages, wheels, browser packages."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.parser import Parser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from image.builder.packages import Package, locked
from image.builder.plan import PROJECT, BuildError, Plan

FILE = "bill.cdx.json"
BROWSER_LOCK = PROJECT / "appliance/web/frontend/package-lock.json"
_TOOLS = ("esbuild", "@esbuild/")
"""Of the browser's lock, what builds and is not shipped."""

Component = dict[str, Any]


def installed(status: str) -> Iterator[tuple[str, str]]:
    """Name and version of what dpkg's status file says is installed."""
    for block in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(" "))
        if fields.get("Status", "").endswith(" installed"):
            yield fields["Package"], fields["Version"]


def debian(present: Iterable[tuple[str, str]], cache: Iterable[Package]) -> Iterator[Component]:
    """Components of Debian packages.

    Raises:
        BuildError: one is installed that the cache has not.
    """
    digests = {(package.name, package.version): package.sha256 for package in cache}
    for name, version in sorted(present):
        digest = digests.get((name, version))
        if digest is None:
            raise BuildError(f"{name} {version} is installed and was not fetched")
        address = f"pkg:deb/debian/{name}@{quote(version, safe='.~-')}?arch=amd64&distro=bookworm"
        yield _component(name, version, address, "SHA-256", digest)


def python(wheels: Iterable[Path]) -> Iterator[Component]:
    """Components of wheels."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            inside = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            fields = Parser().parsestr(archive.read(inside).decode(), headersonly=True)
        name, version = fields["Name"].lower().replace("_", "-"), fields["Version"]
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        component = _component(name, version, f"pkg:pypi/{name}@{quote(version)}", "SHA-256", digest)
        if fields["License-Expression"]:
            component["licenses"] = [{"expression": fields["License-Expression"]}]
        yield component


def browser(lock: Mapping[str, Any]) -> Iterator[Component]:
    """Components of what the browser gets, from npm's lock."""
    for place, values in sorted(lock["packages"].items()):
        name = place.rpartition("node_modules/")[2]
        if not name or values.get("dev") or values.get("optional") or name.startswith(_TOOLS):
            continue
        kind, _, digest = values["integrity"].partition("-")
        address = f"pkg:npm/{quote(name, safe='/')}@{values['version']}"
        label = {"sha512": "SHA-512", "sha1": "SHA-1", "sha256": "SHA-256"}[kind]
        component = _component(name, values["version"], address, label, base64.b64decode(digest).hex())
        if isinstance(values.get("license"), str):
            component["licenses"] = [{"expression": values["license"]}]
        yield component


def _component(name: str, version: str, address: str, kind: str, digest: str) -> Component:
    return {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
        "hashes": [{"alg": kind, "content": digest}],
    }


def bill(components: list[Component], plan: Plan) -> dict[str, Any]:
    """The whole document; the same components give the same one."""
    listed = json.dumps(components, sort_keys=True).encode()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(listed).hexdigest())}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(plan.epoch, UTC).isoformat(),
            "component": {"type": "operating-system", "name": "shuxiang-system", "version": str(plan.version)},
        },
        "components": components,
    }


def write(plan: Plan, wheels: list[Path]) -> Path:
    """Write the bill of the tree beside it and into it.

    Raises:
        BuildError: the tree holds what was not fetched.
    """
    status = (plan.tree / "var/lib/dpkg/status").read_text()
    components = [
        *debian(installed(status), locked(plan)),
        *python(wheels),
        *browser(json.loads(BROWSER_LOCK.read_bytes())),
    ]
    target = plan.work / FILE
    target.write_text(json.dumps(bill(components, plan), ensure_ascii=False, indent=1) + "\n")
    shutil.copyfile(target, plan.tree / "usr/share/shuxiang" / FILE)
    return target
