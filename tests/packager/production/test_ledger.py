"""The ledger: what may follow what, whole batches or nothing, nothing lost at a kill."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.cli import DONE, NOT_DONE, main
from packager.production.errors import LedgerError
from packager.production.ledger import Entered, Ledger, Line
from packager.production.ledger_files import moment, read_batch
from packager.production.ledger_report import report_rows, report_table
from packager.production.serials import following
from packager.production.states import State, may_follow, parse_state

SERIALS = following("SX2600000011", 300)
WAY = [State.WRITTEN, State.CHECKED, State.PACKED, State.SHIPPED, State.RECEIVED, State.ENABLED]


def line(serial, state, minute=0, **more):
    place = {"county": "510726", "library": "清平县图书馆"} if state is State.SHIPPED else {}
    return Line(serial, state, f"2026-11-26T09:{minute:02}", "王敏", **{**place, **more})


def test_a_drive_goes_its_way_and_keeps_every_line(tmp_path):
    with Ledger(tmp_path / "l.db") as ledger:
        for minute, state in enumerate(WAY):
            more = {"edition": "2026.11", "hardware": "WD-1"} if state is State.WRITTEN else {}
            assert ledger.enter([line(SERIALS[0], state, minute, **more)]) == Entered(1, 0)
        now = ledger.current(SERIALS[0])
        assert (now.state, now.county, now.library) == (State.ENABLED, "510726", "清平县图书馆")
        assert (now.edition, now.hardware) == ("2026.11", "WD-1")
        assert [entry.state for entry in ledger.history(SERIALS[0])] == WAY
        ledger.enter([line(SERIALS[0], State.RETURNED, 30), line(SERIALS[0], State.WRITTEN, 31)])
        assert ledger.current(SERIALS[0]).county == "", "written anew it is nobody's"
    with Ledger(tmp_path / "l.db") as again:
        assert len(again.history(SERIALS[0])) == 8


@given(st.sampled_from(list(State)), st.sampled_from([None, *State]))
def test_only_the_way_and_returns_are_allowed(state, before):
    expected = (
        (state is State.WRITTEN and before in {None, State.RETURNED})
        or (state is State.RETURNED and before not in {None, State.RETURNED})
        or (state in WAY[1:] and before is WAY[WAY.index(state) - 1])
    )
    assert may_follow(state, before) == expected


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"serial": "SX2600000012"}, "编号不对"),
        ({"at": "26 November"}, "不认识"),
        ({"person": " "}, "经手人"),
        ({"state": State.PACKED}, "还没有这块盘"),
        ({"county": "5107"}, "六位"),
        ({"county": "５１０７２６"}, "六位"),
        ({"note": "长" * 201}, "超过 200"),
    ],
)
def test_lines_that_are_not_allowed_say_why(tmp_path, changed, words):
    values = {"serial": SERIALS[0], "state": State.WRITTEN, "at": "2026-11-26T09:00", "person": "王敏", **changed}
    with Ledger(tmp_path / "l.db") as ledger:
        with pytest.raises(LedgerError) as refused:
            ledger.enter([Line(**values)])
        assert words in refused.value.problems[0]
        assert list(ledger.drives()) == []


def test_shipping_needs_a_county_and_receiving_the_same_one(tmp_path):
    with Ledger(tmp_path / "l.db") as ledger:
        ledger.enter([line(SERIALS[0], state, n) for n, state in enumerate(WAY[:3])])
        with pytest.raises(LedgerError) as refused:
            ledger.enter([line(SERIALS[0], State.SHIPPED, 5, county="")])
        assert "馆代码" in refused.value.problems[0]
        ledger.enter([line(SERIALS[0], State.SHIPPED, 5)])
        with pytest.raises(LedgerError) as refused:
            ledger.enter([line(SERIALS[0], State.RECEIVED, 6, county="110101")])
        assert "发往的 510726" in refused.value.problems[0]
        with pytest.raises(LedgerError) as refused:
            ledger.enter([line(SERIALS[0], State.RECEIVED, 4)])
        assert "早于" in refused.value.problems[0]


def test_a_batch_is_entered_whole_or_not_at_all_and_twice_counts_once(tmp_path):
    batch = [line(serial, State.WRITTEN) for serial in SERIALS[:50]]
    with Ledger(tmp_path / "l.db") as ledger:
        bad = [*batch[:20], line(SERIALS[0], State.SHIPPED, 1), *batch[20:], line("SX2600000012", State.WRITTEN)]
        with pytest.raises(LedgerError) as refused:
            ledger.enter(bad)
        assert [p.split("　")[0] for p in refused.value.problems] == ["第 21 行", "第 52 行"]
        assert list(ledger.drives()) == []
        assert ledger.enter(batch) == Entered(50, 0)
        assert ledger.enter(batch) == Entered(0, 50)


def test_lines_cannot_be_changed_or_removed(tmp_path):
    with Ledger(tmp_path / "l.db") as ledger:
        ledger.enter([line(SERIALS[0], State.WRITTEN)])
    with sqlite3.connect(tmp_path / "l.db") as db:
        for statement in ("DELETE FROM line", "UPDATE line SET state = 'enabled'"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                db.execute(statement)
    db.close()


def test_killed_at_any_moment_it_keeps_whole_batches_and_all_that_was_acknowledged(tmp_path):
    """A child enters batches of three and says so over a pipe; kill -9 falls anywhere. Thirty kills."""
    path, chance, batch_of = tmp_path / "l.db", random.Random(7), 3
    Ledger(path).__exit__(None, None, None)
    done = 0
    for _ in range(30):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            ledger = Ledger(path)
            for n in range(done, 100):
                ledger.enter([line(serial, State.WRITTEN) for serial in SERIALS[n * batch_of : (n + 1) * batch_of]])
                os.write(writing, b"x")
            os._exit(0)
        os.close(writing)
        wanted, acknowledged = chance.randrange(0, 3), 0
        while acknowledged < wanted and os.read(reading, 1):
            acknowledged += 1
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        acknowledged += len(os.read(reading, 1000))
        os.close(reading)
        with Ledger(path) as ledger:
            held = [drive.serial for drive in ledger.drives()]
        assert len(held) % batch_of == 0
        assert held == SERIALS[: len(held)]
        assert len(held) // batch_of >= done + acknowledged
        done = len(held) // batch_of
    assert done > 10


CSV = (
    "编号,状态,时间,经手人,备注,馆代码,馆名,颜色\r\nSX26 0000 0011,写入,2026/11/26 9:30,王敏,第一块,,,红\r\n"
    ",,,,,,,\r\nsx2600000020,写入,2026-11-26,李静,,,,\r\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_spreadsheets_are_read_as_they_come(tmp_path, encoding):
    path = tmp_path / "batch.csv"
    path.write_bytes(CSV.encode(encoding))
    first, second = read_batch(path)
    assert first == Line("SX2600000011", State.WRITTEN, "2026-11-26T09:30", "王敏", "第一块")
    assert (second.at, second.person) == ("2026-11-26T00:00", "李静")


def test_spreadsheet_rows_that_cannot_be_read_are_all_named(tmp_path):
    path = tmp_path / "batch.csv"
    path.write_text(CSV.replace("写入,2026/11/26 9:30", "写好,昨天") + "SX2600000020,装箱,明天,李静,,,,\r\n", "utf-8")
    with pytest.raises(LedgerError) as refused:
        read_batch(path)
    assert [problem.split("　")[0] for problem in refused.value.problems] == ["第 2 行", "第 5 行"]
    path.write_text("编号,时间\nx,y\n", "utf-8")
    with pytest.raises(LedgerError, match="状态、经手人"):
        read_batch(path)


@settings(max_examples=200)
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: f"编号,状态,时间,经手人\n{text}".encode()))
def test_hostile_spreadsheets_raise_nothing_else(content):
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        Path(file.name).write_bytes(content)
        with contextlib.suppress(LedgerError):
            read_batch(Path(file.name))


def test_words_and_moments():
    assert parse_state(" 退换 ") is State.RETURNED
    assert parse_state("shipped") is State.SHIPPED
    with pytest.raises(ValueError, match="可用：写入"):
        parse_state("丢失")
    assert moment("2026/1/2 3:04") == "2026-01-02T03:04"
    assert moment(moment("0999-01-02")) == "0999-01-02T00:00"
    with pytest.raises(ValueError, match="不认识"):
        moment("26.11.2026")


def test_reports_by_state_province_and_county(tmp_path):
    with Ledger(tmp_path / "l.db") as ledger:
        for n, county in enumerate(("510726", "510727", "110101")):
            for minute, state in enumerate(WAY[: 4 + n]):
                place = {"county": county, "library": f"馆{n}"} if state is State.SHIPPED else {}
                ledger.enter([line(SERIALS[n], state, minute, **place)])
        ledger.enter([line(SERIALS[3], State.WRITTEN)])
        drives = list(ledger.drives())
    by_county = {row.key: row for row in report_rows(drives, "county")}
    assert list(by_county) == ["", "110101", "510726", "510727"]
    assert by_county["510727"].counts == {State.RECEIVED: 1}
    assert by_county["510727"].name == "馆1"
    assert {row.key: row.total for row in report_rows(drives, "province")} == {"": 1, "11": 1, "51": 2}
    table = report_table(report_rows(drives, "county"), "county").splitlines()
    assert table[0].split() == ["馆代码", "馆名", "写入", "复检", "装箱", "发出", "签收", "启用", "退换", "合计"]
    assert table[-1].split() == ["合计", "1", "0", "0", "1", "1", "1", "0", "4"]
    assert "合计           4" in report_table(report_rows(drives, "state"), "state")


def ledger(*arguments):
    return main(["ledger", *map(str, arguments)])


def test_commands_enter_import_show_report(tmp_path, capsys):
    path, batch = tmp_path / "台账.db", tmp_path / "batch.csv"
    batch.write_text(CSV, "utf-8")
    assert ledger("import", path, batch) == DONE
    assert "已记入 2 条" in capsys.readouterr().out
    assert ledger("enter", path, "SX26 0000 0011", "sx2600000020", "--state", "复检", "--by", "王敏") == DONE
    assert ledger("enter", path, SERIALS[0], "--state", "发出", "--by", "王敏", "--county", "510726") == NOT_DONE
    said = capsys.readouterr().err
    assert "现在是“复检”" in said
    assert "整批都没有记入" in said
    assert ledger("show", path, "SX26 0000 0011") == DONE
    shown = capsys.readouterr().out
    assert "写入　王敏　第一块" in shown
    assert "复检" in shown
    assert ledger("report", path) == DONE
    assert "复检           2" in capsys.readouterr().out
    assert ledger("report", path, "--by", "馆", "--json") == DONE
    assert json.loads(capsys.readouterr().out)["rows"] == [{"key": "", "name": "", "states": {"checked": 2}}]
    assert ledger("show", path, "SX26 0000 0012") == NOT_DONE
    assert ledger("report", tmp_path / "none.db") == NOT_DONE
    assert not (tmp_path / "none.db").exists()


def test_next_tells_free_numbers_and_makes_no_ledger(tmp_path, capsys):
    path = tmp_path / "l.db"
    assert ledger("next", path, "--year", "2026", "--count", "2") == DONE
    assert capsys.readouterr().out == "SX26 0000 0011\nSX26 0000 0020\n台账里还没有 2026 年的编号。\n"
    assert not path.exists()
    with Ledger(path) as made:
        made.enter([line(SERIALS[n], State.WRITTEN) for n in (0, 1, 4)])
    assert ledger("next", path, "--year", "2026") == DONE
    free = following(SERIALS[0], 6)[5]
    assert capsys.readouterr().out.replace(" ", "").startswith(f"{free}\n2026年已记到{SERIALS[4]}。")
    assert ledger("next", path, "--year", "2027") == DONE
    assert capsys.readouterr().out.startswith("SX27 0000 001")
    with pytest.raises(SystemExit):
        ledger("next", path, "--count", "0")


def test_write_notes_drives_and_refuses_numbers_that_are_taken(made, tmp_path, capsys):
    image, path = made[0], tmp_path / "l.db"
    arguments = [
        "write",
        str(image),
        str(tmp_path / "a.img"),
        "--serial",
        SERIALS[0],
        "--by",
        "王敏",
        "--ledger",
        str(path),
    ]
    arguments += ["--records", str(tmp_path / "r")]
    assert main(arguments) == DONE
    assert "编号已记入台账" in capsys.readouterr().out
    with Ledger(path) as book:
        assert [entry.state for entry in book.history(SERIALS[0])] == [State.WRITTEN, State.CHECKED]
        assert (book.current(SERIALS[0]).edition, book.current(SERIALS[0]).hardware) == ("2026.11", "a.img")
    assert main(arguments) == DONE, "finished before: nothing is written or entered again"
    with Ledger(path) as book:
        assert len(book.history(SERIALS[0])) == 2
    arguments[2] = str(tmp_path / "b.img")
    assert main(arguments) == NOT_DONE
    assert "台账里已有，现在是“复检”" in capsys.readouterr().err
    assert not (tmp_path / "b.img").exists()
