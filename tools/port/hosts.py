"""What is wrong with a host of OneNET's current platform that was written out, where it could be left out: the board
would only find that nobody is there, or that it is refused."""

import re

from ..language import _
from .board_config import DP, STUDIO, Config, platform_of

_FOR_ALL = {False: "mqtts.heclouds.com", True: "mqttstls.heclouds.com"}
_OWN = re.compile(r"([A-Za-z0-9]+)\.(mqtts|mqttstls)\.acc\.cmcconenet\.cn")
_LIKE = re.compile(r"cmc+on+e?n?e?t|\.mqtt?l?s+\.|\.mqttstls\.", re.IGNORECASE)
_PORTS = {1883: False, 8883: True}


def host_problems(config: Config) -> list[str]:
    """A line for each host that can't be the product's."""
    if platform_of(config) not in (STUDIO, DP):
        return []
    hosts = config.get("host", "")
    tls, product = config.get("tls") is True, str(config.get("product_id"))
    found = []
    for host in hosts if isinstance(hosts, list) else [hosts]:
        words = _objection(str(host), product, tls)
        if words:
            found.append(
                _("host: {host} {words}; leave it out (--unset host), or write {right}").format(
                    host=host, words=words, right=_right(product, tls)
                )
            )
    port = config.get("port")
    if port in _PORTS and _PORTS[port] != tls and (not hosts or "heclouds" in str(hosts) or _LIKE.search(str(hosts))):
        what = _('is that for TLS: write "tls": true with it, or') if tls is False else _("is that without TLS:")
        found.append(_("port: {port} {what} leave it out (--unset port)").format(port=port, what=what))
    return found


def _objection(host: str, product: str, tls: bool) -> str:
    own = _OWN.fullmatch(host)
    if host in _FOR_ALL.values():
        return "" if host == _FOR_ALL[tls] else _of_the_other_kind(tls)
    if own and own[1] != product:
        return _("is product {own}'s").format(own=own[1])
    if own:
        return "" if (own[2] == "mqttstls") == tls else _of_the_other_kind(tls)
    return _("is misspelt, it seems") if _LIKE.search(host) else ""


def _of_the_other_kind(tls: bool) -> str:
    return _("is the one without TLS") if tls else _("is the one for TLS")


def _right(product: str, tls: bool) -> str:
    return f"{product}.{'mqttstls' if tls else 'mqtts'}.acc.cmcconenet.cn"
