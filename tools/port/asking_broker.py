"""What `onenet config` asks a person of a broker of one's own: its address, and as whom it lets the device in."""

from collections.abc import Callable, Set
from urllib.parse import urlsplit

import typer

from ..language import _
from .asking_tls import NOT_ON_ESP8266, ask_for_tls, with_tls
from .board_config import Config, problems_of
from .errors import PortError

Ask = Callable[[str, str, bool], str]
"""As asking.py has it."""
_NOBODY = "none"
_TCP, _WEBSOCKET = "tcp", "websocket"
_SCHEMES = {"mqtt": _TCP, "tcp": _TCP, "mqtts": _TCP, "ssl": _TCP, "ws": _WEBSOCKET, "wss": _WEBSOCKET}
_SECURE = ("mqtts", "ssl", "wss")
_PORTS = {(_TCP, False): 1883, (_TCP, True): 8883, (_WEBSOCKET, False): 8083, (_WEBSOCKET, True): 8084}
"""The usual ones: IANA's for MQTT; for WebSockets, which have none, EMQX's."""


def address(text: str) -> Config:
    """HOST[:PORT], or several with commas between them, as keys of the configuration. Raises PortError."""
    hosts = []
    ports = set()
    for part in text.split(","):
        host, colon, port = part.strip().rpartition(":")
        hosts.append(host if colon else part.strip())
        if colon:
            if not port.isdecimal():
                raise PortError(_("--host {text}: must be HOST or HOST:PORT, as 192.168.1.2:6002").format(text=text))
            ports.add(int(port))
    if len(ports) > 1:
        raise PortError(_("--host {text}: the port must be the same for all of them").format(text=text))
    keys: Config = {"host": hosts if len(hosts) > 1 else hosts[0]}
    return keys | {"port": ports.pop()} if ports else keys


def keys_of(text: str) -> Config:
    """The same; or of a URL, as brokers' documents have them: mqtt://, mqtts://, ws://HOST[:PORT]/PATH, wss://. What is
    neither is left for the board to refuse."""
    try:
        return _of_url(text) if "://" in text else address(text)
    except (PortError, ValueError):
        return {"host": text}


def _of_url(text: str) -> Config:
    """Raises ValueError for another kind of URL."""
    url = urlsplit(text.strip())
    transport = _SCHEMES.get(url.scheme)
    path = "" if url.path == "/" else url.path
    if not transport or not url.hostname or "@" in url.netloc or url.query or (path and transport == _TCP):
        raise ValueError(text)
    keys: Config = {"host": url.hostname, "transport": transport, "tls": url.scheme in _SECURE}
    return keys | ({"path": path} if path else {}) | ({"port": url.port} if url.port else {})


def looks_like_address(text: str) -> bool:
    """Whether this is the address of a broker, and no product's ID, which has letters and digits alone."""
    return any(c in text for c in ".:,")


def with_address(config: Config, keys: Config, secure: bool) -> Config:
    """The configuration with the keys of an address. Raises PortError for TLS where a board can't have it."""
    if keys.get("tls") and not secure:
        raise PortError(_("tls: {not_on_esp8266}").format(not_on_esp8266=_(NOT_ON_ESP8266)))
    return (with_tls(config, keys["tls"]) if "tls" in keys else config) | keys


def ask_for_broker(config: Config, said: Set[str], everything: bool, ask: Ask, secure: bool) -> Config:
    """The configuration with what is missing or wrong in it; with everything, all that matters. said: keys that are not
    asked for unless they are wrong. secure: whether the board can have TLS."""
    it = _Asking(config, said, everything, ask)
    it.address(secure)
    it.transport()
    if secure and it.wanted("tls", optional=True):
        it.config = ask_for_tls(it.config, ask)
    usual = _PORTS[it.config.get("transport", _TCP), it.config.get("tls") is True]
    it.key("port", _("Port"), str(it.config.get("port", usual)), _port)
    it.key("device_name", _("Device name"), str(it.config.get("device_name", "")))
    it.user()
    return _plain(it.config)


def _plain(config: Config) -> Config:
    """The configuration without what goes without saying."""
    gone = {"transport", "path"} if config.get("transport", _TCP) == _TCP else set()
    if not config.get("tls"):
        gone.add("tls")
    return {key: value for key, value in config.items() if key not in gone}


class _Asking:
    """The configuration as it grows by answers."""

    def __init__(self, config: Config, said: Set[str], everything: bool, ask: Ask) -> None:
        self.config = config
        self._said = said
        self._everything = everything
        self._ask = ask

    def wanted(self, key: str, optional: bool = False) -> bool:
        missing = key not in self.config and not optional
        return bool(problems_of(key, self.config)) or (key not in self._said and (self._everything or missing))

    def key(self, key: str, question: str, default: str, meaning: Callable[[str], object] = str) -> None:
        if self.wanted(key):
            self.config = self._until_right((key,), question, default, lambda text: self.config | {key: meaning(text)})

    def address(self, secure: bool) -> None:
        if not self.wanted("host"):
            return
        hosts = self.config.get("host", "")
        known = ",".join(hosts) if isinstance(hosts, list) else str(hosts)
        said: set[str] = set()

        def meaning(text: str) -> Config:
            said.clear()
            said.update(keys := keys_of(text))
            return with_address(self.config, keys, secure)

        self.config = self._until_right(("host", "port", "path"), _("Address of the broker"), known, meaning)
        self._said = {*self._said, *said}

    def transport(self) -> None:
        """And what a WebSocket has besides."""
        if self.wanted("transport", optional=True):
            known = str(self.config.get("transport", _TCP))
            question = _("Transport, {tcp} or {websocket}").format(tcp=_TCP, websocket=_WEBSOCKET)
            self.config = self._until_right(("transport",), question, known, lambda text: self._over(text))
        if self.config.get("transport") == _WEBSOCKET and self.wanted("path", optional=True):
            known = str(self.config.get("path", "/mqtt"))
            self.config = self._until_right(
                ("path",), _("Path of the WebSocket"), known, lambda text: self.config | {"path": text}
            )

    def _over(self, transport: str) -> Config:
        """The port is the other transport's."""
        if transport == self.config.get("transport", _TCP):
            return self.config
        gone = ("transport", "path", "port") if "port" not in self._said else ("transport", "path")
        rest = {key: value for key, value in self.config.items() if key not in gone}
        return rest if transport == _TCP else rest | {"transport": transport}

    def user(self) -> None:
        """And the password of one."""
        before = self.config.get("username")
        if self.wanted("username", optional=True):
            without = {key: value for key, value in self.config.items() if key != "password"}
            asked = self._until_right(
                ("username",), _("User name"), str(before or _NOBODY), lambda text: without | {"username": _user(text)}
            )
            other = asked["username"] != before and "password" not in self._said
            self.config = asked if other else self.config | {"username": asked["username"]}
        if not self.config.get("username"):
            self.config = {key: value for key, value in self.config.items() if key not in ("username", "password")}
        elif self.wanted("password"):
            known = str(self.config.get("password", ""))
            words = _("Password of {name}") if known else _("Password of {name} (Enter for none)")
            question = words.format(name=self.config["username"])
            self.config = self._until_right(
                ("password",), question, known, lambda text: self.config | {"password": text}, secret=True
            )

    def _until_right(
        self,
        keys: tuple[str, ...],
        question: str,
        default: str,
        meaning: Callable[[str], Config],
        secret: bool = False,
    ) -> Config:
        """Asks until the board would take these keys; returns the configuration that the answer means."""
        while True:
            try:
                asked = meaning(self._ask(question, default, secret))
                wrong = [problem for key in keys for problem in problems_of(key, asked)]
                if not wrong:
                    return asked
                typer.echo("  " + _("; ").join(wrong), err=True)
            except PortError as error:
                typer.echo(f"  {error}", err=True)
            default = ""


def _port(text: str) -> object:
    return int(text) if text.isdecimal() else text


def _user(text: str) -> str:
    return "" if text == _NOBODY else text
