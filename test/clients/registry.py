"""The model registry and logged models through the stock client.

A part that the installed version has no calls for is left out.
"""

import inspect
import json

import mlflow
from mlflow import MlflowClient, MlflowException

client = MlflowClient()


def refused(call):
    try:
        call()
    except MlflowException as error:
        return error.error_code
    return None


# The first argument of log_model says where the model is; MLflow 3 calls it by another name.
WHERE = "name" if "name" in inspect.signature(mlflow.pyfunc.log_model).parameters else "artifact_path"


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[str], params=None) -> list[str]:
        return [f"{self.prefix}{text}" for text in model_input]

    def __init__(self, prefix):
        self.prefix = prefix


def models():
    client.create_registered_model("zoo", tags={"a": "b"}, description="animals")
    client.update_registered_model("zoo", description="more animals")
    client.set_registered_model_tag("zoo", "c", "d")
    client.delete_registered_model_tag("zoo", "a")
    client.rename_registered_model("zoo", "zoo-2")
    model = client.get_registered_model("zoo-2")
    found = client.search_registered_models("name LIKE 'zoo%'")
    twice = refused(lambda: client.create_registered_model("zoo-2"))
    client.delete_registered_model("zoo-2")
    return {
        "description": model.description,
        "tags": model.tags,
        "found": [m.name for m in found],
        "twice": twice,
        "gone": refused(lambda: client.get_registered_model("zoo-2")),
    }


def versions():
    mlflow.set_experiment("versions")
    for prefix in ("one ", "two ", "three "):
        with mlflow.start_run():
            mlflow.pyfunc.log_model(
                python_model=Echo(prefix), registered_model_name="echo", pip_requirements=[], **{WHERE: "echo"}
            )
    client.transition_model_version_stage("echo", "1", "Production")
    client.transition_model_version_stage("echo", "2", "production", archive_existing_versions=True)
    client.set_model_version_tag("echo", "3", "k", "v")
    client.set_model_version_tag("echo", "3", "gone", "soon")
    client.delete_model_version_tag("echo", "3", "gone")
    client.update_model_version("echo", "3", description="third")
    by_stage = {v.version: v.current_stage for v in client.search_model_versions("name = 'echo'")}
    answers = {
        uri: mlflow.pyfunc.load_model(uri).predict(["x"])
        for uri in ("models:/echo/Production", "models:/echo/3", "models:/echo/latest")
    }
    third = client.get_model_version("echo", "3")
    client.delete_model_version("echo", "3")
    return {
        "stages": by_stage,
        "source": bool(client.get_model_version_download_uri("echo", "1")),
        "latest": sorted(v.version for v in client.get_latest_versions("echo", ["Production"])),
        "answers": answers,
        "third": [third.description, third.tags],
        "no_version": refused(lambda: client.get_model_version("echo", "3")),
        "left": sorted(v.version for v in client.search_model_versions("name = 'echo'")),
    }


def aliases():
    client.set_registered_model_alias("echo", "champion", "1")
    client.set_registered_model_alias("echo", "champion", "2")
    client.set_registered_model_alias("echo", "old", "1")
    client.delete_registered_model_alias("echo", "old")
    return {
        "version": client.get_model_version_by_alias("echo", "champion").version,
        "all": client.get_registered_model("echo").aliases,
        "answer": mlflow.pyfunc.load_model("models:/echo@champion").predict(["x"]),
        "reserved": refused(lambda: client.set_registered_model_alias("echo", "latest", "1")),
        "gone": refused(lambda: client.get_model_version_by_alias("echo", "old")),
    }


def copied():
    copy = client.copy_model_version("models:/echo/1", "echo-copy")
    return {
        "version": [copy.name, copy.version],
        "answer": mlflow.pyfunc.load_model("models:/echo-copy/1").predict(["x"]),
    }


def logged_models():
    experiment = mlflow.set_experiment("logged models")
    model = mlflow.create_external_model(name="agent", model_type="agent", params={"p": "1"}, tags={"t": "v"})
    with mlflow.start_run():
        mlflow.log_metric("acc", 0.9, model_id=model.model_id)
        mlflow.log_metric("acc", 0.95, step=1, model_id=model.model_id)
    client.set_logged_model_tags(model.model_id, {"u": "w"})
    client.delete_logged_model_tag(model.model_id, "t")
    client.log_model_params(model.model_id, {"q": "2"})
    got = client.get_logged_model(model.model_id)
    found = mlflow.search_logged_models(
        experiment_ids=[experiment.experiment_id],
        filter_string="metrics.acc > 0.5 AND name = 'agent'",
        order_by=[{"field_name": "metrics.acc", "ascending": False}],
    )
    client.delete_logged_model(model.model_id)
    return {
        "status": str(got.status),
        "params": got.params,
        "tags": {k: v for k, v in got.tags.items() if not k.startswith("mlflow.")},
        "metrics": sorted([m.key, m.value, m.step] for m in got.metrics),
        "found": found["name"].tolist(),
        "gone": refused(lambda: client.get_logged_model(model.model_id)),
    }


parts = [models, versions]
if hasattr(client, "set_registered_model_alias"):
    parts.append(aliases)
if hasattr(client, "copy_model_version"):
    parts.append(copied)
if hasattr(client, "create_logged_model"):
    parts.append(logged_models)
print(json.dumps({part.__name__: part() for part in parts}, default=str))
