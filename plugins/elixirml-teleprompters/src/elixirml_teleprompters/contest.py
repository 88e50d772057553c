"""The contest: the race together with the points in it, and their siblings, which cost no call.

Two candidates that differ only in variables marked `elixirml.contracts.FREE_OF_CALLS` send the same requests, so a
journal answers the second for nothing. After every pull the siblings of whoever was pulled are sent to the same
examples.
"""

from collections.abc import Mapping, Sequence
from random import Random

from attrs import evolve, field, frozen

from elixirml.contracts import Candidate, Context, Evaluate, StudyEvent, Told
from elixirml_teleprompters.demos import grown
from elixirml_teleprompters.features import Features, Point
from elixirml_teleprompters.moves import siblings
from elixirml_teleprompters.race import Entrant, Race

__all__ = ["Contest"]


@frozen(eq=False)
class Contest:
    """Who races, and with whom for free.

    Attributes:
        race: The race.
        features: The space as rows.
        points: The point of everybody in the race, by key.
        ids: Their candidate ids, by key.
        families: By request, all points that send it: the first that came, then its siblings.
        following: Ids of the candidates sent out in the last step because a sibling had been: they should cost nothing.
        trusting: Whether siblings are still expected to cost nothing; False once one did.
    """

    race: Race
    features: Features
    points: Mapping[str, Point] = field(factory=dict[str, Point])
    ids: Mapping[str, str] = field(factory=dict[str, str])
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
        points = {key: features.point(point.assignment, origin=point.origin) for key, point in self.points.items()}
        return evolve(self, features=features, points=points, families={})

    def candidate(self, point: Point) -> Candidate:
        """Return the candidate of a point in the race."""
        return self.race.entrants[self.ids[point.key]].candidate

    def asked(self, point: Point) -> int:
        """Return how many examples a point was sent to."""
        return self.race.asked(self.ids.get(point.key, ""))

    def done(self, point: Point) -> bool:
        """Return whether there is nothing left to ask a point."""
        return point.key in self.ids and self.race.entrants[self.ids[point.key]].done

    def scorers(self) -> tuple[tuple[Point, Entrant], ...]:
        """Return everybody who has at least one score."""
        everybody = ((point, self.race.entrants[self.ids[key]]) for key, point in self.points.items())
        return tuple((point, entrant) for point, entrant in everybody if entrant.seen)

    def pulling(self, point: Point, *, upto: int) -> tuple["Contest", Evaluate]:
        """Send a point to the examples it has not met, up to a position of the order."""
        candidate = Candidate.of(self.features.space, point.assignment, origin=point.origin)
        race, action = self.race.asking(candidate, upto=upto)
        points, ids = {**self.points, point.key: point}, {**self.ids, point.key: candidate.id}
        return evolve(self, race=race, points=points, ids=ids), action

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
        for point in self.points.values():
            fronts[point.request] = max(fronts.get(point.request, 0), self.asked(point))
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
        return self.asked(point) < front and not self.done(point)
