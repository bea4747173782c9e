"""Webhooks by the stock client, which prints what it was told."""

import json
import sys

from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookStatus

url, secret, model = sys.argv[1:]
client = MlflowClient()
made = client.create_webhook(
    name="client-hook",
    url=url,
    events=["registered_model.created", "model_version_tag.set"],
    description="made by the client",
    secret=secret,
)
disabled = client.update_webhook(made.webhook_id, status=WebhookStatus.DISABLED)
active = client.update_webhook(made.webhook_id, status="ACTIVE", events=["registered_model.created"])
tested = client.test_webhook(made.webhook_id)
client.create_registered_model(model, tags={"a": "b"})
other = client.create_webhook(name="other", url=url, events=["prompt.created"])
client.delete_webhook(other.webhook_id)
print(
    json.dumps({
        "listed": [hook.name for hook in client.list_webhooks()],
        "got": client.get_webhook(made.webhook_id).description,
        "statuses": [str(made.status), str(disabled.status), str(active.status)],
        "events": [str(event) for event in active.events],
        "tested": [tested.success, tested.response_status, tested.response_body],
    })
)
