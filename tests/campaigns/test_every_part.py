"""A production stack with every optional part switched on, deployed beside the other one under the same IAM, and used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from sandbox.crm import Crm
from sandbox.embedded_aws import EmbeddedAws
from sandbox.permissions import permit_batches
from sandbox.routes import register_routes
from sandbox.stack import Stack, deploy_stack
from tests.campaigns.conftest import HUB_STATE
from tests.e2e.world import Json, Listing, wait_for
from tests.template import PARAMETERS

NAME, DOMAIN = "placard-production", "hub.agency.example"
# Parameters that switch nothing on: where portals are, whose tokens are good, what the build was made for.
VALUES = {"PythonRuntime", "Architecture", "JwtIssuer", "JwtAudience", "TrustedClients", "AvivRules", "TimeScale"} | {
    "ConsoleAuthorizeUrl",
    "ConsoleTokenUrl",
    "ConsoleClientId",
}


def list_parameters(aws: EmbeddedAws) -> dict[str, str]:
    certificate = aws.client("acm").request_certificate(DomainName=DOMAIN)["CertificateArn"]
    zone = aws.client("route53").create_hosted_zone(Name="agency.example", CallerReference=NAME)["HostedZone"]["Id"]
    return {
        "Stage": "production",
        "StatusRetentionDays": "30",
        "LogRetentionDays": "90",
        "SnapStart": "true",
        "AllowLoopbackCallbacks": "false",
        "MetricsByCustomer": "true",
        "DomainName": DOMAIN,
        "CertificateArn": certificate,
        "HostedZoneId": zone.rpartition("/")[2],
        "ApiRateLimit": "50",
        "ApiBurstLimit": "100",
        "ReceiverConcurrency": "5",
        "ConsoleUrl": f"https://{DOMAIN}/console",
        "AlarmEmail": "operator@agency.example",
        # In the embedded AWS these two do nothing: tests/integration/sandbox/test_optional_parts.py looks at what they are.
        "GradualDeployment": "true",
        "DeploymentType": "Linear10PercentEvery1Minute",
        "MonthlyBudget": "50",
    }


@pytest.fixture(scope="module")
def aws(hub: Json) -> EmbeddedAws:
    return EmbeddedAws(urlsplit(hub["aws"]["endpoint_url"]).port or 0)


@pytest.fixture(scope="module")
def stack(aws: EmbeddedAws) -> Iterator[Stack]:
    state = HUB_STATE
    stack = deploy_stack(aws, state / "build" / "template.yaml", list_parameters(aws), state, NAME)
    yield stack
    aws.client("cloudformation").delete_stack(StackName=NAME)


def test_every_parameter_that_switches_something_on_is_on(aws: EmbeddedAws) -> None:
    urls = {name for name in PARAMETERS if name.endswith("Url")}
    assert {*list_parameters(aws), *VALUES, *urls} == set(PARAMETERS)


def test_a_classified_goes_through_all_of_it(aws: EmbeddedAws, stack: Stack) -> None:
    """With an empty vault it goes as far as that, and every hop's own role has to let it."""
    permit_batches(aws, stack)
    register_routes(aws, stack)
    client = aws.client("cognito-idp").describe_user_pool_client(
        UserPoolId=stack.resources["UserPool"], ClientId=stack.resources["MachineClient"]
    )["UserPoolClient"]
    crm = Crm(
        {
            "api_url": aws.api_url(stack.resources["Api"]),
            "token_url": aws.token_url,
            "client_id": client["ClientId"],
            "client_secret": client["ClientSecret"],
            "scopes": ["placard/read", "placard/write"],
        }
    )
    listing = Listing(crm, portals=["SL"])

    def refused() -> Json | None:
        entry = listing.read_latest().get("SL", {})
        return entry if entry.get("status") == "CREATING_FAILED" else None

    entry: Any = wait_for(refused, "the listing's end")
    assert entry["problem"]["code"] == "credentials_app"
    crm.close()


def test_what_production_promises_is_there(aws: EmbeddedAws, stack: Stack) -> None:
    gateway = aws.client("apigatewayv2")
    # The embedded AWS takes these and keeps them to itself.
    throttled = stack.template["Resources"]["ApiApiGatewayDefaultStage"]["Properties"]["DefaultRouteSettings"]
    assert throttled == {
        "ThrottlingRateLimit": {"Ref": "ApiRateLimit"},
        "ThrottlingBurstLimit": {"Ref": "ApiBurstLimit"},
    }
    mapped = gateway.get_api_mappings(DomainName=DOMAIN)["Items"]
    assert [one["ApiId"] for one in mapped] == [stack.resources["Api"]]
    assert stack.outputs["ApiUrl"] == f"https://{DOMAIN}"
    dynamodb = aws.client("dynamodb")
    for table in (stack.resources["Table"], stack.resources["VaultTable"]):
        described = dynamodb.describe_table(TableName=table)["Table"]
        assert described["DeletionProtectionEnabled"] is True
        with pytest.raises(ClientError, match=r"(?i)deletion ?protection"):
            dynamodb.delete_table(TableName=table)
    group = aws.client("logs").describe_log_groups(logGroupNamePrefix=f"/placard/{NAME}")["logGroups"][0]
    assert group["retentionInDays"] == 90
    alarms = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=NAME)["MetricAlarms"]
    assert len(alarms) > 30
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms} == {(stack.resources["AlarmTopic"],)}
