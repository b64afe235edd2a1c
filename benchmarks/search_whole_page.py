"""What a page of results costs from the address to the last byte of its HTML, in one process.

    python benchmarks/search_whole_page.py --meta F [--rounds 3]

That is the search, its records, marks, rights, facets, chips and the template. `F` is the `meta` folder of a drive
(`benchmarks/scale.py` writes some). The questions are those of `benchmarks/search_pages.py`. The box keeps answers;
here none are kept, and every page is worked out. CPU ms, the least of all rounds.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from search_pages import anonymous, questions, spread

from appliance.app import create_app
from appliance.clock import RealClock
from appliance.library.answers import Answers
from appliance.library.keeper import LibraryKeeper
from appliance.people.accounts import Accounts
from appliance.serving.chunks import ChunkStore
from appliance.serving.memory import keep_little
from appliance.serving.pools import DrivePools
from appliance.settings import Settings
from appliance.store.faults import FaultStore
from appliance.store.holdings import HeldDrive, HeldRelease, Holdings, Message, Part, WorkerState, write_holdings
from appliance.web.services import Services
from packager.format.files import RealFiles

_FOLDER = "national/1-abcdef012345"
_SINCE = "2026-11-22T01:00:00+00:00"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meta", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.meta is None:
        print("left out: --meta names no catalogue and index")
        return
    keep_little()
    with tempfile.TemporaryDirectory(prefix="whole-page-") as scratch:
        measure(Path(scratch), options.meta.absolute(), options.rounds)


def measure(root: Path, meta: Path, rounds: int) -> None:
    """Put a box's data folder round the drive's files, and ask."""
    (root / "root.json").write_text("{}")
    settings = Settings(data_folder=root / "data", root_file=root / "root.json", library_name="清溪县图书馆")
    release = settings.releases_folder / _FOLDER
    release.mkdir(parents=True)
    for name, there in {"meta": meta, "search": meta / "search", "catalogue.db": meta / "catalogue.db"}.items():
        (release / name).symlink_to(there)
    write_holdings(settings.holdings_file, holdings(meta.parent.parent), RealFiles())
    clock = RealClock()
    keeper = LibraryKeeper(settings.holdings_file, settings.releases_folder)
    services = Services(
        keeper=keeper,
        clock=clock,
        faults=FaultStore(settings.faults_file, clock),
        accounts=Accounts(settings.accounts_file, clock),
        chunks=ChunkStore(16 << 20),
        pools=DrivePools(),
        command=lambda _command: None,
    )
    client = create_app(settings, services).test_client()
    library = keeper.library
    library._answers = Answers(lambda _answer: 1, most=0)
    catalogue = library.shelves[0].catalogue
    titles = [one.title for one in catalogue.rows(list(range(0, catalogue.count, max(1, catalogue.count // 2000))))]
    asked = [(kind, chosen) for kind, chosen in questions(titles) if set(chosen) == {"q"} and chosen["q"]]
    search: dict[str, list[float]] = defaultdict(list)
    page: dict[str, list[float]] = defaultdict(list)
    for kind, chosen in asked:
        times = [timed(client, library, chosen["q"]) for _ in range(rounds)]
        search[kind].append(min(one for one, _ in times))
        page[kind].append(min(one for _, one in times))
    print(f"{catalogue.count:,} records, load {os.getloadavg()[0]:.0f}; anonymous MB at the end {anonymous()}")
    print("| CPU ms, p50 / p95 / max | | `Library.search` | the whole page |\n|---|---:|---|---|")
    for kind, values in page.items():
        print(f"| {kind} | {len(values)} | {spread(search[kind])} | {spread(values)} |")


def timed(client: object, library: object, text: str) -> tuple[float, float]:
    """CPU ms of the library's answer as the page asks for it, and of the page."""
    from indexer.search_request import SearchRequest

    began = time.process_time()
    library.search(SearchRequest(q=text, size=20, mend="search"))  # type: ignore[attr-defined]
    between = time.process_time()
    answer = client.get("/search", query_string={"q": text})  # type: ignore[attr-defined]
    ended = time.process_time()
    if answer.status_code != 200:
        raise SystemExit(f"{answer.status_code} for {text}")
    return (between - began) * 1000, (ended - between) * 1000


def holdings(drive: Path) -> Holdings:
    """One release of one drive, all ready."""
    release = HeldRelease(
        bundle="national",
        seq=1,
        edition="2026.11",
        issued="2026-11-20",
        issuer="国家图书馆",
        name="国家版",
        folder=_FOLDER,
        truth="ab" * 32,
        count=1,
        catalogue=Part("ready", "catalogue.db"),
        search=Part("ready", "search"),
    )
    plugged = HeldDrive(
        key="d1",
        path=str(drive),
        name="国家版",
        state="ready",
        message=Message("intake.trusted", {}),
        bundle="national",
        seq=1,
        folder=_FOLDER,
        disk=1,
        since=_SINCE,
    )
    return Holdings(1, _SINCE, (release,), (plugged,), (), WorkerState(pid=1, started=_SINCE, beat=_SINCE))


if __name__ == "__main__":
    main()
