"""Which table a file seems to feed, and which field seems to be which column of the standard: by names first, then by values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from .fields import FieldSummary, Looks

_SIGNS = re.compile(r"[\W_]+")

# Names under which exports write the columns of the standard, without blanks, underscores and case.
_TIMES = ("at", "time", "datetime", "date", "ts", "timestamp", "createdat", "createdtime", "createtime")
_ACCOUNTS = (
    "customer", "customerid", "customerno", "user", "userid", "uid", "account", "accountid", "accountno", "member", "memberid",
    "memberno", "buyer", "buyerid", "card", "cardno", "login", "client", "clientid", "openid", "会员号", "用户id", "用户", "客户编号",
)  # fmt: skip
_PRODUCTS = (
    "sku", "product", "productid", "productno", "item", "itemid", "article", "articleno", "goods", "goodsid", "stockcode", "code",
    "商品编码", "商品id", "货号",
)  # fmt: skip
_TITLES = ("title", "productname", "name", "itemname", "description", "articlename", "商品名称", "品名")
_CHANNELS = ("channel", "platform", "渠道")
_CURRENCIES = ("currency", "ccy", "currencycode", "币种")
_PRICES = ("price", "unitprice", "itemprice", "单价", "价格")

NAMES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "orders": {
        "order_id": ("order", "orderid", "orderno", "ordernumber", "invoice", "invoiceno", "receipt", "receiptno", "bill", "billno",
                     "transaction", "transactionid", "订单号", "小票号", "单号"),
        "line_id": ("line", "lineid", "lineno", "lineitemid", "position", "id", "行号"),
        "ordered_at": ("orderedat", "ordertime", "orderdate", "soldat", "invoicedate", "下单时间", "销售时间", "日期", *_TIMES),
        "channel": _CHANNELS,
        "account_id": (*_ACCOUNTS, "customer.id", "buyer.id"),
        "product_id": _PRODUCTS,
        "product_name": _TITLES,
        "country": ("country", "countrycode", "国家"),
        "quantity": ("qty", "quantity", "pieces", "count", "amountofpieces", "数量", "件数"),
        "unit_price_amount": _PRICES,
        "currency": _CURRENCIES,
    },
    "events": {
        "event_id": ("id", "eventid", "eid", "insertid", "uuid"),
        "occurred_at": ("occurredat", "eventtime", "eventtimestamp", "clienttime", "t", *_TIMES),
        "received_at": ("receivedat", "servertime", "rt"),
        "event_type": ("event", "eventname", "eventtype", "type", "action", "ev"),
        "channel": _CHANNELS,
        "login_account_id": _ACCOUNTS,
        "device_id": ("device", "deviceid", "cookie", "cookieid", "visitor", "visitorid", "anonymousid", "userpseudoid", "clientid", "dev"),
        "product_id": (*_PRODUCTS, "itemid"),
        "order_id": ("order", "orderid", "orderno", "transactionid"),
        "rating": ("rating", "stars", "score"),
        "search_query": ("query", "searchquery", "search", "keyword", "kw", "searchterm"),
        "user_agent": ("ua", "useragent", "agent"),
    },
    "accounts": {
        "account_id": ("no", "id", *_ACCOUNTS),
        "channel": _CHANNELS,
        "changed_at": ("changedat", "updatedat", "modifiedat", "lastmodified", *_TIMES),
        "registered_at": ("registeredat", "openedat", "signupat", "joinedat", "注册时间"),
        "phone_token": ("phone", "mobile", "phonenumber", "tel", "手机号", "手机", "电话"),
        "email_token": ("email", "mail", "emailaddress", "邮箱"),
        "card_token": ("cardnumber", "cardno", "card", "membercard", "membercardno", "loyaltycard", "loyaltycardno", "loyaltynumber",
                       "会员卡号", "会员卡", "卡号"),
        "union_token": ("unionid", "wxunionid", "wechatunionid", "微信unionid"),
        "is_phone_verified": ("phoneverified", "isphoneverified", "mobileverified", "verifiedphone", "phoneconfirmed", "手机已验证"),
        "is_email_verified": ("emailverified", "isemailverified", "mailverified", "verifiedemail", "emailconfirmed", "邮箱已验证"),
        "device_id": ("device", "deviceid"),
        "region": ("region", "city", "province", "district", "地区", "城市"),
        "gender": ("gender", "sex", "性别"),
        "birth_year": ("birthyear", "born", "yearofbirth", "出生年"),
        "name_encrypted": ("name", "fullname", "realname", "customername", "membername", "姓名", "会员姓名", "客户姓名", "真实姓名", "名字"),
        "address_encrypted": ("address", "street", "地址", "联系地址", "收货地址"),
    },
    "products": {
        "product_id": (*_PRODUCTS, "id"),
        "changed_at": ("changedat", "updatedat", "modifiedat"),
        "product_name": _TITLES,
        "category": ("category", "class", "group", "类目", "品类"),
        "price_amount": (*_PRICES, "listprice"),
        "currency": _CURRENCIES,
        "is_active": ("isactive", "active", "onsale", "available"),
        "brand": ("brand", "brandname", "manufacturer", "品牌"),
        "variant_of": ("variantof", "parentsku", "parentproductid", "parentid", "masterid", "masterproduct", "spu", "主商品编码"),
        "list_price_amount": ("marketprice", "originalprice", "msrp", "rrp", "划线价", "原价", "市场价"),
    },
    "consents": {
        "consent_id": ("consentid", "id", "consentno"),
        "account_id": _ACCOUNTS,
        "channel": _CHANNELS,
        "purpose": ("purpose", "scope"),
        "is_granted": ("granted", "isgranted", "consent", "optin"),
        "changed_at": ("changedat", "decidedat", "grantedat", *_TIMES),
    },
    "feedback": {
        "feedback_id": ("feedbackid", "reviewid", "reviewno", "commentid", "messageid", "messageno", "msgid", "msgno", "id", "评价编号",
                        "消息编号"),
        "occurred_at": ("occurredat", "postedat", "reviewedat", "reviewtime", "commenttime", "messagetime", "评价时间", "发送时间", *_TIMES),
        "received_at": ("receivedat", "servertime"),
        "channel": _CHANNELS,
        "feedback_kind": ("feedbackkind", "feedbacktype"),
        "account_id": _ACCOUNTS,
        "product_id": _PRODUCTS,
        "order_id": ("order", "orderid", "orderno", "ordernumber", "订单号"),
        "rating": ("rating", "stars", "score", "评分", "星级"),
        "conversation_id": ("conversation", "conversationid", "chatid", "ticket", "ticketid", "会话编号"),
        "speaker": ("speaker", "role", "sender", "from", "发送方"),
        "text": ("text", "content", "review", "reviewtext", "comment", "message", "body", "评价内容", "消息内容", "内容"),
        "language": ("language", "lang", "locale", "语言"),
    },
    "outreach": {
        "outreach_id": ("outreachid", "outreachno", "contactid", "contactno", "sendid", "sendno", "messageid", "taskid", "id", "触达编号",
                        "发送编号"),
        "occurred_at": ("occurredat", "contactedat", "sentat", "sendtime", "calledat", "calltime", "触达时间", "发送时间", "外呼时间", *_TIMES),
        "received_at": ("receivedat", "servertime"),
        "channel": _CHANNELS,
        "account_id": _ACCOUNTS,
        "purpose": ("purpose", "scope", "目的", "用途"),
        "contact_channel": ("contactchannel", "medium", "via", "sentvia", "contactmethod", "sendchannel", "触达渠道", "触达方式", "发送渠道"),
        "result": ("result", "status", "outcome", "deliverystatus", "sendstatus", "结果", "触达结果", "发送结果", "发送状态"),
    },
    "stock": {
        "product_id": (*_PRODUCTS, "id"),
        "changed_at": ("changedat", "updatedat", "modifiedat", "countedat", *_TIMES),
        "n_available": ("available", "onhand", "instock", "stock", "stockquantity", "inventory", "inventoryquantity", "库存", "可售库存"),
        "is_in_stock": ("isinstock", "sellable", "issellable", "有货"),
        "is_recalled": ("recalled", "isrecalled", "recall", "召回"),
    },
    "impressions": {
        "list_id": ("listid", "recid", "recommendationid", "impressionid", "requestid", "traceid", "推荐编号"),
        "list_position": ("position", "slot", "rank", "place", "位置"),
        "list_action": ("action", "event", "eventname", "eventtype", "type"),
        "shown_at": ("shownat", "impressiontime", "impressedat", "exposedat", "exposuretime", "曝光时间"),
        "occurred_at": ("occurredat", *_TIMES),
        "received_at": ("receivedat", "servertime"),
        "channel": _CHANNELS,
        "login_account_id": _ACCOUNTS,
        "device_id": ("device", "deviceid", "cookie", "cookieid", "visitor", "visitorid"),
        "product_id": _PRODUCTS,
        "scenario": ("scenario", "scene", "zone", "placement", "widget", "场景", "推荐位"),
        "strategy": ("strategy", "algorithm", "algo", "recaller", "策略"),
        "model_version": ("modelversion", "model"),
        "arm": ("arm", "variant", "bucket", "experimentarm", "testgroup", "实验组"),
        "propensity": ("propensity", "probability", "prob"),
        "order_id": ("order", "orderid", "orderno", "ordernumber", "订单号"),
    },
}  # fmt: skip

# What a column's values must look like for the name to count.
_FITS: Mapping[str, frozenset[Looks]] = {
    "_at": frozenset({"time", "day", "nothing"}),
    "quantity": frozenset({"whole", "number", "decimal comma", "fraction of an id"}),
    "_amount": frozenset({"whole", "number", "decimal comma", "fraction of an id"}),
}
# What exports call the events of the standard.
_EVENTS: Mapping[str, Sequence[str]] = {
    "view_item": ("view", "viewitem", "viewproduct", "productview", "pv", "detail", "goods", "click"),
    "view_item_list": ("viewitemlist", "list", "viewcategory", "categoryview", "impression"),
    "view_page": ("viewpage", "pageview", "page", "screenview"),
    "add_to_cart": ("addtocart", "cartadd", "cart", "addcart"),
    "view_cart": ("viewcart", "cartview"),
    "begin_checkout": ("begincheckout", "checkout", "settle"),
    "purchase": ("purchase", "transaction", "buy", "order", "pay", "payment", "ecommercepurchase"),
    "search": ("search", "find", "viewsearchresults"),
    "login": ("login", "signin", "auth"),
    "rate": ("rate", "rating", "star", "review"),
    "session_start": ("sessionstart", "open", "launch", "firstopen"),
    "scroll": ("scroll",),
    "heartbeat": ("heartbeat", "ping", "userengagement", "alive"),
    "poll": ("poll", "polling"),
    "video_start": ("videostart",),
    "video_progress": ("videoprogress",),
    "video_complete": ("videocomplete",),
}
_TELLING = {
    "orders": ("quantity", "unit_price_amount"),
    "events": ("event_type",),
    "consents": ("is_granted",),
    "outreach": ("contact_channel",),
    "stock": ("n_available",),
    "impressions": ("list_id", "list_position"),
}


def columns_of(table: str, fields: Sequence[FieldSummary]) -> dict[str, FieldSummary]:
    """Standard column → the field that seems to hold it, each field once."""
    found: dict[str, FieldSummary] = {}
    left = {plain(one.name): one for one in reversed(fields)}
    for column, names in NAMES[table].items():
        for name in names:
            one = left.get(plain(name))
            if one is not None and _fits(column, one):
                found[column] = one
                del left[plain(name)]
                break
    return found


def event_of(word: str) -> str | None:
    """The event of the standard that an export seems to call so.

    Examples
    --------
    >>> event_of("addtocart"), event_of("transaction"), event_of("newsletter")
    ('add_to_cart', 'purchase', None)
    """
    return next((event for event, words in _EVENTS.items() if plain(word) in words), None)


def table_of(fields: Sequence[FieldSummary]) -> str:
    """The bronze noun that the fields fit best: of tables with as many columns the one whose telling columns are there."""

    def score(table: str) -> tuple[int, int]:
        columns = columns_of(table, fields)
        return sum(column in columns for column in _TELLING.get(table, ())), len(columns)

    return max(NAMES, key=score)


@lru_cache(maxsize=1 << 12)
def plain(name: str) -> str:
    """The name without case, blanks and signs; the last part of a nested one stays apart from its parents.

    Examples
    --------
    >>> [plain(name) for name in ("Order No.", "unit_price", "customer.id", "商品编码")]
    ['orderno', 'unitprice', 'customerid', '商品编码']
    """
    return _SIGNS.sub("", name).casefold()


def _fits(column: str, one: FieldSummary) -> bool:
    wanted = next((looks for end, looks in _FITS.items() if column.endswith(end)), None)
    return wanted is None or one.looks in wanted
