"""Find the channel files that ship with the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from darkbelle.channels.declaration import Channel
from darkbelle.errors import ConfigurationError

__all__ = ["channel_names", "load_channel"]


def channel_names() -> tuple[str, ...]:
    """Return the names of all channels, sorted."""
    folder = files("darkbelle.channels")
    return tuple(sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")))


@cache
def load_channel(name: str) -> Channel:
    """Return the declaration of a channel.

    Raises
    ------
    ConfigurationError
        There is no such channel.

    >>> load_channel("zprime_invisible").luminosity_fb
    79.7
    """
    if name not in channel_names():
        raise ConfigurationError(f"channel {name!r} does not exist, there are: {', '.join(channel_names())}")
    text = (files("darkbelle.channels") / f"{name}.yaml").read_text(encoding="utf-8")
    return Channel.model_validate({"name": name, **yaml.safe_load(text)})
