"""Running commands, on this host and in the tree that is built."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence

from image.builder.plan import BuildError, Plan


def run(plan: Plan, command: Sequence[str], *, given: bytes | None = None) -> str:
    """Run a command and return what it said.

    Args:
        plan: for the environment.
        command: program and arguments.
        given: its standard input; none: empty.

    Raises:
        BuildError: it failed; the message has the end of what it said.
    """
    done = subprocess.run(command, input=given or b"", capture_output=True, check=False, env=plan.environment)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode("utf-8", "replace")[-3000:]
        raise BuildError(f"{shlex.join(command)[:300]} ended with {done.returncode}:\n{said}")
    return done.stdout.decode("utf-8", "replace")


ALONE = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child")
"""What mounts something does so where nobody else sees it: a build that is killed leaves no mount in its tree, through
which the next one would empty this host's folders."""


def run_inside(plan: Plan, command: Sequence[str]) -> str:
    """Run a command with the tree as its root and without network.

    Raises:
        BuildError: see `run`.
    """
    tree = shlex.quote(str(plan.tree))
    script = f'mount -t proc proc {tree}/proc && exec chroot {tree} "$@"'
    return run(plan, (*ALONE, "--net", "sh", "-c", script, "sh", *command))
