"""The calls of umqtt.simple, made of mqtt: a program that was written for that one runs on this unchanged.

What it gains: each wait has an end, arguments are checked before a byte is sent, text may be Chinese, a packet leaves
in one write, publish() takes nothing from the heap, and with a keep alive the pings are sent by whatever is called, and
missed when they are not answered. What differs is told in docs/umqtt.md. Loaded by who imports it; no board has it
otherwise.
"""

from mqtt import Client, ConnectionRefused, MQTTError


class MQTTException(Exception):
    """The server has said no: its argument is CONNACK's return code [3.2.2.3], or 128 for a subscription."""


class MQTTClient:
    """A client of one server. Everything waits until it is done, but for check_msg(); what goes wrong on the network is
    an OSError, with the reason for its second argument."""

    BUFFER = 1024
    """Bytes of the longest message that is received, with its topic; a longer one is dropped, which is printed."""

    def __init__(
        self, client_id, server, port=0, user=None, password=None, keepalive=0, ssl=None, ssl_params=None
    ):  # fmt: skip
        """port: 1883, or 8883 with ssl, if not given. keepalive: seconds, 0 for none. ssl: an SSLContext, or True for
        one that is made of ssl_params, which checks the server only where cert_reqs and cadata say so."""
        self.client_id = client_id
        self.server = server
        self.port = port or (8883 if ssl else 1883)
        self.user = user
        self.pswd = password
        self.keepalive = keepalive
        self.ssl = ssl
        self.ssl_params = ssl_params
        self.cb = None
        self._will = None
        self._client = None
        self._inside = False  # in the callback
        self._came = None  # first byte of the last message
        self._waits = 0  # packet identifier of the acknowledgement that is waited for
        self._code = 0  # what the server has granted

    @property
    def sock(self):
        """None while there is no connection; else something that has close()."""
        client = self._client
        return client if client and client.connected() else None

    def set_callback(self, f):
        """f(topic, msg), both bytes, is called for each message."""
        self.cb = f

    def set_last_will(self, topic, msg, retain=False, qos=0):
        """What the server publishes when the client is lost; before connect()."""
        self._will = (topic, msg, qos, retain)

    def connect(self, clean_session=True, timeout=None):
        """Returns 1 where the server has kept a session of ours, else 0. timeout: seconds for this and for each later
        wait; 10 if not given. Raises MQTTException where the server refuses."""
        if self._client:
            self._client.close()
        self._client = None  # its buffers are free before there are others
        options = {}
        if self.ssl:
            context, name = self._tls()
            # As in umqtt.simple it is the program's affair whether that checks who the server is.
            options = {"ssl": context, "server_hostname": name, "unverified": True}
        if timeout:
            options["timeout"] = int(timeout * 1000)
        client = Client(
            self.client_id, self.server, self.port, self.user, self.pswd, self.keepalive, clean_session, self._will,
            rx_size=self.BUFFER, **options,
        )  # fmt: skip
        client.on_message = self._message
        client.on_oversize = self._too_long
        client.on_publish = client.on_unsubscribe = self._done
        client.on_subscribe = self._granted
        self._client = client
        return self._tried(client.connect)

    def _tls(self):
        """The context, and the name in the server's certificate, None for the server's."""
        if self.ssl is not True:
            return self.ssl, None
        import ssl

        params = self.ssl_params or {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if hasattr(context, "check_hostname"):  # on a computer
            context.check_hostname = False
        context.verify_mode = params.get("cert_reqs", ssl.CERT_NONE)  # type: ignore[attr-defined]
        if params.get("cadata"):
            context.load_verify_locations(cadata=params["cadata"])  # type: ignore[attr-defined, unused-ignore]
        if params.get("cert"):
            context.load_cert_chain(params["cert"], params["key"])
        return context, params.get("server_hostname")

    def disconnect(self):
        """Has everything sent, and says that this is the end."""
        if self._client:
            self._tried(self._client.disconnect)

    def ping(self):
        """Does what is due to keep the connection: with a keep alive a PINGREQ, once half of it is over."""
        self._turn(0)

    def publish(self, topic, msg, retain=False, qos=0):
        """qos 1 waits until the server has the message, but not in the callback."""
        if qos == 2:
            raise ValueError("qos: 0 or 1; for 2 use mqtt.Client")
        self._turn(0)  # a connection that is lost is seen now, and not with the message after this one
        try:
            qos = self._client.publish(topic, msg, qos, retain)
        except MQTTError as e:
            self._failed(e)
        self._wait(qos)

    def subscribe(self, topic, qos=0):
        """Waits until the server says yes, but not in the callback; MQTTException(128) is its no."""
        if not self.cb:
            raise ValueError("set_callback() comes before subscribe()")
        self._code = 0
        self._wait(self._tried(self._online().subscribe, topic, qos))
        if self._code == 0x80:
            raise MQTTException(0x80)

    def unsubscribe(self, topic):
        self._wait(self._tried(self._online().unsubscribe, topic))

    def wait_msg(self):
        """Waits for a message and calls back; returns its packet's first byte."""
        return self._next(1000)

    def check_msg(self):
        """Calls back for what has come; returns the first byte of the last packet, None if there was no message."""
        return self._next(0)

    def _next(self, ms):
        if not self._inside:  # there is nothing to be had in the callback
            self._came = None
            self._turn(ms)
            while ms and self._came is None:
                self._turn(ms)
            return self._came

    # The connection

    def _online(self):
        if self._client is None:
            raise OSError(-1, "not connected")
        return self._client

    def _turn(self, ms):
        if not self._inside:
            try:
                self._online().loop(ms)
            except MQTTError as e:
                self._failed(e)

    def _tried(self, call, *args):
        try:
            return call(*args)
        except MQTTError as e:
            self._failed(e)

    def _failed(self, e):
        """Raises it as umqtt.simple would."""
        if isinstance(e, ConnectionRefused):
            raise MQTTException(e.code)
        raise OSError(-1, str(e))

    def _wait(self, packet_id):
        """Until it is acknowledged, and has left: a program may do something else for long after that."""
        if not self._inside:
            self._waits = packet_id
            while self._waits or not self._client.can_publish():
                self._turn(1000)

    # What comes

    def _message(self, topic, payload, qos, retain):
        self._came = 0x30 | qos << 1 | retain
        self._inside = True
        try:
            self.cb(bytes(topic), bytes(payload))
        finally:
            self._inside = False

    def _too_long(self, topic, size):
        print("mqtt: a message of %d bytes is dropped: MQTTClient.BUFFER is %d" % (size, self.BUFFER))

    def _done(self, packet_id):
        if packet_id == self._waits:
            self._waits = 0

    def _granted(self, packet_id, codes):
        if packet_id == self._waits:
            self._code = codes[0]
            self._waits = 0
