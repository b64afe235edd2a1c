"""Who this box is and what it has reported, for people at the machine; and the files to carry where no line is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import StoreError
from appliance.sync.identity import device_key, library_id
from appliance.sync.outbox import Outbox
from packager.format.files import RealFiles

if TYPE_CHECKING:
    from appliance.settings import Settings
    from provisioning.keys import Key


def report_lines(settings: Settings) -> Iterator[str]:
    """Lines in Chinese.

    Raises:
        StoreError: this box has no key yet, or a damaged one.
        OSError: the SSD does not answer.
    """
    key = _key(settings)
    yield f"馆号　　　{library_id(settings.library_id, key)}"
    yield f"设备公钥　{key.public.raw.hex()}"
    outbox = Outbox(settings.outbox_folder, RealFiles())
    for report in outbox.reports():
        receipt = outbox.receipt(report)
        state = f"已收到，{receipt.at[:10]}" if receipt else "等待报送"
        yield f"{report.head.month} 第 {report.head.number} 份　{state}"


def carry(settings: Settings, folder: Path) -> list[str]:
    """Put the public key (for enrolment) and the waiting reports into a folder; their names.

    Raises:
        StoreError: as `report_lines`.
        OSError: a disk is full or does not answer.
    """
    key, files = _key(settings), RealFiles()
    name = f"{library_id(settings.library_id, key)}.pub"
    files.write_atomic(folder / name, key.public.to_pem())
    found = [name]
    for report in Outbox(settings.outbox_folder, files).waiting():
        files.write_atomic(folder / report.file_name, report.content)
        found.append(report.file_name)
    return found


def _key(settings: Settings) -> Key:
    """The key of this box; the worker makes it, for it must be readable to the worker."""
    if not settings.device_key_file.exists():
        raise StoreError("this box has no key yet: it is made when the box has been on for a minute")
    return device_key(settings.device_key_file)
