"""Making a text fit OLX's rules, and finding what nobody can mend but its author (contracts/olx.md §3a)."""

from __future__ import annotations

import re

# Pictographs, dingbats, arrows and symbols shown as pictures, flags, skin tones, joiners and variation selectors.
EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\u200d\u20e3\ufe0e\ufe0f]"
)
# Whole words: `T2` and `m2` are none.
CAPITALS = re.compile(r"(?<![\w])[^\W\d_]{2,}(?![\w])")
REPEATED = re.compile(r"([!?.,\-=+#%&@*_><:()|])\1{2,}")
SENTENCE_END = re.compile(r"(?:^|[.!?:\]\n]|<br ?/?>)\s*$")

EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\W\d_]{2,}")
LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
# Nine digits and more, as phones are written; a price or an area has fewer.
PHONE = re.compile(r"(?<![\w.,])\+?\(?\d(?:[ .\-/()]{0,2}\d){8,14}(?![\w])")
FORBIDDEN = ((EMAIL, "an e-mail address"), (LINK, "a link"), (PHONE, "a phone number"))


def normalise_text(text: str) -> str:
    """Return the text without emoji, words in capitals and repeated characters."""
    without = EMOJI.sub("", text)
    if without != text:
        without = re.sub(r"[^\S\n]{2,}", " ", without)
    return REPEATED.sub(r"\1", lower_capitals(without)).strip()


def lower_capitals(text: str) -> str:
    """Return the text with its words in capitals lowered; one that begins a sentence keeps its first letter."""

    def lower(found: re.Match[str]) -> str:
        word = found.group()
        if not word.isupper():
            return word
        begins = SENTENCE_END.search(text[max(found.start() - 12, 0) : found.start()])
        return word.lower() if begins is None else word[0] + word[1:].lower()

    return CAPITALS.sub(lower, text)


def cut_at_word(text: str, most: int) -> str:
    """Return the text cut to this many characters, at the end of a word where it has one."""
    if len(text) <= most:
        return text
    cut = text[: most + 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and head.strip() else text[:most]).rstrip(" ,;:-–(&")


def find_forbidden(text: str) -> str | None:
    """Return what the text holds and must not, in words for people."""
    return next((name for pattern, name in FORBIDDEN if pattern.search(text)), None)
