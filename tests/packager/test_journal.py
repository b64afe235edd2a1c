"""The build journal: what is noted comes back, in order, and what a run no longer sees is dropped."""

from packager.journal import BuildJournal, PackedItem
from packager.made import Facts


def item(name, resource="A1", path=None):
    return PackedItem(
        name, resource, f"files/{name}.pdf", 10, 20, "", path or f"data/aa/{name}.pdf", 10, "0" * 64, b"",
        Facts("application/pdf", pages=3),
    )  # fmt: skip


def test_journal_reopened_knows_the_items_of_a_resource(tmp_path):
    with BuildJournal(tmp_path / "build.db") as journal:
        journal.add_item(item("x"))
        journal.add_item(item("y", resource="A2"))
        journal.commit()
    with BuildJournal(tmp_path / "build.db") as journal:
        assert journal.known("A1") == {"files/x.pdf": item("x")}
        assert journal.known("A3") == {}
        assert journal.run == 2


def test_journal_closed_without_commit_forgets(tmp_path):
    with BuildJournal(tmp_path / "build.db") as journal:
        journal.add_item(item("x"))
    with BuildJournal(tmp_path / "build.db") as journal:
        assert journal.known("A1") == {}


def test_journal_forget_unseen_drops_what_this_run_did_not_note(tmp_path):
    with BuildJournal(tmp_path / "build.db") as journal:
        for name in ("x", "y"):
            journal.add_item(item(name))
            journal.add_record(name, name.encode() + b"\n", 10)
        journal.commit()
    with BuildJournal(tmp_path / "build.db") as journal:
        journal.add_item(item("y"))
        journal.add_record("y", b"y\n", 10)
        journal.forget_unseen()
        assert not journal.holds("data/aa/x.pdf")
        assert journal.holds("data/aa/y.pdf")
        assert list(journal.lines()) == [b"y\n"]
        assert journal.totals() == (1, 1, 10)


def test_journal_lines_come_in_the_order_of_utf8_bytes(tmp_path):
    ids = ["b", "A", "a", "Z", "a.1", "a-1", "local:z"]
    with BuildJournal(tmp_path / "build.db") as journal:
        for name in ids:
            journal.add_record(name, name.encode(), 0)
        assert list(journal.lines()) == sorted(name.encode() for name in ids)


def test_journal_items_come_sorted_by_path(tmp_path):
    with BuildJournal(tmp_path / "build.db") as journal:
        journal.add_item(item("x", path="data/zz/x"))
        journal.add_item(item("y", path="data/aa/y"))
        assert [row[2] for row in journal.items()] == ["data/aa/y", "data/zz/x"]
