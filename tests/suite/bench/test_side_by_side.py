"""Work that is dealt out to several places."""

from __future__ import annotations

import threading

import pytest

from fixtures.bench.side_by_side import side_by_side


def test_results_keep_the_order_of_the_work() -> None:
    _, done = side_by_side(["a", "b"], range(50), lambda _, number: number * 2)
    assert done == [number * 2 for number in range(50)]


def test_two_places_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)  # is broken, and raises, where one waits alone
    _, done = side_by_side(["a", "b"], [1, 2], lambda place, _: (both.wait(), place)[1])
    assert sorted(done) == ["a", "b"]


def test_a_place_does_one_piece_at_a_time() -> None:
    busy, clashes = set[str](), list[str]()

    def run(place: str, _: int) -> None:
        if place in busy:
            clashes.append(place)
        busy.add(place)
        threading.Event().wait(0.001)
        busy.remove(place)

    side_by_side(["a", "b"], range(40), run)
    assert not clashes


def test_an_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(["a", "b"], [1, 0], lambda _, number: 1 // number)
