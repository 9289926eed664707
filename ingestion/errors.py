"""The one base of every error that is shown to a person, in one line and without a traceback."""


class LakeError(Exception):
    """What went wrong, where, and what to do about it; `exit_code` tells kinds apart in scripts."""

    exit_code = 1
