"""The golden cases of reports and receipts."""

from __future__ import annotations

from packager.format.reports import Receipt, Report, read_receipt, read_report
from tests.packager.format.test_vector_cases import Case, answers, cases, content
from tests.vectors.known import known_key


@cases("reports")
def test_reports(case: Case) -> None:
    def read() -> Report:
        found = read_report(content(case))
        found.prove(known_key(1).public)
        return found

    report = answers(case, read)
    if report is not None:
        head = report.head
        assert {"library": head.library, "month": head.month, "number": head.number, "facts": len(report.facts)} == {
            name: case[name] for name in ("library", "month", "number", "facts")
        }


@cases("receipts")
def test_receipts(case: Case) -> None:
    def read() -> Receipt:
        found = read_receipt(content(case))
        found.prove(known_key(2).public)
        return found

    receipt = answers(case, read)
    assert receipt is None or receipt.sha256 == case["sha256"]
