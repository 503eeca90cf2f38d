"""Where workspaces come from: dictionaries, or JSON files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from darkbelle.errors import ConfigurationError

__all__ = ["Source", "Workspace", "content_of", "named_contents"]

Workspace = dict[str, Any]
Source = str | Path | Mapping[str, Any]


def named_contents(workspaces: Mapping[str, Source] | Iterable[Source]) -> dict[str, Workspace]:
    """Return workspaces by name: that of the mapping, else their file, else their number.

    Raises
    ------
    ConfigurationError
        A file cannot be read, or is given twice.
    """
    if isinstance(workspaces, Mapping):
        return {name: content_of(source) for name, source in workspaces.items()}
    sources: Sequence[Source] = list(workspaces)
    names = [str(number) if isinstance(item, Mapping) else str(item) for number, item in enumerate(sources)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigurationError(f"workspace {twice} is given twice; give each once")
    return {name: content_of(source) for name, source in zip(names, sources, strict=True)}


def content_of(source: Source) -> Workspace:
    """Return a workspace as a dictionary.

    Raises
    ------
    ConfigurationError
        The file cannot be read, or holds no JSON object.
    """
    if isinstance(source, Mapping):
        return dict(source)
    try:
        content = json.loads(Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{source} cannot be read as the JSON of a workspace: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{source} holds a {type(content).__name__}, expected a pyhf workspace")
    return content
