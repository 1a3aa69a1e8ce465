"""The colours of pages: marks stand out from the paper at 3 to 1, text at 4.5 to 1 and more (WCAG 2.2)."""

PAPER = "#ffffff"
INK = "#1c2733"
MUTED = "#5b6875"
RULE = "#d9dfe5"

# Marks are told apart by a name beside each as well, never by colour alone.
GREEN = "#0b6e4f"
LEAF = "#2f9468"
BLUE = "#1f6fb2"
PURPLE = "#7a5bb0"
GREY = "#6b7280"
ORANGE = "#c05a12"
RED = "#a3323e"
MARKS = (BLUE, GREEN, ORANGE, PURPLE, RED, LEAF, GREY)

# Shades of one colour behind numbers, from nothing to the most: ink stands out from each of them at 4.5 to 1 and more.
SHADES = ("#ffffff", "#eaf2f9", "#d5e5f2", "#c0d8ec", "#aacbe5", "#95bedf", "#80b1d8", "#6ba4d2")
