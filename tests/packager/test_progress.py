"""Words and pace of the progress line."""

import io

import pytest

from packager.progress import Progress, duration_text, size_text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "不到 1 分钟"),
        (59.9, "不到 1 分钟"),
        (61, "约 2 分钟"),
        (90 * 60, "约 90 分钟"),
        (91 * 60, "约 2 小时"),
        (121 * 60, "约 2 个半小时"),
        (3 * 3600, "约 3 小时"),
        (48 * 3600, "约 2 天"),
        (49 * 3600, "约 3 天"),
    ],
)
def test_duration_text_any_length_is_never_short_of_the_truth(seconds, words):
    assert duration_text(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "不到 1 MB"), (999_999, "不到 1 MB"), (3_200_000_000, "3.2 GB"), (4 * 10**12, "4.0 TB")]
)
def test_size_text_any_size_is_decimal(size, words):
    assert size_text(size) == words


def test_progress_in_a_log_writes_a_line_every_ten_seconds():
    now, stream = [0.0], io.StringIO()
    progress = Progress("已封装", stream=stream, clock=lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        progress.update(second + 1, 100, size=(second + 1) * 10_000_000)
    progress.close("好了。")
    assert stream.getvalue().count("\n") == 4
    assert "已封装 21 / 100，210.0 MB，每秒 10.5 MB，还需约 2 分钟" in stream.getvalue()


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
