"""What the demo company's customers say of what they bought online, and what they ask the service, days after the order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .calendar import MINUTE, SECOND
from .catalogue import Product
from .draws import Draws, digest
from .facts import Order, Story, World, clock
from .names import CATEGORIES, MAIL_DOMAINS, REGIONS, ROADS
from .people import mobile, written_phone
from .phrases import (
    ASPECTS,
    CLOSINGS,
    CONTACTS,
    ENDINGS,
    NEGATIVE,
    NEUTRAL,
    OF_CATEGORY,
    OPENINGS,
    POSITIVE,
    SENTIMENTS,
    STAFF_CONTACTS,
    STOPS,
    TOPICS,
    TURNS,
    Topic,
)

# An order may arrive `late_limit_days` (3) after it was placed: a review of it comes later still. Whoever asks the service
# has an account since the day before, at the least.
_REVIEWED_AFTER_DAYS, _ASKED_AFTER_DAYS = 4, 1
_READ_OUT = str.maketrans("0123456789", "零一二三四五六七八九")


@dataclass(frozen=True, slots=True)
class Written:
    """A text with its sentiment, and the place of the contact that was planted in it."""

    text: str | None
    sentiment: str | None  # None where nothing was written
    contact_kind: str | None = None
    contact_begin: int | None = None
    contact_end: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A review or message."""

    feedback_id: str
    at: int
    order: Order
    written: Written
    product: Product | None = None  # of reviews
    rating: int | None = None
    conversation_id: str | None = None
    speaker: str = "customer"
    topic: str | None = None


def items(world: World, story: Story) -> Iterator[Item]:
    """All reviews and messages of the person: of orders that were placed online, by the account that placed them."""
    for order in story.orders:
        if order.channel == "pos" or order.is_return:
            continue
        yield from _reviews(world, story, order)
        yield from _conversation(world, story, order)


def _reviews(world: World, story: Story, order: Order) -> Iterator[Item]:
    shares = world.settings.feedback
    for number, line in enumerate(order.lines):
        draws = Draws(world.settings.seed, "review", order.order_id, number)
        if not draws.chance(shares.review_share):
            continue
        day = world.calendar.day(order.at) + _REVIEWED_AFTER_DAYS + draws.below(10)
        at = clock(world, draws, day, in_shop=False)
        rating = _stars(world, story, line.product, draws)
        written = Written(None, None) if draws.chance(shares.silent_share) else _review(world, story, line.product, rating, draws)
        name = f"R{digest(world.settings.seed, 'review', order.order_id, number, size=8)}"
        yield Item(name, at, order, written, product=line.product, rating=rating)


def _stars(world: World, story: Story, product: Product, draws: Draws) -> int:
    """More for a product of the person's style, and for one of good quality; the rest is mood."""
    quality = Draws(world.settings.seed, "quality", product.place).between(-1.2, 1.2)
    mood = draws.between(-1.0, 1.0) + draws.between(-1.0, 1.0)
    liked = 0.7 if product.style == story.person.style else -0.5
    return min(5, max(1, round(3.6 + liked + quality + mood)))


def _sentiment(world: World, rating: int, draws: Draws) -> str:
    """That of the stars, but for some who write otherwise than they rate."""
    if draws.chance(world.settings.feedback.contrary_share):
        return draws.one_of(SENTIMENTS)
    return POSITIVE if rating >= 4 else NEUTRAL if rating == 3 else NEGATIVE


def _review(world: World, story: Story, product: Product, rating: int, draws: Draws) -> Written:
    sentiment, category = _sentiment(world, rating, draws), CATEGORIES[product.category]
    clauses = [draws.one_of(OPENINGS[sentiment])] if draws.chance(0.7) else []
    clauses.append(draws.one_of(OF_CATEGORY[category.name][sentiment]))
    if draws.chance(0.6):
        clauses.append(draws.one_of(ASPECTS[sentiment]))
    if sentiment != NEUTRAL and draws.chance(0.15):
        clauses.append(draws.one_of(TURNS) + draws.one_of(ASPECTS[NEUTRAL]))
    if draws.chance(0.4):
        clauses.append(draws.one_of(CLOSINGS[sentiment]))
    return _written(world, story, _filled(draws.one_of(STOPS).join(clauses), product, draws), sentiment, CONTACTS, draws)


def _conversation(world: World, story: Story, order: Order) -> Iterator[Item]:
    draws = Draws(world.settings.seed, "chat", order.order_id)
    if not draws.chance(world.settings.feedback.chat_share):
        return
    topic, product = draws.one_of(TOPICS), draws.one_of(order.lines).product
    conversation_id = f"C{digest(world.settings.seed, 'chat', order.order_id, size=8)}"
    at = clock(world, draws, world.calendar.day(order.at) + _ASKED_AFTER_DAYS + draws.below(5), in_shop=False)
    for number, (speaker, text, sentiment) in enumerate(_turns(topic, draws)):
        contacts = CONTACTS if speaker == "customer" else STAFF_CONTACTS
        written = _written(world, story, _filled(text, product, draws), sentiment, contacts, draws)
        yield Item(
            f"{conversation_id}.{number + 1}",
            at,
            order,
            written,
            conversation_id=conversation_id,
            speaker=speaker,
            topic=topic.name,
        )
        at += 20 * SECOND + draws.below(4 * MINUTE)


def _turns(topic: Topic, draws: Draws) -> Iterator[tuple[str, str, str]]:
    """Speaker, text and sentiment of each message."""
    yield "customer", draws.one_of(topic.opening), topic.sentiment
    yield "staff", draws.one_of(topic.answer), NEUTRAL
    if draws.chance(0.7):
        yield "customer", draws.one_of(topic.detail), topic.sentiment if topic.sentiment == NEGATIVE else NEUTRAL
        yield "staff", draws.one_of(topic.settlement), NEUTRAL
    if draws.chance(0.8):
        ending = POSITIVE if topic.sentiment == POSITIVE else draws.one_of(SENTIMENTS)
        yield "customer", draws.one_of(ENDINGS[ending]), ending


def _filled(text: str, product: Product, draws: Draws) -> str:
    nouns = CATEGORIES[product.category].nouns
    noun = next((noun for noun in nouns if noun in product.name), nouns[0])
    return text.format(noun=noun, n=2 + draws.below(8), m=10 * (1 + draws.below(40)))


def _written(
    world: World, story: Story, text: str, sentiment: str, phrases: Mapping[str, tuple[str, ...]], draws: Draws
) -> Written:
    """The text, with a contact in it for some, before or behind what is said."""
    if not draws.chance(world.settings.feedback.contact_share):
        return Written(text, sentiment)
    kind = draws.one_of(tuple(phrases))
    planted, phrase = _contact(world, story, kind, draws), draws.one_of(phrases[kind])
    stop = draws.one_of(("，", "。", " "))
    is_first = draws.chance(0.3)
    begin = phrase.index("{contact}") + (0 if is_first else len(text) + len(stop))
    request = phrase.format(contact=planted)
    whole = f"{request}{stop}{text}" if is_first else f"{text}{stop}{request}"
    return Written(whole, sentiment, kind, begin, begin + len(planted))


def _contact(world: World, story: Story, kind: str, draws: Draws) -> str:
    number = story.person.number
    match kind:
        case "phone":
            phone = mobile(world.settings, number)
            return phone.translate(_READ_OUT) if draws.chance(0.1) else written_phone(draws, phone)
        case "wechat":
            name = digest(world.settings.seed, "messenger", number, size=4)
            return draws.one_of((f"wxid_{name}", f"demo_{name}", f"shop{1000 + number % 9000}"))
        case "email":
            return f"shopper{number}@{MAIL_DOMAINS[number % len(MAIL_DOMAINS)]}"
        case "qq":
            return str(100_000_000 + (number * 7_654_321 + 1_234_567) % 900_000_000)
    return f"{draws.one_of(REGIONS)}{draws.one_of(ROADS)}{1 + draws.below(900)}号{1 + draws.below(30)}室"
