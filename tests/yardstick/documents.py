"""Judge GraphQL documents and answers by GitHub's published schema definition, which no test of ours could replace.

The definition is built without validating itself: graphql-core rejects GitHub's own, which servers accept.
"""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema, parse, validate

SDL = Path(__file__).parent / "graphql.sdl.gz"


@cache
def definition() -> GraphQLSchema:
    """GitHub's GraphQL schema as vendored."""
    text = gzip.decompress(SDL.read_bytes()).decode()
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)


def check_graphql(document: str) -> list[str]:
    """The problems of a document: syntax, unknown fields and arguments, wrong types, missing variables."""
    try:
        return [f"graphql: {error.message}" for error in validate(definition(), parse(document))]
    except GraphQLError as error:
        return [f"graphql: {error.message}"]


def check_graphql_answer(body: Any) -> list[str]:
    """The problems of a 200 from /graphql: it carries data, or errors each with a message."""
    if not isinstance(body, dict) or not ({"data", "errors"} & set(body)):
        return ["response /graphql: neither data nor errors"]
    errors = body.get("errors", [])
    if not isinstance(errors, list) or not all(isinstance(one, dict) and "message" in one for one in errors):
        return ["response /graphql: errors is a list of objects with a message"]
    return [] if body.get("data") is not None or errors else ["response /graphql: data is null without an error"]
