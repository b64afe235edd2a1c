"""`appliance`: the command line of the box. See docs/operations.md.

    appliance serve --settings FILE            serve until SIGTERM or Ctrl-C; SIGHUP: start anew without a gap
    appliance account init --settings FILE     make the director's account and print its first password, once
    appliance status --settings FILE           one light, one sentence
    appliance report --settings FILE [--to FOLDER]   who this box is, its reports, and the files to carry
    appliance screen --settings FILE [--png FILE]   show the state on the attached screen, or in a picture
    appliance settings-check --settings FILE   whether the settings can be used
    appliance box apply                        root: choose the box file, write what the box runs with
    appliance branch-copy --settings FILE [DRIVE] --to FOLDER   a verified copy for a branch

Exit codes: 0 done; 1 not done, the reason is printed; 4 the settings cannot be used. `status`: 0 normal, 1 working,
2 attention, 3 not running.
"""

from __future__ import annotations

import argparse
import functools
import logging
import queue
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from appliance.box.arguments import add_box_command
from appliance.clock import RealClock
from appliance.errors import ApplianceError, SettingsError
from appliance.settings import Settings, load_settings

_log = logging.getLogger(__name__)

EXIT_FAILED = 1
EXIT_SETTINGS = 4
TELL_SECONDS = 2.0
_STOP, _AT_ONCE, _AGAIN, _FAILED = "stop", "at once", "again", "failed"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = _parser().parse_args(arguments)
    try:
        if words.command == "box":
            return _box(words)
        settings = load_settings(words.settings)
        if words.command == "branch-copy":
            return _branch_copy(settings, words)
        if words.command == "report":
            return _report(settings, words.to)
        if words.command == "screen":
            return _screen(settings, words)
        run = {
            "serve": _serve,
            "account": _account_init,
            "status": _status,
            "settings-check": _settings_check,
        }[words.command]
        return run(settings, words.settings)
    except SettingsError as error:
        print(f"settings: {error}", file=sys.stderr)
        return EXIT_SETTINGS
    except (ApplianceError, OSError) as error:
        print(f"{getattr(error, 'code', 'system')}: {error}", file=sys.stderr)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="appliance", description="书箱主机 The box in the county library.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve until SIGTERM or Ctrl-C")
    account = commands.add_parser("account", help="staff accounts")
    init = account.add_subparsers(dest="action", required=True).add_parser(
        "init", help="make the director's account and print its first password, once"
    )
    status = commands.add_parser("status", help="one light, one sentence")
    report = commands.add_parser("report", help="who this box is, and its reports")
    report.add_argument("--to", type=Path, metavar="FOLDER", help="put its public key and waiting reports there")
    screen = commands.add_parser("screen", help="show the state on the attached screen")
    screen.add_argument(
        "--framebuffer", type=Path, default=Path("/dev/fb0"), metavar="DEVICE", help="the screen; /dev/fb0"
    )
    screen.add_argument("--png", type=Path, metavar="FILE", help="draw once, into a picture")
    screen.add_argument("--size", type=_size, default=(1366, 768), metavar="WxH", help="of the picture; 1366x768")
    check = commands.add_parser("settings-check", help="whether the settings can be used")
    copy = commands.add_parser("branch-copy", help="copy a plugged drive, or the library as it is, for a branch")
    copy.add_argument(
        "drive", type=Path, nargs="?", metavar="DRIVE", help="folder of a plugged drive; else the library"
    )
    copy.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="an empty disk, mounted for writing")
    copy.add_argument("--bundle", default="", help="which bundle of the library, when there are several")
    add_box_command(commands)
    copy.add_argument("--disk", type=int, default=0, metavar="N", help="one drive of a set; else all, each in a folder")
    for command in (serve, init, status, report, screen, check, copy):
        command.add_argument("--settings", type=Path, required=True, metavar="FILE", help="the TOML file")
    return parser


def _serve(settings: Settings, settings_file: Path) -> int:
    """Keep the socket, a process that serves and a worker that takes drives in."""
    from appliance.grounding import Grounding
    from appliance.keeping import ServingKeeper
    from appliance.service.asking import ask
    from appliance.service.journal import set_up_logging
    from appliance.service.notify import Notifier
    from appliance.service.troubles import SERVICE, keep_troubles
    from appliance.service.watchdog import Watchdog
    from appliance.serving.listening import BACKLOG, listen
    from appliance.worker_keeping import WorkerKeeper

    set_up_logging(settings.log_level)
    keep_troubles(settings.data_folder, SERVICE)
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    _hear_signals(told)
    file = settings_file.absolute()
    with listen(settings.listen_host, settings.listen_port) as listener:
        listener.listen(BACKLOG)
        port = listener.getsockname()[1]
        serving = ServingKeeper(file, listener, settings.restart_seconds, lambda: told.put(_FAILED))
        worker, grounding = WorkerKeeper(file), Grounding(file)
        watchdog = Watchdog(
            Notifier(), lambda seconds: ask(settings, port=port, seconds=seconds), worker.lives, serving.starts
        )
        serving.on_replaced = watchdog.replaced
        serving.before_start = lambda died: worker.restart() if grounding.again(died=died) else None
        worker.before_start = lambda: serving.restart() if grounding.again() else None
        word = _FAILED
        try:
            grounding.begin()
            serving.start()
            worker.start()
            watchdog.start()
            while (word := told.get()) == _AGAIN:
                _log.info("told to start again")
                watchdog.replacing()
                serving.restart()
                worker.restart()
            _log.info("told to stop")
        finally:
            watchdog.close()
            worker.leave()
            listener.close()
            serving.close(gently=word == _STOP)
            worker.close()
            if word != _FAILED:
                grounding.end()
    return EXIT_FAILED if word == _FAILED else 0


def _hear_signals(told: queue.SimpleQueue[str]) -> None:
    """SIGTERM stops the box, Ctrl-C at once; SIGHUP replaces its processes, but for a terminal's that was closed."""
    closed = sys.stdin is not None and sys.stdin.isatty()
    words = {signal.SIGTERM: _STOP, signal.SIGINT: _AT_ONCE, signal.SIGHUP: _AT_ONCE if closed else _AGAIN}
    for number, word in words.items():
        signal.signal(number, functools.partial(_tell, told, word))


def _tell(told: queue.SimpleQueue[str], word: str, _number: int, _frame: FrameType | None) -> None:
    told.put(word)


def _account_init(settings: Settings, _file: Path) -> int:
    """Idempotent: prints the name and first password when it makes the account, and nothing on later runs."""
    from appliance.people.accounts import DIRECTOR, Accounts

    accounts = Accounts(settings.accounts_file, RealClock())
    try:
        password = accounts.first_start()
    finally:
        accounts.close()
    if password is None:
        print("账号已经设好，没有改动。", file=sys.stderr)
    else:
        print(f"账号 {DIRECTOR}    初始密码 {password}")
    return 0


def _status(settings: Settings, _file: Path) -> int:
    from appliance.service.asking import ask
    from appliance.status import status_lines

    code, lines = status_lines(ask(settings))
    for line in lines:
        print(line)
    return code


def _branch_copy(settings: Settings, words: argparse.Namespace) -> int:
    from appliance.branch.command import branch_copy
    from appliance.errors import BranchError
    from appliance.worker import read_root
    from packager.format.files import RealFiles
    from provisioning.words import CHINESE, Words, numbers

    said = Words.load(CHINESE)
    names = {"support": settings.support_name}
    try:
        done = branch_copy(
            settings, RealFiles(), read_root(settings.root_file), words.to,
            source=words.drive, bundle=words.bundle, disk=words.disk, progress=_tell_percent(),
        )  # fmt: skip
    except BranchError as error:
        sentence = said.message(error.sentence, {**names, **error.params})
        print(f"{sentence.text}{sentence.second}\n{error.reason}", file=sys.stderr)
        return EXIT_FAILED
    sentence = said.message("branch.copied", names)
    print(f"{sentence.text}{sentence.second}\n{done.written + done.kept:,} 个文件，{numbers.size(done.size)}。")
    return 0


def _tell_percent() -> Callable[[int, int], None]:
    """Tells on a terminal now and then how much is done, in place of what it told before."""
    told = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_SECONDS and sys.stderr.isatty():
            told = time.monotonic()
            print(f"\r{100 * done // max(1, total)} %", end="", file=sys.stderr, flush=True)

    return tell


def _box(words: argparse.Namespace) -> int:
    from appliance.box.command import run_command

    for line in run_command(words):
        print(line)
    return 0


def _report(settings: Settings, to: Path | None) -> int:
    from appliance.sync.carrying import carry, report_lines

    day = max(min(RealClock().now(), settings.horizon), settings.earliest).date()
    for line in report_lines(settings, day):
        print(line)
    if to is not None:
        print(f"已放进 {to}：{'、'.join(carry(settings, to, day))}")
    return 0


def _size(text: str) -> tuple[int, int]:
    """Width and height, as in 1366x768."""
    width, height = (int(side) for side in text.split("x"))
    if not (320 <= width <= 16384 and 200 <= height <= 16384):
        raise ValueError(f"{text}: expected 320x200 to 16384x16384")
    return width, height


def _screen(settings: Settings, words: argparse.Namespace) -> int:
    from appliance.screen.command import picture, show

    if words.png is None:
        show(settings, words.framebuffer)
    else:
        picture(settings, words.size).save(words.png, "PNG")
    return 0


def _settings_check(settings: Settings, _file: Path) -> int:
    from appliance.worker import read_root

    read_root(settings.root_file)
    print("设置可用 the settings can be used")
    return 0


if __name__ == "__main__":
    sys.exit(main())
