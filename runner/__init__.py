"""What `make run` is: a supervisor for all processes, embedded PostgreSQL and Redis, and how variables are read.

Imports no Django: it starts before the project's settings can be read.
"""
