"""What every room may use: the clock, masking, sizes, prices of a run, guarded connections, bounded memory.

Knows neither Django nor E2B, and imports nothing of the other rooms.
"""
