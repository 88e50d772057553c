"""The contest: the race together with the points in it, and their siblings, which cost no call.

Two candidates that differ only in variables marked `elixirml.contracts.FREE_OF_CALLS` send the same requests, so a
journal answers the second for nothing. After every pull the siblings of whoever was pulled are sent to the same
examples.
"""

from collections.abc import Mapping, Sequence
from random import Random

from attrs import evolve, field, frozen

from elixirml.contracts import Context, Evaluate, StudyEvent, Told
from elixirml_teleprompters.demos import grown
from elixirml_teleprompters.features import Features, Point
from elixirml_teleprompters.moves import siblings
from elixirml_teleprompters.race import Race

__all__ = ["Contest"]


@frozen(eq=False)
class Contest:
    """Who races, and with whom for free.

    Attributes:
        race: The race.
        features: The space as rows.
        points: The point of everybody in the race, by candidate id.
        families: By request, all points that send it: the first that came, then its siblings.
        following: Ids of the candidates sent out in the last step because a sibling had been: they should cost nothing.
        trusting: Whether siblings are still expected to cost nothing; False once one did.
    """

    race: Race
    features: Features
    points: Mapping[str, Point] = field(factory=dict[str, Point])
    families: Mapping[str, tuple[Point, ...]] = field(factory=dict[str, tuple[Point, ...]])
    following: frozenset[str] = frozenset()
    trusting: bool = True

    @classmethod
    def of(cls, context: Context) -> "Contest":
        """Return the contest before its start."""
        return cls(Race.of(context), Features.of(context.space))

    def after(self, events: Sequence[StudyEvent]) -> "Contest":
        """Return the contest after what the study told."""
        charged = any(
            isinstance(event, Told) and event.calls > 0 and event.candidate.id in self.following for event in events
        )
        told = evolve(
            self,
            race=self.race.after(events),
            following=frozenset(),
            trusting=self.trusting and not charged,
        )
        space = grown(self.features.space, events)
        return told if space is self.features.space else told.in_features(Features.of(space))

    def in_features(self, features: Features) -> "Contest":
        """Return the contest in a later stage of the same space, whose banks have grown."""
        points = {key: features.of_candidate(point.candidate) for key, point in self.points.items()}
        return evolve(self, features=features, points=points, families={})

    def pulling(self, point: Point, *, upto: int) -> tuple["Contest", Evaluate]:
        """Send a point to the examples it has not met, up to a position of the order."""
        race, action = self.race.asking(point.candidate, upto=upto)
        return evolve(self, race=race, points={**self.points, point.id: point}), action

    def pulling_all(self, points: Sequence[Point], *, upto: int) -> tuple["Contest", tuple[Evaluate, ...]]:
        """Send several points out at once."""
        here, actions = self, list[Evaluate]()
        for point in points:
            here, action = here.pulling(point, upto=upto)
            actions.append(action)
        return here, tuple(action for action in actions if action.examples)

    def fronts(self) -> dict[str, int]:
        """Return how far into the order each family has come, by request."""
        fronts: dict[str, int] = {}
        for key, point in self.points.items():
            fronts[point.request] = max(fronts.get(point.request, 0), self.race.asked(key))
        return fronts

    def levelling(self, rng: Random) -> tuple["Contest", tuple[Evaluate, ...]]:
        """Send the siblings of everybody to where the first of their family stands.

        Returns:
            The contest, and the evaluations; none when all are level, or nothing is free of calls.
        """
        if not self.features.free or not self.trusting:
            return self, ()
        here, actions = self, list[Evaluate]()
        for request, front in self.fronts().items():
            here = here.with_family(request, rng)
            behind = [point for point in here.families[request] if here.lags(point, front)]
            here, sent = here.pulling_all(behind, upto=front)
            actions += sent
        return evolve(here, following=frozenset(action.candidate.id for action in actions)), tuple(actions)

    def with_family(self, request: str, rng: Random) -> "Contest":
        """Return the contest with the siblings of those who send this request."""
        if request in self.families:
            return self
        first = next(point for point in self.points.values() if point.request == request)
        family = (first, *siblings(self.features, first, rng))
        return evolve(self, families={**self.families, request: family})

    def lags(self, point: Point, front: int) -> bool:
        """Return whether a point has fewer examples than `front` and may take more."""
        entrant = self.race.entrants.get(point.id)
        return entrant is None or (entrant.asked < front and not entrant.done)
