"""basf2's variable names, and the branch names it makes of them.

ROOT cannot draw a branch called ``useCMSFrame(p)``, so basf2 writes ``useCMSFrame__bop__bc``: each
special character becomes two underscores and two letters (``MakeROOTCompatible`` in basf2's
``framework/utilities``). The way back is not unique, since ``Btag__pt`` may be the variable ``Btag.``
or the user's own alias ``Btag__pt``. So the name on disk is canonical, the unescaped one an alias.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable
from types import MappingProxyType
from typing import Final

from darkbelle.errors import MissingBranchError

__all__ = ["COUNTERS", "aliases", "escape", "missing_branch", "resolve", "unescape"]

# Names that basf2 gives to its own columns. They are not escaped variables: read as one,
# ``__production__`` would become ``%oduction__``.
COUNTERS: Final = frozenset(
    {
        "__experiment__",
        "__run__",
        "__event__",
        "__production__",
        "__candidate__",
        "__ncandidates__",
        "__weight__",
        "__MCDecayString__",
        "__signalSideCandidate__",
        "__eventType__",
    }
)

ESCAPES: Final = MappingProxyType(
    {
        " ": "sp",
        ",": "cm",
        ":": "cl",
        "=": "eq",
        "<": "st",
        ">": "gt",
        ".": "pt",
        "+": "pl",
        "-": "mi",
        "(": "bo",
        ")": "bc",
        "{": "co",
        "}": "cc",
        "[": "so",
        "]": "sc",
        "`": "to",
        "´": "tc",
        "^": "ha",
        "°": "ci",
        "$": "do",
        "§": "pa",
        "%": "pr",
        "&": "am",
        "@": "at",
        "!": "em",
        "?": "qm",
        ";": "sm",
        "#": "hs",
        "*": "mu",
        "/": "sl",
        "\\": "bl",
        "'": "sq",
        '"': "dq",
        "~": "ti",
        "|": "pi",
    }
)

_CHARACTERS: Final = {f"__{code}": character for character, code in ESCAPES.items()}
_ESCAPED: Final = re.compile("|".join(_CHARACTERS))
_SPECIAL: Final = re.compile(r"[^A-Za-z0-9_]")


def escape(variable: str) -> str:
    """Return the branch name that basf2 gives to a variable.

    A character that has no escape is dropped, as basf2 does.

    >>> escape("useCMSFrame(p)")
    'useCMSFrame__bop__bc'
    >>> escape("__production__")
    '__production__'
    """
    return _SPECIAL.sub(lambda match: f"__{code}" if (code := ESCAPES.get(match[0])) else "", variable)


def unescape(branch: str) -> str:
    """Return the variable that a branch most likely holds.

    >>> unescape("totalEnergyOfParticlesInList__bogamma__clall__bc")
    'totalEnergyOfParticlesInList(gamma:all)'
    >>> unescape("__production__")
    '__production__'
    """
    if branch in COUNTERS:
        return branch
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[0]], branch)


def aliases(branches: Iterable[str]) -> dict[str, str]:
    """Return an alias for each distinct branch: its unescaped name where that is unambiguous.

    Where two branches would get one alias, or an alias is the name of another branch, those branches
    keep their name on disk. So the aliases are as many as the branches.

    >>> aliases(["M", "R2__boall__bc", "R2(all)"])
    {'M': 'M', 'R2__boall__bc': 'R2__boall__bc', 'R2(all)': 'R2(all)'}
    """
    distinct = dict.fromkeys(branches)
    unescaped = {branch: unescape(branch) for branch in distinct}
    uses = Counter(unescaped.values())
    return {
        alias if alias == branch or (uses[alias] == 1 and alias not in distinct) else branch: branch
        for branch, alias in unescaped.items()
    }


def resolve(variable: str, branches: Collection[str]) -> str | None:
    """Return the branch that holds a variable, or None.

    The name as given comes first (tables of pandas keep the raw names), then its escaped form.
    """
    if variable in branches:
        return variable
    escaped = escape(variable)
    return escaped if escaped in branches else None


def missing_branch(
    where: str, variable: str, branches: Iterable[str], wanted_as: str = ""
) -> MissingBranchError:
    """Return the error that says a variable is not in a file, and which branches look like it.

    Parameters
    ----------
    where
        File, tree and rows.
    wanted_as
        What the analysis calls it.
    """
    names = list(dict.fromkeys(branches))
    close = difflib.get_close_matches(escape(variable), names, n=3, cutoff=0.5)
    hint = f"nearest are {', '.join(map(repr, close))}" if close else "none is called like it"
    purpose = f", read as {wanted_as!r}," if wanted_as else ""
    return MissingBranchError(
        f"{where}: no branch {variable!r}{purpose} among the {len(names)} there; {hint}; name the right "
        "one under 'columns' or 'particles' of the dataset, or write the variable into the ntuple"
    )
