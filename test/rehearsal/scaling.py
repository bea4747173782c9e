"""Application Auto Scaling, which MiniStack lacks: a service is never below its least. Nothing else scales it."""

import cloudformation as cfn
from ministack.services import ecs


def register():
    cfn.replace(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        create=lambda logical_id, properties, stack: _target(properties),
        update=lambda name, old, new, stack, logical_id=None: _target(new),
        delete=lambda *_: None,
    )


def _target(properties):
    _, cluster, name = properties["ResourceId"].split("/")
    service = ecs._services[f"{cluster}/{name}"]
    least = int(properties["MinCapacity"])
    if service["desiredCount"] < least:
        ecs._update_service({"cluster": cluster, "service": name, "desiredCount": least})
    target = f"{properties['ResourceId']}|{properties['ScalableDimension']}|{properties['ServiceNamespace']}"
    return target, {"Id": target}
