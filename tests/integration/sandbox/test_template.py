"""What template.yaml promises: small roles, queues with an end, limits that fit each other."""

import json
from dataclasses import fields
from typing import Any

import pytest

from placard.aws.queues import MOST_RECEIVES
from placard.domain.instants import SECOND
from placard.use_cases.poll_spotahome import PollSpotahome
from tests.template import GLOBALS, RESOURCES, ROOT, as_list, list_resources, name_target

FUNCTIONS = list_resources("AWS::Serverless::Function")
ROLES = list_resources("AWS::IAM::Role")
QUEUES = list_resources("AWS::SQS::Queue")
DEAD_LETTERS = {name_target(q["RedrivePolicy"]["deadLetterTargetArn"]) for q in QUEUES.values() if "RedrivePolicy" in q}
# Where a stream's hopeless records go: nobody reads it but an operator, so nothing in it can fail again.
LAST_RESORTS = {"StreamFailureQueue"}
# Lambda takes no more filters for one event source (Lambda Developer Guide, event filtering).
MOST_PATTERNS = 5
# X-Ray knows no resources, and the key's policy names the key itself.
WITHOUT_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def list_statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
    documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
    return [statement for document in documents for statement in document["Statement"]]


def granted(function: str) -> dict[str, set[str]]:
    """Actions of a function's own role, by the logical ids they are for."""
    actions: dict[str, set[str]] = {}
    for statement in list_statements(ROLES[name_target(FUNCTIONS[function]["Role"])]):
        for resource in as_list(statement["Resource"]):
            actions.setdefault(str(*resource.values()), set()).update(as_list(statement["Action"]))
    return actions


def read_queues() -> list[tuple[str, str]]:
    """(function, queue) for each queue that a function reads."""
    events = [(name, event) for name, one in FUNCTIONS.items() for event in one["Events"].values()]
    return [(name, name_target(event["Properties"]["Queue"])) for name, event in events if event["Type"] == "SQS"]


def list_alarmed(dimension: str, metric: str) -> set[str]:
    """Logical ids that some alarm watches by this metric under this dimension."""
    alarms = list_resources("AWS::CloudWatch::Alarm").values()
    dimensions = [one for alarm in alarms if alarm["MetricName"] == metric for one in alarm.get("Dimensions", ())]
    return {name_target(one["Value"]) for one in dimensions if one["Name"] == dimension}


def test_each_function_has_a_role_of_its_own() -> None:
    roles = [name_target(function["Role"]) for function in FUNCTIONS.values()]
    assert len(set(roles)) == len(FUNCTIONS)
    assert set(roles) == set(ROLES)


def test_every_function_of_the_template_has_its_folder_and_the_reverse() -> None:
    named = {function["CodeUri"].strip("/").split("/")[-1] for function in FUNCTIONS.values()}
    assert named == {folder.name for folder in (ROOT / "functions").iterdir() if (folder / "app.py").exists()}


@pytest.mark.parametrize("role", [*ROLES, "BasicsPolicy"])
def test_no_role_has_a_wildcard(role: str) -> None:
    properties = ROLES.get(role) or list_resources("AWS::IAM::ManagedPolicy")[role]
    for statement in list_statements(properties):
        actions = set(as_list(statement["Action"]))
        assert not any(action.endswith("*") for action in actions)
        assert "*" not in as_list(statement["Resource"]) or actions <= WITHOUT_RESOURCE


def test_only_reading_functions_cannot_write_the_table() -> None:
    actions = granted("QueryStatusFunction")["Table.Arn"]
    assert actions == {"dynamodb:BatchGetItem", "dynamodb:Query"}


@pytest.mark.parametrize("function", ["ReceiveOlxFunction", "ReceiveAvivFunction"])
def test_a_receiver_can_only_store_and_read_the_vault(function: str) -> None:
    assert granted(function) == {
        "Table.Arn": {"dynamodb:PutItem"},
        "VaultTable.Arn": {"dynamodb:GetItem"},
        "VaultKey.Arn": {"kms:Decrypt"},
    }


def test_only_who_needs_secrets_may_read_them() -> None:
    readers = {name for name in FUNCTIONS if "VaultTable.Arn" in granted(name)}
    assert readers == {
        "ReceiveOlxFunction",
        "ReceiveAvivFunction",
        "DeliverPublicationFunction",
        "ReconcileFunction",  # a comparison lists what the portals have
        "PublishClassifiedFunction",  # a preflight says whether an account is connected
        "PollSpotahomeFunction",
        "SubscribeWebhookFunction",  # the secret that callbacks are signed with
        "NotifyCrmFunction",
    }


def test_a_sweep_ends_before_its_function_and_the_lease_after_it() -> None:
    poll = {field.name: field.default for field in fields(PollSpotahome)}
    timeout = FUNCTIONS["PollSpotahomeFunction"]["Timeout"] * SECOND
    longest_request = 2 * 20 * SECOND  # a token and a page, each with a portal's own time limit
    assert poll["budget"] + longest_request < timeout < poll["lease"]


@pytest.mark.parametrize("queue", sorted(QUEUES.keys() - DEAD_LETTERS - LAST_RESORTS))
def test_every_working_queue_has_a_dead_letter_queue(queue: str) -> None:
    redrive = QUEUES[queue]["RedrivePolicy"]
    assert name_target(redrive["deadLetterTargetArn"]) in QUEUES
    # The last receive is when the timeline is told.
    assert redrive["maxReceiveCount"] == MOST_RECEIVES


@pytest.mark.parametrize("queue", sorted(DEAD_LETTERS | LAST_RESORTS))
def test_what_is_hopeless_is_kept_two_weeks_and_alarmed(queue: str) -> None:
    assert QUEUES[queue]["MessageRetentionPeriod"] == 14 * 86_400
    assert queue in list_alarmed("QueueName", "ApproximateNumberOfMessagesVisible")


@pytest.mark.parametrize("queue", sorted(QUEUES.keys() - DEAD_LETTERS - LAST_RESORTS))
def test_what_waits_too_long_in_a_queue_is_alarmed(queue: str) -> None:
    assert queue in list_alarmed("QueueName", "ApproximateAgeOfOldestMessage")


def test_every_functions_errors_are_alarmed() -> None:
    assert list_alarmed("FunctionName", "Errors") == set(FUNCTIONS)


def test_a_receiver_that_fails_or_dawdles_is_alarmed() -> None:
    receivers = {"ReceiveOlxFunction", "ReceiveAvivFunction"}
    assert list_alarmed("FunctionName", "Url5xxCount") == receivers
    assert list_alarmed("FunctionName", "Duration") == receivers


def test_every_stream_consumers_delay_is_alarmed() -> None:
    consumers = {n for n, f in FUNCTIONS.items() if any(e["Type"] == "DynamoDB" for e in f["Events"].values())}
    assert list_alarmed("FunctionName", "IteratorAge") == consumers


def test_every_line_that_is_counted_is_alarmed_or_shown_and_every_logged_error_counts() -> None:
    filters = list_resources("AWS::Logs::MetricFilter").values()
    counted = {one["MetricName"] for found in filters for one in found["MetricTransformations"]}
    (dashboard,) = list_resources("AWS::CloudWatch::Dashboard").values()
    shown = {name for name in counted if f'MetricName=\\"{name}\\"' in dashboard["DashboardBody"]["Sub"]}
    assert counted - shown <= {alarm["MetricName"] for alarm in list_resources("AWS::CloudWatch::Alarm").values()}
    # The layer's lines are JSON with the member `level` (tests/integration/stores/test_observability.py).
    assert '{ $.level = "ERROR" }' in [found["FilterPattern"] for found in filters]


@pytest.mark.parametrize(("function", "queue"), read_queues())
def test_a_message_stays_hidden_six_times_as_long_as_its_function_may_take(function: str, queue: str) -> None:
    timeout = FUNCTIONS[function].get("Timeout", GLOBALS["Timeout"])
    assert QUEUES[queue]["VisibilityTimeout"] >= 6 * timeout


@pytest.mark.parametrize("queue", sorted({queue for _, queue in read_queues()}))
def test_no_message_is_hidden_longer_than_five_minutes(queue: str) -> None:
    assert QUEUES[queue]["VisibilityTimeout"] <= 300


def test_every_stream_consumer_takes_all_images_from_the_start_and_reports_single_failures() -> None:
    streams = [e["Properties"] for f in FUNCTIONS.values() for e in f["Events"].values() if e["Type"] == "DynamoDB"]
    assert len(streams) == 2, "DynamoDB allows two consumers of a shard"
    for stream in streams:
        assert stream["StartingPosition"] == "TRIM_HORIZON"
        assert stream["BisectBatchOnFunctionError"] is True
        assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert name_target(stream["DestinationConfig"]["OnFailure"]["Destination"]) in QUEUES
        assert 1 <= len(stream["FilterCriteria"]["Filters"]) <= MOST_PATTERNS


def test_the_console_can_do_nothing_but_log() -> None:
    assert granted("ConsoleFunction") == {}


def test_no_lock_names_a_host() -> None:
    """Hashes prove what is installed; where it comes from is the machine's business."""
    locks = [*ROOT.glob("requirements/*.txt"), *ROOT.glob("layers/*/requirements.txt")]
    assert len(locks) >= 4
    for lock in locks:
        text = lock.read_text()
        assert "://" not in text
        assert "--index-url" not in text
        assert text.count("--hash=sha256:") >= text.count("==")
    browser = json.loads((ROOT / "requirements/browser/package-lock.json").read_text())["packages"]
    assert all("integrity" in one and "resolved" not in one for name, one in browser.items() if name)


@pytest.mark.parametrize("table", list_resources("AWS::DynamoDB::Table"))
def test_every_table_is_encrypted_recoverable_and_in_production_kept(table: str) -> None:
    properties = list_resources("AWS::DynamoDB::Table")[table]
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["DeletionProtectionEnabled"] == {"If": ["IsProduction", True, False]}
    assert RESOURCES[table]["DeletionPolicy"] == {"If": ["IsProduction", "Retain", "Delete"]}


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_every_queue_is_encrypted(queue: str) -> None:
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True
