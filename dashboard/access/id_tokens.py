"""An ID token of OpenID Connect: read only when its provider signed it for us, and while it holds. No network."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SKEW_SECONDS: Final = 60  # how far the provider's clock may be off


class BadToken(ValueError):
    """It proves nothing; the message says why."""


def read(text: str, keys: Sequence[Mapping[str, Any]], issuer: str, client_id: str) -> dict[str, Any]:
    """Its claims. `keys` are those of the provider's `jwks_uri`. Raises BadToken."""
    try:
        header = jwt.get_unverified_header(text)
        if header.get("alg") not in ALGORITHMS:
            raise BadToken(f"ID tokens signed with {header.get('alg')} are not taken")
        claims: dict[str, Any] = jwt.decode(
            text, _key(header, keys), algorithms=[header["alg"]], issuer=issuer, audience=client_id,
            leeway=SKEW_SECONDS, options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )  # fmt: skip
    except jwt.PyJWTError as error:
        raise BadToken(f"the ID token is wrong: {error}") from error
    others = claims["aud"] != client_id and claims["aud"] != [client_id]
    if claims.get("azp", client_id) != client_id or (others and "azp" not in claims):
        raise BadToken("the ID token was made for another client")
    return claims


def _key(header: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]) -> Any:
    """By the key's ID; a token without one is signed with the only key that there is (OpenID Connect Core, 10.1)."""
    usable = [key for key in keys if key.get("use", "sig") == "sig" and key.get("kty") != "oct"]
    found = [key for key in usable if "kid" not in header or key.get("kid") == header["kid"]]
    if len(found) != 1:
        raise BadToken("the ID token is signed with a key that the provider does not publish")
    return jwt.PyJWK(dict(found[0]), algorithm=header["alg"])
