"""Schemas that a struct cannot say: a request that is one of two shapes, and has no field beside theirs."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from serving.queue.tasks import MOST_ITEMS
from serving.schemas.predictions import BatchRequest, ByMatch, ByTeams, PredictRequest
from serving.schemas.tasks import TaskRequest

BY_MATCH = {"match_id": "57922350ae17bb73"}
BY_TEAMS = {"league": "E0", "home": "Arsenal", "away": "Chelsea", "kickoff": "2027-01-02T15:00:00Z"}


class ExactRequests(OpenAPISchemaPlugin):
    """Shows what is accepted: ``match_id`` alone, or a pairing; and lists of those."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value in (PredictRequest, BatchRequest, TaskRequest)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        one = Schema(title="PredictRequest", one_of=[_shape(ByMatch), _shape(ByTeams)], examples=[BY_MATCH, BY_TEAMS])
        if field_definition.annotation is PredictRequest:
            return one
        if field_definition.annotation is BatchRequest:
            return _list(BatchRequest, one, 1000)
        many = _list(TaskRequest, one, MOST_ITEMS)
        shapes = [_shape(ByMatch), _shape(ByTeams), many]
        return Schema(title="TaskRequest", one_of=shapes, examples=[BY_MATCH, BY_TEAMS, *(many.examples or [])])


def _list(struct: type[msgspec.Struct], item: Schema, most: int) -> Schema:
    """An object that holds 1 to ``most`` of ``item``."""
    return Schema(
        type=OpenAPIType.OBJECT,
        title=struct.__name__,
        description=struct.__doc__,
        properties={"items": Schema(type=OpenAPIType.ARRAY, items=item, min_items=1, max_items=most)},
        required=["items"],
        additional_properties=False,
        examples=[{"items": [BY_MATCH, BY_TEAMS]}],
    )


def _shape(struct: type[msgspec.Struct]) -> Schema:
    """An object of texts with exactly the fields of ``struct``."""
    told = msgspec.json.schema(struct)["$defs"][struct.__name__]
    return Schema(
        type=OpenAPIType.OBJECT,
        title=struct.__name__,
        description=struct.__doc__,
        properties={name: _field(facts) for name, facts in told["properties"].items()},
        required=told["required"],
        additional_properties=False,
    )


def _field(facts: dict[str, Any]) -> Schema:
    return Schema(
        type=OpenAPIType(facts["type"]),
        format=facts.get("format"),
        description=facts.get("description"),
        examples=facts.get("examples"),
        min_length=facts.get("minLength"),
        max_length=facts.get("maxLength"),
        pattern=facts.get("pattern"),
    )
