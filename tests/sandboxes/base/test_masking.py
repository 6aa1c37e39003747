"""Secrets do not reach a log line, whichever way they try."""

import io
import logging

import pytest

from sandboxes.base import masking


@pytest.fixture
def logged():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(masking.MaskSecrets())
    logger = logging.getLogger("test.masking.child")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, stream
    logger.removeHandler(handler)


def test_it_works():
    masking.register("hunter2-is-secret")

    assert masking.mask("the word hunter2-is-secret here") == f"the word {masking.MASK} here"


def test_whatever_looks_like_an_e2b_key_is_masked():
    assert masking.mask("key=e2b_0123456789abcdef!") == f"key={masking.MASK}!"
    assert masking.mask("the e2b_client module") == "the e2b_client module"


@pytest.mark.parametrize(
    "text",
    [
        '{"envdAccessToken":"abc123"}', "X-API-Key: abc123", "headers {'x-api-key': 'abc123'}",
        "[(b'X-API-Key', b'abc123')]", 'signatureSecret="abc123"', "Authorization: Bearer abc123.def456",
    ],
)  # fmt: skip
def test_values_of_telling_names_are_masked(text):
    assert "abc123" not in masking.mask(text)


def test_a_longer_secret_that_begins_with_another_is_masked_whole():
    masking.register("prefix-secret", "prefix-secret-and-tail")

    assert masking.mask("prefix-secret-and-tail") == masking.MASK


def test_short_words_are_not_taken_for_secrets():
    masking.register("", "the")

    assert masking.mask("the fleet") == "the fleet"


def test_message_arguments_and_traceback_are_masked(logged):
    logger, stream = logged
    masking.register("deep-secret-1")
    try:
        int("deep-secret-1")
    except ValueError:
        logger.exception("failed with %s and %r", "deep-secret-1", {"key": "e2b_0123456789abcdef"}, stack_info=True)

    assert "deep-secret-1" not in stream.getvalue()
    assert "e2b_0123" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_a_badly_formatted_log_call_is_still_logged_and_masked(logged):
    logger, stream = logged
    masking.register("deep-secret-2")

    logger.warning("%d apples", "deep-secret-2")

    assert "deep-secret-2" not in stream.getvalue()
    assert "apples" in stream.getvalue()


def test_only_the_secrets_used_last_are_remembered():
    secrets = masking.Secrets(3)
    secrets.register("first-secret")
    for number in range(5):
        secrets.register(f"tried-secret-{number}", "first-secret")

    assert len(secrets) == 3
    assert secrets.mask("first-secret tried-secret-4") == f"{masking.MASK} {masking.MASK}"
    assert secrets.mask("tried-secret-0") == "tried-secret-0"
