"""What the demo company is like. A default stands once, in conf/base.toml; shares and probabilities lie in 0–1."""

import hashlib
from datetime import date
from math import isclose
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, field_validator, model_validator

from reclake.strict import Name, Section, time_zones

Share = Annotated[float, Field(ge=0, le=1)]
Probability = Annotated[float, Field(gt=0, lt=1)]
OnlineChannel = Literal["app", "mini_program", "web"]
ONLINE: tuple[OnlineChannel, ...] = ("app", "mini_program", "web")


class ProductSettings(Section):
    """The catalogue."""

    n_products: Annotated[int, Field(ge=60)]
    price_change_days: PositiveFloat
    launched_share: Share
    launch_days: PositiveInt
    popularity_exponent: PositiveFloat


class TasteSettings(Section):
    """What people look at and buy next."""

    sequence_share: Share
    first_share: Share
    second_share: Share
    style_lift: PositiveFloat
    complement_share: Share
    repurchase_share: Share

    @model_validator(mode="after")
    def _is_a_law(self) -> Self:
        if self.first_share + self.second_share > 1:
            raise ValueError("first_share and second_share add up to more than 1")
        return self


class LifeSettings(Section):
    """Who comes, how often they buy and when they stop."""

    visitor_share: Share
    member_share: Share
    early_share: Share
    early_days: PositiveFloat
    arrival_days: PositiveFloat
    rate_shape: PositiveFloat
    rate_scale_days: PositiveFloat
    dropout_a: PositiveFloat
    dropout_b: PositiveFloat
    visitor_visits_per_day: PositiveFloat
    visitor_stay_days: PositiveFloat
    walk_ins_per_customer_day: Annotated[float, Field(ge=0, le=1)]
    return_share: Share
    rating_share: Share
    recent_days: PositiveFloat
    high_rate_per_day: PositiveFloat


class OnlineChannelSettings(Section):
    """One online channel and its funnel."""

    used_share: Share
    weight: PositiveFloat
    view: Probability
    cart: Probability
    checkout: Probability
    purchase: Probability
    login: Share
    mean_views: Annotated[float, Field(ge=1)]

    @property
    def conversion(self) -> float:
        """Probability that a visit ends in a purchase."""
        return self.view * self.cart * self.checkout * self.purchase


class ShopSettings(Section):
    """The shops."""

    used_share: Share
    weight: PositiveFloat


class ChannelSettings(Section):
    """The four channels."""

    app: OnlineChannelSettings
    mini_program: OnlineChannelSettings
    web: OnlineChannelSettings
    pos: ShopSettings

    def online(self, channel: str) -> OnlineChannelSettings:
        """The settings of an online channel."""
        found: OnlineChannelSettings = getattr(self, channel)
        return found


class CollectionSettings(Section):
    """How well visits are collected and how fast they arrive."""

    collected_share: Share
    latency_median_seconds: PositiveFloat
    latency_sigma: PositiveFloat


class ContactSettings(Section):
    """Keys and consents that people leave with a channel."""

    blank_phone_share: Share
    shop_phone_share: Share
    email_share: Share
    blank_email_share: Share
    changed_share: Share
    household_share: Share
    second_browser_share: Share
    same_device_share: Share
    granted_share: Share
    refused_share: Share
    withdrawn_share: Share
    canary_share: Share


class DirtSettings(Section):
    """Shares of good records beside which a bad one is planted, or which are moved."""

    late_limit_days: PositiveInt
    resent_same_day_share: Share
    resent_next_day_share: Share
    clash_same_day_share: Share
    clash_other_day_share: Share
    out_of_order_share: Share
    late_within_share: Share
    late_beyond_share: Share
    wrong_clock_share: Share
    broken_share: Share
    bad_number_share: Share
    missing_field_share: Share


class BotTrafficSettings(Section):
    """Machines that look at products."""

    per_customer: Share
    days: PositiveInt


class FeedbackSettings(Section):
    """What people write."""

    review_share: Share
    silent_share: Share
    contrary_share: Share
    chat_share: Share
    contact_share: Share


class ProfileSettings(Section):
    """What the CRM knows, and what staff wrote wrongly into it."""

    profile_share: Share
    delay_days: PositiveInt
    card_share: Share
    union_share: Share
    name_typo_share: Share
    address_typo_share: Share
    phone_share: Share
    phone_typo_share: Share
    email_share: Share
    birth_year_share: Share
    minor_share: Share

    @model_validator(mode="after")
    def _years_are_shares_of_one(self) -> Self:
        if self.birth_year_share + self.minor_share > 1:
            raise ValueError("birth_year_share and minor_share add up to more than 1")
        return self


class KioskSettings(Section):
    """Tablets in the shops."""

    people_per_tablet: PositiveInt
    use_share: Share
    mean_views: Annotated[float, Field(ge=1)]


class CookielessSettings(Section):
    """Visitors of the web site whose browsers take no cookie."""

    people_per_server: PositiveInt
    visitor_share: Share
    login_share: Share
    mean_views: Annotated[float, Field(ge=1)]


class OutreachSettings(Section):
    """Contacts that the company makes."""

    campaign_share: Share
    service_share: Share


class AssortmentSettings(Section):
    """What the catalogue does not say of products."""

    variant_share: Share
    discount_share: Share


class StockSettings(Section):
    """When products are sold out, or called back."""

    in_stock_days: PositiveFloat
    out_days: Annotated[float, Field(gt=1)]
    recalled_share: Share
    recall_after_days: PositiveFloat
    recall_days: PositiveFloat


class StrategySettings(Section):
    """What one way to choose a list is worth."""

    effect: Annotated[float, Field(gt=0, le=1)]
    order_share: Share


class ClickChannelSettings(Section):
    """How readily people click on each online channel, against the readiest."""

    app: Share
    mini_program: Share
    web: Share


class ArmSettings(Section):
    """By channel, the probabilities with which the arm draws each strategy."""

    share: Share
    app: dict[Name, Probability]
    mini_program: dict[Name, Probability]
    web: dict[Name, Probability]

    def of(self, channel: str) -> dict[str, float]:
        """The probabilities on an online channel."""
        found: dict[str, float] = getattr(self, channel)
        return found


class ImpressionSettings(Section):
    """Recommendations that are shown, clicked and ordered from."""

    shown_share: Share
    n_positions: PositiveInt
    position_exponent: PositiveFloat
    click_a: PositiveFloat
    click_b: PositiveFloat
    non_personal: Name
    channels: ClickChannelSettings
    strategies: dict[Name, StrategySettings]
    arms: dict[Name, ArmSettings]

    @model_validator(mode="after")
    def _is_a_law(self) -> Self:
        if not isclose(sum(arm.share for arm in self.arms.values()), 1.0):
            raise ValueError("the shares of the arms do not add up to 1")
        for name, arm in self.arms.items():
            for channel in ONLINE:
                drawn = arm.of(channel)
                if drawn.keys() != self.strategies.keys() or not isclose(sum(drawn.values()), 1.0):
                    raise ValueError(f"arms.{name}.{channel} needs one probability per strategy, together 1")
        if self.non_personal not in self.strategies:
            raise ValueError(f"non_personal: {self.non_personal} is no strategy")
        return self


class DemoSettings(Section):
    """The whole company."""

    seed: int
    n_customers: Annotated[int, Field(gt=0, le=100_000_000)]
    first_day: date
    n_days: PositiveInt
    time_zone: str
    currency: str = Field(pattern="^[A-Z]{3}$")
    customers_per_task: PositiveInt
    customers_per_file: PositiveInt
    canary_phone: str = Field(pattern=r"^1\d{10}$")
    products: ProductSettings
    tastes: TasteSettings
    life: LifeSettings
    channels: ChannelSettings
    collection: CollectionSettings
    contacts: ContactSettings
    dirt: DirtSettings
    bots: BotTrafficSettings
    feedback: FeedbackSettings
    profiles: ProfileSettings
    kiosks: KioskSettings
    cookieless: CookielessSettings
    outreach: OutreachSettings
    assortment: AssortmentSettings
    stock: StockSettings
    impressions: ImpressionSettings

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in time_zones():
            raise ValueError(f"{value!r} is no time zone of the IANA database")
        return value

    def told(self) -> dict[str, Any]:
        """The settings as plain values, the canary phone as its SHA-256: the number lies only in what is delivered."""
        return self.model_dump(mode="json") | {"canary_phone": hashlib.sha256(self.canary_phone.encode()).hexdigest()}
