"""A box that was off for fifty editions: the fewest bytes lead there, and nothing on the way is made for readers."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, TargetFile

from packager.authority import add_signature, publish, read_published
from packager.delta.editions import edition_of
from packager.delta.making import DOCUMENT, make_delta
from packager.delta.packs import pack_name
from packager.format.deltas import read_delta
from packager.format.origin import object_path
from packager.format.release import target_name
from packager.signing import SIGNERS
from tests.appliance.sync.updating import UpdatedBox, taken_twice
from tests.faulty_server import Asked, FaultyServer
from tests.simulator import DAY, FastFiles, Publisher

FILES = FastFiles()
LAST = 51
NOISE = random.Random(1).randbytes(3000)


def sources(seq):
    """One book changes with every edition, one with every tenth, one comes and one goes."""
    return {
        "often": ("常改的书", {"o.dat": NOISE[:1000] + b"%d" % seq + NOISE[1000:]}),
        "seldom": ("少改的书", {"s.dat": NOISE[:500] + b"%d" % (seq // 10)}),
        f"of-{seq}": (f"第{seq}版的书", {"n.dat": NOISE[:300] + b"%d" % seq}),
        "stays": ("不变的书", {"t.dat": NOISE}),
    }


def listed(publisher, documents, origin):
    """Sign one list with everything at once, as fifty ceremonies would have."""
    before = read_published((publisher.keys / "tuf",), publisher.root)
    for name, content in documents.items():
        before.targets.targets[name] = TargetFile.from_data(name, content, ["sha256"])
    before.targets.version += 1
    content = Metadata(before.targets).to_bytes()
    for name in SIGNERS:
        content = add_signature(content, publisher.key(name))
    publish((publisher.keys / "tuf", origin / "tuf"), before, content, documents, publisher.key("online"), DAY, FILES)


def delta(works, old, new, folder, origin):
    """Make a delta; its packs go to the origin. Name and document."""
    head, _ = make_delta(edition_of([works[old]]), edition_of([works[new]]), folder, FILES)
    for number, pack in enumerate(head.packs):
        path = origin / object_path(pack.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        (folder / pack_name(number)).rename(path)
    return head.target, (folder / DOCUMENT).read_bytes()


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """(publisher, work folders by number, an origin with a delta to each edition, one with one over all)."""
    folder = tmp_path_factory.mktemp("chain")
    publisher, edges = Publisher(folder / "publisher"), folder / "edges"
    works = {seq: publisher.release(seq, sources=sources(seq), sign=seq == 1) for seq in range(1, LAST + 1)}
    documents = {target_name("national", seq): (works[seq] / "release.json").read_bytes() for seq in works}
    documents |= dict(delta(works, seq - 1, seq, folder / "made", edges) for seq in range(2, LAST + 1))
    listed(publisher, documents, edges)
    direct = Path(shutil.copytree(edges, folder / "direct"))
    listed(publisher.fork(folder / "again"), dict([delta(works, 1, LAST, folder / "made", direct)]), direct)
    return publisher, works, edges, direct


def brought(server):
    return {name: size for name, size in server.sent.items() if name.startswith(("objects/", "tuf/targets/deltas/"))}


@pytest.fixture
def box_at(chain, tmp_path):
    servers = []

    def make(origin, seq=1):
        server = FaultyServer(origin)
        servers.append(server)
        return server, UpdatedBox(tmp_path / f"box-{seq}", chain[0].root, chain[1][seq], (server.address,), FILES)

    yield make
    for server in servers:
        server.close()


def test_fifty_deltas_lead_to_the_newest_and_items_that_never_changed_come_from_the_first_drive(chain, box_at):
    _, works, edges, _ = chain
    server, box = box_at(edges)
    assert box.updater.turn().key == "sync.applied"
    assert box.has(works[LAST])
    # All packs, and the list of items, to see whether whole items would be less.
    assert len([name for name in brought(server) if name.startswith("objects/")]) == LAST
    assert not taken_twice(server.taken)
    assert (box.seqs(), len(box.came)) == ([1, LAST], 1)  # nobody was told of what was passed by, and it went


def test_chain_that_breaks_off_leaves_readers_what_was_reached(chain, box_at):
    _, works, edges, _ = chain
    server, box = box_at(edges)
    document = next((edges / "tuf/targets/deltas/national").glob("*.5-6.jsonl"))
    lacking = object_path(read_delta(document)[0].packs[0].sha256)
    server.fault = lambda asked: asked.send(asked.head("404 Not Found")) if asked.name == lacking else asked.right()
    box.updater.turn()
    assert (box.seqs(), [name.split("-")[0] for name in box.came]) == ([1, 5], ["national/5"])
    server.fault = Asked.right
    assert box.updater.turn().key == "sync.applied"
    assert box.has(works[LAST])
    assert box.seqs() == [1, 5, LAST]  # what intake knows of is intake's business
    assert not taken_twice(server.taken)


def test_delta_to_the_newest_is_taken_where_it_is_less_than_all_between(chain, box_at):
    _, works, _, direct = chain
    server, box = box_at(direct)
    assert box.updater.turn().key == "sync.applied"
    assert box.has(works[LAST])
    assert [name.split("-")[0] for name in box.came] == [f"national/{LAST}"]
    assert len([name for name in brought(server) if name.startswith("objects/")]) == 1
