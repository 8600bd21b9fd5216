"""Everything that can go wrong, as one tree.

    QAError
    ├── SettingsError        a setting is unknown or has no usable value
    ├── QuestionInvalid      the question is empty or too long
    ├── DocumentNotFound     no document has that id
    ├── DocumentKept         a document whose file is in a folder can't be deleted from the index alone
    ├── LoadError            one file can't be read as a document (permanent: fix the file)
    │   ├── CorpusMissing    the folder or file to read isn't there
    │   ├── FileUnreadable   the operating system refuses to read it
    │   ├── FileEmpty        it holds no text
    │   ├── FileNotText      it isn't text, or in no encoding that can be told
    │   ├── FileDamaged      it isn't what its type says, or only a part of it
    │   ├── FileEncrypted    it can't be read without a password
    │   ├── FileScanned      it holds pictures of text, and no text
    │   ├── FileTooLarge     it is larger, or takes longer to read, than is allowed
    │   ├── FormatUnknown    its type isn't supported
    │   ├── MetadataInvalid  the metadata file beside it is malformed
    │   ├── NameInvalid      a file or a line of one has a name that no document can have
    │   └── NameTaken        another document has its id
    ├── IndexError_
    │   ├── IndexMissing     there is no index, or it holds no document
    │   ├── IndexStale       it was built by another model, splitter or version
    │   ├── IndexForeign     the folder holds something else
    │   ├── IndexDamaged     its parts don't belong together
    │   ├── IndexUnwritable  the operating system refuses to write it
    │   ├── IndexUnreachable the Chroma server that holds its vectors doesn't answer (transient)
    │   └── IndexBusy        another process is writing it (transient: try again)
    ├── FeedbackUnwritable   the operating system refuses to write the file of verdicts
    ├── ModelError           a model file is missing or isn't the expected one
    ├── GeneratorError       the language model gives no answer; there is still the extractive one
    │   ├── GeneratorUnavailable  it is away, overloaded or too slow (transient: try again)
    │   └── GeneratorRefused      its server refuses, or is none (permanent: correct the settings)
    ├── ClusterError         Ray is not installed, its cluster can't be reached, or gave up (try again)
    └── ServiceError         a running service can't be reached or refuses

Each message is one sentence or two that say what to do next.
"""

from __future__ import annotations

from typing import ClassVar


class QAError(Exception):
    """Base of every error this library raises on purpose; `str(error)` is for the user."""


class SettingsError(QAError):
    """A setting is unknown or has no usable value."""


class QuestionInvalid(QAError):
    """The question is empty or too long."""


class DocumentNotFound(QAError):
    """No document has that id."""


class DocumentKept(QAError):
    """A document whose file is in a folder can't be deleted from the index alone."""


class LoadError(QAError):
    """One file can't be read as a document."""


class CorpusMissing(LoadError):
    """The folder or file to read isn't there."""


class FileUnreadable(LoadError):
    """The operating system refuses to read the file."""


class FileEmpty(LoadError):
    """The file holds no text."""


class FileNotText(LoadError):
    """The file isn't text, or in no encoding that can be told."""


class FileDamaged(LoadError):
    """The file isn't what its type says, or only a part of it."""


class FileEncrypted(LoadError):
    """The file can't be read without a password."""


class FileScanned(LoadError):
    """The file holds pictures of text, and no text."""


class FileTooLarge(LoadError):
    """The file is larger, or takes longer to read, than is allowed."""


class FormatUnknown(LoadError):
    """The file's type isn't supported."""


class MetadataInvalid(LoadError):
    """The metadata file beside a document is malformed."""


class NameInvalid(LoadError):
    """A file or a line of one has a name that no document can have."""


class NameTaken(LoadError):
    """Another document has the id of this one."""


class IndexError_(QAError):  # noqa: N801 - the trailing underscore keeps the builtin IndexError visible
    """The index can't be used as it is."""


class IndexMissing(IndexError_):
    """There is no index, or it holds no document."""


class IndexStale(IndexError_):
    """The index was built by another model, splitter or version."""


class IndexForeign(IndexError_):
    """The folder holds something that is not an index of this program."""


class IndexDamaged(IndexError_):
    """The parts of the index don't belong together."""


class IndexUnwritable(IndexError_):
    """The operating system refuses to write the index."""


class IndexUnreachable(IndexError_):
    """The Chroma server that holds the vectors of the index doesn't answer."""


class IndexBusy(IndexError_):
    """The index is in use by others."""


class FeedbackUnwritable(QAError):
    """The operating system refuses to write the file of verdicts."""


class ModelError(QAError):
    """A model file is missing or isn't the expected one."""


class GeneratorError(QAError):
    """The language model gives no answer; there is still the extractive one.

    The message is for those who run the service: it has the address of the model's server and nothing that
    this said. `told` is for those who ask.
    """

    told: ClassVar[str] = "The language model failed."


class GeneratorUnavailable(GeneratorError):
    """The language model is away, overloaded or too slow: another try may succeed."""

    told = "The language model is away or too slow."


class GeneratorRefused(GeneratorError):
    """The language model's server refuses, or speaks another protocol: the settings are to be corrected."""

    told = "The language model can't be used as it is set up."


class ClusterError(QAError):
    """Ray is not installed, or its cluster can't be reached or gave up."""


class ServiceError(QAError):
    """A running service can't be reached or refuses."""
