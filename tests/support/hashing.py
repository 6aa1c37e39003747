"""Passwords of tests, hashed once instead of a million times: nobody guesses them, and hundreds of tests set one."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class Once(PBKDF2PasswordHasher):
    """Django's own hash, one round of it."""

    algorithm = "pbkdf2_once"
    iterations = 1
