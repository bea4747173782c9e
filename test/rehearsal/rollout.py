"""Deployments of a service as ECS does them: healthy before traffic, out of traffic before SIGTERM, and waited for."""

import http.client
import time

import cloudformation as cfn
from ministack.services import alb, ecs

KIND = "AWS::ECS::Service"
DRAIN_SECONDS = 1
WAIT_SECONDS = 300

_make_deployment = ecs._make_deployment
_record_healthy = ecs._record_service_task_healthy
_task_ip = ecs._task_ip
_stop_task = ecs._stop_task
_leaving = set()


def install():
    old = cfn.original(KIND)
    cfn.runs_long(KIND)
    cfn.replace(KIND, create=_create(old), update=_update(old))
    # There is one load balancer, whatever name its clients know it by; the front door asks for it by a path.
    alb.find_lb_for_host = lambda _host: None
    alb._find_lb_by_name = lambda _name: next(iter(alb._lbs.values()), None)
    ecs._make_deployment = _begin
    ecs._record_service_task_healthy = _when_healthy
    ecs._task_ip = lambda task: _task_ip(task) if task.get("_startup_stable") else None
    ecs._stop_task = ecs._ACTION_MAP["StopTask"] = _leave_and_stop


def _begin(definition, count, status="PRIMARY"):
    """MiniStack's first deployment is complete before it begins, so its circuit breaker counts nothing."""
    deployment = _make_deployment(definition, count, status)
    if count:
        deployment["rolloutState"] = "IN_PROGRESS"
    return deployment


def _when_healthy(key, task):
    """A task counts, and gets traffic, when the container's own check and the load balancer's say so."""
    service = ecs._services[key]
    deadline = time.monotonic() + WAIT_SECONDS
    while task.get("lastStatus") == "RUNNING" and time.monotonic() < deadline:
        health = _container_health(task)
        if health == "unhealthy":
            break
        if health == "healthy" and all(_answers(target, task) for target in service["loadBalancers"]):
            return _record_healthy(key, task)
        time.sleep(0.3)
    if ecs._mark_task_stopped(task["taskArn"], task, "Task failed health checks", "EssentialContainerExited"):
        ecs._cleanup_task_resources(task, ecs._get_docker())


def _container_health(task):
    """The worst of its containers that are checked and still run."""
    found = {"healthy"}
    for container in list(task.get("_docker_ids") or []):
        try:
            state = ecs._get_docker().api.inspect_container(container)["State"]
        except Exception:  # It has just been removed.
            return "unhealthy"
        if state["Running"] and "Health" in state:
            found.add(state["Health"]["Status"])
    return next(status for status in ("unhealthy", "starting", "healthy") if status in found)


def _answers(balancer, task):
    group = alb._tgs[balancer["targetGroupArn"]]
    try:
        connection = http.client.HTTPConnection(_task_ip(task), int(balancer["containerPort"]), timeout=5)
        connection.request("GET", group["HealthCheckPath"])
        return connection.getresponse().status == 200
    except OSError:
        return False


def _leave_and_stop(data):
    """The load balancer sends a task nothing more before it gets SIGTERM."""
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    task = ecs._resolve_task(data.get("task", ""), cluster)
    service = task and ecs._services.get(f"{cluster}/{task.get('group', '').removeprefix('service:')}")
    if not service:
        return _stop_task(data)
    _leaving.add(task["taskArn"])
    if task.get("_startup_stable"):
        task["_startup_stable"] = False
        ecs._sync_service_targets(cluster, service)
        time.sleep(DRAIN_SECONDS)
    try:
        return _stop_task(data)
    finally:
        _leaving.discard(task["taskArn"])


def _create(old):
    def create(logical_id, properties, stack):
        arn, attributes = old["create"](logical_id, properties, stack)
        try:
            _wait(arn)
        except Exception:
            old["delete"](arn, properties)
            raise
        return arn, attributes

    return create


def _update(old):
    def update(arn, before, after, stack, logical_id=None):
        result = old["update"](arn, before, after, stack, logical_id)
        _wait(arn)
        return result

    return update


def _wait(arn):
    """Until the deployment that has just begun has ended, the tasks before it too. Raises where it has failed."""
    service = ecs._services["/".join(arn.rsplit("/", 2)[-2:])]
    deployment = ecs._primary_deployment(service)
    deadline = time.monotonic() + WAIT_SECONDS
    while deployment["rolloutState"] == "IN_PROGRESS" or _others(service, deployment):
        if time.monotonic() > deadline:
            raise ValueError("Exceeded attempts to wait: no steady state")
        time.sleep(0.2)
    if deployment["rolloutState"] == "FAILED":
        raise ValueError(f"ECS Deployment Circuit Breaker was triggered: {deployment['rolloutStateReason']}")


def _others(service, deployment):
    """Whether tasks of another deployment are there, unless this one has failed and they serve on."""
    group = f"service:{service['serviceName']}"
    return deployment["rolloutState"] == "COMPLETED" and any(
        task["lastStatus"] != "STOPPED" or task["taskArn"] in _leaving
        for task in list(ecs._tasks.values())
        if task.get("group") == group and task.get("_deployment_id") != deployment["id"]
    )
