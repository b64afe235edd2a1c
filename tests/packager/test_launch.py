"""Ctrl-C while the builder's command line is still loading."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

STOPPED_WHILE_LOADING = """
import importlib.abc, os, signal, sys

class Impatient(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "{name}":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Impatient())
sys.argv = ["packager", "--help"]
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
from packager.launch import main
sys.exit(main())
"""


def launched(name: str) -> subprocess.CompletedProcess[str]:
    code = STOPPED_WHILE_LOADING.format(name=name)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_stopped_while_loading_is_told_calmly() -> None:
    for name in ("packager.cli", "packager.production.commands"):
        done = launched(name)
        assert (done.returncode, done.stdout) == (130, "")
        assert done.stderr == "\n已停下。还没有开始办，什么都没有改动。\n"


def test_command_that_nobody_stops_runs() -> None:
    done = launched("nothing")
    assert done.returncode == 0
    assert "命令" in done.stdout


def test_command_is_the_launcher_which_loads_nothing_of_the_rest_first() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"]["packager"] == "packager.launch:main"
    code = "import packager.launch, sys; print([m for m in sys.modules if m.startswith(('packager.', 'provisioning'))])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    assert loaded == "['packager.launch']\n"
