"""The ground that tasks and pages stand on: accounts and their secrets, the loop over accounts, locks, Redis, prices.

Also publishing to the pages, background jobs and cooldowns. Stands beside `models`, below everything else of a fleet.
"""
