"""`make image`: builds `build/image/shuxiang.img` and says what it took."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from image.builder import bill, checks, disk, packages, tree, trust, wheels
from image.builder.plan import PROJECT, BuildError, Plan, commit, version_of
from image.builder.stages import Stages


def main() -> int:
    """Build; 0 when it is done, 1 when it is not, and why is printed."""
    parser = argparse.ArgumentParser(prog="image.builder", description=__doc__)
    parser.add_argument("--work", type=Path, default=PROJECT / "build/image", help="folder of the build")
    parser.add_argument("--trust", type=Path, help="folder with root.json and box-*.pub; else an authority for trials")
    parser.add_argument("--version", type=int, help="number of the system; else from the time of the last commit")
    parser.add_argument("--offline", action="store_true", help="fetch nothing, take what the cache has")
    parser.add_argument("--root-only", action="store_true", help="end with the root file system")
    words = parser.parse_args()
    try:
        build(plan_of(words), root_only=words.root_only)
    except BuildError as error:
        print(f"未完成 Not done: {error}", file=sys.stderr)
        return 1
    return 0


def plan_of(words: argparse.Namespace) -> Plan:
    """The build that a command line asks for.

    Raises:
        BuildError: it cannot be built here.
    """
    if os.geteuid() != 0:
        raise BuildError("building the image needs root")
    source, epoch = commit()
    work = words.work.resolve()
    cache = PROJECT / "build/image/cache"
    for folder in (work, cache):
        folder.mkdir(parents=True, exist_ok=True)
    return Plan(
        work=work,
        cache=cache,
        epoch=epoch,
        version=words.version or version_of(epoch),
        source=source,
        trust=words.trust.resolve() if words.trust else None,
        offline=words.offline,
    )


def build(plan: Plan, *, root_only: bool = False) -> None:
    """All stages, in order.

    Raises:
        BuildError: one of them failed.
    """
    stages = Stages(plan.work / "stages.json")
    os.umask(0o022)
    if not plan.offline:
        with stages.stage("取软件包 packages"):
            packages.fetch(plan)
        with stages.stage("取 Python 组件 wheels"):
            wheels.fetch(plan)
    with stages.stage("核对软件包 cache"):
        packages.prove(plan)
    with stages.stage("根目录 root tree"):
        packages.unpack(plan)
    with stages.stage("书箱程序 environment"):
        installed = wheels.install(plan)
    with stages.stage("设置 overlay and units"):
        tree.lay_overlay(plan)
        trust.lay(plan)
        tree.settle(plan)
    with stages.stage("清单与检查 bill and checks"):
        listed = bill.write(plan, installed)
        tree.clean(plan)
        checks.demand(plan)
    with stages.stage("压缩 squashfs"):
        disk.squash(plan)
    if root_only:
        return
    with stages.stage("磁盘 disk image"):
        image = disk.make(plan)
        values = disk.manifest(plan, image, listed)
        (plan.work / "manifest.json").write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    print(f"已生成 {image}（{image.stat().st_size >> 20} MiB）", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
