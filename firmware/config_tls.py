"""config.json's keys for TLS, taken together: what is wrong with them, and what follows from them. Loaded only where
one of them is given."""

import sys

_PORT = 8883


def problems(config, checked, host):
    """What is wrong with them, for the configuration as it was given, and with the defaults: those that are others with
    TLS come into it here. host: the platform's own."""
    if checked["tls"] is not True:
        return ['%s: is of no use without "tls": true' % key for key in ("ca", "tls_name") if checked[key] != ""]
    found = []
    if sys.platform == "esp8266":
        found.append("tls: must be false on an ESP8266, which cannot check certificates, nor has the memory for TLS")
    if host and checked["host"] == host:
        found.append("host: must be another than %s, OneNET's older platform, which has no TLS" % host)
    if checked["ca"] == "":
        if checked["host"] == host == "":
            checked["ca"] = "onenet"
        else:
            found.append('ca: is missing; must be the file with the CA\'s certificate in DER, as "ca.der", or "onenet"')
    if checked["tls_name"] == "any" and checked["ca"] != "onenet":
        found.append('tls_name: may be "any" for "ca": "onenet" alone, which certifies nobody else; give the name')
    if "port" not in config:
        checked["port"] = _PORT
    return found
