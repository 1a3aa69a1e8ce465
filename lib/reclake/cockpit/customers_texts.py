"""What the page about the customers says, in both languages."""

from reclake.pages.texts import Text

TITLE = Text("Who the customers are", "客户是谁")
LEAD = Text(
    "{n_accounts} accounts of all channels belong to {n_customers} customers. What each is likely to do, what it is worth, and whom to "
    "contact follow from that.",
    "各渠道共 {n_accounts} 个账户，归属 {n_customers} 位客户；由此推断每位客户的动向、价值与应联系的人。",
)

IDENTITY = Text("One person across channels", "跨渠道识别同一人")
IDENTITY_SAYS = Text(
    "Accounts belong to one person where something certain ties them, such as a verified phone, or where what they say of themselves "
    "agrees strongly enough.",
    "若有确凿依据（如已验证的手机号）相连，或自述信息足够一致，则账户归属同一人。",
)
BY_EVIDENCE = Text("Accounts by the strongest evidence that ties them", "按最强依据统计的账户数")
EVIDENCE = {
    "login": Text("a login on the device", "在设备上登录"),
    "union": Text("one id of a platform", "同一平台标识"),
    "card": Text("one loyalty card", "同一会员卡"),
    "phone": Text("one verified phone", "同一已验证手机号"),
    "email": Text("one verified e-mail address", "同一已验证邮箱"),
    "device": Text("one device", "同一设备"),
    "linked": Text("what they say of themselves", "自述信息一致"),
    "alone": Text("none: alone", "无：单独账户"),
    "too_many": Text("none: in reach of too many", "无：关联账户过多"),
    "shared": Text("none: a device that many use", "无：多人共用设备"),
}
WATERFALL = Text(
    "Why two accounts are one person: {n} pairs were linked so; this is the one in the middle by weight",
    "两个账户为何是同一人：共有 {n} 对如此关联，图为权重居中的一对",
)
WEIGHT = Text("weight of the pair, bits", "该对权重（比特）")
PRIOR_SAYS = Text(
    "Each attribute adds evidence in bits, or takes some off: one bit doubles the odds. Agreement on a rare value says more. The texts "
    "themselves stand nowhere: the lake keeps how they agree.",
    "每项属性按比特增减证据：一比特使几率翻倍，罕见值一致更有说服力。原文不在任何表中，仅保存一致程度。",
)
ATTRIBUTES = {
    "name": Text("name", "姓名"),
    "latin_name": Text("name in Latin letters", "拼音姓名"),
    "phone": Text("phone", "手机号"),
    "email": Text("e-mail address", "邮箱"),
    "address": Text("address", "地址"),
    "birth_year": Text("year of birth", "出生年份"),
    "gender": Text("gender", "性别"),
    "region": Text("region", "地区"),
}
LEVELS = {
    1: Text("different", "不同"),
    2: Text("similar", "相似"),
    3: Text("close", "接近"),
    4: Text("swapped", "颠倒"),
    5: Text("equal", "一致"),
}

TIERS = Text("Tiers, and whether they keep their word", "客户分层及其是否应验")
TIERS_SAY = Text(
    "A tier follows from the probability that a customer is still one, and from the rate at which they are expected to buy.",
    "分层取决于客户仍活跃的概率与预计的购买频率。",
)
FLOW = Text("From tier to tier, {before} (left) to {now} (right)", "层间流动：{before}（左）至 {now}（右）")
OTHER_MOVES = Text(
    "Not drawn: {n} customers whose moves are of too few people each. The numbers beside a tier count those who are drawn.",
    "未画出：{n} 位客户，其各项流动人数过少。分层旁的数字仅为图中人数。",
)
KEPT_WORD = Text(
    "Bought within 30 days of {day}, with the 95 % interval, beside the mean of all",
    "{day} 后 30 天内购买的比例及 95% 区间，与总体均值对照",
)
OF_ALL = Text("all tiers", "全部分层")
OF_TIER = Text("the tier", "该分层")
CUSTOMERS = Text("Customers", "客户数")
TIER = Text("Tier", "分层")
STAYED = Text("Stayed in the tier", "留在原分层")
BOUGHT = Text("Bought", "有购买")
SPENT = Text("Mean spend", "平均消费")
COVERED = Text("Still known", "仍可识别")

VALUE = Text("What they are worth", "客户价值")
VALUE_SAYS = Text(
    "{model} forecasts purchases; it was chosen {chosen_by}. These are forecasts for days that it had not seen, and what came, by tenths of "
    "the customers. Probabilities and values are of this model, from purchases alone; tiers look at visits, too.",
    "购买由 {model} 模型预测，选择依据：{chosen_by}。下图按客户十分位对比模型未见过的时段内的预测与实际。"
    "该模型的概率与价值仅依据购买，分层则同时参考访问。",
)
MODELS = {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD"}
CHOSEN_BY = {
    "held_out": Text("by its likelihood on held-out days", "留出时段的似然"),
    "likelihood": Text("by its likelihood on all days, as too few could be held out", "全部时段的似然（可留出的时段过短）"),
    "only": Text("as the other model cannot be fitted", "另一模型无法拟合"),
}
NO_VALUE = Text("No value is forecast: {reason}.", "未作价值预测：{reason}。")
PURCHASES = Text("Purchases per customer, {begin} to {end}", "每位客户的购买次数，{begin} 至 {end}")
SPEND = Text("Spend per customer in {unit}, {begin} to {end}", "每位客户的消费额（{unit}），{begin} 至 {end}")
HOLDOUT = Text(
    "Days of purchase of {n} customers since {begin}, added up: as they came, and as forecast from the days before",
    "{n} 位客户自 {begin} 起的累计购买天数：实际与此前数据的预测",
)
EXPECTED = Text("forecast", "预测")
ACTUAL = Text("what came", "实际")
DECILE = Text("tenth {n}", "第 {n} 个十分位")
GINI = Text(
    "Order of the forecast against what came, 1 is perfect (normalised Gini): purchases",
    "预测排序与实际的一致度（归一化基尼，1 为完全一致）：购买次数",
)
VALUE_GINI = Text("the same of spend", "消费额")
CORRELATION = Text("Correlation of spend and frequency", "消费额与频率的相关系数")

CONTACTS = Text("Whom to contact", "应联系的客户")
CONTACTS_SAY = Text(
    "Only those who agreed, are old enough, can be reached, and were not contacted too often stand on a list. The others are counted.",
    "名单仅包含已同意、达到年龄、可联系且未被过多联系的客户，其余只计数。",
)
LISTED = Text("On the list {purpose}, by channel, with what is at risk", "“{purpose}”名单，按联系方式，附面临流失的金额")
LEFT_OUT = Text("Left out of {purpose}, by reason", "“{purpose}”未列入者，按原因")
CHANNELS = {
    "sms": Text("text message", "短信"),
    "email": Text("e-mail", "邮件"),
    "push": Text("push message", "推送"),
    "call": Text("call", "电话"),
    "mail": Text("letter", "信件"),
}
REASONS = {
    "too_young": Text("too young", "未达年龄"),
    "age_unknown": Text("age unknown", "年龄未知"),
    "refused": Text("refused", "已拒绝"),
    "no_consent": Text("never agreed", "未表示同意"),
    "complained": Text("complained lately", "近期投诉"),
    "no_channel": Text("cannot be reached", "无法联系"),
    "over_cap": Text("contacted often enough", "已达联系上限"),
}
SMALL_GROUPS = Text(
    "A group of fewer than {n} customers is shown as < {n}, or not at all; counts of those left out and of moves are rounded down to "
    "whole groups of {n}, so parts may add up to less than the whole.",
    "少于 {n} 人的群体显示为“< {n}”或不显示；未列入人数与流动人数按 {n} 人整组向下取整，故各项之和可能小于总数。",
)
