"""What a failed installation means, told from pip's own words."""

from __future__ import annotations

import pytest

from SSLSegmentationLib.gui.backend.pip_errors import explain

RETRY = (
    "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
    "'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object>: Failed to establish a new connection: "
    "[Errno -3] Temporary failure in name resolution')': /simple/torch/"
)
NONE = "ERROR: No matching distribution found for torch>=2.8"


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        ([RETRY, NONE], "environment.missing_package", "no connection to the package index"),
        (["ReadTimeoutError: Read timed out."], "environment.missing_package", "no connection"),
        (["WARNING: ProxyError('Cannot connect to proxy.')", NONE], "environment.missing_package", "The proxy"),
        (
            ["SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", NONE],
            "environment.missing_package",
            "certif",
        ),
        ([NONE], "environment.missing_package", "No package torch was found"),
        (["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"], "disk.full", "full"),
        (["OSError: [WinError 112] There is not enough space on the disk"], "disk.full", "full"),
        (
            [
                "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: 'C:\\\\b\\\\x.h'",
                "HINT: This error might have occurred since this system does not have Windows Long Path support enabled. "
                "You can find information on how to enable this at https://pip.pypa.io/warnings/enable-long-paths",
            ],
            "usage.arguments",
            "paths as long",
        ),
        (
            ["ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'"],
            "disk.read_only",
            "written",
        ),
        (["Error: [Errno 30] Read-only file system: '/x'"], "disk.read_only", "written"),
        (
            ["The virtual environment was not created successfully because ensurepip is not available."],
            "environment.missing_package",
            "envi",
        ),
        (["ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."], "environment.missing_package", "damaged"),
        (["ERROR: ResolutionImpossible: for help visit"], "environment.missing_package", "do not fit each other"),
        (["error: subprocess-exited-with-error"], "environment.missing_package", "no ready-made build"),
        (["MemoryError"], "memory.host", "memory"),
        (["no such option: --proxi"], "usage.arguments", "options"),
    ],
)
def test_known_causes_have_a_sentence_and_a_remedy(lines, code, words) -> None:
    error = explain(["Collecting torch>=2.8", *lines], code=1)
    assert error.code == code
    assert words in error.message
    assert len(error.hint) > 10


def test_a_process_that_was_killed_is_named_so() -> None:
    assert "ended from outside" in explain(["Collecting torch"], code=-9).message


def test_other_failures_are_told_in_pips_words() -> None:
    error = explain(["a", "ERROR: something new", "", "Traceback"], code=2)
    assert error.message == "The installation failed: ERROR: something new"
    assert explain(["a", "b"], code=2).message == "The installation failed: b"
    assert explain([], code=2).message == "The installation failed: 2"
