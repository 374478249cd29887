"""MQTT packets, to build, read and send by hand, with the codec that runs on the board."""
