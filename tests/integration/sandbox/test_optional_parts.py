"""What does nothing in the embedded AWS: gradual deployment and the budget, as SAM would hand them to CloudFormation."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from sandbox.processes import require_tool
from tests.template import ROOT, list_resources

# Runs in the SAM CLI's own environment: its expansion of loops, then its transform, with these parameters.
TRANSFORM = """
import json, sys
from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
parameters = json.loads(sys.argv[2])
template = yaml_parse(open(sys.argv[1]).read())
expanded = expand_language_extensions(template, parameter_values=parameters, enabled=True).expanded_template
for resource in expanded["Resources"].values():
    properties = resource.get("Properties", {})
    for member in ("CodeUri", "ContentUri"):
        if member in properties:
            properties[member] = "s3://bucket/key"
translator = Translator({}, Parser())
print(json.dumps(translator.translate(expanded, parameters), default=str))
"""
ALIASED = {name for name, one in list_resources("AWS::Serverless::Function").items() if "AutoPublishAlias" in one}


ON = {
    "GradualDeployment": "true",
    "DeploymentType": "Linear10PercentEvery1Minute",
    "MonthlyBudget": "50",
    "AlarmEmail": "operator@agency.example",
}


def transform(parameters: dict[str, str]) -> dict[str, Any]:
    """Return the resources of the template with these parameters."""
    command = [require_tool(".venv-sam", "python"), "-c", TRANSFORM, str(ROOT / "template.yaml")]
    environment = {"AWS_DEFAULT_REGION": "eu-west-1", "PATH": "/usr/bin:/bin"}
    given = json.dumps({"AWS::Region": "eu-west-1", "AWS::Partition": "aws", **parameters})
    done = subprocess.run([*command, given], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    resources: dict[str, Any] = json.loads(done.stdout)["Resources"]
    return resources


@pytest.fixture(scope="module")
def on() -> dict[str, Any]:
    return transform(ON)


def test_gradual_deployment_shifts_every_alias_and_back_when_an_alarm_rings(on: dict[str, Any]) -> None:
    groups = {name: one["Properties"] for name, one in on.items() if one["Type"].endswith("DeploymentGroup")}
    assert set(groups) == {f"{function}DeploymentGroup" for function in ALIASED}
    for name, group in groups.items():
        function = name.removesuffix("DeploymentGroup")
        assert ON["DeploymentType"] in json.dumps(group["DeploymentConfigName"])
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        alarms = [alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]]
        assert f"{function.removesuffix('Function')}ErrorsAlarm" in alarms
        assert all(on[alarm]["Type"] == "AWS::CloudWatch::Alarm" for alarm in alarms)
        assert "CodeDeployLambdaAliasUpdate" in on[f"{function}Aliaslive"]["UpdatePolicy"]


def test_without_it_nothing_of_codedeploy_is_there() -> None:
    resources = transform({})
    assert not [name for name, one in resources.items() if "CodeDeploy" in one["Type"]]
    assert all("UpdatePolicy" not in resources[f"{function}Aliaslive"] for function in ALIASED)


def test_a_budget_tells_the_operator_before_and_after(on: dict[str, Any]) -> None:
    budget = on["Budget"]
    assert budget["Condition"] == "HasBudget"
    told = budget["Properties"]["NotificationsWithSubscribers"]
    assert {one["Notification"]["NotificationType"] for one in told} == {"FORECASTED", "ACTUAL"}
    assert all(one["Subscribers"][0]["Address"] == ON["AlarmEmail"] for one in told)
