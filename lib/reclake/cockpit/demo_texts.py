"""What the demo's page says, in both languages."""

from reclake.pages.texts import Text
from reclake.segment.segments import NO_ORDERS, SEGMENTS
from reclake.segment.tiers import ORDER, PROSPECT, TIER_NAMES_ZH

from .demo_figures import ABSENT

TITLE = Text("The demo company", "演示公司")
LEAD = Text(
    "What became of {n_days} days of a company's files: from what arrived to what each customer is recommended.",
    "一家公司 {n_days} 天的数据文件，如何一步步变成每位客户的推荐。",
)
MADE_UP = Text(
    "The company and its customers are made up. Of real people, a page like this shows groups of at least {n} only.",
    "公司与客户均为虚构。若是真实客户，此类页面只显示不少于 {n} 人的群体。",
)

WAY = Text("The way of the data", "数据之路")
WAY_SAYS = Text(
    "Every record is accounted for: it is kept, or it is a duplicate, rejected or late, with the reason.",
    "每条记录都有去处：保留、重复、拒收或迟到，并注明原因。",
)
FILES = Text("Files", "文件")
REFUSED = Text("refused", "拒收")
RECORDS = Text("Records", "记录")
KEPT = Text("Kept", "保留")
IN = Text("In", "收到")
DUPLICATES = Text("duplicates", "重复")
REJECTED = Text("rejected", "拒收")
LATE = Text("late", "迟到")
REJECTED_SHARE = Text("Rejected share", "拒收比例")
UNACCOUNTED = Text("Not accounted for", "去向不明")
FACTS = Text("Facts", "事实")
CUSTOMERS = Text("Customers", "客户")
BUYERS = Text("have bought", "已购买")
LOOKERS = Text("have not yet", "尚未购买")
LISTS = Text("With a list", "有推荐的客户")
BY_MODEL = Text("by the model", "模型推荐")
BY_RULE = {"popular": Text("popular now", "热门推荐"), "non_personal": Text("for everybody", "通用推荐")}
FEEDS = Text("Each feed, record by record", "各数据源逐条对账")
FEED = Text("Feed", "数据源")

TABLES = Text("The tables", "数据表")
TABLES_SAY = Text(
    "Each table was checked before it became visible. All of them are of one manifest.",
    "每张表在可见之前都经过检查，全部属于同一份清单。",
)
TABLE = Text("Table", "表")
GRAIN = Text("A row is", "每行的含义（英文）")
ROWS = Text("Rows", "行数")
NEWEST_DAY = Text("Newest day", "最新日期")

SEGMENTS_TITLE = Text("The customers by tier", "客户分层")
SEGMENTS_SAY = Text(
    "A tier follows from how likely a customer is to be still one, and how often they are expected to buy, by orders and visits.",
    "分层取决于根据订单与访问推断的客户仍活跃的概率，以及预计的购买频率。",
)
SIZES = Text("Customers by tier, and what they have spent, on {day}", "{day} 各层客户数与消费额")
OVER_TIME = Text("Customers by tier, week by week", "各层客户数的每周变化")
MOVEMENT = Text(
    "From tier to tier, {before} (left) to {now} (right); who stayed is pale",
    "层间流动：{before}（左）至 {now}（右），未变动者为浅色",
)
MOVED = Text(
    "{moved} of {all} customers changed their tier within the week.",
    "本周内 {all} 位客户中有 {moved} 位变更了分层。",
)
NO_MOVEMENT = Text(
    "There is one day of segments so far: movement shows from the second week on.",
    "目前只有一天的分层数据，第二周起可见流动情况。",
)
SMALL_GROUPS = Text(
    "A group of fewer than {n} customers is shown as < {n}, and has no bar, point or ribbon.",
    "少于 {n} 人的群体显示为“< {n}”，图中不画出。",
)
NUMBERS = Text("The numbers", "查看数字")
DAY = Text("Day", "日期")
TIER = Text("Tier", "分层")
SPEND = Text("Spend", "消费额")
BEFORE = Text("Before", "之前")
NOW = Text("Now", "现在")

CUSTOMER = Text("One customer", "一位客户")
CUSTOMER_SAYS = Text("The customer with the most orders: {customer_id}", "订单最多的客户：{customer_id}")
ONE_PERSON = Text(
    "One person's rows stand here only because the customers are made up.",
    "此处显示单个客户的数据，仅因客户均为虚构。",
)
BOUGHT = Text("Bought last", "最近购买")
WAS = Text("Tier and segment, week by week", "每周的分层与细分")
RECOMMENDED = Text("Recommended, and why", "推荐及理由")
NO_LIST = Text("There is no list yet.", "暂无推荐。")
ORDER_ID = Text("Order", "订单")
PRODUCT = Text("Product", "商品")
CATEGORY = Text("Category", "类别")
PIECES = Text("Pieces", "件数")
AMOUNT = Text("Amount", "金额")
SEGMENT = Text("Segment", "细分")
ORDERS = Text("Orders", "订单数")
RECENCY = Text("Days since the last order", "距上次下单天数")
RANK = Text("Place", "排名")
WHY = Text("Why", "理由")
RELATED = Text("related to what they know", "与其了解的商品相关")
TASTE = Text("others with this taste chose it", "口味相近的顾客选择了它")
POPULAR = Text("popular now", "当前热门")
FOR_EVERYBODY = Text("on the list for everybody", "通用推荐")

REFUSED_TITLE = Text("What was refused, and why", "拒收的内容与原因")
REFUSED_SAYS = Text(
    "The demo's files hold faults on purpose. What is refused is counted by reason, with one example each: its file, its line, "
    "and what stands in the field, masked so that nobody is recognised.",
    "演示文件中有意放入了错误。拒收内容按原因计数，并各举一例：文件、行号与字段内容（已脱敏，无法辨认个人）。",
)
NOT_KEPT = Text("Records that were not kept, by reason", "未保留的记录，按原因")
CLASS = Text("Class", "类别")
REASON = Text("Reason", "原因")
EXAMPLE = Text("Example: file and line", "示例：文件与行号")
STANDS_THERE = Text("What stands there", "字段内容")
CLASSES = {
    "rejected": Text("rejected", "拒收"),
    "duplicate": Text("duplicate", "重复"),
    "late": Text("late", "迟到"),
    "rejected file": Text("refused file", "拒收文件"),
}

NEXT = Text("What to try next", "接下来可以试试")

_SEGMENT_NAMES = {one.name: one.name_zh for one in SEGMENTS} | {NO_ORDERS: "无订单"}
# From best to worst; who bought nothing stands apart, and who is not among the customers comes last.
TIERS = {
    tier: Text(tier.replace("_", " "), TIER_NAMES_ZH[tier]) for tier in (*reversed(ORDER), PROSPECT)
} | {ABSENT: Text("not a customer", "不在客户中")}  # fmt: skip
SEGMENT_NAMES = {name: Text(name.replace("_", " "), name_zh) for name, name_zh in _SEGMENT_NAMES.items()}
