from __future__ import annotations

import threading

import pytest

from qa.errors import GeneratorUnavailable
from qa.speaking.breaker import REST_SECONDS, Breaker

AWAY = GeneratorUnavailable("The server is away; start it.")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def is_refused(breaker: Breaker) -> bool:
    try:
        with breaker.admitted():
            return False
    except GeneratorUnavailable as error:
        return str(error) == str(AWAY)


def test_a_server_that_fails_is_left_alone_while_it_rests() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    assert not is_refused(breaker)
    with breaker.admitted():
        breaker.failed(AWAY)
    assert is_refused(breaker)
    clock.now = REST_SECONDS - 0.1
    assert is_refused(breaker)
    clock.now = REST_SECONDS
    assert not is_refused(breaker)


def test_one_tries_and_the_others_wait_for_what_comes_of_it() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed(AWAY)
    clock.now = 2 * REST_SECONDS
    with breaker.admitted():
        assert is_refused(breaker)
        breaker.answered()
        assert not is_refused(breaker)
    assert not is_refused(breaker)


def test_a_try_that_fails_begins_another_rest() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed(AWAY)
    clock.now = 2 * REST_SECONDS
    with breaker.admitted():
        breaker.failed(AWAY)
    assert is_refused(breaker)
    clock.now = 3 * REST_SECONDS
    assert not is_refused(breaker)


def test_who_leaves_lets_another_one_try() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed(AWAY)
    clock.now = REST_SECONDS
    with pytest.raises(GeneratorExit), breaker.admitted():
        raise GeneratorExit
    with breaker.admitted():
        assert is_refused(breaker)


def test_of_many_at_once_one_tries() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed(AWAY)
    clock.now = REST_SECONDS
    ready, done = threading.Barrier(8), threading.Barrier(8)
    refused: list[bool] = []

    def ask() -> None:
        ready.wait()
        try:
            with breaker.admitted():
                refused.append(False)
                done.wait()
        except GeneratorUnavailable:
            refused.append(True)
            done.wait()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(refused) == [False] + [True] * 7
