"""The length extension of SHA-256: from sha256(secret + body) to the signature of a longer body, without the secret.

FIPS 180-4, sections 4.1.2, 5.1.1 and 6.2: a digest is the whole inner state, so whoever has one can go on hashing.
"""

import struct

MASK = 0xFFFFFFFF
BLOCK = 64


def glue(length: int) -> bytes:
    """The padding that SHA-256 puts after a message of so many bytes."""
    return b"\x80" + b"\x00" * ((BLOCK - 9 - length) % BLOCK) + struct.pack(">Q", length * 8)


def extend(digest: bytes, length: int, suffix: bytes) -> bytes:
    """The digest of (message + glue(length) + suffix), where `digest` is that of the message of `length` bytes."""
    state = list(struct.unpack(">8I", digest))
    whole = length + len(glue(length))
    rest = suffix + glue(whole + len(suffix))
    for first in range(0, len(rest), BLOCK):
        state = _compress(state, rest[first : first + BLOCK])
    return struct.pack(">8I", *state)


def _primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def _cube_root(number: int) -> int:
    """The whole part of the cube root."""
    low, high = 0, 1 << (number.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


# The first 32 bits behind the point of the cube roots of the first 64 primes.
ROUNDS = [_cube_root(prime << 96) & MASK for prime in _primes(64)]


def _compress(state: list[int], block: bytes) -> list[int]:
    words = list(struct.unpack(">16I", block))
    for n in range(16, 64):
        small = _rotated(words[n - 15], 7, 18) ^ words[n - 15] >> 3
        large = _rotated(words[n - 2], 17, 19) ^ words[n - 2] >> 10
        words.append((words[n - 16] + small + words[n - 7] + large) & MASK)
    a, b, c, d, e, f, g, h = state
    for constant, word in zip(ROUNDS, words, strict=True):
        one = h + _rotated(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + constant + word
        two = _rotated(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = (one + two) & MASK, a, b, c, (d + one) & MASK, e, f, g
    return [(old + new) & MASK for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


def _rotated(word: int, *places: int) -> int:
    found = 0
    for n in places:
        found ^= word >> n | word << (32 - n)
    return found & MASK
