"""What dimensions of behaviour and their values are called, in both languages; a value of others stays as it is."""

from __future__ import annotations

from reclake.behaviour.dimensions import BY_NAME, NONE
from reclake.pages.texts import Text

from . import behaviour_texts as texts
from . import behaviour_texts_of_paths as of_paths
from .demo_texts import SEGMENT_NAMES, TIERS

CHANNELS = {
    "app": Text("app", "应用"),
    "mini_program": Text("mini-program", "小程序"),
    "web": Text("web site", "网站"),
    "pos": Text("shop", "门店"),
}
_WEEKDAYS = {
    "monday": Text("Monday", "星期一"),
    "tuesday": Text("Tuesday", "星期二"),
    "wednesday": Text("Wednesday", "星期三"),
    "thursday": Text("Thursday", "星期四"),
    "friday": Text("Friday", "星期五"),
    "saturday": Text("Saturday", "星期六"),
    "sunday": Text("Sunday", "星期日"),
}
_VALUES = {
    "channel": CHANNELS,
    "weekday": _WEEKDAYS,
    "kind": of_paths.NODES,
    "next_event": of_paths.NODES | texts.WENT,
    "later": texts.WENT,
    "login": {"logged_in": Text("logged in", "已登录"), "anonymous": Text("anonymous", "未登录")},
    "device_kind": {"phone": Text("phone", "手机"), "tablet": Text("tablet", "平板"), "desktop": Text("desktop", "电脑")},
    "customer_kind": texts.KINDS,
    "tier": TIERS,
    "rfm_tier": TIERS,
    "segment": SEGMENT_NAMES,
}
_JOINED = {"other": texts.OTHER, "unknown": texts.UNKNOWN} | {name: texts.KINDS[name] for name in ("(others)", NONE)}
_OF_LOSSES = {"next_event": Text("next event", "下一事件"), "later": Text("later", "之后")}


def dimension_name(name: str) -> Text:
    """What a dimension is called; of the Chinese meaning without what stands in brackets."""
    if name in _OF_LOSSES:
        return _OF_LOSSES[name]
    known = BY_NAME.get(name)
    return Text(name.replace("_", " "), known.chinese.partition("（")[0] if known else name)


def value_name(dimension: str, value: str) -> Text | str:
    """What a value of a dimension is called."""
    return {**_JOINED, **_VALUES.get(dimension, {})}.get(value, value)
