"""The program of the demonstration, written as one would first write it."""

from typing import Literal

from attrs import frozen

import elixirml as ml

__all__ = ["CONTROL", "Published", "Sentence", "SentenceSource"]


@frozen
class Sentence:
    """One sentence, as it was published."""

    text: str


@frozen
class Published:
    """Where a sentence was published."""

    label: Literal["tweet", "film", "product", "news"]


class SentenceSource(ml.Program[Sentence, Published]):
    """Tell where a sentence was published: a tweet, a film review, a product review or a news editorial."""

    instruction = ml.variable(
        "Decide where the sentence was published: in a tweet, a film review, a product review or a news editorial.",
        bank=[
            "Where was it published?",
            "Classify each sentence by its source.",
            "Each sentence comes from one of four sources: a tweet, a film review, a product review, a newspaper.",
        ],
    )
    adapter = ml.variable("choice", choices=["choice", "json"])
    reply = ml.predict(Published, model="local/smollm2", instruction=instruction, adapter=adapter, max_tokens=12)


CONTROL = {
    "reply.choice.layout": "plain",
    "reply.choice.decoding": "likelihood",
    "reply.choice.calibration": "batch",
    "reply.choice.input_name": "Sentence",
    "reply.choice.output_name": "Category",
}
"""The fair control: a single better wording chosen by hand, without search, with calibrated labels."""
