"""`python -m image.builder.twice`: builds the root anew from the same packages and compares; nothing may differ."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import stat
import sys
from pathlib import Path

from image.builder import disk
from image.builder.__main__ import build, plan_of
from image.builder.plan import PROJECT, BuildError

FIRST = PROJECT / "build/image"
SECOND = PROJECT / "build/image/twice"
MAX_SHOWN = 40
_NEVER_SHIPPED = frozenset({"boot", "var", "run", "tmp", "proc", "sys", "dev"})


def differences(first: Path, second: Path) -> list[str]:
    """Names, below two trees, of what is not the same in content, kind, mode, owner or link."""
    seen = (_facts(first), _facts(second))
    return sorted(name for name in seen[0].keys() | seen[1].keys() if seen[0].get(name) != seen[1].get(name))


def _facts(tree: Path) -> dict[str, tuple[object, ...]]:
    facts: dict[str, tuple[object, ...]] = {}
    for path in tree.rglob("*"):
        name = path.relative_to(tree)
        if name.parts[0] in _NEVER_SHIPPED and len(name.parts) > 1:
            continue
        found = path.lstat()
        content = str(path.readlink()) if stat.S_ISLNK(found.st_mode) else ""
        if stat.S_ISREG(found.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        facts[str(name)] = (found.st_mode, found.st_uid, found.st_gid, content)
    return facts


def main() -> int:
    """Build the root of `make image` a second time; 0 when both are the same."""
    words = argparse.Namespace(work=SECOND, trust=FIRST / "authority/trust", version=None, offline=True)
    try:
        build(plan_of(words), root_only=True)
    except BuildError as error:
        print(f"未完成 Not done: {error}", file=sys.stderr)
        return 1
    same = True
    for name in disk.NAMES.values():
        first, second = (disk.sha256(work / "system" / name) for work in (FIRST, SECOND))
        print(f"{name}: {first} {'=' if first == second else '≠'} {second}")
        same = same and first == second
    for name in differences(FIRST / "root", SECOND / "root")[:MAX_SHOWN]:
        print(f"  /{name}")
    if same:
        shutil.rmtree(SECOND)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
