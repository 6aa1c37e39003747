"""An ID token proves who somebody is only when their provider signed it, for us, and while it holds."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from dashboard.access.id_tokens import BadToken, read

ISSUER, CLIENT = "https://acme.okta.com", "sandwarden"
MINE, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))
KEYS = [{**RSAAlgorithm.to_jwk(MINE.public_key(), as_dict=True), "kid": "1", "use": "sig"}]


def token(key: Any = MINE, alg: str = "RS256", kid: str | None = "1", **changed: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "ada", "iat": now, "exp": now + 300, **changed}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, alg, headers={"kid": kid} if kid else None)


def test_claims_of_a_good_token_are_read():
    assert read(token(), KEYS, ISSUER, CLIENT)["sub"] == "ada"
    assert read(token(kid=None), KEYS, ISSUER, CLIENT)["sub"] == "ada"
    assert read(token(aud=[CLIENT, "other"], azp=CLIENT), KEYS, ISSUER, CLIENT)["sub"] == "ada"


@pytest.mark.parametrize(
    "bad",
    [
        token(OTHER),
        token(kid="2"),
        token("a secret of at least thirty-two bytes", "HS256"),
        token(None, "none"),
        token(iss="https://evil.example"),
        token(aud="another"),
        token(aud=[CLIENT, "other"]),
        token(azp="other"),
        token(exp=int(time.time()) - 3600),
        token(exp=None),
        token(sub=None),
        token()[:-4],
        "no token",
        "",
    ],
    ids=range(14),
)
def test_token_that_proves_nothing_is_refused(bad):
    with pytest.raises(BadToken):
        read(bad, KEYS, ISSUER, CLIENT)


def test_public_key_is_no_shared_secret():
    with pytest.raises(BadToken):
        read(
            token("a secret of at least thirty-two bytes", "HS256"),
            [{"kty": "oct", "k": "YQ", "kid": "1"}],
            ISSUER,
            CLIENT,
        )


def test_two_keys_without_a_key_id_are_no_answer():
    two = [*KEYS, {**RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True), "kid": "2"}]
    with pytest.raises(BadToken):
        read(token(kid=None), two, ISSUER, CLIENT)
