"""Answers questions from a context, and says how sure it is."""

from typing import Annotated

from attrs import frozen

import elixirml as ml


@frozen
class Question:
    context: str
    question: str


@frozen
class Answer:
    answer: str
    confidence: Annotated[float, ml.Range(0, 1)]
    reasoning: str | None = None


class QA(ml.Program[Question, Answer]):
    """Answer the question from the context."""

    temperature = ml.variable(0.7, low=0.0, high=2.0)
    model = ml.variable("local/smollm2", choices=["openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "local/smollm2"])
    strategy = ml.variable("chain_of_thought", choices=["direct", "chain_of_thought", "react"])

    @ml.stage
    def question(self, question: str) -> str:  # rebinds the name `question`
        return question.strip()

    @ml.check("the question is empty")  # refuses before any model call
    def answerable(self, question: str) -> bool:
        return bool(question)

    reply = ml.predict(Answer, using=strategy, model=model, temperature=temperature)

    @ml.ensure("Low confidence answer", then="retry", attempts=2)  # `ml.suggest` is the soft form
    def confident(self, reply: Answer) -> bool:
        return reply.confidence >= 0.5

    def after_prediction(self, result: ml.Result[Answer], context: object) -> None:
        """Called after each run, with its result."""
