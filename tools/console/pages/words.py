"""What the pages say: the words of one language, see english.py and chinese.py."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Words:
    """All the words of one language. In braces: what is put in with format()."""

    language: Literal["en-US", "zh-CN"]
    console: str
    subtitle: str
    skip: str

    devices: str
    all: str
    online: str
    offline: str
    online_since: str
    last_seen: str
    never_online: str
    search: str
    nothing_found: str
    no_devices: str
    no_devices_hint: str
    more_streams: str

    add_device: str
    add_and_show: str
    title: str
    title_hint: str
    title_missing: str
    auth_info: str
    auth_info_hint: str
    device_id: str
    device_id_hint: str
    optional: str
    cancel: str
    close: str
    save: str
    edit: str
    edit_device: str
    auth_info_keep: str
    remove: str
    remove_device: str
    remove_question: str
    saved: str
    config: str
    config_hint: str
    config_loopback: str
    copy: str
    copied: str
    copy_failed: str

    strangers: str
    strangers_hint: str
    programs: str
    programs_hint: str
    product_id: str
    master_key: str
    register_code: str
    http_api: str
    show: str
    hide: str

    teacher: str
    teacher_here: str
    teacher_hint: str
    password: str
    log_in: str
    wrong_password: str
    device_locked: str
    device_locked_hint: str
    unlock: str
    wrong_key: str

    back: str
    no_device: str
    no_device_hint: str
    no_page: str
    connection: str
    address: str
    broker: str
    created: str
    none: str
    state: str

    streams: str
    no_streams: str
    no_such_streams: str
    search_streams: str
    all_csv: str
    csv_of: str
    chart_of: str
    chart_numbers: str
    recent_values: str
    previous: str
    next: str
    page_of: str

    command: str
    command_hint: str
    command_missing: str
    as_hex: str
    bad_hex: str
    send: str
    keep_until_online: str
    device_offline: str
    no_commands: str
    command_created: str
    command_sent: str
    round_trip: str
    empty: str

    packets: str
    packets_hint: str
    no_packets: str
    pause: str
    resume: str
    from_device: str
    to_device: str
    illegal: str
    refused: str
    unknown_type: str
    bytes: str
    offset: str
    field: str
    value: str
    meaning: str
    clause: str
    hex: str
    more_bytes: str
    more_fields: str
    refused_at: str

    old_platform: str
    products: str
    products_hint: str
    no_products: str
    product: str
    add_product: str
    product_id_hint: str
    data_kind: str
    thing_model: str
    data_streams: str
    access_key: str
    devices_of: str
    load_model: str
    model_hint: str
    model_loaded: str
    model_of: str
    remove_product_question: str
    device_name: str
    device_name_hint: str
    device_key: str
    device_key_hint: str
    current_programs: str
    current_programs_hint: str
    user_id: str
    user_key: str

    properties: str
    set_properties: str
    no_model: str
    set_now: str
    set_desired: str
    set_desired_hint: str
    set: str
    read: str
    values_json: str
    bad_json: str
    from_to: str
    at_least: str
    at_most: str
    desired: str
    forget: str
    answered: str
    answered_with: str
    no_answer: str
    not_online: str
    kept: str
    services: str
    service: str
    call: str
    inputs_json: str
    called: str
    events: str
    no_events: str
    calls: str
    no_things: str

    update: str
    update_hint: str
    choose_package: str
    drop_package: str
    sending_package: str
    package_failed: str
    package_large: str
    in_package: str
    for_chip: str
    size: str
    kilobytes: str
    files: str
    signature: str
    signed: str
    unsigned: str
    needs: str
    has_from: str
    proof: str
    proof_of: str
    start_update: str
    package_gone: str
    update_offline: str
    update_told: str
    update_waits: str
    update_begins: str
    update_fetched: str
    update_restarts: str
    update_again: str
    upgraded: str
    rolled_back: str
    update_refused: str
    update_here: str

    def some(self, *names: str) -> dict[str, str]:
        """Those words, for a component in the browser."""
        return {name: getattr(self, name) for name in names}
