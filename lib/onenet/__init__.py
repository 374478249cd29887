"""OneNET's dialects of MQTT: legacy, the platform at 183.230.40.39:6002. Knows nothing of boards."""
