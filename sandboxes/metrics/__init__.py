"""What sandboxes use: polled each tick (`polling`), kept as frames and rolled up to series (`series`).

Reads and writes samples; who shows or judges them stands above.
"""
