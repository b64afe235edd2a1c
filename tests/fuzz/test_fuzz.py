"""The short form of fuzzing: every target reads its seeds and some hundred changed ones, within its bounds."""

from __future__ import annotations

import logging
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fuzz.mutation import mutate
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

SECONDS = 0.3
"""CPU time for each target."""
FEWEST = 20
"""Changed inputs that each target reads at least."""


@pytest.mark.parametrize("name", TARGETS)
def test_fuzz_target_for_a_moment(name: str) -> None:
    target = TARGETS[name]
    logging.disable(logging.CRITICAL)
    try:
        taken, refused = _run(target)
    finally:
        logging.disable(logging.NOTSET)
    assert taken > 0, "no input was ever taken"
    assert refused > 0, "no input was ever refused"


def _run(target: Target) -> tuple[int, int]:
    chance = random.Random(target.name)
    seeds = list(target.seeds())
    inputs = list(seeds)
    begun, memory = time.process_time(), _memory()
    counts = {True: 0, False: 0}
    done = 0
    while done < len(seeds) + FEWEST or time.process_time() - begun < SECONDS:
        data = inputs[done] if done < len(seeds) else _changed(chance.choice(seeds), chance, target)
        before = time.process_time()
        counts[target.run(data)] += 1
        assert time.process_time() - before < target.seconds, data[:200]
        done += 1
    assert _memory() - memory < target.memory
    return counts[True], counts[False]


def _changed(seed: bytes, chance: random.Random, target: Target) -> bytes:
    return mutate(seed, chance, target.tokens, target.max_len, target.prefix)


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def test_fuzz_long_form_runs_and_reports(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    report = tmp_path / "fuzzing.md"
    command = [sys.executable, "-m", "tests.fuzz", "bag-info", "--seconds", "1", "--report", str(report)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], capture_output=True, timeout=280)
    assert "| `bag-info` | `packager.format.baginfo.BagInfo` |" in report.read_text("utf-8")
