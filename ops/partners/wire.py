"""XML on the wire: nested JSON to elements and back, and the check against the agreed schemas."""

from __future__ import annotations

import pathlib
import threading
from typing import Any

from lxml import etree

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "config" / "schemas"
#: Elements that may repeat: always a list on the JSON side, also when there is one.
REPEATED = {"damages", "items", "Party", "PropertyDamage", "Policy", "TrxInf", "BillRec", "SubPmt"}

_schemas: dict[str, etree.XMLSchema] = {}
_lock = threading.Lock()


def element(
    namespace: str | None, name: str, content: Any, prefix: str | None = None
) -> etree._Element:
    """An element from nested JSON: a dict holds children in order, a list repeats, None leaves
    out."""
    tag = f"{{{namespace}}}{name}" if namespace else name
    root = etree.Element(tag, nsmap={prefix: namespace} if namespace else None)
    _fill(root, namespace, content)
    return root


def _fill(parent: etree._Element, namespace: str | None, content: Any) -> None:
    if isinstance(content, dict):
        for name, value in content.items():
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    tag = f"{{{namespace}}}{name}" if namespace else name
                    _fill(etree.SubElement(parent, tag), namespace, one)
    elif isinstance(content, bool):
        parent.text = "true" if content else "false"
    else:
        parent.text = str(content)


def fields_of(node: etree._Element) -> dict[str, Any]:
    """An element's children as nested JSON, without namespaces."""
    found: dict[str, Any] = {}
    for child in node.iterchildren(etree.Element):
        name = etree.QName(child).localname
        value: Any = fields_of(child) if len(child) else (child.text or "")
        if name in REPEATED:
            found.setdefault(name, []).append(value)
        elif name in found:
            found[name] = (
                [*found[name], value] if isinstance(found[name], list) else [found[name], value]
            )
        else:
            found[name] = value
    return found


def write(root: etree._Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="UTF-8")


def read(body: bytes) -> etree._Element:
    """Raises etree.XMLSyntaxError. No entities, no network."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    return etree.fromstring(body, parser)


def name_of(root: etree._Element) -> str:
    return etree.QName(root).localname


def invalid(schema: str, root: etree._Element) -> str | None:
    """What is wrong with a document by the agreed schema; None: nothing, or the schema is not at
    hand."""
    with _lock:
        if schema not in _schemas:
            file = SCHEMAS / schema
            if not file.exists():
                return None
            _schemas[schema] = etree.XMLSchema(etree.parse(str(file)))
        checker = _schemas[schema]
        return None if checker.validate(root) else str(checker.error_log.last_error.message)
