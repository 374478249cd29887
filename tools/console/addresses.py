"""Under which addresses others reach this computer."""

import socket

_SOMEWHERE = ("192.0.2.1", "192.168.0.1", "172.16.0.1", "10.0.0.1")  # on the internet, and where private networks are


def lan_addresses() -> list[str]:
    """Its IPv4 addresses in networks, that of the way to the internet first, as its routes say."""
    found = []
    for target in _SOMEWHERE:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.connect((target, 9))  # sends nothing
            except OSError:
                continue
            address: str = sock.getsockname()[0]
        if address not in found and not address.startswith("127."):
            found.append(address)
    return found
