"""A machine with made-up disks: /sys and /proc as folders, devices as plain files with numbers of their own."""

from __future__ import annotations

from pathlib import Path

from provisioning.disks.machine import Machine


class FakeMachine(Machine):
    """Disks are added by `disk`, mounts by `mount`; `device` gives the path of a disk or partition."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.known: dict[str, str] = {}
        for folder in ("sys/block", "sys/dev/block", "proc/self", "dev"):
            (root / folder).mkdir(parents=True)
        self.mounts: list[str] = []
        (root / "proc/swaps").write_text("Filename Type Size Used Priority\n")
        super().__init__(root / "sys", root / "proc")

    def numbers(self, path: Path) -> str | None:
        return self.known.get(str(Path(path).resolve()))

    def device(self, name: str) -> Path:
        return self.root / "dev" / name

    def disk_at(
        self, name: str, numbers: str, size: int, *, bus: str = "usb1/1-4", removable: int = 0, serial: str = "WX1",
        sector: int = 512, partitions: int = 0,
    ) -> Path:  # fmt: skip
        place = self.root / f"sys/devices/pci0000:00/{bus}/block/{name}"
        (place / "queue").mkdir(parents=True)
        (place / "holders").mkdir()
        (place / "slaves").mkdir()
        (place / "device").mkdir()
        facts = {"size": size // 512, "removable": removable, "queue/logical_block_size": sector, "dev": numbers}
        for file, value in facts.items():
            (place / file).write_text(f"{value}\n")
        (place / "device/model").write_text("Elements 25A3   \n")
        (place / "device/vendor").write_text("WD      \n")
        (place / "device/serial").write_text(serial)
        self._link(place, numbers)
        (self.root / "sys/block" / name).symlink_to(place)
        major, _, minor = numbers.partition(":")
        for n in range(1, partitions + 1):
            below = place / f"{name}{n}"
            (below / "holders").mkdir(parents=True)
            (below / "partition").write_text(f"{n}\n")
            (below / "dev").write_text(f"{major}:{int(minor) + n}\n")
            self._link(below, f"{major}:{int(minor) + n}")
            self._file(f"{name}{n}", f"{major}:{int(minor) + n}", 1)
        return self._file(name, numbers, size)

    def mapped(self, name: str, numbers: str, below: str) -> Path:
        """A device mapper (RAID, encryption) over a disk or partition."""
        place = self.root / f"sys/devices/virtual/block/{name}"
        (place / "slaves").mkdir(parents=True)
        (place / "holders").mkdir()
        source = next(p for p in (self.root / "sys/devices").rglob(below) if (p / "dev").exists())
        (place / "slaves" / below).symlink_to(source)
        (source / "holders" / name).symlink_to(place)
        (place / "dev").write_text(numbers)
        self._link(place, numbers)
        return self._file(name, numbers, 1)

    def mount(self, numbers: str, folder: str, source: str = "/dev/x", kind: str = "ext4") -> None:
        self.mounts.append(f"{30 + len(self.mounts)} 1 {numbers} / {folder} rw shared:1 - {kind} {source} rw")
        (self.root / "proc/self/mountinfo").write_text("\n".join(self.mounts) + "\n")

    def swap(self, path: Path) -> None:
        with (self.root / "proc/swaps").open("a") as file:
            file.write(f"{path} partition 100 0 -2\n")

    def _link(self, place: Path, numbers: str) -> None:
        (self.root / "sys/dev/block" / numbers).symlink_to(place)

    def _file(self, name: str, numbers: str, size: int) -> Path:
        path = self.device(name)
        with path.open("wb") as file:
            file.truncate(size)
        self.known[str(path.resolve())] = numbers
        return path
