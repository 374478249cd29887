"""What `onenet config` asks a person of a broker of one's own: its address, and as whom it lets the device in."""

from collections.abc import Callable, Set

import typer

from .board_config import Config, problems_of
from .errors import PortError

Ask = Callable[[str, str, bool], str]
"""As asking.py has it."""
_NOBODY = "none"
_PORT = 1883


def address(text: str) -> Config:
    """HOST[:PORT], or several with commas between them, as keys of the configuration. Raises PortError."""
    hosts = []
    ports = set()
    for part in text.split(","):
        host, colon, port = part.strip().rpartition(":")
        hosts.append(host if colon else part.strip())
        if colon:
            if not port.isdecimal():
                raise PortError(f"--host {text}: must be HOST or HOST:PORT, as 192.168.1.2:6002")
            ports.add(int(port))
    if len(ports) > 1:
        raise PortError(f"--host {text}: the port must be the same for all of them")
    keys: Config = {"host": hosts if len(hosts) > 1 else hosts[0]}
    return keys | {"port": ports.pop()} if ports else keys


def keys_of(text: str) -> Config:
    """The same; what is none is left for the board to refuse."""
    try:
        return address(text)
    except PortError:
        return {"host": text}


def looks_like_address(text: str) -> bool:
    """Whether this is the address of a broker, and no product's ID, which has letters and digits alone."""
    return any(c in text for c in ".:,")


def ask_for_broker(config: Config, said: Set[str], everything: bool, ask: Ask) -> Config:
    """The configuration with what is missing or wrong in it; with everything, all that matters. said: keys that are not
    asked for unless they are wrong."""

    def wanted(key: str) -> bool:
        return bool(problems_of(key, config)) or (key not in said and (everything or key not in config))

    if wanted("host"):
        hosts = config.get("host", "")
        known = ",".join(hosts) if isinstance(hosts, list) else str(hosts)
        before = {key: value for key, value in config.items() if key != "port"}
        asked = _until_right(before, ("host", "port"), ask, "Address of the broker", known, keys_of)
        said = {*said, "port"} if "port" in asked else said
        config = config | asked
    if wanted("port"):
        config = _until_right(config, ("port",), ask, "Port", str(config.get("port", _PORT)), _port)
    if wanted("device_name"):
        name = str(config.get("device_name", ""))
        config = _until_right(config, ("device_name",), ask, "Device name", name, lambda text: {"device_name": text})
    if wanted("username"):
        known = str(config.get("username") or _NOBODY)
        without = {key: value for key, value in config.items() if key != "password"}
        asked = _until_right(without, ("username",), ask, "User name", known, _user)
        config = asked if asked["username"] != config.get("username") and "password" not in said else config | asked
    if not config.get("username"):
        return {key: value for key, value in config.items() if key not in ("username", "password")}
    if wanted("password"):
        known = str(config.get("password", ""))
        question = f"Password of {config['username']}{'' if known else ' (Enter for none)'}"
        config = _until_right(config, ("password",), ask, question, known, lambda text: {"password": text}, True)
    return config


def _port(text: str) -> Config:
    return {"port": int(text) if text.isdecimal() else text}


def _user(text: str) -> Config:
    return {"username": "" if text == _NOBODY else text}


def _until_right(
    config: Config,
    keys: tuple[str, ...],
    ask: Ask,
    question: str,
    default: str,
    meaning: Callable[[str], Config],
    secret: bool = False,
) -> Config:
    """Asks until the board would take these keys; returns the configuration with them."""
    while True:
        asked = config | meaning(ask(question, default, secret))
        wrong = [problem for key in keys for problem in problems_of(key, asked)]
        if not wrong:
            return asked
        typer.echo("  " + "; ".join(wrong), err=True)
        default = ""
