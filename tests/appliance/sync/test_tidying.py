"""Items that no release names go: whenever other releases are here than last time."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

from appliance.store.carried import CarriedStore
from appliance.sync.tidying import Tidying
from packager.format.files import RealFiles


def test_items_go_when_the_release_that_named_them_was_collected(tmp_path):
    files, carried, told = RealFiles(), CarriedStore(tmp_path / "carried"), []
    here = []
    for name in ("one", "two"):
        digest = hashlib.sha256(name.encode()).hexdigest()
        path = carried.path(digest)
        files.make_dir(path.parent)
        files.write_atomic(path, name.encode())
        named = tmp_path / f"{name}.txt"
        named.write_text(f"{digest} 3 data/aa/bb/{digest[:7]}.txt\n", encoding="ascii")
        here.append(SimpleNamespace(folder=name, items_txt=named))
    board = SimpleNamespace(carried_changed=lambda: told.append(len(list(carried.all()))))
    door = SimpleNamespace(store=SimpleNamespace(all=lambda: list(here)), board=board)
    bringing = SimpleNamespace(carried=carried)
    tidying = Tidying(files, door, bringing, None, is_pending=lambda: False)  # type: ignore[arg-type]

    tidying.items()
    assert len(list(carried.all())) == 2
    del here[0]  # collected: nothing new was made
    tidying.items()
    assert len(list(carried.all())) == 1
    assert told == [1]
