"""`python -m SSLSegmentationLib` is `sslseg`."""

from __future__ import annotations

import sys

from SSLSegmentationLib.cli import main

if __name__ == "__main__":
    sys.exit(main())
