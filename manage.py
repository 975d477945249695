#!/usr/bin/env python
"""Keyosk's command line: `manage.py help` lists the verbs."""

import os
import sys

from config.env import BadSetting
from foundation.keyfile import CannotKeep


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415  # settings must be named first

    try:
        execute_from_command_line(sys.argv)
    except (BadSetting, CannotKeep) as error:
        sys.exit(f"keyosk: {error}")


if __name__ == "__main__":
    main()
