"""`python -m image.smoke`."""

from __future__ import annotations

import sys

from image.smoke.commands import main

sys.exit(main())
