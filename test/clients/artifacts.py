"""Artifacts through the stock client: files and folders up, down and listed."""

import json
import sys
from pathlib import Path

import mlflow
from mlflow import MlflowClient

folder = Path(sys.argv[1])
client = MlflowClient()


def artifacts():
    mlflow.set_experiment("artifacts")
    source = folder / "source"
    (source / "deep" / "deeper").mkdir(parents=True)
    (source / "a.txt").write_text("a")
    (source / "deep" / "ü ñ.bin").write_bytes(bytes(range(256)) * 4096)
    (source / "deep" / "deeper" / "empty").write_bytes(b"")
    with mlflow.start_run() as run:
        mlflow.log_artifact(source / "a.txt")
        mlflow.log_artifact(source / "a.txt", "in/a/folder")
        mlflow.log_artifacts(source, "tree")
        mlflow.log_text("größe 🧪", "texts/one.txt")
        mlflow.log_dict({"k": [1, 2]}, "dict.json")
        uri = mlflow.get_artifact_uri()
    back = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=str(folder / "back")))
    listed = client.list_artifacts(run.info.run_id, "tree/deep")
    client.delete_run(run.info.run_id)
    return {
        "uri": uri.startswith("mlflow-artifacts:/"),
        "files": sorted(str(p.relative_to(back)) for p in back.rglob("*") if p.is_file()),
        "same bytes": (back / "tree/deep/ü ñ.bin").read_bytes() == (source / "deep/ü ñ.bin").read_bytes(),
        "text": mlflow.artifacts.load_text(f"{uri}/texts/one.txt"),
        "dict": mlflow.artifacts.load_dict(f"{uri}/dict.json"),
        "listed": sorted([f.path, f.is_dir, f.file_size] for f in listed),
        "missing": client.list_artifacts(run.info.run_id, "nothing/here"),
    }


def table():
    mlflow.set_experiment("artifacts")
    with mlflow.start_run() as run:
        mlflow.log_table({"q": ["x"], "n": [1]}, "table.json")
    return mlflow.load_table("table.json", run_ids=[run.info.run_id]).to_dict("list")


parts = [artifacts]
if hasattr(mlflow, "log_table"):
    parts.append(table)
print(json.dumps({part.__name__: part() for part in parts}))
