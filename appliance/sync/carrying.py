"""Who this box is and what it has reported, for people at the machine; and the files to carry where no line is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.store.identity import device_of, known_key, library_id
from appliance.store.outbox import Outbox
from packager.format.files import RealFiles

if TYPE_CHECKING:
    from datetime import date

    from appliance.settings import Settings


def report_lines(settings: Settings, day: date) -> Iterator[str]:
    """Lines in Chinese.

    Raises:
        StoreError: this box has no key yet, or a damaged one.
        OSError: the SSD does not answer.
    """
    key = known_key(settings)
    yield f"馆号　　　{library_id(settings.library_id, key)}"
    yield f"设备公钥　{key.public.raw.hex()}"
    yield f"登记用文字　{device_of(settings, key, day).text}"
    outbox = Outbox(settings.outbox_folder, RealFiles())
    for report in outbox.reports():
        receipt = outbox.receipt(report)
        state = f"已收到，{receipt.at[:10]}" if receipt else "等待报送"
        yield f"{report.head.month} 第 {report.head.number} 份　{state}"


def carry(settings: Settings, folder: Path, day: date) -> list[str]:
    """Put the public key and the waiting reports into a folder, else the newest; their names.

    Args:
        settings: of this box.
        folder: a stick's.
        day: a plausible one, for the signed form of the key (docs/provisioning.md).

    Raises:
        StoreError: as `report_lines`.
        OSError: a disk is full or does not answer.
    """
    key, files = known_key(settings), RealFiles()
    device = device_of(settings, key, day)
    name = f"{device.library}.pub"
    files.write_atomic(folder / name, key.public.to_pem())
    files.write_atomic(folder / device.file_name, device.content)
    found = [name, device.file_name]
    outbox = Outbox(settings.outbox_folder, files)
    for report in outbox.waiting() or outbox.reports()[-1:]:
        files.write_atomic(folder / report.file_name, report.content)
        found.append(report.file_name)
    return found
