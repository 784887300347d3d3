"""Traffic beyond one machine: Ray Serve hosts the app and the engine of ``jppnet serve``, a replica per device.

``serve deploy docker/ray/serve.yaml``. Settings are the variables ``JPPNET_…`` of the machines that replicas run on.
"""

from typing import Final

from fastapi import FastAPI
from ray import serve
from ray.serve.config import AutoscalingConfig
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.request import request_id
from service.app import create_app
from service.engine.engine import Engine
from service.environment import read_serving_settings

NEVER: Final = 1_000_000
"""Ray's own limit of requests to a replica. It is the engine's door that turns photos away: it knows its pace, says so
in Retry-After, and answers with the problem that clients know from ``jppnet serve``."""


class LeaveIdToRay:
    """ASGI middleware: takes the request id off answers again, for Ray adds the same one without looking."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""

        async def without_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                del MutableHeaders(scope=message)[request_id.HEADER]
            await send(message)

        await self._app(scope, receive, without_id)


class Replica:
    """An engine on a device of its own, and the app around it."""

    def __init__(self) -> None:
        """Starts the engine; the replica takes requests when the model is loaded, proven and warm.

        Raises:
            SettingsError: a variable ``JPPNET_…`` of this machine cannot be.
            StartError: see :meth:`Engine.start`.
        """
        settings = read_serving_settings({})
        self._app = create_app(Engine.start(settings), settings)
        self._app.add_middleware(LeaveIdToRay)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """The app, which closes the engine when Ray shuts it down, once requests under way are answered."""
        return self._app

    def check_health(self) -> None:
        """Raises what ``/livez`` would answer with; Ray then replaces this replica, and gives the next one the device.

        Raises:
            RuntimeError: the device has failed.
        """
        fault = self._app.state.engine.engine.fault
        if fault:
            raise RuntimeError(fault)


def deployment(replica: type[Replica]) -> serve.Deployment:
    """Replicas as Ray deploys them; ``docker/ray/serve.yaml`` says how many, and what each of them owns."""
    return serve.deployment(
        name="jppnet",
        max_ongoing_requests=NEVER,
        # Without a GPU the device is the whole machine, and a second replica on it would only take from the first.
        max_replicas_per_node=1,
        autoscaling_config=AutoscalingConfig(min_replicas=1, max_replicas=1, target_ongoing_requests=16),
        health_check_period_s=5,
        health_check_timeout_s=10,
    )(serve.ingress()(replica))


app = deployment(Replica).bind()
