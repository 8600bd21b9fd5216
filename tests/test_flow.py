from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from qa.sync.flow import ahead, in_order


def counted(made: list[int], end: int = 1_000_000) -> Iterator[int]:
    for i in range(end):
        made.append(i)
        yield i


def test_items_come_in_order_and_only_so_many_ahead() -> None:
    made: list[int] = []
    with closing(ahead(counted(made), 3)) as items:
        assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
        assert len(made) <= 5 + 3 + 1
    assert len(made) <= 5 + 3 + 2
    assert list(ahead(counted([], 10), 3)) == list(range(10))


def test_an_error_comes_after_what_was_made_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    items = ahead(failing(), 3)
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_closing_ends_the_thread_and_what_it_reads_from() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = threading.active_count()
    items = ahead(ahead(endless(), 2), 2)
    next(items)
    items.close()
    assert closed.is_set()
    assert threading.active_count() == before


def test_work_of_several_threads_keeps_its_order_and_its_bound() -> None:
    made: list[int] = []
    first_may_end = threading.Event()

    def work(i: int) -> int:
        if i == 0:
            assert first_may_end.wait(30)
        elif i == 2:
            first_may_end.set()
        return i * i

    with ThreadPoolExecutor(3) as pool:
        results = in_order(pool, work, counted(made, 20), 4)
        assert next(results) == 0
        assert len(made) <= 5
        assert list(results) == [i * i for i in range(1, 20)]
