"""What reaches open pages: one hub a process, one socket a page."""

from django.urls import path

from dashboard.live.consumer import LiveConsumer
from dashboard.live.hub import hub

routes = [path("ws/live/", LiveConsumer.as_asgi())]

__all__ = ["hub", "routes"]
