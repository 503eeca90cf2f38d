"""Many hypotheses on one background: pyhf's patch sets, read and written.

A patch set is a JSON file of patches (RFC 6902), each of which turns the same background model into the
workspace of one hypothesis. The file holds a digest of the background that it belongs to.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.sources import Source, Workspace, content_of

__all__ = ["Hypothesis", "patched", "patchset_of"]

UNPUBLISHED = "ins0000000"  # pyhf's schema wants the number of a record of Inspire


class Hypothesis(NamedTuple):
    """A workspace of a patch set: its name of letters, digits and underscores, and its values by label."""

    name: str
    values: tuple[float, ...]
    workspace: Workspace


def patched(background: Source, patchset: Source) -> dict[str, Workspace]:
    """Return the workspaces of a patch set by name, in its order.

    Parameters
    ----------
    background
        The model that the patches are for: a dictionary, or the path of a JSON file.
    patchset
        As pyhf's schema 1.0.0 wants it: a dictionary, or the path of a JSON file.

    Raises
    ------
    ConfigurationError
        A file cannot be read, the patch set is none, or it was made for another background.
    """
    import pyhf  # noqa: PLC0415  it takes seconds

    base, patches = content_of(background), content_of(patchset)
    named = f"the patch set {patchset}" if not isinstance(patchset, Mapping) else "the patch set"
    try:
        found = pyhf.PatchSet(patches)
        found.verify(base)
    except (pyhf.exceptions.InvalidSpecification, pyhf.exceptions.InvalidPatchSet) as error:
        raise ConfigurationError(f"{named} is not as pyhf's schema wants it: {error}") from error
    except pyhf.exceptions.PatchSetVerificationError as error:
        raise ConfigurationError(f"{named} was made for another background model: {error}") from error
    jsonpatch = pyhf.patchset.jsonpatch  # pyhf's patches are of its classes
    workspaces = {}
    for patch in found:
        try:
            workspaces[patch.name] = patch.apply(base)
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
            raise ConfigurationError(
                f"patch {patch.name!r} of {named} does not fit the background model: {error}"
            ) from error
    return workspaces


def patchset_of(
    hypotheses: Sequence[Hypothesis], labels: Sequence[str], description: str
) -> tuple[Workspace, dict[str, Any]]:
    """Return a background model, and the patch set that turns it into each of some workspaces.

    The background is the first workspace without its signal. A patch adds the signal; where a hypothesis
    has other bins than the first, it replaces the channel.

    Parameters
    ----------
    hypotheses
        At least one, with names of their own and the same channels.
    labels
        What the values of a hypothesis are called.
    description
        Of the set, for whoever finds the file.
    """
    import pyhf  # noqa: PLC0415  it takes seconds

    background = _without_signal(hypotheses[0].workspace)
    return background, {
        "version": "1.0.0",
        "metadata": {
            "references": {"hepdata": UNPUBLISHED},
            "description": description,
            "digests": {"sha256": pyhf.utils.digest(background)},
            "labels": list(labels),
        },
        "patches": [
            {
                "metadata": {"name": item.name, "values": list(item.values)},
                "patch": _patch(background, item.workspace),
            }
            for item in hypotheses
        ],
    }


def _is_signal(sample: Mapping[str, Any], poi: str) -> bool:
    return any(modifier["name"] == poi for modifier in sample["modifiers"])


def _without_signal(workspace: Workspace) -> Workspace:
    background = copy.deepcopy(workspace)
    poi = background["measurements"][0]["config"]["poi"]
    for channel in background["channels"]:
        channel["samples"] = [item for item in channel["samples"] if not _is_signal(item, poi)]
    return background


def _patch(background: Workspace, workspace: Workspace) -> list[dict[str, Any]]:
    """Return the operations that turn one into the other, which has channels of the same names."""
    operations = []
    poi = workspace["measurements"][0]["config"]["poi"]
    bare = _without_signal(workspace)
    for number, channel in enumerate(workspace["channels"]):
        if bare["channels"][number] == background["channels"][number]:
            operations += [
                {"op": "add", "path": f"/channels/{number}/samples/{place}", "value": sample}
                for place, sample in enumerate(channel["samples"])
                if _is_signal(sample, poi)
            ]
        else:
            operations.append({"op": "replace", "path": f"/channels/{number}", "value": channel})
    operations += [
        {"op": "replace", "path": f"/{key}", "value": workspace[key]}
        for key in ("observations", "measurements")
        if workspace[key] != background[key]
    ]
    return json.loads(json.dumps(operations))  # type: ignore[no-any-return]  # of its own, as from a file
