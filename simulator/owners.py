"""Who the simulated sandboxes belong to: the metadata a team of agents writes on them."""

from random import Random

_TEAMS = ("agents", "evals", "research", "platform", "growth", "support-bots")
_PEOPLE = ("amara", "bjorn", "chen", "dalia", "emeka", "farah", "goran", "hana", "ines", "jonas", "kaveh", "lucia")
_ENVIRONMENTS = (("prod", 55), ("staging", 20), ("dev", 25))
_WITHOUT_OWNER = 0.08


def metadata(chance: Random) -> dict[str, str]:
    """Metadata of one sandbox: owner, userId, environment and run; some have no owner, a few nothing at all."""
    if chance.random() < 0.02:
        return {}
    environment = chance.choices([name for name, _ in _ENVIRONMENTS], [weight for _, weight in _ENVIRONMENTS])[0]
    written = {"env": environment, "runId": f"run-{chance.getrandbits(32):08x}"}
    if chance.random() >= _WITHOUT_OWNER:
        written["owner"] = f"team-{chance.choice(_TEAMS)}"
        written["userId"] = f"user-{chance.choice(_PEOPLE)}"
    if chance.random() < 0.2:
        written["session"] = f"{chance.getrandbits(48):012x}"
    return written
