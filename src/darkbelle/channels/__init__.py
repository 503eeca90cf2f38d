"""The treaty: one declaration a channel, as data, that processors and fits both read."""

from __future__ import annotations

from darkbelle.channels.declaration import (
    Axis,
    Channel,
    Fit,
    Observable,
    Process,
    Region,
    Systematic,
)
from darkbelle.channels.registry import channel_names, load_channel

__all__ = [
    "Axis",
    "Channel",
    "Fit",
    "Observable",
    "Process",
    "Region",
    "Systematic",
    "channel_names",
    "load_channel",
]
