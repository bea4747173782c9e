"""A model, a folder, many small files and one large file through the stock client: prints what it saw as JSON."""

import hashlib
import json
import os
import sys
from pathlib import Path

import mlflow
import numpy as np
from sklearn.linear_model import LinearRegression

folder = Path(sys.argv[1])
small_files, large_mib = int(sys.argv[2]), int(sys.argv[3])
location = sys.argv[4] if len(sys.argv) > 4 else None
client = mlflow.MlflowClient()
experiment = client.create_experiment("s3", artifact_location=location)


def digest(path):
    return hashlib.file_digest(path.open("rb"), "sha256").hexdigest()


source = folder / "source"
(source / "many").mkdir(parents=True)
for number in range(small_files):
    (source / "many" / f"{number:04}").write_text(str(number))
(source / "large.bin").write_bytes(os.urandom(1024 * 1024) * large_mib)

X, y = np.arange(8).reshape(-1, 1), np.arange(8)
with mlflow.start_run(experiment_id=experiment) as run:
    mlflow.log_artifacts(source, "tree")
    model = mlflow.sklearn.log_model(LinearRegression().fit(X, y), name="model", input_example=X)
back = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="tree", dst_path=folder))
print(
    json.dumps(
        {
            "run": run.info.run_id,
            "uri": run.info.artifact_uri.split(":")[0],
            "large": digest(back / "large.bin") == digest(source / "large.bin"),
            "small": sum((back / "many" / f"{n:04}").read_text() == str(n) for n in range(small_files)),
            "listed": len(client.list_artifacts(run.info.run_id, "tree/many")),
            "predicts": bool(np.allclose(mlflow.pyfunc.load_model(model.model_uri).predict(X), y)),
        }
    )
)
