"""Iterators whose items are made ahead of need, in other threads, a bounded number at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future
from queue import Queue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class _End:
    """The last thing in the queue: the items are at their end, by an error or not."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterator[T], count: int) -> Generator[T]:
    """The same items in order, up to `count` of them made by another thread before they are asked for.

    An error of `items` is raised here. Closing this ends the thread and closes `items`; wrap it in
    `contextlib.closing` where it may not be read to its end.
    """
    queue: Queue[T | _End] = Queue(count)
    stop = threading.Event()
    # A daemon: nobody would take from its queue any longer once this process is being ended.
    thread = threading.Thread(target=_make, args=(items, queue, stop), name="ahead", daemon=True)
    thread.start()
    end: _End | None = None
    try:
        while end is None:
            item = queue.get()
            if isinstance(item, _End):
                end = item
            else:
                yield item
    finally:
        stop.set()
        while end is None:
            item = queue.get()
            end = item if isinstance(item, _End) else None
        thread.join()
    if end.error is not None:
        raise end.error


def _make(items: Iterator[T], queue: Queue[T | _End], stop: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            queue.put(item)
            if stop.is_set():
                break
    except BaseException as raised:
        error = raised
    finally:
        if isinstance(items, Generator):
            items.close()
        queue.put(_End(error))


def in_order(pool: Executor, function: Callable[[T], R], items: Iterable[T], count: int) -> Iterator[R]:
    """`function` of each item, in the order of the items, at most `count` of them begun and not taken yet."""
    begun: deque[Future[R]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(function, item))
            if len(begun) >= count:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()
