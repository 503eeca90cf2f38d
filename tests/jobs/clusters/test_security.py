"""Nothing goes over a network unencrypted unless that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask
import pytest
from distributed import Client, Security

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.clusters.security import check_address, security_of
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.tasks import Task

if TYPE_CHECKING:
    from tests.jobs.clusters.conftest import Certificates, OwnCluster

Tasks = Callable[[int], Iterator[Task]]


def tls(certificates: Certificates) -> dict[str, Any]:
    return {f"tls_{name}": file for name, file in asdict(certificates).items()}


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:1"])
def test_this_machine_needs_no_certificates(address: str) -> None:
    check_address(address, None, unencrypted=False)


@pytest.mark.parametrize("address", ["tcp://192.0.2.1:8786", "192.0.2.1:8786", "ws://192.0.2.1:8786"])
def test_a_network_without_certificates_is_refused_unless_asked_for(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"can run any code as you.*--allow-unencrypted"):
        check_address(address, None, unencrypted=False)
    check_address(address, None, unencrypted=True)


def test_certificates_and_address_have_to_go_together(certificates: Certificates) -> None:
    security = security_of(**asdict(certificates))
    check_address("tls://192.0.2.1:8786", security, unencrypted=False)
    with pytest.raises(ConfigurationError, match=r"give tls://192\.0\.2\.1:8786"):
        check_address("tcp://192.0.2.1:8786", security, unencrypted=True)
    with pytest.raises(ConfigurationError, match="needs certificates"):
        check_address("tls://192.0.2.1:8786", None, unencrypted=True)


def test_half_of_what_tls_needs_is_refused(certificates: Certificates) -> None:
    with pytest.raises(ConfigurationError, match="--tls-ca and --tls-cert both"):
        security_of(None, certificates.cert, certificates.key)
    with pytest.raises(ConfigurationError, match=r"absent\.pem is not a file"):
        security_of("absent.pem", certificates.cert, None)


def test_certificates_may_stand_in_the_configuration_of_dask(certificates: Certificates) -> None:
    assert security_of(None, None, None) is None
    files = {
        "distributed.comm.tls.ca-file": certificates.ca,
        "distributed.comm.tls.client.cert": certificates.cert,
        "distributed.comm.tls.client.key": certificates.key,
    }
    with dask.config.set(files):
        security = security_of(None, None, None)
    assert security is not None
    assert security.require_encryption
    assert security.tls_ca_file == certificates.ca


def test_a_cluster_of_our_own_asks_for_certificates(
    certificates: Certificates, works: Any, tasks: Tasks
) -> None:
    receipts = DaskExecutor(workers=1, **tls(certificates)).receipts(
        works.count_rows_and_connection, tasks(2)
    )
    assert {receipt.rows for receipt in receipts} == {10}
    assert (Path(next(tasks(1)).run) / "connection").read_text().startswith("tls://127.0.0.1")


def test_a_cluster_elsewhere_is_used_with_certificates_and_not_without(
    certificates: Certificates, strangers: Certificates, own_cluster: OwnCluster, works: Any, tasks: Tasks
) -> None:
    own_cluster.start_scheduler("--protocol", "tls", *certificates.options)
    own_cluster.start_worker(*certificates.options)
    executor = DaskExecutor(scheduler=own_cluster.address, **tls(certificates))
    assert len(list(executor.receipts(works.count_rows, tasks(5)))) == 5
    executor = DaskExecutor(scheduler=own_cluster.address, patience=2, **tls(strangers))
    with pytest.raises(RunError, match=r"no Dask worker at tls://.*certificate"):
        list(executor.receipts(works.count_rows, tasks(1)))
    with pytest.raises((OSError, TimeoutError)):
        Client(own_cluster.address.replace("tls", "tcp"), security=Security(), timeout=2)
