"""Reading, splitting and encoding on a Ray cluster, by Ray Data; what is made streams back in order.

    rows of files → [tasks: told → split → chunks] → rows of a chunk → [actors: encode] → this process

A row is a chunk, a block is a row: what lies between the stages is bounded by Ray Data, which lets a stage
rest while the next one, and this process, has enough to do.
"""

from __future__ import annotations

import logging
import os
import pickle
import platform
import secrets
import socket
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from qa.documents.apart import ReadingProcess
from qa.documents.sources import Source
from qa.documents.split import CountTokens
from qa.errors import ClusterError, QAError
from qa.interfaces import Embedder
from qa.settings import set_environment
from qa.sync.noting import Noting, known_as
from qa.sync.reading import Fresh, Told, told, with_passages
from qa.sync.writing import Encoded, Piece, chunks, encode, texts_of

if TYPE_CHECKING:
    import pyarrow
    import ray.data

LOCAL = "local"
"""The address that stands for a cluster of this machine alone, which ends with the ingest."""

INSTALL = "pip install '.[ray]'"

_TASK_FILES, _TASK_BYTES = 256, 2_000_000
"""Files that one task reads: few enough to share them out, enough to fill chunks."""
_MAX_THREADS = 4
"""Processors of one encoder: its weights and PyTorch take 0.7 GB, so not one encoder a processor."""
_LOCAL_STORE = 500_000_000
"""Bytes of shared memory for what is between the stages on this machine; a chunk takes ten million."""

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray would report to its makers
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}

_Row = tuple[Source, str | None, frozenset[bytes]]
"""A file, its fingerprint when it was last indexed whole, and digests of its documents in the index."""


def on_cluster(
    sources: Iterator[Source],
    noting: Noting,
    *,
    address: str,
    reader: Callable[[], Embedder],
    encoder: Callable[[int], Embedder],
) -> Generator[Encoded]:
    """Chunks of what the files say, encoded on the Ray cluster at `address`; the files are read there.

    `reader` makes what counts word pieces, `encoder` what encodes with a number of threads; the cluster's
    machines import both. Raises `ClusterError`, or the `QAError` that a machine of the cluster met with.
    """
    with _connected(address):
        from ray.exceptions import RayError

        try:
            dataset = _dataset(_tables(sources, noting), noting.manifest, reader, encoder)
            yield from _received(dataset)
        except RayError as error:
            raise _meaning(error) from error


@contextmanager
def _connected(address: str) -> Iterator[None]:
    is_local = address == LOCAL
    set_environment(_ENVIRONMENT | (_local_environment() if is_local else {}))
    try:
        import ray.data  # all that is needed, before anything is begun
    except ImportError as error:
        raise ClusterError(f"--ray needs Ray, which is not installed; run {INSTALL}.") from error
    warnings.filterwarnings("ignore", module=r"ray\.")  # advice to programmers of Ray Data
    with tempfile.TemporaryDirectory(prefix="qa-ray-", ignore_cleanup_errors=True) as folder:
        own = {"include_dashboard": False, "_temp_dir": folder, "object_store_memory": _LOCAL_STORE}
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            _knock(address)
            with _silent_stderr():
                ray.init(address, **quiet, **(own if is_local else {}))
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            ray.shutdown()
            raise _unreachable(address, error) from error
        try:
            yield
        finally:
            ray.shutdown()


def _knock(address: str) -> None:
    """Raise `OSError` where nobody listens at an address: Ray would try for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Nothing is written to standard error, not even by Ray's C++, which tells there of its own settings."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _local_environment() -> dict[str, str]:
    """Nobody else is to reach a cluster of this machine: it runs what it is sent."""
    return {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on any system: it listens on the loopback address alone
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }


def _unreachable(address: str, error: Exception) -> ClusterError:
    reason = str(error).strip().partition("\n")[0]
    if address == LOCAL:
        return ClusterError(f"Ray can't be started on this machine: {reason}")
    return ClusterError(
        f"The Ray cluster at {address} can't be used from here ({reason}); start it there with"
        f" 'ray start --head', and 'ray start --address={address}' on this machine."
    )


def _dataset(
    tables: Iterable[pyarrow.Table],
    manifest: str,
    reader: Callable[[], Embedder],
    encoder: Callable[[int], Embedder],
) -> ray.data.Dataset:
    """The chunks to come; nothing is begun before they are asked for."""
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.target_max_block_size = 1  # a row a block, passed on as soon as it is made
    context.execution_options.preserve_order = True
    context.raise_original_map_exception = True
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what is wrong comes as an exception as well
    machines = [int(one["Resources"].get("CPU", 0)) for one in ray.nodes() if one["Alive"]]
    threads = min(_MAX_THREADS, *(count for count in machines if count))
    files = ray.data.from_arrow_refs([ray.put(table) for table in tables])
    read = files.map_batches(
        _read,
        fn_args=(manifest, reader),
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.TaskPoolStrategy(size=max(1, sum(machines) // 2)),
        num_cpus=0,  # they find a place beside the encoders
    )
    return read.map_batches(
        _Encoder,
        fn_constructor_args=(encoder, threads),
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=sum(count // threads for count in machines)),
        num_cpus=threads / 2,  # half of what they use: those of a machine that is lost find a place on others
    )


def _tables(sources: Iterable[Source], noting: Noting) -> Iterator[pyarrow.Table]:
    """The rows of files, as many as one task reads at a time."""
    rows: list[bytes] = []
    size = 0
    for source in sources:
        row: _Row = source, *noting.before(source)
        rows.append(pickle.dumps(row))
        size += source.size()
        if len(rows) >= _TASK_FILES or size >= _TASK_BYTES:
            yield _table(file=rows)
            rows, size = [], 0
    if rows:
        yield _table(file=rows)


def _read(
    files: pyarrow.Table, manifest: str, make_reader: Callable[[], Embedder]
) -> Iterator[pyarrow.Table]:
    """Chunks of what files say, with what is to be encoded of each. Runs on a machine of the cluster."""
    rows: list[_Row] = [pickle.loads(row) for row in files["file"].to_pylist()]
    _refuse_missing([source for source, _, _ in rows])
    with ReadingProcess() as process:
        for chunk in chunks(_told(rows, manifest, process, _reader(make_reader).count_tokens)):
            pieces = pickle.dumps([_light(piece) for piece in chunk])
            yield _table(pieces=[pieces], texts=[pickle.dumps(texts_of(chunk))])


@cache
def _reader(make: Callable[[], Embedder]) -> Embedder:
    return make()  # once in a process, which Ray gives one task after the other


def _refuse_missing(sources: Iterable[Source]) -> None:
    for root in {source.path.parents[source.uri.count("/")] for source in sources}:
        if not root.is_dir():
            raise ClusterError(
                f"The folder {root} is not on {platform.node()}, a machine of the Ray cluster;"
                " let each see it under the same path."
            )


def _told(
    rows: Iterable[_Row], manifest: str, process: ReadingProcess, count_tokens: CountTokens
) -> Iterator[Told]:
    """What the files say; a document that the index holds already is not split, and so not encoded."""
    for source, fingerprint, held in rows:
        for one in told(source, fingerprint, process.read):
            if isinstance(one, Fresh) and known_as(one, manifest).digest() not in held:
                yield with_passages(one, count_tokens)
            else:
                yield one


def _light(piece: Piece) -> Piece:
    """The document goes with its first piece only."""
    if piece.start == 0 or not isinstance(piece.item, Fresh):
        return piece
    document = replace(piece.item.document, text="")
    return replace(piece, item=replace(piece.item, document=document, passages=()))


class _Encoder:
    """Encodes chunks, on a machine of the cluster."""

    def __init__(self, make: Callable[[int], Embedder], threads: int) -> None:
        self._make = make
        self._threads = threads

    @cached_property
    def _embedder(self) -> Embedder:
        return self._make(self._threads)  # not before a chunk comes: of that Ray tells what went wrong

    def __call__(self, chunk: pyarrow.Table) -> pyarrow.Table:
        texts = pickle.loads(chunk["texts"][0].as_py())
        encodings = pickle.dumps(encode(texts, self._embedder))
        return _table(pieces=chunk["pieces"].to_pylist(), encodings=[encodings])


def _received(dataset: ray.data.Dataset) -> Iterator[Encoded]:
    for table in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
        columns = (table[name].to_pylist() for name in ("pieces", "encodings"))
        for pieces, encodings in zip(*columns, strict=True):
            yield pickle.loads(pieces), pickle.loads(encodings)


def _table(**columns: list[bytes]) -> pyarrow.Table:
    import pyarrow

    return pyarrow.table(
        {name: pyarrow.array(rows, pyarrow.large_binary()) for name, rows in columns.items()}
    )


def _meaning(error: BaseException) -> QAError:
    """What an error of Ray means to a user: one of ours that it wraps, or that the cluster gave up."""
    cause = getattr(error, "cause", None) or error
    said = str(cause).partition("\n")[0]  # Ray adds lines of its own
    if isinstance(cause, QAError) and cause is not error:
        return type(cause)(said)
    return ClusterError(
        f"The Ray cluster gave up ({type(cause).__name__}: {said}); what it made is kept:"
        " run the command again to go on."
    )
