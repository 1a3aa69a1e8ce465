"""What a line of an order can be. Standard library only: declarations, parser and rules read it."""

PRODUCT, SERVICE, GIFT = "product", "service", "gift"
LINE_KINDS = (PRODUCT, "shipping", "voucher", "discount", "rounding", GIFT, "fee", SERVICE)
SOLD_KINDS = (PRODUCT, SERVICE)  # sold for money: they make an order, and their price is above 0
REDUCING_KINDS = ("voucher", "discount", "rounding")  # their price may lie below 0; that of the others may not
