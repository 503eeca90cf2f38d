"""Find the processor of a channel: the file of its name in this folder."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from darkbelle.channels import channel_names
from darkbelle.errors import ConfigurationError
from darkbelle.processors.base import ChannelProcessor

__all__ = ["load_processor"]


def load_processor(channel: str, options: Mapping[str, Any] | None = None) -> ChannelProcessor:
    """Return the processor of a channel with the options given, the others at their defaults.

    Parameters
    ----------
    channel
        Its name; the processor is the class defined in ``processors/<name>.py``.
    options
        As ``dataclasses.asdict`` of a processor writes them, or some of them:
        ``{"thresholds": {"max_photon_energy_sum": 0.4}}``.

    Raises
    ------
    ConfigurationError
        There is no such channel, or an option does not exist or has a wrong type.
    """
    if channel not in channel_names():
        known = ", ".join(channel_names())
        raise ConfigurationError(f"channel {channel!r} does not exist, there are: {known}")
    processor = _class_in(f"darkbelle.processors.{channel}")
    try:
        loaded: ChannelProcessor = TypeAdapter(processor).validate_python(dict(options or {}))
    except ValidationError as error:
        raise ConfigurationError(f"options of the processor {channel!r}: {error}") from error
    return loaded


def _class_in(module_name: str) -> type[ChannelProcessor]:
    module = importlib.import_module(module_name)
    return next(
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, ChannelProcessor) and item.__module__ == module_name
    )
