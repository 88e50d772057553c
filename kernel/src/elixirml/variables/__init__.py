"""Everything that may be tuned: variables, the space they form, and assignments of values to them.

A `Variable` has a path, a default and a domain. All variables of a program form one `Space`; an `Assignment` maps
paths to JSON values; text and subset variables choose from growing `Bank`s. Optimizers see nothing else of a program.
"""

from elixirml.variables.assignment import Assignment
from elixirml.variables.bank import Bank, Entry
from elixirml.variables.banked import Banked, Subset, Text
from elixirml.variables.base import Variable
from elixirml.variables.choices import Boolean, Capability, Choice
from elixirml.variables.conditions import Condition, when
from elixirml.variables.constraints import Constraint
from elixirml.variables.declare import variable
from elixirml.variables.derived import Computed, Fitted
from elixirml.variables.numeric import Float, Integer, Scale
from elixirml.variables.space import Space

__all__ = [
    "Assignment",
    "Bank",
    "Banked",
    "Boolean",
    "Capability",
    "Choice",
    "Computed",
    "Condition",
    "Constraint",
    "Entry",
    "Fitted",
    "Float",
    "Integer",
    "Scale",
    "Space",
    "Subset",
    "Text",
    "Variable",
    "variable",
    "when",
]
