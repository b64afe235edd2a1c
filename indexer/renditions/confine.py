"""Take away what a process that parses a hostile file does not need. Linux only; every step is irrevocable.

Layers, each on its own enough to stop the usual harm:
    limits      address space, processor time, files of size 0, no core files (setrlimit)
    quiet       no new privileges, not traceable, own session, dies with its parent (prctl)
    files       read only, and only the interpreter, the libraries and the fonts (Landlock)
    calls       no sockets, no new programs or processes, no tracing, no mounting (seccomp filter, x86-64)
    network     a network of its own with nothing in it (namespaces), where the kernel allows it
The first two always hold or the job does not start; the others are used where the kernel has them, and
`confine` says which hold.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SIGKILL = 9
_CLONE_NEWUSER, _CLONE_NEWNET = 0x1000_0000, 0x4000_0000
_CLONE_THREAD = 0x0001_0000

_libc = ctypes.CDLL(None, use_errno=True)


class ConfinementError(OSError):
    """A step that must hold does not."""


def confine(*, memory: int, cpu: int, readable: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Confine the calling process for good. It must have one thread.

    Args:
        memory: bytes of address space.
        cpu: seconds of processor time; then it is killed.
        readable: further folders that may be read (fonts).

    Returns:
        The names of the layers that hold.

    Raises:
        ConfinementError: limits or privileges could not be set.
    """
    held = ["limits", "quiet"]
    if _leave_network():
        held.append("network")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    _prctl(_PR_SET_DUMPABLE, 0)
    if _restrict_files(readable):
        held.append("files")
    for what, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, memory),
    ):
        resource.setrlimit(what, (limit, limit))
    if _restrict_calls():
        held.append("calls")
    return tuple(held)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise ConfinementError(number, f"prctl {option}: {os.strerror(number)}")


def _leave_network() -> bool:
    """A user namespace of its own also ends what root could do outside it."""
    return bool(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0 or _libc.unshare(_CLONE_NEWNET) == 0)


# — Landlock: which files may be read —

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_ALL_OF_ABI_1 = (1 << 13) - 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3


def _restrict_files(readable: tuple[str, ...]) -> bool:
    attributes = ctypes.create_string_buffer(struct.pack("=Q", _ALL_OF_ABI_1))
    ruleset = _libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    try:
        for folder in {*_interpreter(), "/usr/share/fonts", "/usr/local/share/fonts", "/dev/urandom", *readable}:
            _allow_reading(ruleset, folder)
        return bool(_libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _interpreter() -> tuple[str, ...]:
    own = str(Path(__file__).parent)
    return (own, sys.prefix, sys.base_prefix, "/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache")


def _allow_reading(ruleset: int, path: str) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | (_READ_DIR if Path(path).is_dir() else 0)
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, fd))
        _libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0)
    finally:
        os.close(fd)


# — seccomp: which calls the kernel refuses —

_ARCH_X86_64 = 0xC000_003E
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_EPERM, _ENOSYS = 1, 38
_CLONE, _CLONE3 = 56, 435
# By number: socket, connect, accept, sendmsg, bind, listen, socketpair, fork, vfork, execve, kill, ptrace, setrlimit,
# chroot, mount, umount2, init_module, tkill, kexec_load, add_key, keyctl, unshare, accept4, perf_event_open, prlimit64,
# open_by_handle_at, setns, process_vm_readv, process_vm_writev, finit_module, memfd_create, bpf, execveat, userfaultfd,
# pidfd_send_signal, io_uring_setup, io_uring_enter, io_uring_register
_REFUSED = (
    41, 42, 43, 46, 49, 50, 53, 57, 58, 59, 62, 101, 160, 161, 165, 166, 175, 200, 246, 248, 250, 272, 288, 298, 302,
    304, 308, 310, 311, 313, 319, 321, 322, 323, 424, 425, 426, 427,
)  # fmt: skip


def _restrict_calls() -> bool:
    if platform.machine() != "x86_64":
        return False
    program = _filter()
    body = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(body)))
    return bool(_libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0) == 0)


def _filter() -> bytes:
    """The filter as classic BPF: load the call's number, compare it with each refused one."""

    def load(offset: int) -> bytes:
        return struct.pack("=HBBI", 0x20, 0, 0, offset)

    def jump_equal(value: int, yes: int, no: int) -> bytes:
        return struct.pack("=HBBI", 0x15, yes, no, value)

    def give(value: int) -> bytes:
        return struct.pack("=HBBI", 0x06, 0, 0, value)

    lines = [load(4), jump_equal(_ARCH_X86_64, 1, 0), give(_KILL), load(0)]
    lines += [struct.pack("=HBBI", 0x35, 0, 1, 0x4000_0000), give(_ERRNO | _EPERM)]  # the x32 numbers
    for number in _REFUSED:
        lines += [jump_equal(number, 0, 1), give(_ERRNO | _EPERM)]
    lines += [jump_equal(_CLONE3, 0, 1), give(_ERRNO | _ENOSYS)]  # the C library falls back to clone
    threads_only = struct.pack("=HBBI", 0x45, 1, 0, _CLONE_THREAD)
    lines += [jump_equal(_CLONE, 0, 3), load(16), threads_only, give(_ERRNO | _EPERM), give(_ALLOW)]
    return b"".join(lines)
