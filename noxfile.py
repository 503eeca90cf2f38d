"""Every check on its own, in an environment of its own: `nox -l` lists them."""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "types", "imports", "tests"]
nox.options.reuse_existing_virtualenvs = True


def install(session: nox.Session) -> None:
    """Install the pinned requirements and darkbelle itself."""
    session.install("--require-hashes", "-r", "requirements.txt", "-r", "requirements-dev.txt")
    session.install("--no-deps", "--no-build-isolation", "-e", ".")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; arguments go to pytest."""
    install(session)
    session.run("pytest", *(session.posargs or ["-n", "2", "--dist", "loadscope"]))
    session.run("pytest", "--doctest-modules", "--pyargs", "darkbelle", "-q")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    install(session)
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Check that arrows between packages point one way."""
    install(session)
    session.run("lint-imports")


@nox.session
def notebooks(session: nox.Session) -> None:
    """Run the notebooks on small samples."""
    install(session)
    session.run("pytest", "tests/test_notebooks.py", "-q")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure throughput beside peers, ROOT's RDataFrame among them."""
    install(session)
    session.install("root>=0.1a12")
    session.run("python", "-m", "pytest", "benchmarks", "-q", "-s")


@nox.session
def minimums(session: nox.Session) -> None:
    """Run the tests with the oldest dependencies that pyproject.toml allows."""
    session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", "-e", ".", "--group", "dev")
    session.run("pytest", "-n", "2", "--dist", "loadscope")
