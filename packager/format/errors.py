"""What can be wrong with a drive, one tree.

FormatError               bytes or names that are not what docs/format.md says; carries path, expected, found
├── LayoutError           a path that no drive may hold, or a link where a file should be
├── DigestError           a file whose bytes are not the promised ones
├── TooLargeError         a file, a line or a list that is longer than its bound
├── PatchError            a patch that is malformed, or does not fit what it is for
├── ReportError           a library's report is not taken
│   ├── ReportSignatureError  not signed by the key that it names
│   ├── UnknownDeviceError    the key, or the library, is not enrolled
│   ├── OlderReportError      a newer report of the month is known
│   └── ReportTimeError       of a month, or made at a time, that cannot be
└── TrustError            a whole drive is refused; `sentence` is the key of what staff read
    ├── NotOursError      no bag and no signed metadata
    ├── BlankError        nothing at all
    ├── UnreadableError   the disk does not answer
    ├── UnknownIssuerError  signed by somebody else, or by nobody
    ├── OneSignerError    signed by fewer people than the rules ask for
    ├── ListChangedError  a list, or the metadata, differs from what was signed
    ├── HalfCopiedError   files are missing or cut short
    ├── RevokedError      the issuer has taken this release back
    ├── RetiredError      older than what this box may go back to
    └── NeedsNewerBoxError  asks for a feature that this version does not know
"""

from __future__ import annotations


class FormatError(Exception):
    """Base of the tree. `code` is stable and documented.

    Attributes:
        path: the file meant, relative to the drive or the bag; empty when none is.
        expected: what the format asks for.
        found: what is there.
    """

    code = "format"

    def __init__(self, reason: str, *, path: str = "", expected: str = "", found: str = "") -> None:
        """Keep the facts; the message is made of them."""
        self.reason, self.path, self.expected, self.found = reason, path, expected, found
        text = f"{path}: {reason}" if path else reason
        if expected:
            text += f"; expected {expected}"
        if found:
            text += f"; found {found}"
        super().__init__(text)


class LayoutError(FormatError):
    """A path that no drive may hold, or something other than a plain file where one should be."""

    code = "layout"


class DigestError(FormatError):
    """A file whose bytes are not the promised ones; `expected` and `found` are SHA-256 in hexadecimal."""

    code = "digest"


class TooLargeError(FormatError):
    """A file, a line or a list is longer than its bound; nothing of it was kept."""

    code = "too-large"


class PatchError(FormatError):
    """A patch that is malformed, does not fit what it is for, or makes more than it promised; nothing of it is used."""

    code = "patch"


class ReportError(FormatError):
    """A report of a library is not taken; nothing of it was kept."""

    code = "report"


class ReportSignatureError(ReportError):
    """It is not signed by the key that it names."""

    code = "report-signature"


class UnknownDeviceError(ReportError):
    """The key is not enrolled for this library, or nothing is for it."""

    code = "report-unknown"


class OlderReportError(ReportError):
    """A report of this library and month with a higher number is known, or another with the same one."""

    code = "report-older"


class ReportTimeError(ReportError):
    """The month lies too far from now, or the report was made at a time that cannot be."""

    code = "report-time"


class TrustError(FormatError):
    """A drive is refused and nothing of it is served.

    Attributes:
        sentence: key of the sentence that staff and patrons read.
        params: values for the places in that sentence, where they are known (`edition`).
    """

    code = "trust"
    sentence = "intake.refused.list_changed"

    def __init__(self, reason: str, *, path: str = "", expected: str = "", found: str = "", edition: str = "") -> None:
        """Keep the facts and the edition, when it is known."""
        self.params = {"edition": edition} if edition else {}
        super().__init__(reason, path=path, expected=expected, found=found)


class NotOursError(TrustError):
    """There are files, but neither a bag nor signed metadata."""

    code = "not-ours"
    sentence = "intake.refused.not_ours"


class BlankError(TrustError):
    """The drive holds nothing."""

    code = "blank"
    sentence = "intake.refused.blank"


class UnreadableError(TrustError):
    """The disk does not answer, or answers with input errors."""

    code = "unreadable"
    sentence = "intake.refused.unreadable"


class UnknownIssuerError(TrustError):
    """No signature by a key that this box knows."""

    code = "unknown-issuer"
    sentence = "intake.refused.unknown_issuer"


class OneSignerError(TrustError):
    """Fewer known people signed than the role's threshold asks for."""

    code = "one-signer"
    sentence = "intake.refused.one_signer"


class ListChangedError(TrustError):
    """Metadata or a tag file differs from what was signed."""

    code = "list-changed"
    sentence = "intake.refused.list_changed"


class HalfCopiedError(TrustError):
    """Metadata or tag files are missing, empty or cut short."""

    code = "half-copied"
    sentence = "intake.refused.half_copied"


class RevokedError(TrustError):
    """This release was signed once and has been taken back by its issuer."""

    code = "revoked"
    sentence = "intake.refused.revoked"


class RetiredError(TrustError):
    """Older than what this box may go back to."""

    code = "retired"
    sentence = "intake.refused.retired"


class NeedsNewerBoxError(TrustError):
    """The release asks for a feature, or a format version, that this box does not know."""

    code = "needs-newer-box"
    sentence = "intake.refused.needs_newer_box"
