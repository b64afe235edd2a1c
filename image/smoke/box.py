"""A box in QEMU: software emulation (never KVM, so that every machine sees the same), UEFI, one disk, USB."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from image.smoke.client import Client
from image.smoke.errors import CheckError, MachineError
from image.smoke.freeze import freeze
from image.smoke.origin import ADDRESS, PORT
from image.smoke.qmp import Qmp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FIRMWARE = Path("/usr/share/OVMF")
CODE, VARIABLES = "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"
DISK_SIZE = "8G"
PROCESSORS = 2
BOOT_SECONDS = 1200.0
"""How long a boot may take here: two cores that others use too, and no KVM."""
PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils"}


def missing_programs() -> list[str]:
    """Debian packages that a virtual box needs and this machine lacks."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return missing + ([] if (FIRMWARE / CODE).exists() else ["ovmf"])


@dataclass(frozen=True, slots=True)
class Options:
    """What differs from boot to boot.

    Attributes:
        clock: base of the machine's clock, ISO in UTC; None is now.
        cold: disk images on USB from the start. keyboard: a USB keyboard from the start.
        write_log: file that gets every write to the disk, in order (`writelog`).
        wire: (local, remote) UDP ports of a second network card (`wire.Wire`).
        origin: port of this machine that the box reaches as `origin.URL`; nothing else of the world.
        memory: MiB.
    """

    clock: str | None = None
    cold: tuple[Path, ...] = ()
    keyboard: bool = False
    write_log: Path | None = None
    wire: tuple[int, int] | None = None
    origin: int = 0
    memory: int = 1536


def overlay(image: Path, target: Path, size: str = DISK_SIZE) -> Path:
    """A disk over the shipped image that takes all writes; the image's file stays as it is."""
    _run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(image.resolve()), str(target), size])
    return target


def raw_copy(disk: Path, target: Path) -> Path:
    """A plain file with what is on a disk, for tools that read file systems."""
    _run(["qemu-img", "convert", "-O", "raw", str(disk), str(target)])
    return target


class VirtualBox:
    """One boot of one disk. Use as a context: at its end the power goes."""

    def __init__(self, disk: Path, scratch: Path, name: str, options: Options | None = None) -> None:
        """Describe it; `start` gives it power.

        Args:
            disk: qcow2 or raw (by suffix); what is written stays in it.
            scratch: folder for sockets, firmware variables and QEMU's own words.
            name: of this boot, for its files.
            options: what is special.
        """
        self.disk, self.scratch, self.name, self.options = disk, scratch, name, options or Options()
        self.port = free_port()
        self.client = Client(f"http://127.0.0.1:{self.port}")
        self.started = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._qmp: Qmp | None = None
        self._plugged: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut_power()

    @property
    def qmp(self) -> Qmp:
        """The control socket."""
        if self._qmp is None:
            raise MachineError("the box has no power")
        return self._qmp

    def start(self) -> None:
        """Give it power."""
        variables = self.scratch / f"{self.disk.stem}.vars.qcow2"
        if not variables.exists():  # the firmware remembers what it was told, as a real one does
            _run(["qemu-img", "convert", "-O", "qcow2", str(FIRMWARE / VARIABLES), str(variables)])
        socket_path = self.scratch / f"{self.name}.qmp"
        socket_path.unlink(missing_ok=True)
        log = (self.scratch / f"{self.name}.qemu.log").open("wb")
        command = ["qemu-system-x86_64", *self._machine(variables), "-qmp", f"unix:{socket_path},server=on,wait=off"]
        self.started = time.monotonic()
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        try:
            self._qmp = Qmp(socket_path)
        except MachineError:
            self.cut_power()
            raise

    def _machine(self, variables: Path) -> list[str]:
        options = self.options
        relay = f"{sys.executable} -I -S {Path(__file__).with_name('relay.py')} {options.origin}"
        forward = f"guestfwd=tcp:{ADDRESS}:{PORT}-cmd:{relay}," if options.origin else ""
        arguments = [
            "-machine", "q35", "-m", str(options.memory), "-smp", str(PROCESSORS),
            "-accel", "tcg,thread=multi,tb-size=512",
            "-cpu", "Nehalem", "-nodefaults", "-no-user-config", "-display", "none", "-vga", "std",
            "-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE / CODE}",
            "-drive", f"if=pflash,format=qcow2,file={variables}",
            *self._disk_arguments(), "-device", "virtio-blk-pci,drive=disk,bootindex=0,serial=BOXDISK1",
            "-netdev", f"user,id=n0,restrict=on,{forward}hostfwd=tcp:127.0.0.1:{self.port}-:80",
            "-device", "virtio-net-pci,netdev=n0,romfile=,mac=52:54:00:00:00:01",
            "-device", "qemu-xhci,id=xhci", "-device", "virtio-rng-pci",
            "-device", "i6300esb", "-action", "watchdog=reset",
        ]  # fmt: skip
        if options.clock:
            arguments += ["-rtc", f"base={options.clock}"]
        if options.wire:
            local, remote = options.wire
            ends = ",".join(
                f"{end}.type=inet,{end}.host=127.0.0.1,{end}.port={port}"
                for end, port in (("local", local), ("remote", remote))
            )
            arguments += [
                "-netdev", f"dgram,id=n1,{ends}",
                "-device", "virtio-net-pci,netdev=n1,romfile=,mac=52:54:00:00:00:02",
            ]  # fmt: skip
        for n, path in enumerate(options.cold):
            arguments += [
                "-drive", f"if=none,id=cold{n},file={path},format=raw,readonly=on",
                "-device", f"usb-storage,bus=xhci.0,drive=cold{n},id=usb-cold{n}",
            ]  # fmt: skip
        if options.keyboard:
            arguments += ["-device", "usb-kbd,bus=xhci.0,id=keyboard"]
        return arguments

    def _disk_arguments(self) -> list[str]:
        kind = "qcow2" if self.disk.suffix == ".qcow2" else "raw"
        file = f"driver={kind},file.driver=file,file.filename={self.disk},file.cache.no-flush=on"
        if self.options.write_log is None:
            return ["-blockdev", f"{file},node-name=disk"]
        self.options.write_log.write_bytes(b"")
        log = f"log.driver=file,log.filename={self.options.write_log}"
        return [
            "-blockdev", f"{file},node-name=below",
            "-blockdev", f"driver=blklogwrites,node-name=disk,file=below,{log},log-super-update-interval=1",
        ]  # fmt: skip

    # — what one does to a box —

    def plug(self, name: str, image: Path, *, writable: bool = False) -> None:
        """Plug a disk or stick into USB; unless `writable` it cannot be written, as with its switch."""
        node = f"{name}-{len(self._plugged)}-{int(time.monotonic() * 1000)}"
        self.qmp.command(
            "blockdev-add",
            driver="raw", node_name=node, read_only=not writable,
            file={"driver": "file", "filename": str(image.resolve())},
        )  # fmt: skip
        self.qmp.command("device_add", driver="usb-storage", bus="xhci.0", drive=node, id=f"usb-{name}")
        self._plugged[name] = node

    def unplug(self, name: str) -> None:
        """Pull it out, without a word before."""
        self.qmp.command("device_del", id=f"usb-{name}")
        node = self._plugged.pop(name, None)
        end = time.monotonic() + 60
        while node and time.monotonic() < end:
            try:
                self.qmp.command("blockdev-del", node_name=node)
            except MachineError:  # the device is still on its way out
                time.sleep(0.3)
            else:
                return

    def plug_keyboard(self) -> None:
        """Plug in a keyboard."""
        self.qmp.command("device_add", driver="usb-kbd", bus="xhci.0", id="keyboard-hot")

    def press(self, *keys: str) -> None:
        """Press keys one after the other, on whatever keyboard there is."""
        for key in keys:
            self.qmp.command("send-key", keys=[{"type": "qcode", "data": key}])
            time.sleep(0.2)

    def freeze(self) -> None:
        """Let every processor turn in one place and hear nothing, as if the machine had broken down."""
        port = free_port()
        self.qmp.monitor(f"gdbserver tcp:127.0.0.1:{port}")
        freeze(("127.0.0.1", port), PROCESSORS)
        self.qmp.monitor("gdbserver none")
        self.qmp.command("cont")

    def screen(self, target: Path) -> Path:
        """What the attached screen shows, as PNG."""
        self.qmp.command("screendump", filename=str(target), format="png")
        return target

    def keep(self, tag: str) -> None:
        """Keep the running machine under a name, so that several checks begin at the same moment."""
        if said := self.qmp.monitor(f"savevm {tag}").strip():
            raise MachineError(f"savevm: {said}")

    def back_to(self, tag: str) -> None:
        """Go back to a kept moment. Drives must be plugged as they were then."""
        if said := self.qmp.monitor(f"loadvm {tag}").strip():
            raise MachineError(f"loadvm: {said}")
        self.client.forget()

    def cut_power(self) -> None:
        """Take the power away at once."""
        if self._qmp is not None:
            with suppress(OSError):
                self._qmp.close()
            self._qmp = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    # — what one sees of it —

    def alive(self) -> bool:
        """Whether QEMU runs."""
        return self._process is not None and self._process.poll() is None

    def wait_page(self, limit: float = BOOT_SECONDS) -> float:
        """Wait for the first page; returns seconds since the power came.

        Raises:
            CheckError: there is none in time.
        """
        self.wait(lambda: self.client.get("/", patience=10).status == 200, "the first page", limit)
        return time.monotonic() - self.started

    def wait(self, ready: Callable[[], bool], what: str, limit: float = 240.0) -> float:
        """Wait until `ready`; returns how many seconds.

        Raises:
            CheckError: it never was in time.
            MachineError: QEMU ended.
        """
        begun = time.monotonic()
        while time.monotonic() - begun < limit:
            if not self.alive():
                words = (self.scratch / f"{self.name}.qemu.log").read_text(errors="replace")[-500:]
                raise MachineError(f"QEMU ended: {words}")
            with suppress(OSError, ValueError, KeyError):
                if ready():
                    return time.monotonic() - begun
            time.sleep(0.5)
        raise CheckError(f"waited {limit:.0f} s for {what}")

    def health(self) -> Any:
        """The health document."""
        return json.loads(self.client.get("/health", patience=30).body)


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise MachineError(f"{command[0]} is not installed") from error
    if done.returncode:
        raise MachineError(f"{command[0]}: {done.stderr.strip()[-300:]}")
