"""Experiments, runs, metrics, parameters, tags, datasets and search through the stock client.

A part that the installed version has no calls for is left out.
"""

import inspect
import json
import math
from concurrent.futures import ThreadPoolExecutor

import mlflow
import pandas as pd
from mlflow import MlflowClient, MlflowException
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType

client = MlflowClient()


def refused(call):
    try:
        call()
    except MlflowException as error:
        return error.error_code
    return None


def logged():
    experiment = mlflow.set_experiment("logged")
    with mlflow.start_run(run_name="parent", tags={"team": "a"}, description="about it") as run:
        mlflow.log_params({"lr": 0.1, "layers": 3, "note": "größe"})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"nan": math.nan, "inf": math.inf, "neg": -math.inf, "big": 2.0**53 + 2}, step=1)
        mlflow.set_tags({"k": "v", "empty": ""})
        with mlflow.start_run(nested=True, run_name="child") as child:
            mlflow.log_metric("loss", 0.5)
    got = client.get_run(run.info.run_id)
    children = client.search_runs(
        [experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    )
    return {
        "status": got.info.status,
        "params": got.data.params,
        "loss": got.data.metrics["loss"],
        "nan": math.isnan(got.data.metrics["nan"]),
        "inf": got.data.metrics["inf"],
        "neg": got.data.metrics["neg"],
        "big": got.data.metrics["big"],
        "tags": {k: v for k, v in got.data.tags.items() if not k.startswith("mlflow.source")},
        "history": [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, "loss")],
        "children": [r.info.run_id for r in children] == [child.info.run_id],
        "param_changed": refused(lambda: client.log_param(run.info.run_id, "lr", "0.2")),
    }


def batches():
    experiment = mlflow.set_experiment("batches")
    run = client.create_run(experiment.experiment_id)
    points = [Metric("m", float(i), i, i) for i in range(2500)]
    client.log_batch(run.info.run_id, points[:1000], [Param("p", "1")], [])
    client.log_batch(run.info.run_id, points[1000:2000], [], [RunTag("t", "v")])
    if "synchronous" in inspect.signature(client.log_batch).parameters:
        client.log_batch(run.info.run_id, points[2000:], synchronous=False).wait()
    else:
        client.log_batch(run.info.run_id, points[2000:])
    client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.FAILED))
    history = client.get_metric_history(run.info.run_id, "m")
    got = client.get_run(run.info.run_id)
    return {
        "points": len(history),
        "in_order": [m.step for m in history] == list(range(2500)),
        "latest": got.data.metrics["m"],
        "status": got.info.status,
    }


def searched():
    experiment = mlflow.set_experiment("searched")
    for i in range(7):
        with mlflow.start_run(run_name=f"r{i}"):
            mlflow.log_metric("score", i)
            mlflow.log_param("parity", "even" if i % 2 == 0 else "odd")
    frame = mlflow.search_runs(
        experiment_names=["searched"],
        filter_string="params.parity = 'even' AND metrics.score > 1",
        order_by=["metrics.score DESC"],
    )
    pages, token = [], None
    while True:
        page = client.search_runs(
            [experiment.experiment_id], max_results=3, order_by=["metrics.score ASC"], page_token=token
        )
        pages.append([r.data.metrics["score"] for r in page])
        token = page.token
        if not token:
            break
    return {
        "is_frame": isinstance(frame, pd.DataFrame),
        "scores": frame["metrics.score"].tolist(),
        "names": frame["tags.mlflow.runName"].tolist(),
        "pages": pages,
        "bad_filter": refused(lambda: client.search_runs([experiment.experiment_id], "nonsense")),
        "experiments": [e.name for e in client.search_experiments(filter_string="name LIKE 'searc%'")],
    }


def datasets():
    mlflow.set_experiment("datasets")
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    dataset = mlflow.data.from_pandas(frame, source="https://host.example/data.csv", name="points", targets="y")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training", tags={"split": "train"})
    found = client.get_run(run.info.run_id).inputs.dataset_inputs
    source = mlflow.data.get_source(found[0].dataset)
    return {
        "datasets": [
            [i.dataset.name, i.dataset.digest == dataset.digest, {t.key: t.value for t in i.tags}] for i in found
        ],
        "source": source.url,
        "search": len(mlflow.search_runs(experiment_names=["datasets"], filter_string="dataset.name = 'points'")),
    }


def lifecycle():
    experiment_id = client.create_experiment("cycle", tags={"a": "b"})
    run = client.create_run(experiment_id)
    client.set_tag(run.info.run_id, "gone", "soon")
    client.delete_tag(run.info.run_id, "gone")
    client.update_run(run.info.run_id, status="FINISHED", name="renamed")
    client.delete_run(run.info.run_id)
    deleted = client.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)
    client.restore_run(run.info.run_id)
    client.rename_experiment(experiment_id, "cycle-2")
    client.set_experiment_tag(experiment_id, "c", "d")
    client.delete_experiment(experiment_id)
    stages = [client.get_experiment(experiment_id).lifecycle_stage, client.get_run(run.info.run_id).info.lifecycle_stage]
    taken = refused(lambda: client.create_experiment("cycle-2"))
    client.restore_experiment(experiment_id)
    back = client.get_experiment_by_name("cycle-2")
    return {
        "deleted": [r.info.run_id for r in deleted] == [run.info.run_id],
        "stages": stages,
        "tags": {k: v for k, v in deleted[0].data.tags.items() if k in ("gone", "mlflow.runName")},
        "taken": taken,
        "back": [back.lifecycle_stage, back.tags],
        "missing": client.get_experiment_by_name("nobody"),
        "unknown": refused(lambda: client.get_run("f" * 32)),
    }


def experiment_tags():
    experiment_id = client.create_experiment("tagged", tags={"a": "b"})
    client.set_experiment_tag(experiment_id, "c", "d")
    client.delete_experiment_tag(experiment_id, "a")
    return client.get_experiment(experiment_id).tags


def race():
    """Many workers that set one new experiment at once all get it."""
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: mlflow.set_experiment("race").experiment_id, range(16)))
    return {"experiments": len(set(ids)), "not_default": ids[0] != "0"}


def writers():
    run = client.create_run(client.create_experiment("writers"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: client.log_metric(run.info.run_id, f"m{i % 4}", i, step=i), range(64)))
    return client.get_run(run.info.run_id).data.metrics


parts = [logged, batches, searched, lifecycle, writers]
# The client of 2.0 does not ask for the experiment that another made just before it.
if not mlflow.__version__.startswith("2.0."):
    parts.append(race)
if hasattr(mlflow, "log_input"):
    parts.append(datasets)
if hasattr(client, "delete_experiment_tag"):
    parts.append(experiment_tags)
print(json.dumps({part.__name__: part() for part in parts}, default=str))
