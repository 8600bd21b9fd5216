"""Where Chroma is: inside this process with its files in a folder, or a server.

Chroma 1.5 does not keep processes apart that share a folder: one that reads while another saves the
graph of nearest neighbours meets half a file, and crashes or forgets vectors without a word. So
whoever writes holds a lock of the folder, and whoever reads holds it with the other readers.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import chromadb
import httpx
from chromadb.api.client import Client
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError

from qa.errors import IndexDamaged, IndexUnreachable, IndexUnwritable
from qa.storage.folder_lock import FolderLock

LOCK_FILES = (".chroma.gate", ".chroma.lock")
HALF_SAVED = "A process was stopped as it wrote the vectors"
"""How the error begins for a graph that the next write completes."""
_REFUSED = ("readonly", "disk is full", "disk i/o", "unable to open", "(os error")
"""Words of SQLite and of the operating system in Chroma's errors, which have no kinds."""

_SERVER_SECONDS = httpx.Timeout(30.0, connect=5.0)
"""Chroma's own client would wait for ever."""


class ChromaFolder:
    """Chroma inside this process; `path` is its folder, the locks lie beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.prefix = "passages-"
        gate, lock = (path.with_name(name) for name in LOCK_FILES)
        self._lock = FolderLock(gate, lock, self._refuse_half_saved)
        self._inode: int | None = None

    def connect(self, *, create: bool) -> Client:
        """A client. Raises `IndexDamaged`, `IndexUnwritable`."""
        database = self.path / "chroma.sqlite3"
        if not create and not database.is_file():
            raise self.damaged()
        try:
            settings = ChromaSettings(anonymized_telemetry=False)
            client = cast(Client, chromadb.PersistentClient(self.path, settings=settings))
        except ChromaError as error:
            # Chroma keeps what it failed to start, by path, and would give it out again.
            Client.clear_system_cache()
            raise self.explain(error) from error
        self._inode = database.stat().st_ino
        return client

    def renewed(self, client: Client) -> Client:
        """A client that sees what another process has written; `client` would answer from its memory."""
        self.close(client)
        return self.connect(create=False)

    def close(self, client: Client) -> None:
        """Let go of what `client` holds."""
        client.close()

    def is_replaced(self) -> bool:
        """Whether other files stand in the place of those that were opened, or none."""
        try:
            return (self.path / "chroma.sqlite3").stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def drop(self, client: Client, name: str) -> None:
        """Close `client` and delete all it held."""
        self.close(client)
        self.wipe()

    def wipe(self) -> None:
        """Delete the folder; to be called while nothing here has it open."""
        with self._lock.alone() as held:
            try:
                if self.path.is_dir():
                    shutil.rmtree(self.path)
            except OSError as error:
                raise _unwritable(self.path, error) from error
            os.ftruncate(held, 0)

    def reading(self) -> AbstractContextManager[None]:
        """No other process writes inside the block. Raises `IndexDamaged` where one died as it saved."""
        return self._lock.reading()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """No other process reads or writes inside the block.

        What the graph's files were before it stands in the lock's file until the block has ended
        well: where they are others later, a save was broken off. Raises `IndexDamaged` for an earlier one.
        """
        with self._lock.writing() as held:
            self._mark(held)
            yield
            os.ftruncate(held, 0)

    def explain(self, error: Exception, *, written: bool = False) -> Exception:
        """Our error for Chroma's, which came up as vectors were `written` or else read."""
        if written or any(word in str(error).lower() for word in _REFUSED):
            return _unwritable(self.path, error)
        return self.damaged()

    def damaged(self) -> IndexDamaged:
        """The error for vectors that can't be used."""
        return IndexDamaged(
            f"The vectors in {self.path} are missing or damaged;"
            " run 'qa ingest' or 'qa doctor --repair' to make them again."
        )

    def _mark(self, held: int) -> None:
        """Note what the graph's files are before a write. Raises `IndexUnwritable`."""
        os.ftruncate(held, 0)
        try:
            os.pwrite(held, self._saved().encode(), 0)
        except OSError as error:
            os.ftruncate(held, 0)  # half a note would be of other files
            raise _unwritable(self.path, error) from error

    def _refuse_half_saved(self, held: int) -> None:
        before = os.pread(held, 1 << 20, 0).decode()
        if before and before != self._saved():
            raise IndexDamaged(
                f"{HALF_SAVED} in {self.path}; run 'qa ingest' or 'qa doctor --repair' to complete them."
            )

    def _saved(self) -> str:
        """The names, sizes and times of the graph's files."""
        found = []
        for path in sorted(self.path.glob("*/*")):
            stat = path.stat()
            found.append((path.relative_to(self.path).as_posix(), stat.st_size, stat.st_mtime_ns))
        return json.dumps(found)


class ChromaServer:
    """A Chroma server at `url`, shared with other indexes: `identity` tells ours from theirs."""

    def __init__(self, url: str, identity: str) -> None:
        self.url = url
        self.prefix = f"qa-{identity}-"
        self.reading = self.writing = nullcontext

    def connect(self, *, create: bool) -> Client:
        """A client. Raises `IndexUnreachable`."""
        parts = urlsplit(self.url)
        tls = parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
        try:
            # The client asks this too as it is made, but with no limit of time.
            httpx.get(f"{self.url.rstrip('/')}/api/v2/heartbeat", timeout=_SERVER_SECONDS).raise_for_status()
            client = chromadb.HttpClient(
                parts.hostname or "", port, ssl=tls, settings=ChromaSettings(anonymized_telemetry=False)
            )
        except (httpx.HTTPError, ChromaError, ValueError) as error:
            raise self.explain(error) from error
        client = cast(Client, client)
        for session in _sessions(client):
            session.timeout = _SERVER_SECONDS
        return client

    def renewed(self, client: Client) -> Client:
        """`client` itself: the server answers, which knows what all have written."""
        return client

    def close(self, client: Client) -> None:
        """Let go of the connections of `client`, which it leaves open itself."""
        for session in _sessions(client):
            session.close()
        client.close()

    def is_replaced(self) -> bool:
        """Never: a server knows its collections by id."""
        return False

    def drop(self, client: Client, name: str) -> None:
        """Delete the collection `name` and close `client`."""
        try:
            client.delete_collection(name)
        except NotFoundError:
            pass  # another has deleted it
        except (ChromaError, httpx.HTTPError) as error:
            raise self.explain(error) from error
        finally:
            self.close(client)

    def wipe(self) -> None:
        """Nothing: collections are dropped one by one."""

    def explain(self, error: Exception, *, written: bool = False) -> Exception:
        """Our error for that of the server or of the way to it."""
        if isinstance(error, ChromaError):
            known = not written or isinstance(error, NotFoundError)
            return self.damaged() if known else _unwritable(self.url, error)
        return IndexUnreachable(
            f"The Chroma server at {self.url} doesn't answer ({error});"
            " start it ('chroma run') or correct QA_CHROMA_URL."
        )

    def damaged(self) -> IndexDamaged:
        """The error for vectors that can't be used."""
        return IndexDamaged(
            f"The Chroma server at {self.url} does not hold the vectors of this index;"
            " run 'qa ingest' or 'qa doctor --repair' to put them there."
        )


def _unwritable(place: object, error: Exception) -> IndexUnwritable:
    return IndexUnwritable(
        f"{place} can't be written ({error}); see that its disk has room and that it may be written."
    )


def _sessions(client: Client) -> list[httpx.Client]:
    """The connections of a client to a server, for which it has no settings and which it never closes."""
    both: tuple[Any, Any] = client, client._admin_client
    return [one._server._session for one in both]
