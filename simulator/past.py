"""The day before the start: the same life as later, run at once, so that the fleet begins with a past."""

import gc
from random import Random

from simulator.agenda import Agenda
from simulator.life import HOUR
from simulator.options import Options
from simulator.population import FOR_EVER, QUOTAS, Population

# So many births at the most are lived before the start, so that a big, busy fleet is there in seconds too; its past
# is then shorter than asked for.
MOST_PAST_BIRTHS = 8_000


def live(options: Options, population: Population, agenda: Agenda, now: float) -> float:
    """Fill the fleet and live its past up to `now` (Unix seconds); gives when that past began."""
    begin = now - _past_seconds(options)
    if options.sandboxes > 0:
        _settle(options, population, begin, now)
    if options.births_per_minute > 0 and options.sandboxes > 0:
        population.keep_bearing(begin)
    # All that is made here stays: looking through it for garbage again and again would take a third of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        agenda.run_until(now)
    finally:
        if collecting:
            gc.enable()
    return begin


def _past_seconds(options: Options) -> float:
    asked = max(options.past_hours, 0.0) * HOUR
    if options.births_per_minute <= 0:
        return asked
    return min(asked, MOST_PAST_BIRTHS / options.births_per_minute * 60.0)


def _settle(options: Options, population: Population, begin: float, now: float) -> None:
    """The sandboxes that were there when the past began, each with an age of its own."""
    chance = Random(f"{options.seed}:past")
    mean = population.mean_life_seconds
    # Where nothing is born, what is there stays.
    stays = 0.0 if options.births_per_minute > 0 else FOR_EVER
    count = 0
    for kind, share in QUOTAS:
        if stays and kind == "vanished":
            continue
        for _ in range(round(share * options.sandboxes)):
            count += 1
            # Lasting ones have run for more than a day by now, or soon will have.
            born = now - chance.uniform(20, 70) * HOUR if kind == "lasting" else begin - chance.uniform(0.3, 3) * HOUR
            population.bear(born, kind, stays)
    for _ in range(options.sandboxes - count):
        # Exponential lives have no memory: what is left of one is drawn like a whole one.
        age = chance.uniform(0, 18) * HOUR if stays else min(chance.expovariate(1.0 / mean), 18 * HOUR)
        population.bear(begin - age, "staying" if stays else "plain", age + chance.expovariate(1.0 / mean))
