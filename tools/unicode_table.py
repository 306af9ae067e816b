#!/usr/bin/env python3
"""Writes lib/base/unicode_table.h: the characters of the categories L* and N* of Unicode 15.0.

Needs a character database of exactly that version: Python 3.12, or the package unicodedata2 15.0.0.
Usage: tools/unicode_table.py > lib/base/unicode_table.h
"""
import sys
import unicodedata

VERSION = "15.0.0"

if unicodedata.unidata_version != VERSION:
    try:
        import unicodedata2 as unicodedata
    except ImportError:
        pass
if unicodedata.unidata_version != VERSION:
    sys.exit(f"Unicode {VERSION} is needed, this is {unicodedata.unidata_version}")


def is_member(code):
    return unicodedata.category(chr(code))[0] in "LN"


def edges():
    """Where membership changes: first members at even, first non-members at odd places."""
    inside = False
    for code in range(0x80, 0x110000):
        if is_member(code) != inside:
            inside = not inside
            yield code
    if inside:
        yield 0x110000


def main():
    numbers = [f"0x{code:x}," for code in edges()]
    print("/* Written by tools/unicode_table.py: do not edit.")
    print(f" *\n * Unicode {VERSION}: the characters from U+0080 on of the categories L* and N*. Ascending; runs of")
    print(" * members begin at even places of the array and end before the character at the next odd place. */")
    print("static const uint32_t letter_edges[] = {")
    line = "   "
    for number in numbers:
        if len(line) + 1 + len(number) > 100:
            print(line)
            line = "   "
        line += " " + number
    print(line)
    print("};")


main()
