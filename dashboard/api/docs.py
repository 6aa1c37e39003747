"""`/api/v1/docs`: every call, parameter and answer on one plain page, made from the OpenAPI document.

Swagger UI and ReDoc are scripts of half a megabyte and more that want inline styles, which our Content Security Policy
refuses; a template needs neither, reads well without a script and on a phone, and is searched by the browser.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from dashboard.api.examples import curl


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body or an answer; `kind` as people write types."""

    name: str
    kind: str
    required: bool
    told: str = ""
    place: str = ""


@dataclass(frozen=True)
class Described:
    """A call: what it takes and what it gives."""

    tag: str
    method: str
    path: str
    told: str
    parameters: list[Field]
    body: str
    status: str
    answer: str
    example: str


@dataclass(frozen=True)
class Shape:
    """A named object of the answers and bodies."""

    name: str
    told: str
    fields: list[Field] = field(default_factory=list)


class OnePage(DocsBase):
    """Instead of Swagger's page: nothing inline, nothing from elsewhere, readable without a script."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        schema = api.get_openapi_schema(path_params=kwargs)
        calls = list(calls_of(schema, request.build_absolute_uri("/").rstrip("/")))
        groups = [(tag, list(some)) for tag, some in groupby(calls, key=lambda call: call.tag)]
        shapes = shapes_of(schema["components"]["schemas"])
        context = {
            "told": api.description,
            "groups": groups,
            "shapes": shapes,
            "url": self.get_openapi_url(api, kwargs),
        }
        return render(request, "api/docs.html", context)


def calls_of(schema: dict[str, Any], origin: str) -> Iterator[Described]:
    """All calls of an OpenAPI document, those of one tag together; examples are sent to `origin`."""
    found = [
        (call["tags"][0], path, method, call)
        for path, calls in schema["paths"].items()
        for method, call in calls.items()
    ]
    tags = list(dict.fromkeys(tag for tag, *_ in found))
    for tag, path, method, call in sorted(found, key=lambda one: tags.index(one[0])):
        status = next(str(code) for code in call["responses"] if str(code).startswith("2"))
        yield Described(
            tag=tag,
            method=method.upper(),
            path=path,
            told=call.get("description", ""),
            parameters=[_parameter(one) for one in call["parameters"]],
            body=_content_kind(call.get("requestBody", {})),
            status=status,
            answer=_content_kind(call["responses"].get(status) or call["responses"][int(status)]),
            example=curl(method.upper(), path, call["operationId"], origin),
        )


def shapes_of(schemas: dict[str, Any]) -> list[Shape]:
    """Named objects by name, each with its fields."""
    return [
        Shape(name, schema.get("description", ""), list(_fields(schema)))
        for name, schema in sorted(schemas.items())
        if "properties" in schema
    ]


def _fields(schema: dict[str, Any]) -> Iterator[Field]:
    required = schema.get("required", [])
    for name, one in schema["properties"].items():
        yield Field(name, kind_of(one), name in required, one.get("description", ""))


def _parameter(one: dict[str, Any]) -> Field:
    kind = kind_of(one["schema"]).removesuffix(" or null")  # what is left out, nobody writes as null in a query
    return Field(one["name"], kind, one["required"], one.get("description", ""), one["in"])


def _content_kind(part: dict[str, Any]) -> str:
    content = part.get("content", {}).get("application/json")
    return kind_of(content["schema"]) if content else ""


def kind_of(schema: dict[str, Any]) -> str:
    """A JSON schema as people write types: `text`, `[Sandbox]`, `number or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_of(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"[{kind_of(schema.get('items') or {})}]"
    if schema.get("format") == "date-time":
        return "time"
    names = {"string": "text", "integer": "int", "object": "object", "boolean": "true or false"}
    kind = str(schema.get("type", "anything"))
    return names.get(kind, kind)
