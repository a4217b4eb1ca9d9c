"""Keys are listed, and one that is listed gets revoked: with the key of the run gone, all else would be 401."""

import os

import schemathesis

OWN = os.environ["API_KEY_PREFIX"]
NOBODYS = "aaaaaaaa"


@schemathesis.hook
def before_call(ctx, case, **kwargs):
    if case.operation.path == "/v1/admin/keys/{prefix}" and case.path_parameters.get("prefix") == OWN:
        case.path_parameters["prefix"] = NOBODYS
