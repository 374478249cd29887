"""OneNET's current platform, whose products have letters in their ids and whose devices have names and keys.

Each behaviour names the document it is taken from: [manual] is the user manual of China Mobile's SDK mqtts_onejson_soc
(2024-12), [SDK] that SDK's code, [studio docs] the documents of OneNET Studio, [API list] the list of cloud calls
(aiot/fuse/detail/1483), [B docs] those of the MQTT platform before it, [seen] what users have logged or measured. Where
none says what the platform does, the console does what is worse for the device, and says so there.
"""

from .studio import Studio

__all__ = ["Studio"]
