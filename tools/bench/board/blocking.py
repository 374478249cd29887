# mypy: ignore-errors
"""umqtt.simple and umqtt.robust: a call waits until it is done."""

import time

from measure import PAYLOAD, TOPIC, USER, Unsupported


class Peer:
    pings_by_itself = False

    def __init__(self, module, port, big):
        library = __import__(module, None, None, ("MQTTClient",))
        self.messages = self.size = 0
        self._robust = module == "umqtt.robust"
        self.client = library.MQTTClient(module, "127.0.0.1", port, USER, USER, 60)
        self.client.set_callback(self._message)

    def _message(self, topic, payload):
        self.messages += 1
        self.size = len(payload)

    def connect(self):
        self.client.connect()

    def subscribe(self, topic):
        self.client.subscribe(topic)

    def publish(self, times, payload, qos):
        if qos > 1:
            raise Unsupported
        client = self.client
        for _ in range(times):
            client.publish(TOPIC, payload, False, qos)

    def receive(self, count):
        client = self.client
        while self.messages < count:
            client.wait_msg()

    def ping(self, times):
        client = self.client
        for _ in range(times):
            client.ping()
            client.wait_msg()

    def idle(self, times):
        client = self.client
        for _ in range(times):
            client.check_msg()

    def stay(self, topic):
        if not self._robust:
            raise Unsupported
        self.client.connect()
        while True:
            self.client.publish(topic, PAYLOAD)
            time.sleep_ms(100)
