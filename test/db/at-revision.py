"""Brings databases to a revision of MLflow's schema, by MLflow's own migrations: at-revision.py REVISION URI..."""

import sys

import sqlalchemy
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base

revision, *uris = sys.argv[1:]
for uri in uris:
    engine = sqlalchemy.create_engine(uri)
    if not sqlalchemy.inspect(engine).has_table("alembic_version"):
        # The tables from before there were migrations.
        Base.metadata.create_all(engine)
    config = _get_alembic_config(uri)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
