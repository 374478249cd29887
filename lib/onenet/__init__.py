"""OneNET's dialects of MQTT. legacy is the platform at 183.230.40.39:6002. They know nothing of boards."""
