"""How a resource type is made known to MiniStack's CloudFormation."""

from ministack.services.cloudformation import provisioners, stacks

HANDLERS = provisioners._RESOURCE_HANDLERS
physical_name = provisioners._physical_name

_blocking = set()
_runs_on_worker_thread = stacks._runs_on_worker_thread
stacks._runs_on_worker_thread = lambda kind: kind in _blocking or _runs_on_worker_thread(kind)


def runs_long(kind):
    """Keeps MiniStack answering while a resource of this type is made."""
    _blocking.add(kind)


def replace(kind, **functions):
    """`create(logical_id, properties, stack)`, `update(id, old, new, stack, logical_id)`, `delete(id, properties)`."""
    HANDLERS[kind] = {**HANDLERS.get(kind, {}), **functions, "update_with_logical_id": True}


def original(kind):
    """The handler that is there, its `update` callable with a logical id whether it asks for one or not."""
    handler = dict(HANDLERS[kind])
    update, with_id = handler["update"], handler.get("update_with_logical_id")
    handler["update"] = lambda *args: update(*(args if with_id else args[:4]))
    return handler


def also_answers(kind, attributes):
    """Attributes that a template may ask of this type and MiniStack does not know: `attributes(properties)`."""
    old = original(kind)

    def with_attributes(function, position):
        def made(*args):
            name, known = function(*args)
            return name, {**attributes(args[position]), **known}

        return made

    replace(kind, create=with_attributes(old["create"], 1), update=with_attributes(old["update"], 2))


def unpascal(value, keep=("Options", "DockerLabels", "DriverOpts", "Labels")):
    """A value of a template as the service's own API spells it."""
    if isinstance(value, list):
        return [unpascal(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key[0].lower() + key[1:]: item if key in keep else unpascal(item) for key, item in value.items()}
