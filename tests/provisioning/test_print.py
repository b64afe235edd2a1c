"""Terminals and the staff card: policies that hold in every form, words that fit their page."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from provisioning.cli import main
from provisioning.kiosk import (
    AUTOSTART,
    CHROME,
    EDGE,
    POLICY,
    README,
    Terminal,
    linux_policy,
    policy_of,
    terminal_files,
)
from provisioning.staff_card import staff_card

TERMINAL = Terminal("library.local", ("192.168.1.10",))


def registry(content: bytes) -> dict[str, dict[str, str]]:
    """What a `.reg` file would set: key → name → value as it stands."""
    assert content.startswith(b"\xff\xfe")
    text = content.decode("utf-16")
    assert text.startswith("Windows Registry Editor Version 5.00\r\n\r\n")
    assert "\n" not in text.replace("\r\n", "")
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text.partition("\r\n\r\n")[2])
    return {name: dict(parser[name]) for name in parser.sections()}


def test_only_the_library_may_be_opened() -> None:
    policy = policy_of(TERMINAL)
    assert policy["URLBlocklist"] == ["*", "chrome://*", "edge://*", "javascript://*"]
    assert policy["URLAllowlist"] == [
        "http://.library.local", "https://.library.local", "http://.192.168.1.10", "https://.192.168.1.10",
    ]  # fmt: skip
    assert policy["RestoreOnStartupURLs"] == ["http://library.local/"]
    assert policy["DownloadRestrictions"] == 3
    assert policy_of(Terminal("library.local", downloads=True))["DownloadRestrictions"] == 0
    assert "OverrideSecurityRestrictionsOnInsecureOrigin" not in policy
    assert not policy["PrintingEnabled"]
    printing = policy_of(Terminal("library.local", printing=True))
    assert printing["PrintingEnabled"]
    assert "chrome://print" in printing["URLAllowlist"]


def test_a_terminal_begins_anew_when_nobody_is_there_unless_told_otherwise() -> None:
    assert linux_policy(TERMINAL)["IdleTimeout"] == 60
    assert linux_policy(TERMINAL)["IdleTimeoutActions"] == ["close_browsers"]
    assert linux_policy(Terminal("library.local", idle=0)) == policy_of(TERMINAL) | {
        "URLAllowlist": ["http://.library.local", "https://.library.local"]
    }


def test_a_browser_that_is_closed_is_started_again() -> None:
    desktop = configparser.ConfigParser(interpolation=None)
    desktop.optionxform = str  # type: ignore[assignment,method-assign]
    desktop.read_string(terminal_files(TERMINAL)[AUTOSTART].decode())
    shell, flag, loop = shlex.split(desktop["Desktop Entry"]["Exec"])
    assert (shell, flag) == ("sh", "-c")
    line = re.fullmatch(
        r"cd; while :; do rm -rf \.shuxiang-terminal; (chromium [^;%$]* http://library\.local/); sleep 2; done", loop
    )
    assert line
    assert "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE library.local, EXCLUDE 192.168.1.10" in shlex.split(line[1])


@pytest.mark.parametrize("name", [CHROME, EDGE])
def test_windows_gets_the_same_policies(name: str) -> None:
    files = terminal_files(TERMINAL)
    policy, keys = policy_of(TERMINAL), registry(files[name])
    assert json.loads(files[POLICY]).items() >= policy.items()
    (root,) = [key for key in keys if key.endswith(("Chrome", "Edge"))]
    lists = {key.rpartition("\\")[2]: values for key, values in keys.items() if not key.startswith("-") and key != root}
    for member, value in policy.items():
        if isinstance(value, list):
            assert lists[member] == {f'"{n}"': f'"{one}"' for n, one in enumerate(value, 1)}
            assert f"-{root}\\{member}" in keys
            continue
        spelt = member.replace("Incognito", "InPrivate") if name == EDGE else member
        expected = f'"{value}"' if isinstance(value, str) else f"dword:{int(value):08x}"
        assert keys[root][f'"{spelt}"'] == expected


def test_the_profile_goes_before_each_start(tmp_path: Path) -> None:
    line = next(one for one in terminal_files(TERMINAL)[AUTOSTART].decode().splitlines() if one.startswith("Exec="))
    (tmp_path / "chromium").write_text(
        "#!/bin/sh\nls -A .shuxiang-terminal >>seen\nmkdir .shuxiang-terminal || exit\n"
        'touch ".shuxiang-terminal/$1"\necho run >>seen\n[ $(grep -c run seen) = 2 ] && kill $PPID\n'
    )
    (tmp_path / "chromium").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    subprocess.run(shlex.split(line.partition("=")[2]), env=environment, check=False, capture_output=True, timeout=30)
    assert (tmp_path / "seen").read_text() == "run\nrun\n"


def test_instructions_hold_lines_that_can_be_typed() -> None:
    files = terminal_files(Terminal("shuxiang.tushuguan.example.org"))
    text = files[README].decode("utf-8-sig")
    assert "   msedge.exe --kiosk http://shuxiang.tushuguan.example.org/ --edge-kiosk-type=fullscreen" in text
    assert " --kiosk-idle-timeout-minutes=60\r\n" in text
    assert "…" not in text
    assert not re.search(r"\{[a-z]+\}", text)
    assert b" http://shuxiang.tushuguan.example.org/;" in files[AUTOSTART]


def test_commands_write_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kiosk", "--also", "192.168.1.10", "--to", str(tmp_path / "k")]) == 0
    assert {path.name for path in (tmp_path / "k").iterdir()} == set(terminal_files(TERMINAL))
    assert (tmp_path / "k" / POLICY).read_bytes() == terminal_files(TERMINAL)[POLICY]
    assert main(["staff-card", "--support", "<省馆>", "--phone", "028", "--to", str(tmp_path / "c.html")]) == 0
    text = (tmp_path / "c.html").read_text()
    assert "<b>&lt;省馆&gt;</b><b>028</b>" in text
    assert "下一步：用浏览器打开" in capsys.readouterr().out
    for host in ("https://x", "a b", "127.0.0.1", "-a.b", "x" * 300, "library"):
        with pytest.raises(SystemExit):
            main(["kiosk", f"--address={host}", "--to", str(tmp_path / "k")])
    assert "请写成 library.local 或 192.168.1.10" in capsys.readouterr().err


def test_a_card_without_support_leaves_room_to_write() -> None:
    assert "＿＿＿＿" in staff_card().decode()
