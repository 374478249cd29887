"""What tests of mqtt.session need: packets by name, and steps that each takes."""

PUBLISH_1, PUBLISH_2, SUBSCRIBE, UNSUBSCRIBE = 0x32, 0x34, 0x82, 0xA2  # first bytes
PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK = 4, 5, 7, 9, 11  # packet types
WORD, TOPIC, PAYLOAD = 0, 1, 2  # in a slot
RELEASE = 3  # a stage
WRAP = 1 << 30  # where ticks_ms() starts over


def pump(session, now=0):
    """Sends all that is due; returns it as (first byte, packet identifier)."""
    sent = []
    while True:
        slot = session.next()
        if not slot:
            return sent
        word = slot[WORD]
        sent.append((0x62 if word >> 24 == RELEASE else word & 0xFF, word >> 8 & 0xFFFF))
        session.went(slot, now)


def reconnect(session, clean_session=False, session_present=True, now=0):
    session.lost()
    session.connected(now, clean_session, session_present)


def owed(session):
    """The acknowledgement owed, as (first byte, packet identifier)."""
    word, session.owed = session.owed, 0
    return (word >> 16, word & 0xFFFF) if word else None
