"""Previews make the garbage collector rarer for as long as one of them runs, and never turn it off."""

import gc

import pytest

from sandboxes.cleanup.whatif.collector import RARE, RareCollection


@pytest.fixture(autouse=True)
def as_before():
    before = gc.get_threshold()
    gc.set_threshold(10_000, 20, 20)
    yield
    gc.set_threshold(*before)


def test_collector_is_rare_but_on_during_a_preview():
    with RareCollection()():
        assert gc.isenabled()
        assert gc.get_threshold()[0] == RARE
    assert gc.get_threshold() == (10_000, 20, 20)


def test_collector_is_set_back_by_the_last_of_overlapping_previews():
    rare = RareCollection()
    first, second = rare(), rare()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)  # not in the order of their beginning
    assert gc.get_threshold()[0] == RARE
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (10_000, 20, 20)


def test_collector_is_set_back_when_a_preview_fails():
    with pytest.raises(ZeroDivisionError), RareCollection()():
        raise ZeroDivisionError
    assert gc.get_threshold() == (10_000, 20, 20)
