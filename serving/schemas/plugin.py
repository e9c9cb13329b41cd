"""Schemas of requests: a request has one of several shapes, and no field besides."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import OpenAPIType, Reference, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from serving.schemas.predictions import BATCH_ITEMS, BatchRequest, ByMatch, ByTeams, PredictRequest
from serving.schemas.tasks import MOST_ITEMS, TaskItems, TaskRequest

BY_MATCH = {"match_id": "57922350ae17bb73"}
BY_TEAMS = {"league": "E0", "home": "Arsenal", "away": "Chelsea", "kickoff": "2027-01-02T15:00:00Z"}
SEVERAL = {"items": [BY_MATCH, BY_TEAMS]}
EVERY_SHAPE = [BY_MATCH, BY_TEAMS, SEVERAL]


class ExactRequests(OpenAPISchemaPlugin):
    """Makes each shape of a request a component, so that a generated client has one type for it in every operation."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value in (ByMatch, ByTeams, PredictRequest, BatchRequest, TaskItems, TaskRequest)

    def to_openapi_schema(  # type: ignore[override]  # the framework takes a reference as well
        self, field_definition: FieldDefinition, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        kind = field_definition.annotation

        def component(struct: type[msgspec.Struct]) -> Reference | Schema:
            return schema_creator.for_field_definition(FieldDefinition.from_annotation(struct))

        if kind in (ByMatch, ByTeams):
            made = _shape(kind)
        elif kind is PredictRequest:
            made = Schema(one_of=[component(ByMatch), component(ByTeams)], examples=[BY_MATCH, BY_TEAMS])
        elif kind is TaskRequest:
            made = Schema(one_of=[component(ByMatch), component(ByTeams), component(TaskItems)], examples=EVERY_SHAPE)
        else:
            made = _list(component(PredictRequest), MOST_ITEMS if kind is TaskItems else BATCH_ITEMS)
        made.title, made.description = kind.__name__, kind.__doc__
        registry, field = schema_creator.schema_registry, FieldDefinition.from_annotation(kind)
        vars(registry.get_schema_for_field_definition(field)).update(vars(made))
        return registry.get_reference_for_field_definition(field) or made


def _list(item: Reference | Schema, most: int) -> Schema:
    """An object that holds 1 to ``most`` items: an ``item`` each, but whatever it is, only that item fails."""
    return Schema(
        type=OpenAPIType.OBJECT,
        properties={
            "items": Schema(type=OpenAPIType.ARRAY, items=Schema(any_of=[item, Schema()]), min_items=1, max_items=most)
        },
        required=["items"],
        additional_properties=False,
        examples=[SEVERAL],
    )


def _shape(struct: type[msgspec.Struct]) -> Schema:
    """An object of texts with exactly the fields of ``struct``."""
    schema = msgspec.json.schema(struct)["$defs"][struct.__name__]
    return Schema(
        type=OpenAPIType.OBJECT,
        properties={name: _field(facts) for name, facts in schema["properties"].items()},
        required=schema["required"],
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
