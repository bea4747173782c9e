"""Comments and transition requests by Databricks's own client, which comes with MLflow, and MLflow's store beside it."""

import json
import sys

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError
from mlflow import MlflowClient

url, database = sys.argv[1:]
registry = WorkspaceClient(host=url, token="none").model_registry
client = MlflowClient()


def refused(call):
    try:
        call()
    except DatabricksError as error:
        return error.error_code
    return None


def make(name, versions=2):
    client.create_registered_model(name)
    for number in range(versions):
        client.create_model_version(name, f"s3://bucket/{number}")


def comments():
    make("commented", versions=1)
    made = registry.create_comment("commented", "1", "tested on größe").comment
    edited = registry.update_comment(made.id, "tested").comment
    registry.delete_comment(made.id)
    return {
        "made": [made.comment, made.user_id, made.creation_timestamp > 0],
        "actions": [action.value for action in made.available_actions],
        "edited": [edited.comment, edited.id == made.id],
        "again": refused(lambda: registry.delete_comment(made.id)),
    }


def requests():
    make("asked")
    client.transition_model_version_stage("asked", "2", "Production")
    none = list(registry.list_transition_requests("asked", "1"))
    made = registry.create_transition_request("asked", "1", "Production", comment="please").request
    twice = refused(lambda: registry.create_transition_request("asked", "1", "Production"))
    (listed,) = registry.list_transition_requests("asked", "1")
    rejected = registry.reject_transition_request("asked", "1", "Production", comment="no").activity
    registry.create_transition_request("asked", "1", "Production")
    cancelled = registry.delete_transition_request("asked", "1", "Production", "unknown").activity
    registry.create_transition_request("asked", "1", "Production")
    approved = registry.approve_transition_request("asked", "1", "Production", True, comment="go").activity
    decided = [rejected, cancelled, approved]
    return {
        "none": none,
        "made": [made.to_stage, made.user_id, made.comment],
        "twice": twice,
        "listed": [listed.activity_type.value, listed.from_stage, listed.to_stage, listed.comment],
        "decided": [[one.activity_type.value, one.user_id, one.comment] for one in decided],
        "left": list(registry.list_transition_requests("asked", "1")),
        "stages": {v.version: v.current_stage for v in client.search_model_versions("name='asked'")},
    }


def mlflow_meanwhile():
    """What MLflow's store renames or deletes in the database takes nothing of ours to the next of the name."""
    store = MlflowClient(tracking_uri=database, registry_uri=database)
    open_requests = {}
    for name, change in {
        "renamed": lambda: store.rename_registered_model("renamed", "renamed away"),
        "deleted": lambda: store.delete_registered_model("deleted"),
    }.items():
        make(name, versions=1)
        registry.create_comment(name, "1", "about the first")
        registry.create_transition_request(name, "1", "Production")
        change()
        make(name, versions=1)
        before = len(list(registry.list_transition_requests(name, "1")))
        approval = refused(lambda: registry.approve_transition_request(name, "1", "Production", False))
        registry.create_transition_request(name, "1", "Production")
        open_requests[name] = [before, approval, len(list(registry.list_transition_requests(name, "1")))]
    make("half", versions=1)
    registry.create_transition_request("half", "1", "Staging")
    store.delete_model_version("half", "1")
    open_requests["version"] = refused(lambda: list(registry.list_transition_requests("half", "1")))
    return open_requests


print(json.dumps({"comments": comments(), "requests": requests(), "meanwhile": mlflow_meanwhile()}))
