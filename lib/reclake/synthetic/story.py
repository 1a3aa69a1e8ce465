"""One person's story up to the last day. It needs no other, so any partition can tell any of them."""

from .draws import Draws
from .facts import Memory, Story, World, clock
from .life import Visit, life, visits
from .people import person
from .visit import tell


def story(world: World, number: int) -> Story:
    """The story of the person with that number."""
    settings = world.settings
    somebody = person(settings, number)
    lived = life(settings, somebody, until=settings.n_days)
    timed = [(_start(world, number, visit), visit) for visit in visits(settings, somebody, lived, until=settings.n_days)]
    timed.sort(key=lambda entry: (entry[0], entry[1].name))
    # Who has not come yet is first seen after the days that are told.
    told = Story(somebody, lived, started_at=timed[0][0] if timed else world.calendar.start(int(lived.first_at)))
    memory = Memory(last_categories=somebody.categories)
    for start, visit in timed:
        tell(world, told, memory, visit, start=max(start, memory.free_from))
    return told


def _start(world: World, number: int, visit: Visit) -> int:
    draws = Draws(world.settings.seed, "clock", number, visit.name)
    return clock(world, draws, int(visit.at), in_shop=visit.channel == "pos")
