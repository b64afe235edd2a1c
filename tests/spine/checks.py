"""What the tests of the whole path look at: pages, holdings, bytes."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import urllib.parse
from typing import TYPE_CHECKING, Any

from indexer.model import DERIVED_ROLES
from provisioning.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from tests.box import Box


def sentence(key: str) -> str:
    """The fixed beginning of a sentence, up to its first placeholder."""
    return re.split(r"[{]", Words.load("zh-Hans").template(key).text)[0]


def holdings(box: Box) -> Any:
    """The document that the worker publishes."""
    path = box.data / "appliance/holdings.json"
    return json.loads(path.read_text()) if path.exists() else {"drives": [], "releases": []}


def shown(box: Box, path: str) -> str:
    """The words of a page, without its marks for line breaks."""
    return re.sub(r"<wbr>|</?span[^>]*>", "", box.get(path).text)


def assert_bytes_equal(box: Box, folder: Path, files: dict[str, list[str]]) -> None:
    """Every source file of every resource is served, whole and by ranges, with its own SHA-256."""
    for resource, names in files.items():
        record = box.get(f"/api/resources/{urllib.parse.quote(resource)}").json()
        wanted = sorted(hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names)
        originals = [i for i in record["items"] if i["role"] not in DERIVED_ROLES]
        assert sorted(i["sha256"] for i in originals) == wanted, resource
        for item in record["items"]:
            answer = box.get(item["url"])
            assert answer.status == 200, (resource, item, answer.text[:500])
            assert hashlib.sha256(answer.body).hexdigest() == item["sha256"]
            assert len(answer.body) == item["size"]
            middle = box.get(item["url"], Range=f"bytes={item['size'] // 2}-{item['size'] // 2 + 99}")
            assert middle.status == 206
            assert middle.body == answer.body[item["size"] // 2 : item["size"] // 2 + 100]


def read_raw(box: Box, path: str) -> bytes:
    """The body bytes that arrive before the connection ends."""
    with socket.create_connection(("127.0.0.1", box.port), 10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while block := connection.recv(1 << 16):
            received += block
    head, _, body = received.partition(b"\r\n\r\n")
    return body if head.startswith(b"HTTP/1.1 200") else b""


def found_ids(box: Box, q: str) -> list[str]:
    """Ids on all pages of a search, at most ten pages."""
    first = box.search(q)
    found = [hit["id"] for hit in first["hits"]]
    for page in range(2, min(10, -(-first["total"] // 20)) + 1):
        found += [hit["id"] for hit in box.search(q, page=page)["hits"]]
    return found
