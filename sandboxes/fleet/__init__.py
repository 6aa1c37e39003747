"""The fleet as it is on record: what lists show (`inventory`), search, the fleet now and at any time (`figures`),

which lease covers whom, accounts of one project, logs, and what a death was probably caused by.
"""
