"""Dask clusters started by hand, as a user would, and certificates for them."""

from __future__ import annotations

import datetime
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from darkbelle.datasets import Dataset
from darkbelle.jobs.tasks import ChunkTask

WORKS = Path(__file__).parents[1] / "executors"
DATASET = Dataset(process="data", files=("a.root",), luminosity_fb=1.0)


@pytest.fixture(scope="session")
def works() -> Iterator[Any]:
    """Module of work that worker processes can import as well: they inherit the path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(WORKS)
        yield importlib.import_module("works")


@pytest.fixture
def tasks(tmp_path: Path) -> Callable[[int], Iterator[ChunkTask]]:
    """Make tasks of ten rows each; the folder of the test is their run folder."""

    def made(count: int) -> Iterator[ChunkTask]:
        for i in range(count):
            yield ChunkTask(
                key=f"{i:064x}",
                run=str(tmp_path),
                channel="zprime_invisible",
                options={},
                seed=0,
                code="",
                name="data",
                dataset=DATASET,
                path="a.root",
                fingerprint="",
                start=10 * i,
                stop=10 * i + 10,
            )

    return made


class OwnCluster:
    """A scheduler and workers, each started with Dask's own command."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._file = folder / "scheduler.json"

    def start_scheduler(self, *options: str) -> subprocess.Popen[bytes]:
        """Start the scheduler on the loopback interface, and wait until it can be reached."""
        options = ("--host", "127.0.0.1", "--no-dashboard", "--port", "0", *options)
        process = self._start("scheduler", "--scheduler-file", str(self._file), *options)
        deadline = time.monotonic() + 60
        while not self._file.exists() or not self._file.read_text().endswith("}"):
            assert process.poll() is None, (self.folder / "scheduler.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    @property
    def address(self) -> str:
        """Of the scheduler."""
        address: str = json.loads(self._file.read_text())["address"]
        return address

    def start_worker(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker of one thread, with variables more than those of the tests."""
        options = ("--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", *options)
        scratch = ("--local-directory", str(self.folder))
        return self._start("worker", self.address, *options, *scratch, **environment)

    def _start(self, role: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        paths = [environment.pop("PYTHONPATH", ""), str(WORKS), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **environment}
        log = self._stack.enter_context((self.folder / f"{role}.log").open("ab"))
        command = [sys.executable, "-m", f"distributed.cli.dask_{role}", *options]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self._stack.callback(process.wait, 30)
        self._stack.callback(process.terminate)
        return process


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[OwnCluster]:
    """A cluster to start, which ends with the test."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    with ExitStack() as stack:
        yield OwnCluster(folder, stack)


@dataclass(frozen=True)
class Certificates:
    """Files of an authority, and of a certificate that it has signed."""

    ca: str
    cert: str
    key: str

    @property
    def options(self) -> tuple[str, ...]:
        """As Dask's commands and ours take them."""
        return ("--tls-ca-file", self.ca, "--tls-cert", self.cert, "--tls-key", self.key)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for a cluster."""
    return _make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of somebody else."""
    return _make_certificates(tmp_path_factory.mktemp("strangers"))


def _make_certificates(folder: Path) -> Certificates:
    """Make an authority, and a certificate that it signs."""
    authority, authority_key = _signed("authority", None, None)
    cert, key = _signed("darkbelle", authority, authority_key)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = [folder / name for name in ("ca.pem", "cert.pem", "key.pem")]
    contents = (authority.public_bytes(pem), cert.public_bytes(pem), private)
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    return Certificates(*map(str, files))


def _signed(
    name: str, issuer: x509.Certificate | None, issuer_key: ec.EllipticCurvePrivateKey | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return a certificate, signed by an authority or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    return builder.sign(issuer_key or key, hashes.SHA256()), key
