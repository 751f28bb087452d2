"""Registers the API's routes and its authorizer.

In AWS, API Gateway reads them from the OpenAPI body that SAM puts into the API. ministack ignores that body, so the
same body, as it stands in the processed template, is carried over by the API Gateway API.
"""

import re
from typing import Any

from sandbox.embedded_aws import REGION, EmbeddedAws
from sandbox.stack import Stack

METHODS = {"get", "head", "post", "put", "delete", "patch"}
FUNCTION = re.compile(r"/functions/\$\{(?P<logical_id>\w+)(?:\.Arn)?\}/invocations")


def register_routes(aws: EmbeddedAws, stack: Stack) -> None:
    """One integration per function, one route per path and method, the JWT authorizer where a route asks for it."""
    gateway: Any = aws.client("apigatewayv2")
    api_id = stack.resources["Api"]
    body = stack.template["Resources"]["Api"]["Properties"]["Body"]
    authorizer_id = _create_authorizer(gateway, api_id, body, stack)
    integrations: dict[str, str] = {}
    for path, operations in body["paths"].items():
        for method in METHODS & operations.keys():
            operation = operations[method]
            target = _function_arn(operation["x-amazon-apigateway-integration"], stack)
            if target not in integrations:
                integrations[target] = gateway.create_integration(
                    ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=target, PayloadFormatVersion="2.0"
                )["IntegrationId"]
            scopes = next((security["Jwt"] for security in operation["security"] if "Jwt" in security), None)
            protection = (
                {"AuthorizationType": "NONE"}
                if scopes is None
                else {"AuthorizationType": "JWT", "AuthorizerId": authorizer_id, "AuthorizationScopes": scopes}
            )
            gateway.create_route(
                ApiId=api_id,
                RouteKey=f"{method.upper()} {path}",
                Target=f"integrations/{integrations[target]}",
                **protection,
            )


def _create_authorizer(gateway: Any, api_id: str, body: Any, stack: Stack) -> str:
    scheme = body["components"]["securitySchemes"]["Jwt"]["x-amazon-apigateway-authorizer"]
    created = gateway.create_authorizer(
        ApiId=api_id,
        Name="Jwt",
        AuthorizerType="JWT",
        IdentitySource=[scheme["identitySource"]],
        # The template makes both from its conditions; here they are always the stack's own pool and client.
        JwtConfiguration={
            "Issuer": f"https://cognito-idp.{REGION}.amazonaws.com/{stack.resources['UserPool']}",
            "Audience": [stack.resources["MachineClient"]],
        },
    )
    return str(created["AuthorizerId"])


def _function_arn(integration: Any, stack: Stack) -> str:
    """ARN of the alias or the function that an integration's URI names by its logical id."""
    found = FUNCTION.search(integration["uri"]["Fn::Sub"])
    if found is None:
        raise ValueError(f"No function in {integration['uri']}")
    physical_id = stack.resources[found["logical_id"]]
    return (
        physical_id
        if physical_id.startswith("arn:")
        else f"arn:aws:lambda:{REGION}:000000000000:function:{physical_id}"
    )
