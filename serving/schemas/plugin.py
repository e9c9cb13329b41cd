"""Schemas that a struct cannot say: a request that is one of two shapes."""

from __future__ import annotations

from typing import Any

from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from serving.queue.tasks import MOST_ITEMS
from serving.schemas.predictions import BatchRequest, ByMatch, ByTeams, PredictRequest
from serving.schemas.tasks import TaskRequest


class ExactRequests(OpenAPISchemaPlugin):
    """Shows what is accepted: ``match_id`` alone, or a pairing; and lists of those."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value in (PredictRequest, BatchRequest, TaskRequest)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        shapes = [
            schema_creator.for_field_definition(FieldDefinition.from_annotation(kind)) for kind in (ByMatch, ByTeams)
        ]
        one = Schema(one_of=shapes)
        if field_definition.annotation is PredictRequest:
            return one
        queued = field_definition.annotation is TaskRequest
        items = Schema(type=OpenAPIType.ARRAY, items=one, min_items=1, max_items=MOST_ITEMS if queued else 1000)
        many = Schema(
            type=OpenAPIType.OBJECT, properties={"items": items}, required=["items"], additional_properties=False
        )
        return Schema(one_of=[*shapes, many]) if queued else many
