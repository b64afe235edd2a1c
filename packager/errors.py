"""The errors of the builder's side, one tree. Faults of a drive itself are in `packager.format.errors`.

PackagerError
├── SourceError            a source folder that cannot be opened
├── BuildError             a build that cannot go on; what is done is kept
│   ├── SourceChangedError   a source file changed while it was read
│   ├── BuildSpaceError      the work disk is too small
│   ├── DrivesTooSmallError  the drives do not hold the release
│   └── ItemTooLargeError    no drive holds a file
├── DeltaError             no delta was made; `sentence` is the key of what staff read
│   ├── DeltaBaseError       the release that it begins with is not at hand
│   └── DeltaPairError       two releases between which none leads
├── SystemFolderError      a folder that holds no system of an image build
├── PublishError           nothing was published, or not all of it; doing it again goes on
├── DriveError             a drive that cannot be written; `sentence` is the key of what staff read
├── TrainingError          the training resources cannot be written (in `packager.training.errors`)
└── SigningError           nothing was signed; `sentence` is the key of what staff read
    ├── OneSignatureError    the threshold is not met yet
    ├── SamePersonError      the second signature is by the same key
    ├── NotListedError       the key is not among the signers
    ├── NumberDiffersError   the build number computed from the bag is another
    └── SequenceError        the release does not follow the one before
"""

from __future__ import annotations


class PackagerError(Exception):
    """Base of all errors of the builder's side. `code` is stable and documented."""

    code = "packager"


class SourceError(PackagerError):
    """A source folder that cannot be opened: no catalogue in it, or one that cannot be read."""

    code = "source"


class BuildError(PackagerError):
    """A build that cannot go on. What was built is kept; the same command goes on from there."""

    code = "build"


class DeltaError(PackagerError):
    """No delta was made. `sentence` is the key of what staff read, `params` its values."""

    code = "delta"
    sentence = "desk.delta.bundle"

    def __init__(self, reason: str, **params: str) -> None:
        """Keep what the sentence needs."""
        self.params = params
        super().__init__(reason)


class DeltaPairError(DeltaError):
    """Two releases between which no delta leads: of two bundles, or one and the same."""

    code = "delta-pair"


class DeltaBaseError(DeltaError):
    """The release that a delta begins with (or the one it leads to) is not at hand, or not whole."""

    code = "delta-base"
    sentence = "desk.delta.base"

    def __init__(self, reason: str, edition: str) -> None:
        """Name the edition."""
        super().__init__(reason, edition=edition)


class SystemFolderError(PackagerError):
    """A folder that holds no system as an image build leaves it."""

    code = "system-folder"


class PublishError(PackagerError):
    """Nothing was published, or not all of it: not signed, older than what is there, or the storage does not answer."""

    code = "publish"


class SourceChangedError(BuildError):
    """A source file changed while it was read; `name` is its file name."""

    code = "source-changed"

    def __init__(self, name: str) -> None:
        """Keep the name."""
        self.name = name
        super().__init__(f"{name} changed while it was read")


class BuildSpaceError(BuildError):
    """The work disk is too small; `missing` bytes are wanted."""

    code = "build-space"

    def __init__(self, missing: int) -> None:
        """Keep the number of bytes."""
        self.missing = missing
        super().__init__(f"{missing} bytes more are wanted on the work disk")


class DrivesTooSmallError(BuildError):
    """The drives that were asked for do not hold the release; `missing` bytes are wanted."""

    code = "drives-small"

    def __init__(self, missing: int) -> None:
        """Keep the number of bytes."""
        self.missing = missing
        super().__init__(f"{missing} bytes more are wanted on the drives")


class ItemTooLargeError(BuildError):
    """A file is larger than the room on every drive.

    Attributes:
        id: of the resource. name: of the source file. size: of the file, bytes.
    """

    code = "item-large"

    def __init__(self, resource_id: str, name: str, size: int) -> None:
        """Keep what it is about."""
        self.id, self.name, self.size = resource_id, name, size
        super().__init__(f"{name} of {resource_id} has {size} bytes, more than a drive holds")


class DriveError(PackagerError):
    """A drive that cannot be written. What was written so far is not a drive and is refused everywhere.

    Attributes:
        sentence: key of the sentence for staff.
        params: values for its places.
    """

    code = "drive"

    def __init__(self, sentence: str, reason: str, **params: str | int) -> None:
        """Keep the key, the reason and the values."""
        self.sentence, self.reason, self.params = sentence, reason, params
        super().__init__(reason)


class SigningError(PackagerError):
    """Nothing was signed; what was asked for is unchanged.

    Attributes:
        sentence: key of the sentence for the signers.
        params: values for its places.
    """

    code = "signing"
    sentence = "desk.sign.not_listed"

    def __init__(self, reason: str, **params: str) -> None:
        """Keep the reason and the values for the sentence."""
        self.reason, self.params = reason, params
        super().__init__(reason)


class OneSignatureError(SigningError):
    """Fewer people have signed than the threshold asks for."""

    code = "one-signature"
    sentence = "desk.sign.one"


class SamePersonError(SigningError):
    """The same key has signed already: still one person."""

    code = "same-person"
    sentence = "desk.sign.same_person"


class NotListedError(SigningError):
    """The key is not among those of the role."""

    code = "not-listed"
    sentence = "desk.sign.not_listed"


class NumberDiffersError(SigningError):
    """The build number computed from the bag is not the one that was asked for."""

    code = "number-differs"
    sentence = "desk.sign.number_differs"


class SequenceError(SigningError):
    """The release's number does not follow the last one published."""

    code = "sequence"
    sentence = "desk.sign.sequence"
