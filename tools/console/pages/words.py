"""What the pages say: the words of one language, see english.py and chinese.py."""

import contextlib
from dataclasses import dataclass
from typing import Literal

from ...language import CHINESE, ENGLISH, speaking
from ...words.said import rendered


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
    tags: str
    tags_hint: str
    all_tags: str
    order: str
    online_first: str
    by_title: str
    by_change: str
    comings: str
    last_day: str
    last_week: str
    online_share: str
    nothing_found: str
    no_devices: str
    no_devices_hint: str
    more_streams: str

    add_device: str
    add_and_show: str
    add_many: str
    many_hint: str
    many_list: str
    many_added: str
    many_line: str
    many_too_many: str
    csv_file: str
    sheet: str
    sheet_hint: str
    device_page: str
    print: str
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
    config_steps: str
    commands_to_type: str
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

    span: str
    from_time: str
    to_time: str
    earlier: str
    later: str
    zoom_in: str
    zoom_out: str
    minutes: str
    hours: str
    days: str
    span_is_none: str
    nothing_to_draw: str
    nothing_in_span: str
    not_loaded: str
    chart_hint: str
    in_zone: str
    in_other_zone: str
    gathered: str
    grey_is_offline: str
    stream: str
    minimum: str
    mean: str
    maximum: str
    points: str
    share_true: str
    lay_over: str
    take_away: str
    values: str
    time: str
    longitude: str
    latitude: str
    newest: str
    older: str
    silent_since: str
    hidden: str
    no_stream: str
    no_stream_hint: str
    edit_stream: str
    stream_title: str
    stream_title_hint: str
    unit: str
    unit_hint: str
    hide_stream: str
    remove_stream: str
    remove_stream_question: str

    add_control: str
    control_kind: str
    control_title_hint: str
    control_command_hint: str
    control_is_empty: str
    as_button: str
    as_switch: str
    as_slider: str
    command_off: str
    command_off_hint: str
    step: str
    slider_is_wrong: str

    rules: str
    add_rule: str
    no_rules: str
    rule_log: str
    no_firings: str
    rule_title_hint: str
    condition: str
    is_above: str
    is_below: str
    is_silent: str
    is_offline: str
    when_silent: str
    bound: str
    bound_hint: str
    lasts: str
    lasts_hint: str
    for_seconds: str
    rule_command_hint: str
    web_hook: str
    web_hook_hint: str
    sound: str
    sound_hint: str
    no_number: str

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
    warned: str
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

    board_log: str
    board_log_hint: str
    fetch_log: str
    follow_log: str
    log_empty: str
    log_anew: str
    log_unanswered: str
    log_refused: str

    update: str
    update_hint: str
    own_program: str
    chip: str
    chip_asked: str
    chip_not_told: str
    version: str
    make_package: str
    making_package: str
    careful: str
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

    connect: str
    connect_hint: str
    connect_not_lan: str
    by_commands: str
    by_commands_hint: str
    choose_port: str
    another_port: str
    port_is: str
    no_serial: str
    port_failed: str
    flash: str
    flash_hint: str
    choose_image: str
    image_here: str
    image_file: str
    flash_now: str
    asking_chip: str
    fetching_image: str
    erasing: str
    writing: str
    flashed: str
    flash_failed: str
    wrong_chip: str
    no_image: str
    set_up: str
    set_up_hint: str
    set_up_now: str
    waiting_for_board: str
    scanning: str
    is_busy: str
    no_program: str
    not_listening: str
    which_device: str
    network: str
    other_network: str
    wifi_password: str
    send_settings: str
    joining: str
    not_joined: str
    refused_settings: str
    settings_sent: str
    is_online: str
    board_says: str

    def spoken(self) -> contextlib.AbstractContextManager[None]:
        """Within it, what is said elsewhere is said in this language, too."""
        return speaking(CHINESE if self.language == "zh-CN" else ENGLISH)

    def of(self, said: object, context: str = "") -> str:
        """What the console, or with "board" a board, has said in English, in this language as far as it is known."""
        with self.spoken():
            return rendered(str(said), context)

    def some(self, *names: str) -> dict[str, str]:
        """Those words, for a component in the browser."""
        return {name: getattr(self, name) for name in names}
