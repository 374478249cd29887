"""Calls about topics and the messages to them: 发布消息, 创建Topic, 查询订阅topic的设备."""

from typing import Any

from ..asked import text_in
from ..failures import AlreadyExists, InvalidParameter, MissingParameter, UnknownTopic
from ..platform import TOPIC
from .asking import Asking


async def publish(it: Asking) -> Any:
    """发布消息."""
    it.allow_product()
    it.platform.publish_message(_topic(it.param("topic"), "topic"), await it.body())


async def add(it: Asking) -> Any:
    """创建Topic. It need not be there for anything: who subscribes to a topic makes it."""
    it.allow_product()
    name = _topic(text_in(await it.object(), "name", ""), "name")
    if name in it.platform.topics():
        raise AlreadyExists(f"topic exists: {name}")
    it.platform.store.topics.add(name)


async def list_(it: Asking) -> Any:
    """查询产品Topic: those made by a call, and those that somebody has subscribed to."""
    it.allow_product()
    page = it.page(30, 1000)
    found = sorted(it.platform.topics())
    return {"per_page": page.size, "topics": page.of(found), "total_count": len(found), "page": page.number}


async def remove(it: Asking) -> Any:
    """删除Topic. Subscriptions to it stay."""
    it.allow_product()
    name = _topic(it.param("name") or it.param("topic"), "name")
    if not it.platform.store.topics.remove(name):
        raise UnknownTopic(name)


async def subscribers(it: Asking) -> Any:
    """查询订阅topic的设备."""
    it.allow_product()
    topic = _topic(it.param("topic"), "topic")
    page = it.page(30, 1000)
    found = sorted(int(device_id) for device_id in it.platform.subscribers(topic) if device_id.isdigit())
    return {"per_page": page.size, "devices": page.of(found), "total_count": len(found), "page": page.number}


def _topic(name: str, parameter: str) -> str:
    if not name:
        raise MissingParameter(f"{parameter} is required")
    if not TOPIC.fullmatch(name):
        raise InvalidParameter(f"{parameter}: must be 1 to 1024 of A-Z a-z 0-9 / _ -")
    return name
