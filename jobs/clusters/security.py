"""Whom a Dask cluster talks to: certificates, and what may go over a network without them.

Whoever reaches the port of a Dask scheduler or worker can have it run any code as its user. So a
scheduler of ours listens on the loopback interface, or asks for a certificate.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Security
from distributed.comm.addressing import get_address_host, parse_address

from darkbelle.errors import ConfigurationError, RunError

__all__ = ["check_address", "is_loopback", "security_of", "temporary_certificates"]

ENCRYPTED = ("tls", "wss")


def security_of(ca: str | None, cert: str | None, key: str | None) -> Security | None:
    """Return the certificates to use in all roles, or None for a connection without.

    Parameters
    ----------
    ca
        File of the authority that has signed the certificates of all sides, PEM.
    cert, key
        Files of one's own certificate and its key, PEM; the key may stand in the file of the
        certificate. Without any of the three, Dask's own configuration decides.

    Raises
    ------
    ConfigurationError
        Some are given and others not, or a file is not there.
    """
    if ca is None and cert is None and key is None:
        configured = Security()
        if configured.tls_ca_file and configured.tls_client_cert:
            return Security(require_encryption=True)
        return None
    if ca is None or cert is None:
        raise ConfigurationError(
            "TLS needs an authority and a certificate: give --tls-ca and --tls-cert both"
        )
    for file in filter(None, (ca, cert, key)):
        if not Path(file).is_file():
            raise ConfigurationError(f"{file} is not a file; give a certificate that is there, in PEM format")
    ca, cert, key = (file and str(Path(file).resolve()) for file in (ca, cert, key))
    own = {f"tls_{role}_cert": cert for role in ("client", "scheduler", "worker")}
    own |= {f"tls_{role}_key": key for role in ("client", "scheduler", "worker")}
    return Security(require_encryption=True, tls_ca_file=ca, **own)


@contextmanager
def temporary_certificates(folder: Path) -> Iterator[Security]:
    """Yield new certificates, whose files lie in a folder for so long, readable by their owner only.

    Raises
    ------
    RunError
        The package that makes them is not here.
    """
    try:
        made = Security.temporary()
    except ImportError as error:
        raise RunError(
            "certificates cannot be made without the package cryptography: pip install 'darkbelle[condor]', "
            "or give your own with --tls-ca, --tls-cert and --tls-key"
        ) from error
    contents = {"cert.pem": made.tls_worker_cert, "key.pem": made.tls_worker_key}
    files = {name: folder / name for name in contents}
    try:
        for name, file in files.items():
            file.unlink(missing_ok=True)  # of a driver that was killed
            file.touch(0o600)
            file.write_text(contents[name], encoding="ascii")
        cert, key = map(str, files.values())
        yield security_of(cert, cert, key)  # signed by itself
    finally:
        for file in files.values():
            file.unlink(missing_ok=True)


def check_address(address: str, security: Security | None, *, unencrypted: bool) -> None:
    """Refuse to talk to a scheduler elsewhere without certificates, unless that was asked for.

    Raises
    ------
    ConfigurationError
        The address is on a network and not encrypted, or it does not go with the certificates.

    >>> check_address("tcp://127.0.0.1:8786", None, unencrypted=False)
    """
    scheme, _ = parse_address(address)
    if scheme in ENCRYPTED:
        if security is None:
            raise ConfigurationError(
                f"{address} is an encrypted address, which needs certificates: give --tls-ca, --tls-cert and "
                "--tls-key, or set them in Dask's configuration"
            )
    elif security is not None:
        raise ConfigurationError(
            f"certificates are given, but {address} is not an encrypted address; start the scheduler with "
            f"certificates and give tls://{address.rpartition('://')[2]}"
        )
    elif not unencrypted and not is_loopback(get_address_host(address)):
        raise ConfigurationError(
            f"{address} is on a network and not encrypted: whoever reaches it can run any code as you, and "
            "can change results. Start scheduler and workers with certificates and give tls://…, or where "
            "the network is your own pass --allow-unencrypted"
        )


def is_loopback(host: str) -> bool:
    """Say whether a name or number is of this machine's loopback interface, in all its meanings.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("10.0.0.1")
    (True, True, False)
    """
    try:
        meanings = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(meanings) and all(ipaddress.ip_address(number).is_loopback for number in meanings)
