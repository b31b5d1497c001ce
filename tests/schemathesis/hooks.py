"""What schemathesis does before each request."""

import itertools

import schemathesis

NUMBERS = itertools.count()
CHARACTERS_MAX = 200


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives each request an idempotency key of its own, since schemathesis likes to send the same ones: that they belong to another
    request would hide all else. Keys that are unfit stay so; quoted ones are left as they are."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= CHARACTERS_MAX and not key.startswith('"'):
        case.headers["Idempotency-Key"] = f"{key}{next(NUMBERS)}"
