"""Builds the project's own template.yaml and deploys it to the embedded AWS with the SAM CLI."""

import json
import platform
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.embedded_aws import REGION, EmbeddedAws
from sandbox.processes import ROOT, require_tool, run_tool

STACK = "placard"
BUCKET = "placard-artifacts"
# The second is for the template's loops, which the SAM CLI otherwise leaves to CloudFormation and trips over.
SAM = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_ENABLE_LANGUAGE_EXTENSIONS": "1"}


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its outputs, its physical ids by logical id, its template after SAM's transform."""

    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    template: Mapping[str, Any]


def build_stack(state: Path) -> Path:
    """Run `sam build` for the interpreter that will run the functions; returns the built template.

    The folders are the sandbox's own: SAM's cache does not know the target, and must not hand this machine's wheels to
    a deployment.
    """
    sam = require_tool(".venv-sam", "sam")
    interpreter = require_tool(".venv-aws", "python")
    build = state / "build"
    run_tool(
        [
            sam,
            "build",
            "--cached",
            "--template-file",
            ROOT / "template.yaml",
            "--build-dir",
            build,
            "--cache-dir",
            state / "cache",
        ],
        state / "build.log",
        {**SAM, "AWS_DEFAULT_REGION": REGION, "PLACARD_ARCH": "native", "PYTHON": str(interpreter)},
        "sam build",
    )
    return build / "template.yaml"


def deploy_stack(
    aws: EmbeddedAws, template: Path, parameters: Mapping[str, str], state: Path, name: str = STACK
) -> Stack:
    """Run `sam deploy` and read back what it made."""
    s3 = aws.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    values = {
        "Stage": "sandbox",
        "PythonRuntime": f"python3.{min(sys.version_info.minor, 13)}",  # a label here: see embedded_aws
        "Architecture": "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64",
        "AllowLoopbackCallbacks": "true",
        **parameters,
    }
    run_tool(
        [
            *(require_tool(".venv-sam", "sam"), "deploy", "--template-file", template, "--stack-name", name),
            *("--s3-bucket", BUCKET, "--region", REGION, "--no-confirm-changeset", "--no-progressbar"),
            *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
            *("--parameter-overrides", *(f"{key}={value}" for key, value in values.items())),
        ],
        state / ("deploy.log" if name == STACK else f"deploy-{name}.log"),
        {**aws.environment, **SAM, "SAM_CLI_POLL_DELAY": "0.5"},
        "sam deploy",
    )
    return describe_stack(aws, name)


def describe_stack(aws: EmbeddedAws, name: str = STACK) -> Stack:
    """Read a deployed stack."""
    formation = aws.client("cloudformation")
    found = formation.describe_stacks(StackName=name)["Stacks"][0]
    resources = formation.describe_stack_resources(StackName=name)["StackResources"]
    template = formation.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
    return Stack(
        outputs={output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]},
        resources={item["LogicalResourceId"]: item["PhysicalResourceId"] for item in resources},
        template=json.loads(template) if isinstance(template, str) else template,
    )
