"""A local OneNET: broker, HTTP API and web page, for the desk, the class room and the tests."""
