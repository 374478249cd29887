"""What is fuzzed: by name, the module and its function that takes bytes and raises where something is wrong, and what
it takes bytes for. It runs on MicroPython, too, but for those of the computer alone."""

TARGETS = {
    "parser": ("fuzz_parser", "check", "MQTT packets, cut anywhere"),
    "client": ("fuzz_client", "check", "a session: packets, losses and time"),
    "frames": ("fuzz_websocket", "check_frames", "frames of a WebSocket"),
    "answer": ("fuzz_websocket", "check_answer", "the answer to the request for a WebSocket"),
    "config": ("fuzz_config", "check", "config.json"),
    "messages": ("fuzz_messages", "check", "data points in each dialect's messages"),
    "creq": ("fuzz_device", "check_creq", "commands of the older platform"),
    "studio": ("fuzz_device", "check_studio", "what a thing model's product is asked for"),
    "dp": ("fuzz_device", "check_dp", "the same of a product with data streams"),
    "broker": ("fuzz_device", "check_broker", "the same by way of any broker"),
    "flash": ("fuzz_flash", "check", "the outbox in flash, its files damaged"),
    "image": ("fuzz_image", "check", "the same on a littlefs that is damaged"),
    "package": ("fuzz_update", "check_head", "the head of an update's package"),
    "reply": ("fuzz_update", "check_reply", "an HTTP server's replies to an update"),
    "payloads": ("fuzz_payloads", "check", "payloads of $dp"),
    "token": ("fuzz_token", "check_reading", "tokens as they are pasted"),
    "key": ("fuzz_token", "check_making", "keys and names that tokens are made of"),
    "model": ("fuzz_model", "check", "thing-model files"),
}
HOST_ONLY = "image", "payloads", "token", "key", "model"


def load(name):
    """The function of a target."""
    module, function, _ = TARGETS[name]
    return getattr(__import__(module), function)
