"""Commands that show an example under their help."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["ExampleCommand"]


class ExampleCommand(click.Command):
    """A command with an example, one line of shell: ``@click.command(cls=ExampleCommand, example="…")``."""

    def __init__(self, *args: Any, example: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Write the example as it is to be typed."""
        with formatter.section("Example"):
            formatter.write(f"  {self.example}\n")
