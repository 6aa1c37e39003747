"""What should go: the reaper judges and marks, leases and the owner callback keep, what-if tells before.

Also the freeze switch and retention. It asks `actions` to act, and never calls a backend's changing endpoints itself.
"""
