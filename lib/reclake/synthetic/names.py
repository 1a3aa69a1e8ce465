"""Words the demo company is made of."""

from typing import NamedTuple


class Category(NamedTuple):
    """A category with its words, its repurchase cycle and what goes with it."""

    name: str
    nouns: tuple[str, ...]
    cycle_days: int | None  # time until a bought piece is used up; None for durable goods
    complement: int  # place of the category that goes with it
    base_price: float  # yuan


CATEGORIES = (
    Category("水果", ("苹果", "香蕉", "橙子", "葡萄", "蓝莓"), 7, 1, 18.0),
    Category("乳品", ("鲜牛奶", "酸奶", "奶酪", "黄油", "燕麦奶"), 8, 3, 22.0),
    Category("咖啡茶饮", ("咖啡豆", "挂耳咖啡", "龙井茶", "乌龙茶", "气泡水"), 20, 9, 45.0),
    Category("零食", ("坚果", "饼干", "巧克力", "海苔", "果干"), 14, 2, 25.0),
    Category("粮油", ("大米", "面粉", "花生油", "酱油", "挂面"), 28, 9, 38.0),
    Category("洗护", ("洗发水", "沐浴露", "牙膏", "洗衣液", "洗手液"), 30, 6, 35.0),
    Category("纸品", ("抽纸", "卷纸", "湿巾", "厨房纸", "手帕纸"), 21, 5, 20.0),
    Category("母婴", ("纸尿裤", "婴儿奶粉", "辅食泥", "奶瓶", "湿巾棉柔巾"), 18, 6, 120.0),
    Category("宠物", ("猫粮", "狗粮", "猫砂", "冻干", "宠物零食"), 24, 10, 80.0),
    Category("厨具", ("炒锅", "保温杯", "手冲壶", "菜刀", "砧板"), None, 4, 150.0),
    Category("家居", ("收纳箱", "台灯", "毛巾", "枕头", "香薰"), None, 5, 90.0),
    Category("数码配件", ("充电器", "数据线", "耳机", "手机壳", "移动电源"), None, 10, 110.0),
)
STYLES = ("经济", "有机", "轻奢", "国潮", "进口")
BRANDS = ("山野", "云朵", "青禾", "海岸", "木棉", "星河", "小满", "北辰", "南风", "白桦")
SIZES = ("标准装", "家庭装", "便携装", "礼盒装")

SURNAMES = ("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙")
GIVEN_NAMES = ("伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "勇", "杰", "婷", "浩然", "子涵", "雨桐")
REGIONS = (
    "上海市浦东新区",
    "上海市徐汇区",
    "北京市朝阳区",
    "北京市海淀区",
    "广州市天河区",
    "深圳市南山区",
    "杭州市西湖区",
    "成都市武侯区",
)
ROADS = ("人民路", "解放路", "中山路", "建设路", "和平路", "文化路")
MAIL_DOMAINS = ("example.com", "example.org", "mail.example.com")
SEARCHES = ("送礼", "打折", "新品", "好用的", "便宜", "家用", "推荐")
MOBILE_PREFIXES = ("131", "135", "136", "137", "150", "151", "158", "159", "176", "177", "180", "186", "187", "188", "189")

BLANK_PHONES = ("", "0", "unknown", "11111111111", None, "00000000000", "无")
BLANK_MAILS = ("", "unknown", None, "无", "-")
SHOP_PHONE = "021-58880000"

APP_AGENTS = (
    "DemoShop/5.2.1 (iPhone; iOS 17.4; Scale/3.00)",
    "DemoShop/5.2.0 (Android 14; Mate 60)",
    "DemoShop/5.1.7 (Android 13)",
)
MINI_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.48 NetType/WIFI Language/zh_CN",
    "Mozilla/5.0 (Linux; Android 14; 23127PN0CC) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 "
    "Mobile Safari/537.36 MicroMessenger/8.0.47 NetType/5G Language/zh_CN",
)
WEB_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:124.0) Gecko/20100101 Firefox/124.0",
)
CRAWLERS = (
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
    "python-requests/2.31.0",
    "Scrapy/2.11.1 (+https://scrapy.org)",
)
