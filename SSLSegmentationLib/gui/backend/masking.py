"""Takes out of a text what says something about a person or a computer: folders, file names, users, passwords.

Known folders become a word ("<backend>"). Every other path becomes "<path>" with the suffix of its last file, from its
first character to the last separator, scan or word that can belong to it: rather a word too many than a name. A scan's
file name is masked where it stands alone, too.
"""

from __future__ import annotations

import getpass
import platform
import re
from pathlib import Path
from typing import Mapping, Optional

from SSLSegmentationLib.contract.files import SCAN_SUFFIXES

_CREDENTIALS = re.compile(r"(://)[^/@\s]+@")
_SCAN = "|".join(re.escape(suffix) for suffix in (*SCAN_SUFFIXES, ".dcm", ".mrb", ".mrml", ".zip"))
_QUOTED_PATH = re.compile(r"(?P<quote>['\"])(?P<path>[^'\"]*[\\/][^'\"]*)(?P=quote)")
# From the first part that holds a separator to the last part that holds one or that ends as a scan does. Neither a URL nor
# what stands for a known folder is a beginning.
_START = r"(?:(?<![\w:/<>.])[A-Za-z]:[\\/]|(?<![\w:/<>.\\])[\\/]{1,2}(?=[^\s\\/])|(?<![\w:/<>.-])[\w.~^=+-]+[\\/](?=\S))"
_OPEN_PATH = re.compile(
    r"(?P<path>" + _START + r"(?:[^\n:;,'\"()]*(?:[\\/][^\s:;,'\"()]*|(?:" + _SCAN + r")\b))?[^\s:;,'\"()]*)"
    # Words after it that may still be part of a folder's name: no option and no requirement.
    r"(?P<words>(?: (?!-)[^\s:;,'\"()<>=]+(?=[\s:;,'\"()]|$))*)"
)
_LONE_SCAN = re.compile(r"[^\s\\/:;,'\"()<>]+(" + _SCAN + r")\b")
_PROTECTED = re.compile(r"\b(?:https?|file)://[^\s'\"]+")


def hide_passwords(text: str) -> str:
    """The text with user and password taken out of every address."""
    return _CREDENTIALS.sub(r"\1…@", text)


def mask(text: str, *, known: Optional[Mapping[str, str]] = None) -> str:
    """One line without paths, file names, user and computer names. `known`: folders and the word for each."""
    addresses = []

    def set_aside(match: "re.Match[str]") -> str:
        # An address of a package index says nothing about a person; a file:// address does.
        address = match.group(0)
        if address.startswith("file:"):
            return "<path>" + _suffix(address)
        addresses.append(address)
        return f"\x00{len(addresses) - 1}\x00"

    text = _PROTECTED.sub(set_aside, hide_passwords(text))
    words = {**(known or {}), str(Path.home()): "<home>"}
    for folder in sorted((folder for folder in words if folder), key=len, reverse=True):
        for found in reversed(list(re.finditer(re.escape(folder) + r"[^\s'\"()]*", text))):
            text = text[: found.start()] + words[folder] + _suffix(found.group(0)) + text[found.end() :]
    text = _QUOTED_PATH.sub(lambda found: "'<path>" + _suffix(found.group("path")) + "'", text)
    text = _OPEN_PATH.sub(_masked_path, text)
    text = _LONE_SCAN.sub(r"<file>\1", text)
    for name, word in ((_user(), "<user>"), (platform.node(), "<computer>")):
        if len(name) > 2:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", word, text)
    return re.sub("\x00(\\d+)\x00", lambda found: addresses[int(found.group(1))], text)


def _masked_path(found: "re.Match[str]") -> str:
    suffix = _suffix(found.group("path"))
    return "<path>" + suffix + (found.group("words") if suffix else "")


def _user() -> str:
    """The user's name; "" where the system does not tell."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _suffix(path: str) -> str:
    """The suffix of a path's file, which tells what kind it is."""
    match = re.search(r"(\.(?:nii|seg|tar))?\.[A-Za-z][A-Za-z0-9]{0,5}$", path.rstrip(".,"))
    return match.group(0) if match else ""
