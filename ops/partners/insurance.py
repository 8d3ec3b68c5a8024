#!/usr/bin/python3
"""The insurance registry (SOAP): policies of vehicles and approval letters of insurers. Without an
act a vehicle has one policy, expired before the accident, and every letter is VALID."""

from __future__ import annotations

import datetime
import threading
from typing import Any

from doors import needed, run
from faults import BadRequest
from soap import Operation, SoapFault, SoapPartner

STATUSES = ("ACTIVE", "EXPIRED", "CANCELLED", "SUSPENDED")
RESULTS = ("VALID", "INVALID", "UNKNOWN", "PENDING", "AMOUNT_SHORT", "ALREADY_USED")


class Insurance(SoapPartner):
    name = "insurance"
    namespace, prefix = "urn:jo:insurance:1", "ins"
    fault_element, schema = "InsuranceFault", "insurance.xsd"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._lock = threading.Lock()
        self._policies: dict[tuple[str, str], dict[str, Any]] = {}
        self._letters: dict[str, list[str]] = {}
        self.operations = {
            "InquirePolicy": Operation(
                self._inquire, lambda f: f"{f.get('PlateCode')}-{f.get('PlateNo')}"
            ),
            "VerifyApprovalLetter": Operation(self._verify, lambda f: f.get("LetterRef")),
        }
        self.act(
            "policy",
            self.policy,
            "a vehicle's policy: status is one of ACTIVE, EXPIRED, CANCELLED, "
            "SUSPENDED, or none (no record), or fault NO_POLICY or UNAVAILABLE; or a list "
            "`policies`",
            plateCode="20",
            plateNo="12345",
            status="ACTIVE",
        )
        self.act(
            "letter",
            self.letter,
            "what VerifyApprovalLetter answers, one a request, the last for good",
            letterRef="L-1",
            results=["PENDING", "VALID"],
        )

    # What the hub asks.

    def _inquire(self, asked: dict[str, Any]) -> dict[str, Any]:
        plate = (asked["PlateCode"], asked["PlateNo"])
        with self._lock:
            said = self._policies.get(plate, {"status": "EXPIRED"})
        if said.get("fault"):
            raise SoapFault(said["fault"], f"the registry says {said['fault']}")
        as_of = datetime.date.fromisoformat(asked["AsOf"])
        if "policies" in said:
            policies = [_policy(p, plate, as_of) for p in said["policies"]]
        elif said["status"] == "none":
            policies = []
        else:
            policies = [_policy(said, plate, as_of)]
        if self.faults.take("InquirePolicy", among=("duplicate",)):
            policies *= 2
        return {"Policy": policies}

    def _verify(self, asked: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            results = self._letters.get(asked["LetterRef"], ["VALID"])
            return {"Result": results.pop(0) if len(results) > 1 else results[0]}

    # What its people do.

    def policy(self, fields: dict[str, Any]) -> None:
        plate = (needed(fields, "plateCode"), needed(fields, "plateNo"))
        if "policies" not in fields and "fault" not in fields:
            if needed(fields, "status") not in (*STATUSES, "none"):
                raise BadRequest(f"status is none or one of {', '.join(STATUSES)}")
        if fields.get("fault") not in (None, "NO_POLICY", "UNAVAILABLE"):
            raise BadRequest("fault is NO_POLICY or UNAVAILABLE")
        with self._lock:
            self._policies[plate] = {"status": "EXPIRED", **fields}

    def letter(self, fields: dict[str, Any]) -> None:
        results = fields.get("results") or ["VALID"]
        if not isinstance(results, list) or any(r not in RESULTS for r in results):
            raise BadRequest(f"results is a list of {', '.join(RESULTS)}")
        with self._lock:
            self._letters[needed(fields, "letterRef")] = list(results)


def _policy(said: dict[str, Any], plate: tuple[str, str], as_of: datetime.date) -> dict[str, Any]:
    """Valid around the day asked for, or expired five weeks before it."""
    status = said.get("status", "ACTIVE")
    start = as_of - datetime.timedelta(days=400 if status == "EXPIRED" else 100)
    end = start + datetime.timedelta(days=364)
    limit = said.get("propertyLimit")
    return {
        "PolicyNo": said.get("policyNo") or f"P-{plate[0]}-{plate[1]}",
        "InsurerCode": said.get("insurerCode", "JIC"),
        "InsurerNameAr": said.get("insurerNameAr", "شركة التأمين الأردنية"),
        "Cover": said.get("cover", "TPL"),
        "ValidFrom": said.get("validFrom", start.isoformat()),
        "ValidTo": said.get("validTo", end.isoformat()),
        "Status": status,
        "PropertyLimit": limit,
    }


if __name__ == "__main__":
    run(Insurance)
