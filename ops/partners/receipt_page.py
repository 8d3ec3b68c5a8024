"""The receipt as the portal takes it: its page as one that a browser shows, and whether it says
what the data beside it say."""

from __future__ import annotations

import copy
import re
from typing import Any

from lxml import etree, html

XHTML = "http://www.w3.org/1999/xhtml"
#: What must stand on the page as it is in the data.
ON_PAGE = ("receiptNo", "billingNo", "amount", "amountInWords", "transaction", "verificationCode")


def page_of(receipt: etree._Element) -> str:
    """The page in HTML's syntax; empty where there is none."""
    found = receipt.find(f"{{*}}page/{{{XHTML}}}html")
    if found is None:
        return ""
    page = copy.deepcopy(found)
    html.xhtml_to_html(page)
    etree.cleanup_namespaces(page)
    return str(html.tostring(page, doctype="<!DOCTYPE html>", encoding="unicode", with_tail=False))


def problem(fields: dict[str, Any], page: str) -> str | None:
    """What is wrong with it; None: nothing."""
    if not page:
        return "the receipt has no page"
    shown = html.fromstring(page)
    if shown.get("dir") != "rtl" or shown.get("lang") != "ar":
        return "the page is not in Arabic from right to left"
    for style in shown.iter("style"):
        style.drop_tree()
    text = re.sub(r"\s+", " ", shown.text_content())
    for name in ON_PAGE:
        if fields[name] not in text:
            return f"the page lacks {name}"
    if not fields["verificationUrl"].endswith("?code=" + fields["verificationCode"]):
        return "the address does not lead to the code"
    return None
