"""Words and pace of the progress line."""

import io

from packager.progress import Progress


def test_progress_in_a_log_writes_a_line_every_ten_seconds():
    now, stream = [0.0], io.StringIO()
    progress = Progress("已封装", stream=stream, clock=lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        progress.update(second + 1, 100, size=(second + 1) * 10_000_000)
    progress.close("好了。")
    assert stream.getvalue().count("\n") == 4
    assert "已封装 21 / 100，210 MB，每秒 10.5 MB，还需约 2 分钟" in stream.getvalue()


def test_progress_names_its_unit_and_no_rate_before_there_is_one():
    now = iter([0.0, 0.0, 5.0])
    progress = Progress("已检查", unit="MB", stream=io.StringIO(), clock=lambda: next(now))
    assert progress.line(0, 44, 0, 0.0) == "已检查 0 / 44 MB"
    assert progress.line(20, 44, 0, 20 / 44) == "已检查 20 / 44 MB，每秒 4 MB，还需不到 1 分钟"


def test_progress_quiet_writes_nothing():
    stream = io.StringIO()
    progress = Progress("已封装", stream=stream, quiet=True)
    progress.update(1, 2)
    progress.close("好了。")
    assert stream.getvalue() == ""


def test_progress_on_a_terminal_rewrites_one_line():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    now, stream = [0.0], Terminal()
    progress = Progress("已封装", stream=stream, clock=lambda: now[0])
    for step in range(3):
        now[0] = float(step + 1)
        progress.update(10**6 if step == 0 else 1)
    progress.close("好了。")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().count("\r") == 4
