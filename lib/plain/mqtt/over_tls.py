"""over_tls for the ESP8266, which has none: its TLS checks no certificate, and its handshake blocks."""


def check(context, unverified):
    raise ValueError("ssl: an ESP8266 has no TLS that checks certificates: leave it out")
