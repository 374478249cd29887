"""The tables of the data file. Times in it are microseconds since 1970, in UTC.

A file that an older console has made gets what it lacks when a newer one opens it; what is in it stays.
"""

LAYOUTS = (
    """
    CREATE TABLE product (id TEXT NOT NULL, master_key TEXT NOT NULL, register_code TEXT NOT NULL);
    CREATE TABLE devices (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        auth_info TEXT NOT NULL UNIQUE,
        api_key TEXT NOT NULL UNIQUE,
        serial TEXT UNIQUE,
        about TEXT NOT NULL,
        created INTEGER NOT NULL,
        since INTEGER
    ) WITHOUT ROWID;
    CREATE TABLE streams (
        number INTEGER PRIMARY KEY,
        device_id TEXT,
        id TEXT NOT NULL,
        created INTEGER NOT NULL,
        at INTEGER NOT NULL,
        value TEXT NOT NULL,
        UNIQUE (device_id, id)
    );
    CREATE TABLE points (
        stream INTEGER NOT NULL,
        at INTEGER NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (stream, at)
    ) WITHOUT ROWID;
    CREATE TABLE commands (
        number INTEGER PRIMARY KEY,
        uuid TEXT NOT NULL UNIQUE,
        device_id TEXT NOT NULL,
        payload BLOB NOT NULL,
        status INTEGER NOT NULL,
        created INTEGER NOT NULL,
        again INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        reply BLOB,
        seconds REAL
    );
    CREATE INDEX commands_of_a_device ON commands (device_id, number);
    """,
    """
    CREATE TABLE studio_account (user_id TEXT NOT NULL, user_key TEXT NOT NULL);
    CREATE TABLE studio_products (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        protocol TEXT NOT NULL,
        access_key TEXT NOT NULL,
        model TEXT,
        created INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE studio_desired (
        device_id TEXT NOT NULL,
        identifier TEXT NOT NULL,
        value TEXT NOT NULL,
        version INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (device_id, identifier)
    ) WITHOUT ROWID;
    CREATE TABLE studio_events (
        number INTEGER PRIMARY KEY,
        device_id TEXT NOT NULL,
        identifier TEXT NOT NULL,
        at INTEGER NOT NULL,
        value TEXT NOT NULL
    );
    CREATE INDEX studio_events_of_a_device ON studio_events (device_id, at);
    """,
    """
    CREATE TABLE studio_statuses (
        number INTEGER PRIMARY KEY,
        device_id TEXT NOT NULL,
        online INTEGER NOT NULL,
        at INTEGER NOT NULL
    );
    CREATE INDEX studio_statuses_of_a_device ON studio_statuses (device_id, number);
    """,
    """
    ALTER TABLE commands ADD COLUMN sent INTEGER;
    ALTER TABLE commands ADD COLUMN replied INTEGER;
    CREATE TABLE stream_descriptions (
        device_id TEXT NOT NULL,
        id TEXT NOT NULL,
        created INTEGER NOT NULL,
        unit TEXT NOT NULL,
        unit_symbol TEXT NOT NULL,
        tags TEXT NOT NULL,
        PRIMARY KEY (device_id, id)
    ) WITHOUT ROWID;
    CREATE TABLE files (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        device_id TEXT NOT NULL,
        stream TEXT NOT NULL,
        at INTEGER NOT NULL,
        description TEXT NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX files_of_a_device ON files (device_id, number);
    CREATE TABLE api_keys (
        key TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        permissions TEXT NOT NULL,
        created INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE topics (name TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE triggers (id INTEGER PRIMARY KEY AUTOINCREMENT, said TEXT NOT NULL, created INTEGER NOT NULL);
    """,
    """
    CREATE TABLE studio_files (
        number INTEGER PRIMARY KEY,
        fid TEXT NOT NULL UNIQUE,
        device_id TEXT NOT NULL,
        name TEXT NOT NULL,
        created INTEGER NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX studio_files_of_a_device ON studio_files (device_id);
    """,
    """
    ALTER TABLE stream_descriptions ADD COLUMN title TEXT NOT NULL DEFAULT '';
    ALTER TABLE stream_descriptions ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
    """,
    """
    ALTER TABLE devices ADD COLUMN controls TEXT NOT NULL DEFAULT '[]';
    CREATE TABLE trigger_log (
        number INTEGER PRIMARY KEY,
        device_id TEXT NOT NULL,
        at INTEGER NOT NULL,
        title TEXT NOT NULL,
        stream TEXT NOT NULL,
        value TEXT NOT NULL,
        outcome TEXT NOT NULL
    );
    CREATE INDEX trigger_log_of_a_device ON trigger_log (device_id, number);
    """,
)
"""What each version of the layout adds, in SQL."""
