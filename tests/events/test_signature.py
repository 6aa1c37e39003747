"""The signature is base64(sha256(secret + body)), in either alphabet, padded or not."""

import base64
import hashlib

import pytest

from events.signature import sign, verify

BODY = b'{"id":"1"}'
KNOWN = "Cvj-tsavdXP3xgGbcCbsJuV2Po0Rxb70FKs7F7RH_rM"  # the example of E2B's facts


def test_the_known_example():
    assert sign("s3cret", BODY) == KNOWN
    assert verify(KNOWN, BODY, ["s3cret"])


@pytest.mark.parametrize("spell", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("pad", [True, False])
def test_either_alphabet_padded_or_not(spell, pad):
    text = spell(hashlib.sha256(b"s3cret" + BODY).digest()).decode()
    assert verify(text if pad else text.rstrip("="), BODY, ["s3cret"])


@pytest.mark.parametrize("header", ["", "x", KNOWN[:-2], KNOWN + "AAAA", "é" * 43, KNOWN.replace("C", "D", 1)])
def test_another_header_is_refused(header):
    assert not verify(header, BODY, ["s3cret"])


def test_old_and_new_secret_while_one_is_rotated():
    assert verify(KNOWN, BODY, ["new", "s3cret"])
    assert not verify(KNOWN, BODY, ["new"])


def test_an_empty_secret_opens_nothing():
    assert not verify(sign("", BODY), BODY, ["", ""])
