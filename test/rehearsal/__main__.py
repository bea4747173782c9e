"""MiniStack with what an EnterpriseStack needs and MiniStack lacks. Settings: GATEWAY_PORT, REHEARSAL_NETWORK."""

import containers
import credentials
import database
import recorded
import registry
import rollout
import scaling
import secrets_by_arn
from ministack import app
from network import end_with_parent, make_network

recorded.register()
registry.install()
secrets_by_arn.register()
containers.install()
credentials.install()
rollout.install()
scaling.register()
database.register()

if __name__ == "__main__":
    make_network()
    end_with_parent()
    app.main()
