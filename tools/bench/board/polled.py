# mypy: ignore-errors
"""umqtt.simple2 and umqtt.robust2: publish() returns an identifier, check_msg() brings the acknowledgement."""

import time

from measure import PAYLOAD, TOPIC, USER, Unsupported


class Peer:
    pings_by_itself = False

    def __init__(self, module, port, big):
        library = __import__(module, None, None, ("MQTTClient",))
        self.messages = self.size = self.told = 0
        self._robust = module == "umqtt.robust2"
        self.client = library.MQTTClient(module, "127.0.0.1", port, USER, USER, 60)
        self.client.set_callback(self._message)
        self.client.set_callback_status(self._status)

    def _message(self, topic, payload, retained, duplicate):
        self.messages += 1
        self.size = len(payload)

    def _status(self, packet_id, status):
        self.told += 1

    def connect(self):
        self.client.connect()

    def subscribe(self, topic):
        self.client.subscribe(topic)
        while not self.told:
            self.client.wait_msg()

    def publish(self, times, payload, qos):
        if qos > 1:
            raise Unsupported
        client = self.client
        for _ in range(times):
            before = self.told
            client.publish(TOPIC, payload, False, qos)
            while qos and self.told == before:
                client.wait_msg()

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
        client = self.client
        client.connect()
        while True:
            if client.is_conn_issue():
                while client.is_conn_issue():
                    client.reconnect()
                    time.sleep_ms(100)
                client.resubscribe()
            client.publish(topic, PAYLOAD)
            client.check_msg()
            client.send_queue()
            time.sleep_ms(100)
