"""The figures of engines side by side, as Markdown."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from search.measuring import Asked

Measured = dict[str, dict[str, Any]]
"""Engine → what it measured, see `measuring.ask`."""
_TEN = 10


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95, max."""
    ordered = sorted(values)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
    return p50, p95, ordered[-1]


def table(measured: Measured, asked: Sequence[Asked]) -> Iterator[str]:
    """Times of a page in ms, sizes, building, memory."""
    kinds = len({one["kind"] for one in asked})
    yield f"{len(asked)} questions of {kinds} kinds; a page in ms\n"
    yield (
        "| engine | CPU p50 | p95 | max | wall p50 | p95 | max | cold, wall p50 | p95 | max "
        "| open and first page, cold | index MB | build CPU s | memory MB open | after |"
    )
    yield f"|---|{'---:|' * 14}"
    for name, found in measured.items():
        times = [_three([one[place] for one in found[when]]) for when, place in (("warm", 1), ("warm", 0), ("cold", 0))]
        yield (
            f"| {name} | {' | '.join(times)} | {found['first']:.0f} | {found['bytes'] / 1e6:,.0f} "
            f"| {'as ours' if name == 'whoosh' else format(found['built']['cpu'], '.0f')} "
            f"| {found['memory']} | {found['memory after']} |"
        )


def _three(values: Sequence[float]) -> str:
    p50, p95, most = spread(values)
    return f"{p50:.2f} | {p95:.2f} | {most:.1f}"


def compare(measured: Measured, asked: Sequence[Asked]) -> Iterator[str]:
    """How far the peers answer as ours does: the same lines among the first ten, the same counts."""
    if "ours" not in measured:
        return
    ours = measured["ours"]["answers"]
    yield "\n| beside ours | first ten lines in common | same first line | count equal | ours lower | ours higher |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, found in measured.items():
        if name == "ours":
            continue
        common, first, counts = [], [], [0, 0, 0]
        for mine, theirs in zip(ours, found["answers"], strict=True):
            counts[0 if mine["total"] == theirs["total"] else 1 if mine["total"] < theirs["total"] else 2] += 1
            left, right = (list(dict.fromkeys(answer["families"]))[:_TEN] for answer in (mine, theirs))
            if left and right:
                common.append(len(set(left) & set(right)) / min(len(left), len(right)))
                first.append(left[0] == right[0])
        shares = " | ".join(f"{sum(held) / max(1, len(held)):.1%}" for held in (common, first))
        yield f"| {name} | {shares} | {counts[0]} | {counts[1]} | {counts[2]} |"
    yield f"\nof {len(asked)} questions; lines are compared where both answer."


def kinds(measured: Measured, asked: Sequence[Asked]) -> Iterator[str]:
    """Warm CPU ms by kind of question, p50 and p95."""
    yield f"\n| kind, CPU ms p50 / p95 | questions |{''.join(f' {name} |' for name in measured)}"
    yield f"|---|{'---:|' * (len(measured) + 1)}"
    for kind in dict.fromkeys(one["kind"] for one in asked):
        places = [n for n, one in enumerate(asked) if one["kind"] == kind]
        cells = []
        for found in measured.values():
            p50, p95, _ = spread([found["warm"][n][1] for n in places])
            cells.append(f"{p50:.2f} / {p95:.2f}")
        yield f"| {kind} | {len(places)} | {' | '.join(cells)} |"


def growth(sizes: Sequence[tuple[int, Measured]]) -> Iterator[str]:
    """How much more a page costs at each size than at the one before."""
    for (fewer, before), (more, after) in itertools.pairwise(sizes):
        yield f"\nfrom {fewer:,} to {more:,} records ({more / fewer:.1f} times), warm CPU:"
        for name in before.keys() & after.keys():
            old, new = (spread([one[1] for one in found[name]["warm"]]) for found in (before, after))
            ratios = ", ".join(
                f"{what} × {b / a:.1f}" for what, a, b in zip(("p50", "p95", "max"), old, new, strict=True)
            )
            yield f"- {name}: {ratios}; index × {after[name]['bytes'] / before[name]['bytes']:.1f}"
