"""The embedded AWS: ministack in its own virtual environment, with IAM enforced.

What we rely on, read in ministack 1.5:
- A function runs under ministack's own interpreter, whatever its `Runtime`, in one warm worker process for each of the
  calls that run side by side. Its AWS_ENDPOINT_URL is ministack and its credentials are its role's (`AUTH=true`).
- boto3 comes from ministack's environment, as it comes from Lambda's runtime in AWS; the layer stands before it.
- The access key `test` is the account's root.
- API and function URLs are reached by path, without a Host header of their own: `/_aws/execute-api/{apiId}/$default/…`
  and `/_aws/lambda-url/{urlId}/…`; Cognito's token endpoint is `/oauth2/token` for every pool.
- A worker inherits ministack's own environment, below its function's variables.
- A worker that dies fails its call: a batch of the stream is taken up again after a second, a message of a queue when its
  visibility ends, and who waits for an answer gets a 5xx.
- Workers read their standard input and end with ministack. Their folders lie in TMPDIR, beside the unpacked layers.
- How events are polled and layers unpacked is replaced by `aws_process`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sandbox.processes import await_url, require_free_port, require_tool, start_process

REGION = "eu-west-1"
ACCESS_KEY = "test"
# In the sandbox's folder: what each role was allowed so far.
PERMISSIONS_USED = "permissions.log"


@dataclass(frozen=True)
class EmbeddedAws:
    """Where the embedded AWS listens, and the root's credentials."""

    port: int

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_url(self) -> str:
        return f"{self.endpoint_url}/oauth2/token"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point any AWS tool here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        }

    def api_url(self, api_id: str) -> str:
        return f"{self.endpoint_url}/_aws/execute-api/{api_id}/$default"

    def function_url(self, public_url: str) -> str:
        """The loopback form of a `https://{urlId}.lambda-url.{region}.on.aws/`, without a slash at its end."""
        url_id = public_url.removeprefix("https://").partition(".")[0]
        return f"{self.endpoint_url}/_aws/lambda-url/{url_id}"

    def client(self, service: str, config: Config | None = None) -> Any:
        """A boto3 client with the root's credentials; `config` takes the place of what it is else patient with."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=ACCESS_KEY,
            config=config or Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=60),
        )


def start_embedded_aws(
    port: int, state: Path, pids: list[int], inherited: Mapping[str, str] | None = None
) -> EmbeddedAws:
    """Start ministack on the loopback port and note its pid; its log and its temporary files lie under `state`.

    Every worker inherits `inherited` beside its function's own variables.
    """
    require_free_port(port)
    interpreter = require_tool(".venv-aws", "python")
    temporary = state / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    settings = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",  # in queue URLs
        "MINISTACK_REGION": REGION,
        "LAMBDA_WARM_TTL_SECONDS": "86400",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "IOT_MTLS_ENABLED": "0",  # would listen on a port of its own
        "SFTP_ENABLED": "0",
        "TMPDIR": str(temporary),
        "PERMISSIONS_USED": str(state / PERMISSIONS_USED),
        **(inherited or {}),
    }
    aws = EmbeddedAws(port)
    log = state / "ministack.log"
    process = start_process([interpreter, "-m", "sandbox.aws_process"], log, settings)
    pids.append(process.pid)
    await_url(f"{aws.endpoint_url}/_ministack/ready", process, log)
    return aws
