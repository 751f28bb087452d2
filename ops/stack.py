"""A deployed hub: the sandbox that `endpoints.json` names, or the CloudFormation stack of an AWS account."""

import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from ops.errors import OpsError
from placard import bootstrap
from placard.aws.customer_data import CustomerData
from placard.aws.dead_letters import DeadLetterQueue, SqsDeadLetters
from placard.aws.settings import Settings
from placard.aws.table import Table

ENDPOINTS = Path(".sandbox/endpoints.json")
SANDBOX_STACK = "placard"
# Functions whose variables, together, name the table and how long it keeps entries.
_CONFIGURED_AS = ("DeliverPublicationFunction", "ReconcileFunction")
LOG_STREAM = "operator"


@dataclass(frozen=True)
class Stack:
    """One deployed stack, reached with the credentials of the environment."""

    name: str

    @cached_property
    def resources(self) -> Mapping[str, str]:
        """Physical ids by logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        listed = [one for page in pages for one in page["StackResourceSummaries"]]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in listed if "PhysicalResourceId" in one}

    @property
    def dead_letters(self) -> SqsDeadLetters:
        """Its dead-letter queues, each with the queue of the same name that it serves."""
        queues = {
            name: DeadLetterQueue(url, self.resources.get(name.removesuffix("Dlq") + "Queue"))
            for name, url in self.resources.items()
            if name.endswith("Dlq")
        }
        # Lambda's own record of a stream batch it gave up; due times find what the batch was about.
        failures = {
            name: DeadLetterQueue(url, None) for name, url in self.resources.items() if name == "StreamFailureQueue"
        }
        return SqsDeadLetters(queues | failures)

    def customer_data(self, customer: str) -> CustomerData:
        """What its tables keep of a customer."""
        known = bootstrap.settings()
        return CustomerData(Table(known.table_name), Table(known.vault_table_name), customer)

    def client(self, service: str) -> Any:
        """A boto3 client; a call of a function may take as long as the function."""
        return boto3.client(service, config=Config(connect_timeout=5, read_timeout=330, retries={"max_attempts": 1}))

    def require_account(self, customer: str, provider: str | None = None) -> None:
        """Refuse a customer nobody has connected: a misspelt id would look like one at which all is well."""
        found = bootstrap.compare_portals().accounts(customer)
        if not any(provider in (None, account.provider) for account in found):
            raise OpsError(f"No {provider + ' ' if provider else ''}account of {customer!r} is connected.")

    def invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Call a function by its logical name and return its answer."""
        answer = self.client("lambda").invoke(FunctionName=self.resources[function], Payload=json.dumps(event).encode())
        said = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise OpsError(f"{function} failed: {(said or {}).get('errorMessage', 'no reason given')}")
        if not isinstance(said, dict):
            raise OpsError(f"{function} gave no answer.")
        return said

    def log(self, message: str, **told: Any) -> None:
        """Put a line into the stack's log, beside those of its functions."""
        logs, group = self.client("logs"), self.resources["LogGroup"]
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=group, logStreamName=LOG_STREAM)
        line = json.dumps({"level": "INFO", "service": "operator", "message": message, **told})
        event = {"timestamp": time.time_ns() // 1_000_000, "message": line}
        logs.put_log_events(logGroupName=group, logStreamName=LOG_STREAM, logEvents=[event])


def open_stack(name: str | None, endpoints: Path = ENDPOINTS) -> Stack:
    """Find the hub and let this process's parts be its own. Without a name it is the sandbox that `endpoints` names."""
    if name is None:
        if not endpoints.exists():
            raise OpsError("No sandbox runs here: start one with `make up`, or name a deployed stack with STACK=.")
        _point_at(json.loads(endpoints.read_text())["aws"])
    else:
        _settle_region()
    stack = Stack(name or SANDBOX_STACK)
    bootstrap.use(settings=Settings(_read_variables(stack)))
    return stack


def _point_at(aws: Mapping[str, str]) -> None:
    """Let every AWS client of this process speak to the sandbox."""
    for variable in [one for one in os.environ if re.match("AWS_", one)]:
        del os.environ[variable]
    os.environ |= {
        "AWS_ENDPOINT_URL": aws["endpoint_url"],
        "AWS_REGION": aws["region"],
        "AWS_DEFAULT_REGION": aws["region"],
        "AWS_ACCESS_KEY_ID": aws["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": aws["secret_access_key"],
    }


def _settle_region() -> None:
    """Let everything of this process look in one region: boto3 reads AWS_DEFAULT_REGION or the profile, never AWS_REGION."""
    region = boto3.Session().region_name or os.environ.get("AWS_REGION")
    if not region:
        raise OpsError("No region is set: AWS_DEFAULT_REGION says where the stack is.")
    os.environ |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def _read_variables(stack: Stack) -> dict[str, str]:
    functions = stack.client("lambda")
    variables: dict[str, str] = {}
    for name in _CONFIGURED_AS:
        function = stack.resources.get(name)
        if function is None:
            raise OpsError(f"The stack {stack.name} is no hub: it has no {name}.")
        variables |= functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    return variables
