"""The platform's HTTP API, seen from a user: the same calls to api.heclouds.com and to the local console."""
