"""What a failed installation means, told from the words that pip or Python left behind."""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.texts import _


class _Cause(NamedTuple):
    code: str
    pattern: str
    message: str
    hint: str


def _causes() -> Tuple[_Cause, ...]:
    """From the cause to what follows from it: without a network pip also says that it found no such package."""
    again = _("Then press 'Install' again: what was downloaded is kept.")
    return (
        _Cause(
            "disk.full",
            r"No space left on device|Errno 28\b|WinError 112|not enough space on the disk|Disk quota exceeded",
            _("The disk is full."),
            _("Free some space or choose another folder.") + " " + again,
        ),
        _Cause(
            "usage.arguments",
            r"Long Path support|enable-long-paths|WinError 206|filename or extension is too long",
            _("Windows does not take paths as long as those that the packages make in this folder."),
            _("Choose a folder with a short path, such as C:\\SSL, or switch long paths on in Windows."),
        ),
        _Cause(
            "disk.read_only",
            r"Permission denied|Errno 13\b|Read-only file system|WinError 5\b",
            _("The backend's folder cannot be written to."),
            _("Choose another folder for the backend."),
        ),
        _Cause(
            "environment.missing_package",
            r"ensurepip is not available|No module named '?(ensurepip|venv)\b",
            _("This Python cannot make environments."),
            _("Choose another Python, or install its package 'venv'."),
        ),
        _Cause(
            "environment.missing_package",
            r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|certificate verify failed",
            _("The connection was refused, since its certificate is not known here."),
            _("Ask your administrator for the certificate and add the option --cert FILE for pip.") + " " + again,
        ),
        _Cause(
            "environment.missing_package",
            r"ProxyError|Proxy Authentication|Cannot connect to proxy|Tunnel connection failed",
            _("The proxy of this network did not let pip through."),
            _("Add the option --proxy http://USER:PASSWORD@HOST:PORT for pip.") + " " + again,
        ),
        _Cause(
            "environment.missing_package",
            r"name resolution|getaddrinfo failed|nodename nor servname|NameResolutionError|NewConnectionError"
            r"|Network is unreachable|ConnectTimeoutError|Read timed out|ReadTimeoutError|Connection reset|ConnectionResetError"
            r"|Max retries exceeded|ProtocolError|IncompleteRead",
            _("There is no connection to the package index."),
            _("Connect to the internet, or give pip a mirror by the option --index-url URL.") + " " + again,
        ),
        _Cause(
            "environment.missing_package",
            r"DO NOT MATCH THE HASHES|BadZipFile|is invalid: (?:bad|not a)",
            _("A download was damaged."),
            _("Press 'Install' again."),
        ),
        _Cause(
            "environment.missing_package",
            r"No matching distribution found for|Could not find a version that satisfies",
            _("No package {package} was found for this Python and system."),
            _("Check the connection and pip's options, or choose another Python or another build."),
        ),
        _Cause(
            "environment.missing_package",
            r"ResolutionImpossible|conflicting dependencies",
            _("The packages that were found do not fit each other."),
            _("Choose another Python or another build, and check pip's options."),
        ),
        _Cause(
            "environment.missing_package",
            r"Failed building wheel|metadata-generation-failed|subprocess-exited-with-error|Microsoft Visual C\+\+",
            _("A package has no ready-made build for this Python."),
            _("Choose another Python, such as 3.12."),
        ),
        _Cause(
            "memory.host",
            r"MemoryError|Cannot allocate memory",
            _("The computer ran out of memory while installing."),
            _("Close other programs.") + " " + again,
        ),
        _Cause(
            "usage.arguments",
            r"no such option|invalid .* option|Usage:",
            _("pip does not understand its options."),
            _("Check the options for pip."),
        ),
    )


def full_disk() -> SSLSegmentationError:
    """The disk is full, whatever the command said of it."""
    cause = _causes()[0]
    return SSLSegmentationError(cause.code, cause.message, hint=cause.hint)


def explain(lines: Sequence[str], *, code: int) -> SSLSegmentationError:
    """The error that a failed command amounts to. `lines`: its last ones; `code`: how it ended (negative: killed)."""
    text = "\n".join(lines)
    for cause in _causes():
        if re.search(cause.pattern, text):
            package = re.search(r"(?:distribution found for|satisfies the requirement) ([A-Za-z0-9._-]+)", text)
            message = cause.message.format(package=package.group(1) if package else "")
            return SSLSegmentationError(cause.code, message, hint=cause.hint)
    if code < 0:
        return SSLSegmentationError(
            "environment.missing_package",
            _("The installation was ended from outside."),
            hint=_("Press 'Install' again: what was downloaded is kept."),
        )
    spoken = [line.strip() for line in lines if line.strip()]
    errors = [line for line in spoken if line.startswith(("ERROR:", "Error:"))] or spoken
    return SSLSegmentationError(
        "environment.missing_package",
        _("The installation failed: {reason}").format(reason=errors[-1][:300] if errors else code),
        hint=_("See the log below; copy the report if you ask for help."),
    )
