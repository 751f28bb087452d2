"""Logs and metrics. The layer itself logs through the standard library; here its lines become Powertools' JSON.

Importing Powertools' Logger and Metrics loads neither boto3 nor pydantic: 0.04 s, the receivers' included.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import PurePath
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from placard.domain.errors import PlacardError, PortalError

NAMESPACE = "Placard"
MOST_CAUSES = 5


class PlainFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON, with an exception told by its places and, where it is none of ours, without its words."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the standard library's name
        """Return the places and the fault of an exception and of those that led to it, the last one last."""
        told: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None and len(told) < MOST_CAUSES:
            places = "".join(traceback.format_tb(error.__traceback__))
            told.insert(0, f"{places}{explain_fault(error)}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nled to:\n".join(told)


@cache
def start_logging() -> Logger:
    """Return the function's logger, and have every logger below `placard` write the same way.

    POWERTOOLS_SERVICE_NAME names the service, POWERTOOLS_LOG_LEVEL (or Lambda's own) the level.
    """
    logger = Logger(logger_formatter=PlainFormatter(serialize_stacktrace=False))
    # Only loggers that exist already are given the format, and children write through their parent.
    logging.getLogger("placard")
    copy_config_to_registered_loggers(logger, include={"placard"})
    return logger


@cache
def start_metrics() -> Metrics:
    """Return the function's metrics; `log_metrics` on the handler writes them out as one log line."""
    return Metrics(namespace=NAMESPACE)


def write_counts(counts: Mapping[str, int], told: Mapping[str, str], sets: Sequence[Sequence[str]], now: int) -> None:
    """Write counts as one line of CloudWatch's embedded metric format, at an instant in ms.

    `told` is what they are about; each of `sets` names those members that make a metric of its own. The others stay in the
    log, where a query finds them and nobody pays for a metric.
    """
    metrics = [{"Name": name, "Unit": "Count"} for name in counts]
    directive = {"Namespace": NAMESPACE, "Dimensions": [list(one) for one in sets], "Metrics": metrics}
    line = {"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, **told, **counts}
    sys.stdout.write(json.dumps(line) + "\n")


def explain_fault(error: BaseException) -> str:
    """Return an error's class and one sentence for the operator.

    What portals' and other libraries' errors say may quote a body or a secret: of those only codes or the place are told.
    """
    name = type(error).__name__
    if isinstance(error, PortalError):
        return f"{name}: {error.in_short}"
    if isinstance(error, PlacardError):
        return f"{name}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return f"{name}{place}"
