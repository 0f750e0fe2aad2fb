"""How a command ends that cannot do what it was asked."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click
from confluent_kafka import KafkaError, KafkaException

from schemas.errors import OperatorError

Result = TypeVar("Result")
_SETTING, _BROKER = (
    "correct the DRIFTWISE_KAFKA__* variables that set it",
    "check that the broker that DRIFTWISE_KAFKA_BOOTSTRAP names is up and lets us in",
)


def told_in_one_line(command: Callable[..., Result]) -> Callable[..., Result]:
    """What an operator can mend ends the command with exit code 1 and one line of text. Every command is so."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Result:
        try:
            return command(*args, **kwargs)
        except OperatorError as problem:
            raise click.ClickException(str(problem)) from None
        except KafkaException as problem:
            raise click.ClickException(in_words(problem)) from None

    return run


def in_words(problem: KafkaException) -> str:
    """What the Kafka client met, and the remedy."""
    error = problem.args[0]
    if not isinstance(error, KafkaError):
        return f"Kafka: {error}"
    remedy = _SETTING if error.code() == KafkaError._INVALID_ARG else _BROKER
    return f"Kafka: {error.str()}: {remedy}"
