"""OneNET's dialects of MQTT, and in mqtt.py that of any other broker. They know nothing of boards."""
