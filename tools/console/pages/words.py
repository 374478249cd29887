"""What the pages say, in English and in Chinese."""
# ruff: noqa: RUF001 (Chinese punctuation)

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

    def some(self, *names: str) -> dict[str, str]:
        """Those words, for a component in the browser."""
        return {name: getattr(self, name) for name in names}


ENGLISH = Words(
    language="en-US",
    console="OneNET console",
    subtitle="a local OneNET",
    skip="Skip to the content",
    devices="Devices",
    all="All",
    online="Online",
    offline="Offline",
    online_since="online since {time}",
    last_seen="last seen {time}",
    never_online="never online yet",
    search="Search by title, ID or stream",
    nothing_found="No device matches.",
    no_devices="No devices yet",
    no_devices_hint="Add one, paste the config.json it shows onto a board, and watch it come online here.",
    more_streams="and {count} more",
    add_device="Add device",
    add_and_show="Add, and show config.json",
    title="Title",
    title_hint="What you call it, such as “window sensor” or a pupil's name",
    title_missing="Give it a title.",
    auth_info="Auth-info",
    auth_info_hint="Its password. Left empty, one is made.",
    device_id="Device ID",
    device_id_hint="Digits. Left empty, one is made.",
    optional="optional",
    cancel="Cancel",
    close="Close",
    save="Save",
    edit="Edit",
    edit_device="Edit device",
    auth_info_keep="Left empty, it stays as it is.",
    remove="Remove",
    remove_device="Remove device",
    remove_question="Remove “{title}” and all its data points? There is no way back.",
    saved="Saved.",
    config="config.json",
    config_hint=(
        "Fill in your Wi-Fi, save it as config.json and copy it onto the board. It holds the auth-info: keep "
        "it private."
    ),
    config_loopback=(
        "{host} is this computer itself: right for the virtual board and programs here. For boards, start "
        "the console with --lan and open this page by the computer's address in the network."
    ),
    copy="Copy",
    copied="Copied.",
    copy_failed="The browser does not let this page copy: select the text and copy it yourself.",
    strangers="Connections without a device",
    strangers_hint=(
        "Packets of connections that never became a registered device's: refused logins, broken packets, "
        "other protocols."
    ),
    programs="For programs",
    programs_hint="The same calls as api.heclouds.com, with the header api-key.",
    product_id="Product ID",
    master_key="Master key",
    register_code="Registration code",
    http_api="HTTP API",
    show="Show",
    hide="Hide",
    back="All devices",
    no_device="No device {id}",
    no_device_hint="It may have been removed.",
    no_page="There is no page {path}",
    connection="Connection",
    address="Connected from",
    broker="Broker",
    created="Added",
    none="none",
    state="State",
    streams="Data streams",
    no_such_streams="No data stream matches.",
    no_streams="No data points yet. They appear here as soon as the device publishes to $dp.",
    search_streams="Search data streams",
    all_csv="All as CSV",
    csv_of="Data points of {stream} as CSV",
    chart_of="Chart of {stream}",
    chart_numbers="{count} points from {first} to {last}, lowest {low}, highest {high}",
    recent_values="Recent values",
    previous="Previous",
    next="Next",
    page_of="{page} of {pages}",
    command="Command",
    command_hint="For example led=on",
    command_missing="Type a command first.",
    as_hex="as hex",
    bad_hex="That is not hex: two digits or letters a to f for each byte, such as 01 ff.",
    send="Send",
    keep_until_online="if offline, deliver within an hour",
    device_offline="The device is offline, so the command was not sent.",
    no_commands="No commands yet.",
    command_created="waits for the device",
    command_sent="sent, no reply yet",
    round_trip="{ms} ms",
    empty="(empty)",
    packets="Packet log",
    packets_hint="The last {count} packets, newest first. Open one to see its fields and bytes.",
    no_packets="No packets yet.",
    pause="Pause",
    resume="Resume ({count} new)",
    from_device="from the device",
    to_device="to the device",
    illegal="illegal",
    refused="refused",
    unknown_type="not MQTT",
    bytes="{count} bytes",
    offset="Offset",
    field="Field",
    value="Value",
    meaning="Meaning",
    clause="Clause",
    hex="Bytes",
    more_bytes="… {count} bytes more",
    more_fields="… {count} fields more",
    refused_at="{time}: {reason}",
)

CHINESE = Words(
    language="zh-CN",
    console="OneNET 控制台",
    subtitle="本地的 OneNET",
    skip="跳到正文",
    devices="设备",
    all="全部",
    online="在线",
    offline="离线",
    online_since="{time} 上线",
    last_seen="最后在线 {time}",
    never_online="从未上线",
    search="按名称、ID 或数据流搜索",
    nothing_found="没有符合的设备。",
    no_devices="还没有设备",
    no_devices_hint="添加一个设备，把显示的 config.json 放到开发板上，就能在这里看到它上线。",
    more_streams="另有 {count} 个",
    add_device="添加设备",
    add_and_show="添加并显示 config.json",
    title="设备名称",
    title_hint="自己取的名字，例如“窗边传感器”或学生姓名",
    title_missing="请填写设备名称。",
    auth_info="鉴权信息",
    auth_info_hint="相当于密码。留空则自动生成。",
    device_id="设备 ID",
    device_id_hint="数字。留空则自动生成。",
    optional="可选",
    cancel="取消",
    close="关闭",
    save="保存",
    edit="编辑",
    edit_device="编辑设备",
    auth_info_keep="留空则保持不变。",
    remove="删除",
    remove_device="删除设备",
    remove_question="删除“{title}”及其全部数据点？此操作无法撤销。",
    saved="已保存。",
    config="config.json",
    config_hint="填入 Wi-Fi，存为 config.json 并复制到开发板。其中含有鉴权信息，请勿公开。",
    config_loopback=(
        "{host} 就是这台电脑本身，适用于虚拟开发板和本机程序。要连接开发板，请用 --lan 启动控制台，"
        "并用电脑在局域网中的地址打开本页。"
    ),
    copy="复制",
    copied="已复制。",
    copy_failed="浏览器不允许本页复制，请自行选中文本并复制。",
    strangers="未归属设备的连接",
    strangers_hint="没有成为已注册设备的连接所收发的报文：被拒绝的登录、有错的报文、其他协议。",
    programs="供程序使用",
    programs_hint="与 api.heclouds.com 相同的接口，请求头为 api-key。",
    product_id="产品 ID",
    master_key="Master-APIkey",
    register_code="正式环境注册码",
    http_api="HTTP 接口",
    show="显示",
    hide="隐藏",
    back="全部设备",
    no_device="没有设备 {id}",
    no_device_hint="它可能已被删除。",
    no_page="没有页面 {path}",
    connection="连接信息",
    address="来自",
    broker="接入地址",
    created="添加时间",
    none="无",
    state="状态",
    streams="数据流",
    no_such_streams="没有符合的数据流。",
    no_streams="还没有数据点。设备向 $dp 发布后会立即显示在这里。",
    search_streams="搜索数据流",
    all_csv="全部导出 CSV",
    csv_of="把 {stream} 的数据点导出为 CSV",
    chart_of="{stream} 的曲线",
    chart_numbers="{first} 至 {last} 共 {count} 个点，最小 {low}，最大 {high}",
    recent_values="最近的值",
    previous="上一页",
    next="下一页",
    page_of="第 {page} 页，共 {pages} 页",
    command="命令",
    command_hint="例如 led=on",
    command_missing="请先输入命令。",
    as_hex="十六进制",
    bad_hex="不是十六进制：每个字节写两位 0–9 或 a–f，例如 01 ff。",
    send="发送",
    keep_until_online="若离线，一小时内上线后下发",
    device_offline="设备不在线，命令没有发送。",
    no_commands="还没有命令。",
    command_created="等待设备上线",
    command_sent="已发送，尚无回复",
    round_trip="{ms} 毫秒",
    empty="（空）",
    packets="报文记录",
    packets_hint="最近 {count} 个报文，新的在前。点开可查看各字段和字节。",
    no_packets="还没有报文。",
    pause="暂停",
    resume="继续（{count} 个新报文）",
    from_device="来自设备",
    to_device="发往设备",
    illegal="非法",
    refused="被拒绝",
    unknown_type="非 MQTT",
    bytes="{count} 字节",
    offset="偏移",
    field="字段",
    value="值",
    meaning="含义",
    clause="条款",
    hex="字节",
    more_bytes="……还有 {count} 字节",
    more_fields="……还有 {count} 个字段",
    refused_at="{time}：{reason}",
)


def words_for(accept_language: str) -> Words:
    """The words for an HTTP header Accept-Language: those of the language it likes best of the two, else English."""
    best, words = 0.0, ENGLISH
    for choice in accept_language.split(","):
        tag, *parameters = (part.strip().lower() for part in choice.split(";"))
        known = {"zh": CHINESE, "en": ENGLISH}.get(tag.split("-")[0])
        liking = _liking(parameters)
        if known and liking > best:
            best, words = liking, known
    return words


def _liking(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
