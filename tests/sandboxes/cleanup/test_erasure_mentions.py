"""A name is found as a word of its own, however it is spelled, and not inside of another name."""

import pytest

from sandboxes.cleanup.erasure import Mentions


@pytest.mark.parametrize(
    "text", ["alice", "owner=alice&x=1", '{"owner":"alice"}', "It was alice.", "a\nalice\nb", "(alice)"]
)
def test_name_is_mentioned(text):
    assert Mentions("alice").in_text(text)


@pytest.mark.parametrize(
    "text", ["alice-smith", "malice", "alice.smith", "alice@host", "x.alice", "b-alice", "alice2", ""]
)
def test_longer_name_is_no_mention(text):
    assert not Mentions("alice").in_text(text)


@pytest.mark.parametrize(
    "text",
    ['{"o": "J\\u00fcrg, \\"J\\""}', "owner=J%C3%BCrg%2C%20%22J%22", "owner=J%C3%BCrg%2C+%22J%22", 'Jürg\\, "J"'],
)
def test_other_spellings_are_mentions(text):
    assert Mentions('Jürg, "J"').in_text(text)


def test_regular_expression_in_a_name_means_nothing():
    assert Mentions("a.*[").in_text("of a.*[")
    assert not Mentions("a.*[").in_text("abc[")


def test_sandbox_is_found_as_a_whole_word():
    mentions = Mentions("x", ids=["i1", "ns--pod.1"])
    assert mentions.of_sandbox('{"sandboxID":"i1"}')
    assert mentions.of_sandbox("/sandboxes/ns--pod.1/logs")
    assert not mentions.of_sandbox("i12 i1-2")


def test_replacing_keeps_everything_else():
    mentions = Mentions("alice", ["alice@example.org"])
    value = {"alice": [1, None, "of alice and alice@example.org, not alice-smith"]}
    assert mentions.replaced_in(value, "P") == {"P": [1, None, "of P and P, not alice-smith"]}


def test_blotting_keeps_length_and_bytes_that_are_no_text():
    blotted, count = Mentions("Jürg").blotted("a Jürg b".encode() + b"\xff\n")
    assert (blotted, count) == (b"a xxxxx b\xff\n", 1)


def test_empty_name_is_never_mentioned():
    assert not Mentions("").in_text("anything")
