"""GraphQL has no way to say that a limit ends at 100, or how dear a query may be: what is beyond it is
refused, in its place of the answer, with the code of a refusal, or as a whole. The built-in checks take
the one for a failure of the server and the other for one of the schema; this one takes what is neither."""

import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

TEXTS = st.text(max_size=20).map(nodes.String)
PERIODS = st.sampled_from(["7d", "all", "month"]).map(nodes.String)
LEAVES = st.one_of(TEXTS, PERIODS, st.integers(-9, 9).map(nodes.Int), st.booleans().map(nodes.Boolean))

# What a question's filters, order and period are made of.
schemathesis.graphql.scalar(
    "JSON", st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3).map(nodes.List), max_leaves=6)
)

REFUSALS = {"not-answerable", "invalid-request", "not-found"}
LIMIT = " is above the limit of "


@schemathesis.check
def only_refusals(ctx, response, case):
    assert response.status_code < 500, f"status {response.status_code}"
    for error in response.json().get("errors") or []:
        if "path" not in error:
            is_invalid = response.status_code == 400 and "locations" in error
            assert is_invalid or LIMIT in error["message"], error
            continue
        extensions = error.get("extensions") or {}
        assert extensions.get("code") in REFUSALS, error
        for refused in extensions["errors"]:
            assert refused["field"] and refused["detail"], refused
