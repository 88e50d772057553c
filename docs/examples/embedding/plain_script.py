"""A kernel in a script without any async code, with a model that the script brings along itself.

python plain_script.py "Capital of Norway?" "Capital of Peru?"
"""

import json
import sys

import elixirml as ml
from elixirml.contracts import ModelRequest
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

TOWNS = {"Norway": "Oslo", "Peru": "Lima"}


def reply(request: ModelRequest) -> str:
    """A stand-in for a model: knows two capitals."""
    question = request.messages[-1].content
    return json.dumps({"answer": next((town for country, town in TOWNS.items() if country in question), "unknown")})


def main(questions: list[str]) -> None:
    plugins = PluginManager.load()  # what is installed, and beside it what this script offers
    plugins.registry.offer("language_models", "script", ScriptedProvider({"towns": ScriptedModel(script=reply)}))

    program = ml.as_program(ml.predict("question -> answer: str", adapter="json", model="script/towns"))
    with ml.BlockingKernel(ml.Kernel(plugins=plugins)) as kernel:
        for question in questions:
            print(kernel.run(program, {"question": question}).fields["answer"])


if __name__ == "__main__":
    main(sys.argv[1:])
