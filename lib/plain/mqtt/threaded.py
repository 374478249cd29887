"""threaded for the ESP8266, whose port has no threads."""

raise ImportError("mqtt.threaded: an ESP8266 has no threads: take mqtt.Client, and call its loop()")
