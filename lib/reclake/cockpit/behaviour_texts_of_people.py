"""What the report about behaviour says of who comes back and of the life cycle, in both languages."""

from reclake.pages.texts import Text

RETENTION = Text("Who comes back", "谁会回来")
RETENTION_SAYS = Text(
    "Customers whose first activity of all lies in the row's {period}, and the share of them in per cent who were active exactly so many "
    "{periods} later. A cell whose {period} is not over is empty: nobody in it is lost yet.",
    "每行为首次活跃落在该{period}的客户，单元格为恰好在若干{periods}之后仍活跃的比例（%）。{period}尚未结束的单元格为空：其中无人算作流失。",
)
PERIODS = {
    "day": (Text("day", "日"), Text("days", "日")),
    "week": (Text("week", "周"), Text("weeks", "周")),
    "month": (Text("month", "月"), Text("months", "月")),
}
COHORTS = {
    "order": Text("Ordered again", "再次下单"),
    "any": Text("Came or ordered again", "再次访问或下单"),
}
REVENUE = Text(
    "Revenue of the cohort in per cent of that of its own {period}; empty where it is not over, or where few spent",
    "队列销售额占其首个{period}销售额的比例（%）；未结束或消费者过少处为空",
)
SINCE = Text("Since", "起始")
N_CUSTOMERS = Text("Customers", "客户数")
ALL_COHORTS = Text("all", "合计")
ALL_SAYS = Text(
    "The last row is of all cohorts whose cell is over: those active of those in them.",
    "末行为单元格已结束的全部队列合计：活跃人数除以队列人数。",
)

LIFECYCLE = Text("Life cycle", "生命周期")
LIFECYCLE_SAYS = {
    "any": Text("Active is who came or ordered.", "有访问或下单即为活跃。"),
    "order": Text("Active is who ordered.", "下单即为活跃。"),
}
BY_WEEK = Text(
    "Customers by week: active ones by where they came from, and who stayed away", "每周客户数：活跃者按来源，以及未再活跃者"
)
MOVES = Text(
    "Moves between daily states, {first} to {last}: from (left) to (right); who stayed in a state is not drawn",
    "日状态之间的变动，{first} 至 {last}：由（左）至（右）；未变动者不绘出",
)
MOVES_SAY = Text(
    "{n} moves; a customer who moved on several days counts on each of them.",
    "共 {n} 次变动；同一客户在多天变动则逐日计数。",
)
STATES = {
    "new": Text("new", "新客"),
    "returning": Text("active before too", "连续活跃"),
    "resurrecting": Text("back after a pause", "间隔后回归"),
    "dormant": Text("stayed away", "未再活跃"),
}
DAILY_STATES = {
    "(none)": Text("not known yet", "尚未出现"),
    "new": Text("new", "新客"),
    "current": Text("active, at most 7 days since", "活跃，间隔不超过 7 天"),
    "reactivated": Text("active after 8 to 30 days", "活跃，间隔 8 至 30 天"),
    "resurrected": Text("active after more than 30", "活跃，间隔超过 30 天"),
    "at_risk_wau": Text("away up to 7 days", "未活跃不超过 7 天"),
    "at_risk_mau": Text("away 8 to 30 days", "未活跃 8 至 30 天"),
    "dormant": Text("away for more than 30", "未活跃超过 30 天"),
}
WEEK = Text("Week", "周")
FROM = Text("From", "由")
TO = Text("To", "至")
N_MOVES = Text("Moves", "变动次数")
