"""One target under atheris, in a process of its own: `python -m tests.fuzz.child NAME STATS [libFuzzer options]`.

What the parent cannot learn from libFuzzer's own lines (the slowest input, peak memory, how many inputs were taken) is
written to STATS again and again, for the process ends wherever libFuzzer ends it.
"""

from __future__ import annotations

import json
import logging
import random
import resource
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["appliance", "indexer", "packager", "provisioning", "tuf"]):
    from tests.fuzz.mutation import mutate
    from tests.fuzz.targets import TARGETS


SLOWER = 10
"""Seconds of CPU time in instrumented code for each second of a target's bound."""


class _Runner:
    def __init__(self, name: str, stats: Path) -> None:
        self.target, self._stats = TARGETS[name], stats
        self._begun = self._told = time.monotonic()
        self._slowest, self._input = 0.0, b""
        self._done = self._taken = 0
        self._seeds = len(self.target.seeds())

    def one(self, data: bytes) -> None:
        before = time.process_time()
        self._taken += self.target.run(data)
        spent = time.process_time() - before
        assert spent < self.target.seconds * SLOWER, f"took {spent:.1f} s of CPU time"
        self._done += 1
        if self._done > self._seeds and spent > self._slowest:  # the first ones also import things
            self._slowest, self._input = spent, data
        if time.monotonic() - self._told > 0.5 or self._done == 1:
            self.tell()

    def tell(self) -> None:
        self._told = time.monotonic()
        facts = {
            "executions": self._done,
            "taken": self._taken,
            "seconds": self._told - self._begun,
            "slowest": self._slowest,
            "input": self._input.hex(),
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }
        written = self._stats.with_suffix(".new")
        written.write_text(json.dumps(facts))
        written.replace(self._stats)  # the process may end at any moment


def _mutator(runner: _Runner):
    target = runner.target

    def change(data: bytes, max_size: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < 0.5:
            return atheris.Mutate(data, max_size)
        return mutate(data, chance, target.tokens, min(max_size, target.max_len), target.prefix)

    return change


def main() -> None:
    """Run until libFuzzer says it is enough, or until a finding."""
    name, stats, *options = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    runner = _Runner(name, Path(stats))
    atheris.Setup([sys.argv[0], *options], runner.one, custom_mutator=_mutator(runner))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
