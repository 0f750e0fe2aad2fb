"""How a command ends that cannot do what it was asked."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click
from confluent_kafka import KafkaError, KafkaException

from schemas.errors import OperatorError

Result = TypeVar("Result")


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
        except OSError as problem:
            if problem.filename is None:
                raise
            where = f"{problem.filename}: {problem.strerror}"
            raise click.ClickException(f"{where}: check the path, and who may read and write there") from None

    return run


def in_words(problem: KafkaException) -> str:
    """What the Kafka client met, and the remedy."""
    error = problem.args[0]
    if not isinstance(error, KafkaError):
        return f"Kafka: {error}"
    if error.code() == KafkaError._INVALID_ARG:
        return f"Kafka: {error.str()}: correct the DRIFTWISE_KAFKA__* variables that set it"
    if error.code() == KafkaError.INVALID_REPLICATION_FACTOR:
        return f"Kafka: {error.str()} Give --replication no more than there are brokers"
    named = os.environ.get("DRIFTWISE_KAFKA_BOOTSTRAP")
    where = f"at {named} (DRIFTWISE_KAFKA_BOOTSTRAP)" if named else "of the running stack"
    return f"Kafka: {error.str()}: check that the broker {where} is up and lets us in"
