"""Hosts of the current platform as people write them: copied from elsewhere, misspelt, for another product, for TLS."""

from typing import Any

import pytest
from onenet_tools.port.hosts import host_problems

PRODUCT = "aBcDeF1234"
OWN, SECURE = f"{PRODUCT}.mqtts.acc.cmcconenet.cn", f"{PRODUCT}.mqttstls.acc.cmcconenet.cn"


def problems(**more: Any) -> list[str]:
    return host_problems({"platform": "studio", "product_id": PRODUCT, **more})


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"host": ""},
        {"host": OWN},
        {"host": [OWN, "mqtts.heclouds.com"], "port": 1883},
        {"host": SECURE, "tls": True, "port": 8883},
        {"host": "mqttstls.heclouds.com", "tls": True},
        {"host": "192.168.1.2", "port": 21883},
        {"host": "192.168.1.2", "port": 8883},
        {"host": "teacher.local"},
        {"host": "studio-mqtt.heclouds.com"},
        {"host": "www.onenet.hk.chinamobile.com"},
        {"platform": "mqtt", "host": "mqtls.acc.cmccconet.cn"},
        {"platform": "legacy", "host": "mqtts.heclouds.com"},
    ],
)
def test_what_may_be(more: dict[str, Any]) -> None:
    assert problems(**more) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"host": f"{PRODUCT}.mqtls.acc.cmcconenet.cn"},
            f"is misspelt, it seems; leave it out (--unset host), or write {OWN}",
        ),
        ({"host": f"{PRODUCT}.mqtts.acc.cmccconet.cn"}, "is misspelt, it seems"),
        ({"host": f"{PRODUCT}.mqtts.acc.cmcconet.cn"}, "is misspelt, it seems"),
        ({"host": "zBcDeF1234.mqtts.acc.cmcconenet.cn"}, "is product zBcDeF1234's"),
        ({"host": SECURE}, "is the one for TLS"),
        ({"host": OWN, "tls": True}, f"is the one without TLS; leave it out (--unset host), or write {SECURE}"),
        ({"host": ["192.168.1.2", "mqttstls.heclouds.com"]}, "mqttstls.heclouds.com is the one for TLS"),
        ({"host": "mqtts.heclouds.com", "port": 8883}, "port: 8883 is that for TLS"),
        ({"port": 8883}, 'port: 8883 is that for TLS: write "tls": true with it, or leave it out'),
        ({"port": 1883, "tls": True}, "port: 1883 is that without TLS: leave it out (--unset port)"),
        ({"platform": "dp", "host": SECURE}, "is the one for TLS"),
    ],
)
def test_what_can_not_be(more: dict[str, Any], words: str) -> None:
    (found,) = problems(**more)
    assert words in found
