"""The calls of umqtt.robust: those of umqtt.simple, that connect again when the connection is lost.

Other than that one, it subscribes anew where the server has not kept the session, and waits longer from one attempt to
the next.
"""

import time

from . import simple


class MQTTClient(simple.MQTTClient):
    """connect() comes first, and says what is wrong; from then on only a server that refuses ends a call."""

    DELAY = 2
    """Seconds until the second attempt to connect again; each pause is twice the last, up to 32 times this."""
    DEBUG = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._topics = {}  # and the QoS asked for

    def delay(self, i):
        """Waits after the i-th attempt, from 1."""
        time.sleep(self.DELAY * (1 << min(i - 1, 5)))

    def log(self, in_reconnect, e):
        if self.DEBUG:
            print("mqtt%s: %r" % (" reconnect" if in_reconnect else "", e))

    def reconnect(self):
        """Connects, however long it takes; returns what connect() does."""
        i = 0
        while True:
            try:
                present = self.connect(False)
                if not present:
                    for topic, qos in self._topics.items():
                        super().subscribe(topic, qos)
                return present
            except OSError as e:
                self.log(True, e)
                i += 1
                self.delay(i)

    def publish(self, topic, msg, retain=False, qos=0):
        while True:
            try:
                return super().publish(topic, msg, retain, qos)
            except OSError as e:
                self.log(False, e)
            self.reconnect()

    def subscribe(self, topic, qos=0):
        while True:
            try:
                super().subscribe(topic, qos)
            except OSError as e:
                self.log(False, e)
                self.reconnect()
                continue
            self._topics[topic] = qos
            return

    def unsubscribe(self, topic):
        self._topics.pop(topic, None)
        super().unsubscribe(topic)

    def wait_msg(self):
        while True:
            try:
                return super().wait_msg()
            except OSError as e:
                self.log(False, e)
            self.reconnect()

    def check_msg(self, attempts=2):
        """attempts: how often the connection may be lost before this returns."""
        while attempts:
            try:
                return super().check_msg()
            except OSError as e:
                self.log(False, e)
            self.reconnect()
            attempts -= 1
