"""What a line of an order can be. Standard library only: declarations, parser and rules read it."""

PRODUCT, SERVICE = "product", "service"
LINE_KINDS = (PRODUCT, "shipping", "voucher", "discount", "rounding", "gift", "fee", SERVICE)
SOLD_KINDS = (PRODUCT, SERVICE)  # sold for money: they make an order, and their price is above 0
REDUCING_KINDS = ("voucher", "discount", "rounding")  # their price may lie below 0; that of the others may not
