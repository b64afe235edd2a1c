"""`appliance`: the command line of the box. See docs/operations.md.

    appliance serve --settings FILE            serve until SIGTERM or Ctrl-C
    appliance account init --settings FILE     make the director's account and print its first password, once
    appliance status --settings FILE           one light, one sentence
    appliance settings-check --settings FILE   whether the settings can be used

Exit codes: 0 done; 1 not done, the reason is printed; 4 the settings cannot be used. `status`: 0 normal, 1 working,
2 attention, 3 not running.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from appliance.clock import RealClock
from appliance.errors import ApplianceError, SettingsError
from appliance.settings import Settings, load_settings

if TYPE_CHECKING:
    from appliance.serving.server import VerifyingServer

_log = logging.getLogger(__name__)

EXIT_FAILED = 1
EXIT_SETTINGS = 4
RESTART_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""How long to wait before a worker that died is started again; one that ran for a minute starts at once."""
STEADY_SECONDS = 60.0
STOP_SECONDS = 10.0
GRACE_SECONDS = 3.0
"""Answers that are under way may take so long when the box is told to stop."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = _parser().parse_args(arguments)
    try:
        settings = load_settings(words.settings)
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
    check = commands.add_parser("settings-check", help="whether the settings can be used")
    for command in (serve, init, status, check):
        command.add_argument("--settings", type=Path, required=True, metavar="FILE", help="the TOML file")
    return parser


def _serve(settings: Settings, settings_file: Path) -> int:
    """Serve in this process; a worker process takes drives in."""
    from appliance.serve import ServingBox
    from appliance.serving.server import make_server
    from packager.format.files import RealFiles

    _log_to_stderr(settings)
    servers: list[VerifyingServer] = []
    _stop_on_signals(servers)
    box = ServingBox(settings, RealClock(), RealFiles())
    keeper = WorkerKeeper(settings_file.absolute())
    try:
        server = make_server(
            box.app,
            host=settings.listen_host,
            port=settings.listen_port,
            threads=settings.threads,
            connections=settings.connections,
        )
        servers.append(server)
        box.start()
        keeper.start()
        _log.info("serving on port %d", server.port)
        server.run()
        _log.info("told to stop")
    finally:
        keeper.close()
        box.close()
    return 0


def _log_to_stderr(settings: Settings) -> None:
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("tuf").setLevel(logging.WARNING)


def _stop_on_signals(servers: list[VerifyingServer]) -> None:
    """SIGTERM and Ctrl-C let answers that are under way go out; before there is a server they end the start."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not servers:
            raise SystemExit(0)
        servers[0].close(GRACE_SECONDS)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


class WorkerKeeper:
    """Runs the worker process and starts another when it dies."""

    def __init__(self, settings_file: Path) -> None:
        """Nothing runs before `start`."""
        self._file = settings_file
        self._stop = threading.Event()
        self._process: BaseProcess | None = None
        self._thread = threading.Thread(target=self._keep, name="worker-keeper", daemon=True)

    def start(self) -> None:
        """Start the worker and watch over it."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Of the worker that runs now."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """Stop the worker; kill it when it does not stop in time."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        process = self._process
        if process is None or not process.is_alive():
            return
        process.terminate()
        process.join(STOP_SECONDS)
        if process.is_alive():
            _log.warning("the worker does not stop and is killed")
            process.kill()
            process.join()

    def _keep(self) -> None:
        from appliance import worker

        spawn = multiprocessing.get_context("spawn")
        deaths = 0
        while not self._stop.is_set():
            self._process = spawn.Process(target=worker.main, args=(self._file, os.getpid()), name="worker")
            started = time.monotonic()
            self._process.start()
            while self._process.is_alive() and not self._stop.wait(0.2):
                pass
            if self._stop.is_set():
                return
            deaths = 0 if time.monotonic() - started > STEADY_SECONDS else deaths + 1
            wait = RESTART_SECONDS[min(deaths, len(RESTART_SECONDS)) - 1] if deaths else 0.0
            _log.warning("the worker ended with %s; another starts in %.1f s", self._process.exitcode, wait)
            self._stop.wait(wait)


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
    from appliance.status import status_lines

    code, lines = status_lines(settings, RealClock(), answers=_answers(settings))
    for line in lines:
        print(line)
    return code


def _answers(settings: Settings) -> bool:
    """Whether the serving process answers on its own port."""
    host = {"::": "[::1]", "0.0.0.0": "127.0.0.1", "": "127.0.0.1"}.get(settings.listen_host, settings.listen_host)  # noqa: S104
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.listen_port}/health", timeout=3) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _settings_check(settings: Settings, _file: Path) -> int:
    from appliance.worker import read_root

    read_root(settings.root_file)
    print("设置可用 the settings can be used")
    return 0


if __name__ == "__main__":
    sys.exit(main())
