"""What one predictor call is to do: an instruction, input fields and output fields."""

from attrs import evolve, frozen

from elixirml.contracts.schema import Field
from elixirml.identity import Json

__all__ = ["Signature"]


@frozen
class Signature:
    """The task of one predictor call.

    Attributes:
        name: The stage's name; used in messages only.
        instruction: What to do, in words for the model; may be empty.
        inputs: What the model is given, in order.
        outputs: What it must answer, in order.
    """

    name: str
    instruction: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]

    def with_instruction(self, instruction: str) -> "Signature":
        """Return the same task in other words."""
        return evolve(self, instruction=instruction)

    def with_output_first(self, output: Field) -> "Signature":
        """Return the task with one more output, asked for before the others."""
        return evolve(self, outputs=(output, *self.outputs))

    def to_json(self) -> dict[str, Json]:
        """Return what identifies the signature."""
        return {
            "instruction": self.instruction,
            "inputs": [each.to_json() for each in self.inputs],
            "outputs": [each.to_json() for each in self.outputs],
        }
