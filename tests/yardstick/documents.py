"""Judge GraphQL documents and answers by GitHub's published schema definition, which no test of ours could replace.

The definition is built without validating itself: graphql-core rejects GitHub's own, which servers accept.
"""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

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


def check_graphql_answer(body: Any, document: str | None = None, variables: Any = None) -> list[str]:
    """The problems of a 200 from /graphql: data of the described shape and types, or errors each with a message.

    Without the document only the envelope can be judged.
    """
    where = "response /graphql"
    if not isinstance(body, dict) or not ({"data", "errors"} & set(body)):
        return [f"{where}: neither data nor errors"]
    errors = body.get("errors", [])
    if not isinstance(errors, list) or not all(isinstance(one, dict) and "message" in one for one in errors):
        return [f"{where}: errors is a list of objects with a message"]
    data = body.get("data")
    if data is None:
        return [] if errors else [f"{where}: data is null without an error"]
    if document is None or errors or check_graphql(document):
        return []
    return [f"{where}: {problem}" for problem in _shape_problems(document, variables or {}, data)]


def _shape_problems(document: str, variables: dict[str, Any], data: Any) -> list[str]:
    """Answer the document again from the given data: whatever the definition would have made different is wrong."""
    again = execute_sync(
        definition(),
        parse(document),
        root_value=data,
        variable_values=variables,
        field_resolver=_as_answered,
        type_resolver=_type_of,
    )
    if again.errors:
        return [f"{error.message} at {'/'.join(map(str, error.path or []))}" for error in again.errors]
    return [] if again.data == data else ["data holds what the document did not ask for, or lacks what it did"]


def _as_answered(source: Any, info: GraphQLResolveInfo[Any], **_: Any) -> Any:
    """The value under the name that the document gave it (an alias, or the field's own)."""
    return source.get(info.path.key)


def _type_of(value: Any, info: GraphQLResolveInfo[Any], *_: Any) -> str:
    """Which type an interface or union stands for here: as the answer says, else as the document hopes."""
    if "__typename" in value:
        return str(value["__typename"])
    hoped = [
        part.type_condition.name.value
        for node in info.field_nodes
        if isinstance(node, FieldNode) and node.selection_set
        for part in node.selection_set.selections
        if isinstance(part, InlineFragmentNode) and part.type_condition
    ]
    possible = [one.name for one in definition().get_possible_types(info.return_type)]  # type: ignore[arg-type]
    return next((name for name in hoped if name in possible), possible[0])
