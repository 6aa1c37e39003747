"""Who is told what: rules judged from facts that are there, alerts with a beginning and an end, silences, routes.

`rules` is pure: what a rule says, when it fires, what is told. `measures` asks the record; `judging` is the round.
"""
