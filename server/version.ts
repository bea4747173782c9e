/** The MLflow release whose protocol, schema and UI this server keeps. */
export const MLFLOW_VERSION = '3.17.2'

/** The Alembic revision of that release's tracking schema. */
export const SCHEMA_REVISION = 'dc11669786a5'

/** The Alembic revision of its schema of users and what they may do. */
export const LOGIN_REVISION = 'f1a2b3c4d5e6'
