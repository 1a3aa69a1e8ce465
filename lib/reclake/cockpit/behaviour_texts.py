"""What the report about behaviour says, in both languages: in general, of funnels and of sales."""

from reclake.pages.texts import Text

TITLE = Text("What the customers do", "客户行为")
LEAD = Text(
    "Where people drop out, which ways they walk, who comes back, and what they buy: {first} to {last}, {n_days} days.",
    "客户在哪里流失、如何浏览、谁会回来、买了什么：{first} 至 {last}，共 {n_days} 天。",
)
NOTE = Text(
    "Every figure is that of gold at the as_of, as the command line prints it. A group of fewer than {n} people has no row in gold: it is "
    "joined with others, or left out. A part of a larger group may be smaller.",
    "所有数字均为 gold 表在该截至日的数值，与命令行输出一致。少于 {n} 人的群体在 gold 中没有单独的行：与其他群体合并或略去；较大群体中的某一部分可以更小。",
)

# Who counts, below each panel
COUNTED = Text(
    "Days before {as_of} count. Counted are customers who may be profiled; machines are not.",
    "截至 {as_of}（不含当日）。仅统计允许画像的客户，不含机器流量。",
)
LEFT_OUT = Text(
    "Not counted: {n} customers at least who were active before the as_of and may not be profiled ({activity}).",
    "未统计：截至日前至少有 {n} 位活跃客户不允许画像（{activity}）。",
)
FEW_LEFT_OUT = Text(
    "Fewer than {n} customers who were active before the as_of may not be profiled and are not counted ({activity}).",
    "截至日前活跃但不允许画像、因而未统计的客户少于 {n} 位（{activity}）。",
)
UNKNOWN_LEFT_OUT = Text(
    "How many may not be profiled is not known: gold.lifecycle and gold.retention tell nothing of these days.",
    "不允许画像的人数未知：gold.lifecycle 与 gold.retention 没有这些日期的数据。",
)
SHARED = Text(
    "On a device that many people use, what was done with a login counts for that account, and what was done without one for nobody.",
    "多人共用的设备上，登录后的行为计入该账户，未登录的行为不计入任何人。",
)
ACTIVITIES = {
    "any": Text("a session or an order", "有访问或订单"),
    "order": Text("an order", "有订单"),
}

# Why a part is empty
NOT_PUBLISHED = Text(
    "Nothing to show: {table} is not published yet. reclake status says why.",
    "无可显示内容：{table} 尚未发布。原因见 reclake status。",
)
NO_ROWS = Text(
    "Nothing to show: {table} has no row of the as_of {as_of}. It was not built for that day (reclake run --as-of {as_of}), or every group "
    "has fewer than {n} people.",
    "无可显示内容：{table} 没有截至日 {as_of} 的数据。可能尚未构建该日（reclake run --as-of {as_of}），或每个群体都少于 {n} 人。",
)
NONE_ON_THE_DAYS = Text(
    "Nothing to show: {table} tells nothing of {first} to {last}. Nobody did it, fewer than {n} people did, or the days lie before those "
    "that it shows.",
    "无可显示内容：{table} 不含 {first} 至 {last} 的数据。可能无人发生、不足 {n} 人，或早于该表展示的日期。",
)

# Funnels
PLAIN = Text("{text}", "{text}")
VALUED = Text("{dimension} {value}", "{dimension} {value}")
FUNNELS = Text("Funnels", "漏斗")
FUNNEL = Text("Funnel {name}", "漏斗 {name}")
UNITS = {
    "customer": Text("customers", "客户"),
    "session": Text("visits", "访问"),
    "customer_product": Text("customers with a product", "客户与商品的组合"),
}
ENTRIES = Text("entries", "进入")
FUNNEL_SAYS = Text(
    "{entered} {unit} entered from {first} to {last}: {converted} converted, {lost} lost, {open} still open, {excluded} excluded.",
    "{first} 至 {last} 进入的{unit}共 {entered}：转化 {converted}，流失 {lost}，尚在窗口内 {open}，排除 {excluded}。",
)
OF_CUSTOMERS = Text("They belong to {n} customers.", "来自 {n} 位客户。")
MATURE = Text(
    "Among those whose window is over, {share} converted: the rate that open windows do not lower.",
    "窗口已结束者的转化率为 {share}，不受未结束窗口影响。",
)
WINDOW = Text("Time for all steps: {time} from the first one.", "完成全部步骤的时限：自第一步起 {time}。")
NATURAL_DAY = Text("Time for all steps: the business day of the first one.", "完成全部步骤的时限：第一步所在的营业日。")
WHOLE_WINDOW = Text(
    "Entries of single days of these {unit} cannot be added up, or are too few to tell: shown are all entries of {first} to {last}.",
    "这些{unit}的逐日进入数不能相加，或人数过少：此处为 {first} 至 {last} 的全部进入。",
)
DAYS_ADDED = Text(
    "Days on which fewer than {n} customers entered have no row and are not in the sum: {n_days} of {of} days.",
    "进入客户少于 {n} 位的日期没有数据，不计入合计：{of} 天中有 {n_days} 天。",
)
STEPS = Text("From step to step: shares are of all that entered", "逐步转化：百分比以全部进入为分母")
BY_DAY = Text("By day of entry", "按进入日期")
ENTERED = Text("entered", "进入")
CONVERTED = Text("converted", "转化")
STEP = Text("Step", "步骤")
REACHED = Text("Reached", "到达")
OF_ENTERED = Text("Of entered", "占进入")
OF_BEFORE = Text("Of the step before", "占上一步")
OF_MATURE = Text("Window over", "窗口已结束者")
LOST = Text("Lost", "流失")
OPEN = Text("Open", "未结束")
EXCLUDED = Text("Excluded", "排除")
MEDIAN_TIME = Text("Median time from the step before", "距上一步的中位时间")
BY_VALUE = Text("By breakdown, of all entries of the window", "按维度，窗口内的全部进入")
DIMENSION = Text("Breakdown", "维度")
VALUE = Text("Value", "取值")
NUMBERS = Text("The numbers", "具体数字")

# Loss
LOSS = Text("Where the lost went, {first} to {last}", "流失去向，{first} 至 {last}")
NEXT_EVENT = Text("After {step}: what {n} lost {unit} did next", "{step} 之后：流失的 {n} 个{unit}接下来做了什么")
UNEXPLAINED = Text(
    "After {step}: lost, beside what would be if all with the same other breakdowns were lost as often",
    "{step} 之后：实际流失，与其他维度相同者按相同比率流失时的预期对照",
)
EXPECTED = Text("expected from the mix", "按结构预期")
ACTUAL = Text("lost", "实际流失")
LOSS_SAYS = Text(
    "The mark beside a value is its deviation in standard deviations: beyond 3 it is hardly chance.",
    "取值旁为偏离的标准差倍数：超过 3 则难以归于偶然。",
)
NO_LOSS = Text(
    "Where the lost went is not told: nobody was lost yet, or fewer than {n} customers.",
    "未列出流失去向：尚无人流失，或不足 {n} 位客户。",
)
LEFT_ALONE = Text("left", "离开")
OTHER_CHANNEL = Text("went on in another channel", "转到其他渠道")
OTHER = Text("other", "其他")
UNKNOWN = Text("unknown", "未知")
WENT = {
    "left": LEFT_ALONE,
    "other_channel": OTHER_CHANNEL,
    "no_other_channel": Text("in no other channel", "未转到其他渠道"),
}
SHARE = Text("Share", "占比")
EXCESS = Text("Beyond it", "超出预期")
EXPECTED_LOST = Text("Expected", "预期流失")

# Sales
SALES = Text("Sales", "销售")
SALES_SAY = Text(
    "{orders} orders from {first} to {last}, {revenue}; returns took back {returned}. Everybody counts, guests too.",
    "{first} 至 {last} 共 {orders} 笔订单，{revenue}；退货冲回 {returned}。统计所有人，包括游客。",
)
NOT_PROFILED = Text(
    "Of the orders, {n} ({share}) are of guests and of customers who may not be profiled: whether these are new is not told.",
    "其中 {n} 笔（{share}）来自游客和不允许画像的客户，不区分新老。",
)
SALES_COUNT = Text(
    "Days before {as_of} count. Sums over whole months and weeks, and over days at the ends: in a day, values of fewer than {n} buyers are joined "
    "as small groups, and a day of fewer buyers has no row. Orders "
    "count on the day of their first sale, returns on their own. Shared devices change nothing: an order belongs to its account.",
    "截至 {as_of}（不含当日）。按整月、整周合计，首尾零散日期按日：单日购买者少于 {n} 位的取值合并为小群体，总数不足者没有数据。订单计在首次销售日，退货计在退货日。共用设备不影响：订单属于其账户。",
)
ORDERS_BY_DAY = Text("Orders by day, {currency}", "每日订单数，{currency}")
ORDERS_BY = {
    "channel": Text("Orders by channel, with revenue", "按渠道的订单数及销售额"),
    "customer_kind": Text("Orders of new and returning customers, with revenue", "新老客户的订单数及销售额"),
    "category": Text(
        "Orders by category, with revenue; an order of two counts in both", "按品类的订单数及销售额（含两类的订单各计一次）"
    ),
}
ORDERS = Text("Orders", "订单数")
ORDERS_LINE = Text("orders", "订单")
LINES = Text("Lines", "行数")
REVENUE = Text("Revenue", "销售额")
RETURNS = Text("Returned lines", "退货行数")
RETURNED = Text("Returned", "退货金额")
DAY = Text("Day", "日期")
KINDS = {
    "new": Text("new", "新客"),
    "returning": Text("returning", "老客"),
    "not_profiled": Text("not profiled", "不作画像"),
    "(others)": Text("small groups together", "合并的小群体"),
    "(none)": Text("none", "无"),
}
FIRST_ORDERS = Text(
    "Which channel brings repeat buyers: share in per cent who ordered again within so many days, by month and channel of the first order",
    "哪个渠道带来复购：按首单月份与渠道，若干天内再次下单的比例（%）",
)
FIRST_ORDERS_SAY = Text(
    "Of the customers whose days are all past; empty where there are none yet.",
    "以天数已满的客户为分母；尚无此类客户处为空。",
)
MONTH = Text("Month", "月份")
CHANNEL = Text("Channel", "渠道")
CUSTOMERS = Text("Customers", "客户数")
WITHIN = Text("{n} days", "{n} 天")
