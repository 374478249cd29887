"""Where the demos of OneNET's current platform play: at the console, with a product and one device of it."""

import contextlib
from collections.abc import Callable, Iterator

from ..api.key import find_token
from ..api.studio import StudioClient
from ..console.studio.products import Protocol
from ..language import _
from .stage import Stage, board_config, hints, local_onenet
from .story import News, Story

NAME, TITLE = "board1", _("virtual board")
PORT = 1883


@contextlib.contextmanager
def current_stage(
    news: News,
    platform: str,
    product_id: str,
    story: Callable[[News, StudioClient], Story],
    request: str,
    *,
    protocol: Protocol = Protocol.ONEJSON,
    model: str = "",
) -> Iterator[Stage]:
    """The stage of a platform, as config.json names it. `request` is the command of `onenet` that the device obeys;
    `model` is the text of the product's thing model, if it has one."""
    with local_onenet(news) as console:
        studio = console.platform.studio
        console.call(studio.add_product, "demo", product_id, protocol)
        if model:
            console.call(studio.load_model, product_id, model)
        device = console.call(studio.add_device, product_id, NAME, TITLE)
        config = board_config(platform=platform, device_name=NAME, product_id=product_id, device_key=device.auth_info)
        product = f"--product {product_id}"
        with StudioClient(console.url, find_token(console.url, product_id), product_id) as client:
            yield Stage(
                config,
                (f"{product_id}.mqtts.acc.cmcconenet.cn", PORT),
                console.mqtt_port,
                story(news, client),
                f"{console.url}/device/{device.id}",
                hints(
                    console,
                    f"status {product}",
                    f"points {product}",
                    f"{request} {product}",
                ),
            )
