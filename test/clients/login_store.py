"""
MLflow's own database of users, as `mlflow server --app-name basic-auth` reads and writes it.
    login_store.py make URI JSON     makes users, roles and grants in a new database, and reads it
    login_store.py read URI JSON     prints the users there: which of the passwords of JSON is theirs, what their roles
                                     grant, and their levels on each resource of JSON
"""

import json
import sys

from mlflow.server.auth.permissions import GrantLoadKey, get_permission
from mlflow.server.auth.requirements import (
    floor_positive_permission,
    fold_grants_for_key,
    is_workspace_admin_grant,
)
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
from werkzeug.security import generate_password_hash

ABSENT = get_permission("NO_PERMISSIONS")
store = SqlAlchemyStore()


def make():
    password = "correct horse battery"
    ids = {
        name: store.create_user(name, password, is_admin=name == "root").id
        for name in ["root", "ann", "bob", "cleo", "dan", "größe"]
    }
    roles = {
        name: store.create_role(name, "default", f"who are {name}")
        for name in ["readers", "registrars", "keepers", "banned"]
    }
    for role, resource_type, pattern, permission in [
        ("readers", "experiment", "*", "READ"),
        ("readers", "run", "*", "EDIT"),
        ("registrars", "registered_model", "*", "EDIT"),
        ("registrars", "prompt", "*", "USE"),
        ("keepers", "workspace", "*", "MANAGE"),
        ("banned", "experiment", "*", "DENY"),
    ]:
        store.add_role_permission(roles[role].id, resource_type, pattern, permission)
    for user, role in [
        ("ann", "readers"),
        ("ann", "registrars"),
        ("bob", "readers"),
        ("bob", "banned"),
        ("cleo", "keepers"),
    ]:
        store.assign_role_to_user(ids[user], roles[role].id)
    for user, resource_type, pattern, permission in [
        ("ann", "experiment", "1", "MANAGE"),
        ("ann", "registered_model", "model", "DENY"),
        ("bob", "prompt", "größe", "EDIT"),
        ("dan", "experiment", "1", "EDIT"),
        ("dan", "scorer", "1/judge", "READ"),
        ("größe", "registered_model", "model", "READ"),
    ]:
        store.grant_user_permission(user, resource_type, pattern, permission)
    # As versions of MLflow before 3 kept them.
    old = generate_password_hash(password, method="pbkdf2:sha256:1000")
    with store.ManagedSessionMaker(read_only=False) as session:
        store._get_user(session, "dan").password_hash = old


def level(user, resource_type, resource_id):
    grants = store.list_grants(user.id, "default", {resource_type})
    if any(is_workspace_admin_grant(grant) for grant in grants):
        return "MANAGE"
    granted = fold_grants_for_key(grants, GrantLoadKey(resource_type, resource_id))
    return ABSENT.name if granted is None else floor_positive_permission(granted, ABSENT.name).name


def described(user, roles, passwords, resources):
    return {
        "is_admin": user.is_admin,
        "passwords": [one for one in passwords if store.authenticate_user(user.username, one)],
        "grants": sorted(
            [role.name, role.description, p.resource_type, p.resource_pattern, p.permission]
            for role in roles
            for p in role.permissions
        ),
        "levels": {"/".join(one): level(user, *one) for one in resources},
    }


if __name__ == "__main__":
    what, uri, asked = sys.argv[1:]
    store.init_db(uri)
    if what == "make":
        make()
    users = store.list_users_with_roles()
    print(json.dumps({user.username: described(user, roles, **json.loads(asked)) for user, roles in users}))
