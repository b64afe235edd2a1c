"""The settings of one box: a TOML file, read once, frozen after.

Every setting is listed in docs/operations.md. An unknown key is an error, so that a slip of the pen never goes
unnoticed; a relative path is taken from the folder of the settings file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints

from appliance.errors import SettingsError
from appliance.settings_permitted import PERMITTED

MAX_SETTINGS_BYTES = 1 << 20
PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One box.

    Attributes:
        data_folder: the box's own state, on the SSD. Made when missing.
        root_file: the TUF root metadata that this box was provisioned with (JSON).
        library_name: name of the library in Chinese, as on its door.
        library_name_en: the same in English; empty: the Chinese name is shown.
        home_place: code of GB/T 2260 of the library's county, whose books stand first in 地区; empty: none.
        address: what patrons type into a browser, as shown on the screen.
        opening_hours: one line for readers outside of the library; empty: not shown.
        issuer_name: who signs the national bundles, as readers are told.
        support_name: who helps. support_phone: their number, shown to staff.
        language: of pages until a reader chooses: zh-Hans or en.
        utc_offset_minutes: how far the library's time is ahead of UTC.
        listen_host: address to listen on; `::` serves IPv4 and IPv6. listen_port: TCP port.
        threads: threads that run views.
        connections: most connections at a time.
        restart_seconds: answers under way may take so long when the serving process is replaced or the box stops.
        download_rate: bytes a second of all downloads of one browser together; 0: as fast as it takes them.
        drive_paths: folders each of which is a drive's folder, whether or not it is mounted.
        drive_folders: folders in which every child folder is a drive (where the system mounts them).
        box_folder: where the box step leaves what it did with box files and recovery sticks; empty: no such step runs.
        event_spool: folder into which the system puts a small file when a drive comes or goes; empty: none.
        reconcile_seconds: how often mounts and folders are looked at even when no event arrived.
        max_drives: drives in use at a time; further ones wait.
        drive_threads: threads of each drive's own reading pool.
        drive_deadline_seconds: a drive that does not answer for so long is called sick.
        chunk_cache_bytes: memory for verified chunks, shared by all drives.
        reserve_bytes: room on the SSD that intake never uses.
        check_months: months between two full checks of a drive; 0: only when staff ask.
        check_after_seconds: how long a drive serves before its full check begins.
        repair_bytes: room on the SSD for repaired chunks.
        repair_folders: folders in which data for repairs are looked for (`objects/`, `repair/`), there or not.
        repair_origins: addresses below which the publisher's objects lie (`<address>/objects/ab/<SHA-256>`);
            none: those of `update_origins`.
        update_origins: addresses of origins and their mirrors, in the order in which they are asked for updates.
        update_window: the part of the day in which updates and repairs are fetched: 22:00-06:00; empty: at any hour.
        update_cap_bytes: bytes a month that updates and repairs may fetch; 0: as many as there are.
        update_rate: bytes a second of updates and repairs; 0: as fast as the line is.
        update_glance_seconds: between two glances at one small file of an origin, which tells of new lists, such as
            notices that withdraw something; 0: lists are looked at every hour only. Not on a line that is metered.
        update_apply: when readers get an edition that an update brought: `closing` (outside of the opening hours, or
            when staff say so) or `at-once`.
        update_metered: whether the line is paid for by its traffic: yes, no, or `auto`: as NetworkManager says. On such
            a line only lists are fetched, unless staff say so.
        report_url: where the library's reports are sent (http or https); empty: they wait to be carried.
        report_key: public key that signs receipts, 64 hexadecimal digits; empty: it is not asked who signed them.
        library_id: under which the library reports; empty: made of the device's key.
        image_date: day on which the system image was made: the first lower bound of a plausible clock.
        clock_horizon_years: years after `image_date` up to which a clock is believed.
        strict_trust: follow TUF to the letter, expiry included. For conformance tests, not for counties.
        premises_networks: networks whose readers count as inside the library.
        secret_file: key that signs sessions; made when missing. Empty: `secret.key` in the data folder.
        staff_idle_minutes: staff are signed out after so long without an action.
        sign_in_tries: failures before an account rests. sign_in_rest_minutes: for how long.
        screen_font: a font with Chinese for the attached screen; empty: our own, else one of the system.
        log_level: DEBUG, INFO, WARNING or ERROR.
    """

    data_folder: Path
    root_file: Path
    library_name: str = "图书馆"
    library_name_en: str = ""
    home_place: str = ""
    address: str = "library.local"
    opening_hours: str = ""
    issuer_name: str = "国家图书馆"
    support_name: str = "技术支持"
    support_phone: str = ""
    language: str = "zh-Hans"
    utc_offset_minutes: int = 480
    listen_host: str = "::"
    listen_port: int = 80
    threads: int = 32
    connections: int = 2000
    restart_seconds: int = 30
    download_rate: int = 20_000_000
    drive_paths: tuple[Path, ...] = ()
    drive_folders: tuple[Path, ...] = ()
    box_folder: Path | None = None
    event_spool: Path | None = None
    reconcile_seconds: int = 5
    max_drives: int = 16
    drive_threads: int = 3
    drive_deadline_seconds: int = 20
    chunk_cache_bytes: int = 128 << 20
    reserve_bytes: int = 512 << 20
    check_months: int = 3
    check_after_seconds: int = 60
    repair_bytes: int = 4 << 30
    repair_folders: tuple[Path, ...] = ()
    repair_origins: tuple[str, ...] = ()
    update_origins: tuple[str, ...] = ()
    update_window: str = ""
    update_cap_bytes: int = 0
    update_rate: int = 0
    update_glance_seconds: int = 60
    update_apply: str = "closing"
    update_metered: str = "auto"
    report_url: str = ""
    report_key: str = ""
    library_id: str = ""
    image_date: date = date(2026, 11, 1)
    clock_horizon_years: int = 20
    strict_trust: bool = False
    premises_networks: tuple[str, ...] = PRIVATE_NETWORKS
    secret_file: Path | None = None
    staff_idle_minutes: int = 15
    sign_in_tries: int = 5
    sign_in_rest_minutes: int = 15
    screen_font: Path | None = None
    log_level: str = "INFO"

    @property
    def secret_path(self) -> Path:
        """Where the session key is."""
        return self.secret_file or self.data_folder / "secret.key"

    @property
    def releases_folder(self) -> Path:
        """Releases on the SSD: `<bundle>/<seq>-<12 digits>/`."""
        return self.data_folder / "releases"

    @property
    def trust_folder(self) -> Path:
        """Trusted metadata and the floors."""
        return self.data_folder / "tuf"

    @property
    def scratch_folder(self) -> Path:
        """Half-done work; emptied when the worker starts."""
        return self.data_folder / "scratch"

    @property
    def cache_folder(self) -> Path:
        """Rendered pages and covers; may be emptied at any time."""
        return self.data_folder / "cache"

    @property
    def texts_folder(self) -> Path:
        """Indexes of texts for drives that bring none; may be emptied while the box is off."""
        return self.data_folder / "texts"

    @property
    def holdings_file(self) -> Path:
        """What the worker tells the serving process."""
        return self.data_folder / "holdings.json"

    @property
    def commands_folder(self) -> Path:
        """What the serving process asks of the worker, one file a command."""
        return self.data_folder / "commands"

    @property
    def journal_file(self) -> Path:
        """What happened to every drive, one line an event."""
        return self.data_folder / "intake.jsonl"

    @property
    def faults_file(self) -> Path:
        """SQLite: damaged chunks."""
        return self.data_folder / "faults.db"

    @property
    def checks_file(self) -> Path:
        """SQLite: how far the full checks are, and what they found."""
        return self.data_folder / "checks.db"

    @property
    def repairs_file(self) -> Path:
        """SQLite: what was repaired."""
        return self.data_folder / "repairs.db"

    @property
    def objects_folder(self) -> Path:
        """Repaired chunks, each named by its digest."""
        return self.data_folder / "objects"

    @property
    def carried_folder(self) -> Path:
        """Items that came by updates, each named by its digest."""
        return self.data_folder / "carried"

    @property
    def incoming_folder(self) -> Path:
        """What is being fetched."""
        return self.data_folder / "incoming"

    @property
    def updates_folder(self) -> Path:
        """What staff decided about updates, what was fetched this month, and what waits."""
        return self.data_folder / "updates"

    @property
    def systems_folder(self) -> Path:
        """Systems of the box that updates or sticks brought, for root to install."""
        return self.data_folder / "system"

    @property
    def outbox_folder(self) -> Path:
        """Reports of this library and their receipts."""
        return self.data_folder / "outbox"

    @property
    def device_key_file(self) -> Path:
        """What this box signs its reports with."""
        return self.data_folder / "device.key"

    @property
    def repair_list_folder(self) -> Path:
        """The repair list as staff asked for it last, for the worker to carry to a stick."""
        return self.data_folder / "repair-list"

    @property
    def diagnosis_folder(self) -> Path:
        """The diagnosis file as staff asked for it last, for the worker to carry to a stick."""
        return self.data_folder / "diagnosis"

    @property
    def reading_folder(self) -> Path:
        """Signs that readers use a drive."""
        return self.data_folder / "reading"

    @property
    def accounts_file(self) -> Path:
        """SQLite: staff accounts."""
        return self.data_folder / "accounts.db"

    @property
    def wishes_file(self) -> Path:
        """SQLite: what readers would like the library to have."""
        return self.data_folder / "wishes.db"

    @property
    def diary_file(self) -> Path:
        """What happened of late."""
        return self.data_folder / "diary.json"

    @property
    def home_place_file(self) -> Path:
        """The place that staff chose instead of `home_place`."""
        return self.data_folder / "home-place.txt"

    @property
    def earliest(self) -> datetime:
        """The first moment (UTC) that lies surely in the past, before any drive has said more."""
        return datetime(self.image_date.year, self.image_date.month, self.image_date.day, tzinfo=UTC)

    @property
    def horizon(self) -> datetime:
        """The moment (UTC) from which on the clock is not believed."""
        return self.earliest + timedelta(days=365 * self.clock_horizon_years)


def load_settings(path: Path) -> Settings:
    """The settings in the TOML file at `path`.

    Raises:
        SettingsError: the file cannot be read, a key is unknown or missing, or a value is not permitted.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SETTINGS_BYTES + 1)
    except OSError as error:
        raise SettingsError("", f"cannot read {path}: {error.strerror}") from error
    if len(content) > MAX_SETTINGS_BYTES:
        raise SettingsError("", f"{path} has more than {MAX_SETTINGS_BYTES} bytes")
    try:
        table = tomllib.loads(content.decode())
    except ValueError as error:
        raise SettingsError("", f"{path} is not TOML: {error}") from error
    return settings_from(table, base=path.absolute().parent)


def settings_from(table: Mapping[str, Any], *, base: Path) -> Settings:
    """The settings that a table describes; relative paths start at `base`.

    Raises:
        SettingsError: see `load_settings`.
    """
    hints = get_type_hints(Settings)
    for name in table:
        if name not in hints:
            raise SettingsError(name, "is not a setting")
    for f in fields(Settings):
        if f.default is MISSING and f.name not in table:
            raise SettingsError(f.name, "is missing")
    values = {name: _READ[hints[name]](name, value, base) for name, value in table.items()}
    for name, (allowed, expected) in PERMITTED.items():
        if name in values and not allowed(values[name]):
            raise SettingsError(name, f"is {values[name]!r}, expected {expected}")
    return Settings(**values)


def _plain(kind: type) -> Callable[[str, object, Path], Any]:
    def read(name: str, value: object, _base: Path) -> Any:
        if type(value) is not kind:
            raise SettingsError(name, f"expected {kind.__name__}, found {type(value).__name__}")
        return value

    return read


def _path(name: str, value: object, base: Path) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise SettingsError(name, "expected the path of a file or folder")
    return base / value


def _optional_path(name: str, value: object, base: Path) -> Path | None:
    return None if value == "" else _path(name, value, base)


def _list_of(read: Callable[[str, object, Path], Any]) -> Callable[[str, object, Path], tuple[Any, ...]]:
    def read_list(name: str, value: object, base: Path) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise SettingsError(name, f"expected a list, found {type(value).__name__}")
        return tuple(read(name, v, base) for v in value)

    return read_list


_READ: dict[Any, Callable[[str, object, Path], Any]] = {
    str: _plain(str),
    int: _plain(int),
    bool: _plain(bool),
    date: _plain(date),
    Path: _path,
    Path | None: _optional_path,
    tuple[Path, ...]: _list_of(_path),
    tuple[str, ...]: _list_of(_plain(str)),
}
