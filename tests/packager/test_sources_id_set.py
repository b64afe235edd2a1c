"""Ids that were met before are known, and no other."""

from packager.sources import id_set
from packager.sources.id_set import IdSet


def test_id_set_knows_what_was_added():
    known = IdSet()
    assert all(known.add(f"made-{n}") for n in range(3000))
    assert not any(known.add(f"made-{n}") for n in range(0, 3000, 7))
    assert known.add("other")
    assert len(known) == 3001


def test_id_set_with_all_ids_in_few_buckets_keeps_them_apart(monkeypatch):
    class Digest:
        def __init__(self, data, digest_size):
            # Every digest is in the first bucket and made of few bytes, so that parts of two look like a third.
            self.content = bytes(2) + bytes(int(c) for c in f"{int(data):08b}")

        def digest(self):
            return self.content

    monkeypatch.setattr(id_set.hashlib, "blake2b", Digest)
    known = IdSet()
    added = set()
    for n in [*range(0, 256, 3), *range(256)]:
        assert known.add(str(n)) == (n not in added)
        added.add(n)
