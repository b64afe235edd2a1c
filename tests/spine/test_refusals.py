"""Drives that are refused: each with its own sentence, and nothing of it served."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.box import Box, copy_drive, make_drive, make_keys, running, wait_for
from tests.spine.checks import holdings, sentence, shown

pytestmark = pytest.mark.timeout(600)


def spoil_tag_file(drive: Path) -> None:
    path = drive / "bag/manifest-sha256.txt"
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))


def spoil_truth(drive: Path) -> None:
    path = drive / "bag/meta/catalogue.jsonl"
    path.write_bytes(path.read_bytes().replace("山".encode(), "水".encode(), 1))


def spoil_metadata(drive: Path) -> None:
    path = max((drive / "tuf/metadata").glob("*.targets.json"))
    text = json.loads(path.read_text())
    next(iter(text["signed"]["targets"].values()))["length"] += 1
    path.write_text(json.dumps(text))


def spoil_key(drive: Path) -> None:
    path = drive / "tuf/metadata/timestamp.json"
    text = json.loads(path.read_text())
    text["signatures"][0]["sig"] = text["signatures"][0]["sig"][::-1]
    path.write_text(json.dumps(text))


def drop_one_signature(drive: Path) -> None:
    path = max((drive / "tuf/metadata").glob("*.targets.json"))
    text = json.loads(path.read_text())
    text["signatures"] = text["signatures"][:1]
    path.write_text(json.dumps(text))


def truncate(drive: Path) -> None:
    path = drive / "bag/meta/items.txt"
    path.write_bytes(path.read_bytes()[:-20])


def empty(drive: Path) -> None:
    shutil.rmtree(drive)
    drive.mkdir()


def make_foreign(drive: Path) -> None:
    empty(drive)
    (drive / "电影").mkdir()
    (drive / "电影/假期.mp4").write_bytes(b"\0" * 1000)


def half_copy(drive: Path) -> None:
    (drive / "bag/tagmanifest-sha256.txt").unlink()


SPOILS = [
    (spoil_tag_file, "intake.refused.list_changed"),
    (spoil_truth, "intake.refused.list_changed"),
    (spoil_metadata, "intake.refused."),
    (spoil_key, "intake.refused."),
    (drop_one_signature, "intake.refused.one_signer"),
    (truncate, "intake.refused.half_copied"),
    (empty, "intake.refused.blank"),
    (make_foreign, "intake.refused.not_ours"),
    (half_copy, "intake.refused.half_copied"),
]


@pytest.mark.parametrize(("spoil", "key"), SPOILS, ids=[s.__name__ for s, _ in SPOILS])
def test_spoiled_drive_is_refused_with_its_sentence_and_nothing_of_it_served(bench, drive, tmp_path, spoil, key):
    media = tmp_path / "media"
    media.mkdir()
    spoil(copy_drive(drive, media / "one"))
    with running(Box(tmp_path / "box", bench / "keys/root.json", [media / "one"])) as box:

        def refused():
            return any(d["state"] == "refused" for d in holdings(box)["drives"])

        wait_for(refused, "the refusal", lambda: f"{holdings(box)}\n{box.log()}")
        [found] = holdings(box)["drives"]
        assert found["message"]["key"].startswith(key), found
        assert box.health()["resources"] == 0
        told = sentence(found["message"]["key"])
        wait_for(lambda: told in shown(box, "/staff"), told, lambda: shown(box, "/staff"))
        assert box.get("/").status == 200


def test_drive_of_another_issuer_is_refused(bench, generated, drive, tmp_path):
    others = make_keys(tmp_path / "keys")
    make_drive(generated.folder, tmp_path / "work", others, tmp_path / "drive")
    with running(Box(tmp_path / "box", bench / "keys/root.json", [tmp_path / "drive", drive])) as box:
        box.wait_resources(len(generated.good))
        states = {d["path"]: d for d in holdings(box)["drives"]}
        assert states[str(tmp_path / "drive")]["message"]["key"] == "intake.refused.unknown_issuer"
        assert states[str(drive)]["state"] == "ready"
