"""Signing in: the password brake, and from which address somebody comes."""
