"""Where in a value something stands, cheap to make and written out only for a message."""

__all__ = ["Place"]


class Place:
    """A key or position, in the place around it; the same object for the same place."""

    __slots__ = ("around", "inside", "key")

    def __init__(self, around: "Place | None" = None, key: str | int | None = None) -> None:
        self.around = around
        self.key = key
        self.inside: dict[str | int, Place] = {}

    def at(self, key: str | int) -> "Place":
        """Return the place of a key or position inside this one."""
        found = self.inside.get(key)
        if found is None:
            found = self.inside[key] = Place(self, key)
        return found

    def beside(self) -> "Place":
        """Return another place with the same path: for what is judged there and is not the value itself."""
        return Place(self.around, self.key)

    @property
    def path(self) -> tuple[str | int, ...]:
        """The keys and positions from the outside in."""
        keys: list[str | int] = []
        place: Place | None = self
        while place is not None and place.key is not None:
            keys.append(place.key)
            place = place.around
        return tuple(reversed(keys))
