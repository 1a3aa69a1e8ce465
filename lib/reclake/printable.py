"""Text of others as a terminal, a log or a mail may show it."""

import unicodedata

# Unicode categories: control, format (bidi among them), half characters, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""The text with what cannot be seen written as an escape: it breaks no line, steers no terminal and turns no direction.

    Examples
    --------
    >>> printable("tills/a\nb.csv"), printable("red\x1b[31m"), printable("cod\u202evsc.exe")
    ('tills/a\\nb.csv', 'red\\x1b[31m', 'cod\\u202evsc.exe')
    """
    if text.isprintable():
        return text
    return "".join(ascii(sign)[1:-1] if unicodedata.category(sign) in _UNSEEN else sign for sign in text)


def printable_json(text: str) -> str:
    r"""JSON whose unseen characters stand as its own escapes: programs read the same, and terminals obey nothing.

    Parameters
    ----------
    text
        As json.dumps writes it; its line breaks are layout and stay.

    Examples
    --------
    >>> printable_json('"caf\u00e9 \x9b31m"')
    '"café \\u009b31m"'
    """
    if text.isascii():  # json.dumps has escaped what is unseen of ASCII, but for DEL
        return text.replace("\x7f", "\\u007f")
    return "".join(_json_escape(sign) if sign != "\n" and unicodedata.category(sign) in _UNSEEN else sign for sign in text)


def _json_escape(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
