"""Calls about triggers: [API 26] to [API 29]."""

from typing import Any

from ..failures import UnknownTrigger
from ..trigger_table import Trigger, condition_in
from .asking import Asking
from .shown import to_seconds


async def add(it: Asking) -> Any:
    """[API 26]."""
    it.allow_product()
    return {"trigger_id": it.platform.store.triggers.add(condition_in(await it.object())).id}


async def edit(it: Asking) -> Any:
    """[API 27]: what is given takes the place of what there was."""
    it.allow_product()
    trigger = _found(it)
    it.platform.store.triggers.edit(trigger.id, condition_in({**trigger.said, **await it.object()}))


async def detail(it: Asking) -> Any:
    """[API 28]."""
    it.allow_product()
    return _described(_found(it))


async def list_(it: Asking) -> Any:
    """Those whose title begins so, or all."""
    it.allow_product()
    page = it.page(30, 100)
    found = [trigger for trigger in it.platform.store.triggers.all() if trigger.title.startswith(it.param("title"))]
    triggers = [_described(trigger) for trigger in page.of(found)]
    return {"per_page": page.size, "triggers": triggers, "total_count": len(found), "page": page.number}


async def remove(it: Asking) -> Any:
    """[API 29]."""
    it.allow_product()
    it.platform.store.triggers.remove(_found(it).id)


def _found(it: Asking) -> Trigger:
    text = it.path("trigger")
    trigger = it.platform.store.triggers.find(int(text)) if text.isascii() and text.isdigit() else None
    if trigger is None:
        raise UnknownTrigger(text)
    return trigger


def _described(trigger: Trigger) -> dict[str, Any]:
    return {
        "create_time": to_seconds(trigger.created),
        "dev_ids": list(trigger.devices),
        **({} if trigger.threshold is None else {"threshold": trigger.threshold}),
        "id": trigger.id,
        "title": trigger.title,
        "type": trigger.type,
        "ds_id": trigger.stream,
        "url": trigger.url,
    }
