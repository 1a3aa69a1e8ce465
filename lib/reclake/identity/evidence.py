"""The words for what tied an account to a person, from the strongest to the weakest."""

# A login is a fact. A union id is the platform's own statement, a loyalty card is shown by whoever holds it, and phone and
# e-mail address are vouched for by a channel (docs/decisions/0041). A device says least of what is certain, and a
# probabilistic link is not certain. The order names the evidence of an account, and says which tie gives way first.
STRENGTH = ("login", "union", "card", "phone", "email", "device", "linked")
PAIR = "pair"  # the kind of key that a likely pair is
LINKED = "linked"  # a pair that silver.identity_pairs found likely enough
OWN = "own"  # a device's anonymous account and the device: no evidence by itself

ALONE = "alone"
TOO_MANY = "too_many"  # in reach of more accounts than are linked
SHARED = "shared"  # the anonymous account of a device that many use: nobody's
UNLINKED = (ALONE, TOO_MANY, SHARED)

DECIDED = "decided"  # a steward parted the two
OF_ONE_SHOP = "one_shop"  # two accounts of one source and channel hold the key: it is not one person's
OF_MANY = "too_many"  # more accounts hold it than may
