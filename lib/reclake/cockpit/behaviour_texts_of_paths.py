"""What the report about behaviour says of paths, and what events and nodes are called, in both languages."""

from reclake.pages.texts import Text

PATHS = Text("Paths", "路径")
PATHS_OF = Text("Paths {name}", "路径 {name}")
PATHS_SAY = Text(
    "{n} paths, {form}: each is one customer's visit of one device, of {first} to {last}.",
    "共 {n} 条路径（{form}），时段 {first} 至 {last}：每条为一位客户在一台设备上的一次访问。",
)
FORMS = {
    "collapsed": Text("a run of one node counts once", "连续相同节点计一次"),
    "raw": Text("every event counts", "每个事件都计"),
}
SANKEY = Text(
    "From node to node: where people were (left), and where they went next (right)", "节点之间：所在（左）与下一步（右）"
)
SANKEY_SAYS = Text(
    "{n} steps: every visit of a node leads to the next one or to the end. Ways of too few people are counted with the next larger one, or "
    "as other, so a node may have more or fewer on the right than on the left.",
    "共 {n} 步：每次到达某节点后都进入下一节点或结束。人数过少的去向并入较大的去向或“其他”，因此同一节点左右数量可能不等。",
)
STEPS = Text(
    "Step by step: share in per cent of all {n} paths at a node; each column sums to 100",
    "逐步分布：占全部 {n} 条路径的百分比，每列合计为 100",
)
FROM_ANCHOR = Text(
    "After {anchor} ({occurrence}): share in per cent of {n} ways; {n_paths} paths hold it",
    "{anchor} 之后（{occurrence}）：占 {n} 次的百分比；含该节点的路径 {n_paths} 条",
)
TO_ANCHOR = Text(
    "Before {anchor} ({occurrence}): share in per cent of {n} ways; {n_paths} paths hold it",
    "{anchor} 之前（{occurrence}）：占 {n} 次的百分比；含该节点的路径 {n_paths} 条",
)
OCCURRENCES = {
    "first": Text("its first visit", "首次到达"),
    "last": Text("its last visit", "末次到达"),
    "all": Text("all its visits", "每次到达"),
}
WAYS = Text("Ways to and from {anchor}", "进出 {anchor} 的路径")
NO_STEPS = Text(
    "Steps are not told: gold.path_steps has no row of {name} at this as_of.",
    "无逐步分布：gold.path_steps 在该截至日没有 {name} 的数据。",
)
NODE = Text("Node", "节点")
FROM = Text("From", "由")
TO = Text("To", "至")
TRANSITIONS = Text("Times", "次数")
OF_FROM = Text("Of those from", "占由该节点出发")
TIME = Text("Median time", "中位时间")
ROUTES = Text("Routes that are walked most, and whether they lead to the goal", "最常走的路线及其是否通向目标")
BY_LIFT = Text("Routes after which the goal is most likely", "最可能通向目标的路线")
ROUTES_SAY = Text(
    "{share} of all paths hold the goal. A lift of 2 means: twice as often after the route.",
    "全部路径中 {share} 达成目标。提升度为 2 表示走过该路线后达成目标的比例为两倍。",
)
NO_ROUTES = Text(
    "Routes are not told: nobody walked so far, or fewer than {n} customers walked the same one.",
    "未列出路线：无人走到该长度，或同一路线不足 {n} 位客户。",
)
ROUTE = Text("Route", "路线")
N_PATHS = Text("Paths", "路径数")
SUPPORT = Text("Of all paths", "占全部路径")
CONVERSION = Text("Reached the goal", "达成目标")
LIFT = Text("Lift", "提升度")

NODES = {
    "path_start": Text("start", "开始"),
    "path_end": Text("end", "结束"),
    "other": Text("other", "其他"),
    "session_start": Text("start of the session", "会话开始"),
    "view_item": Text("looked at a product", "查看商品"),
    "view_item_list": Text("looked at a list", "查看列表"),
    "search": Text("search", "搜索"),
    "add_to_cart": Text("put into the cart", "加入购物车"),
    "view_cart": Text("looked into the cart", "查看购物车"),
    "begin_checkout": Text("went to the checkout", "进入结算"),
    "purchase": Text("purchase", "购买"),
    "order": Text("order", "下单"),
    "login": Text("login", "登录"),
    "rate": Text("rated", "评分"),
    "view_page": Text("looked at a page", "查看页面"),
    "scroll": Text("scrolled", "滚动"),
    "heartbeat": Text("stayed", "停留"),
    "poll": Text("asked for news", "轮询"),
    "video_start": Text("began a video", "开始视频"),
    "video_progress": Text("watched a video", "观看视频"),
    "video_complete": Text("watched a video to its end", "看完视频"),
    "list": Text("list", "列表"),
    "product": Text("product", "商品"),
    "cart": Text("cart", "购物车"),
    "checkout": Text("checkout", "结算"),
    "page": Text("page", "页面"),
    "video": Text("video", "视频"),
}
