#!/usr/bin/python3
"""The traffic department: serves accident sketches and releases holds on vehicles (SOAP), and tells
the hub when a sketch was amended. Without an act every sketch is FINAL, the vehicle asked for is at
fault for 100 %, and asphalt and a light pole of the municipality are damaged."""

from __future__ import annotations

import http.client
import threading
from typing import Any

import hub
import wire
from doors import needed, run
from faults import BadRequest
from soap import XML, Operation, SoapFault, SoapPartner, basic, envelope

MUNICIPALITY = "GAM"
RETRY_SECONDS = 0.2
NOTICES = "/traffic/notices"
FAULTS = (
    "NOT_FOUND",
    "NOT_A_PARTY",
    "NOT_FINAL",
    "PLATE_MISMATCH",
    "UNAVAILABLE",
    "NO_HOLD",
    "ALREADY_RELEASED",
)
DESCRIPTIONS = {
    "ASPHALT": "تلف في الإسفلت",
    "KERB": "كسر في الأطاريف",
    "LIGHT_POLE": "عمود إنارة",
    "TRAFFIC_SIGNAL": "إشارة ضوئية",
    "TREE": "شجرة",
    "WASTE_CONTAINER": "حاوية نفايات",
}
Plate = tuple[str, str]


class Traffic(SoapPartner):
    name = "traffic"
    namespace, prefix = "urn:jo:traffic:1", "tr"
    fault_element, schema = "TrafficFault", "traffic.xsd"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._lock = threading.RLock()
        self._sketches: dict[str, dict[str, Any]] = {}
        self._askers: dict[str, list[Plate]] = {}
        self._holds: dict[tuple[str, str, str], str] = {}
        self._release_faults: dict[tuple[str, str], list[str | None]] = {}
        self._released: dict[str, dict[str, Any]] = {}
        self._requests: dict[str, int] = {}
        self.operations = {
            "GetAccidentSketch": Operation(self._get_sketch, lambda f: f.get("SketchNo")),
            "ReleaseHold": Operation(self._release, lambda f: f.get("RequestId")),
        }
        self._register()

    def _register(self) -> None:
        self.act(
            "sketch",
            self.sketch,
            "what a sketch says; status and fault may be lists, one an inquiry, "
            "the last for good; faultPercent is that of the vehicle asked for",
            sketchNo="S-1",
            status="FINAL",
            version=1,
            faultPercent=100,
            damages=["ASPHALT"],
            parties=[{"plateCode": "20", "plateNo": "12345", "faultPercent": 100}],
            fault=None,
        )
        self.act(
            "amend",
            self.amend,
            "the sketch becomes AMENDED with the next version, and the hub is "
            "told (notify false: it is not)",
            sketchNo="S-1",
            damages=["KERB"],
        )
        self.act(
            "hold",
            self.hold,
            "the state of a vehicle's hold: HELD (without an act), RELEASED, NONE",
            sketchNo="S-1",
            plateCode="20",
            plateNo="12345",
            state="NONE",
        )
        self.act(
            "release-fault",
            self.release_fault,
            "what ReleaseHold answers for a vehicle; a list: one "
            "a request, the last for good; null: as usual",
            plateCode="20",
            plateNo="12345",
            fault=["UNAVAILABLE", None],
        )
        self.act(
            "notice",
            self.notice,
            "SketchAmended about any vehicles, known or not",
            sketchNo="S-1",
            version=2,
            parties=[{"plateCode": "20", "plateNo": "12345"}],
        )

    def summary(self) -> dict[str, Any]:
        with self._lock:
            return {
                "releases": {
                    key: {"requests": count, "effective": int(key in self._released)}
                    for key, count in self._requests.items()
                },
                "holds": {"/".join(hold): state for hold, state in self._holds.items()},
            }

    # What the hub asks.

    def _get_sketch(self, asked: dict[str, Any]) -> dict[str, Any]:
        number, plate = asked["SketchNo"], (asked["PlateCode"], asked["PlateNo"])
        with self._lock:
            said = self._sketches.setdefault(number, {})
            fault, status = _next(said, "fault"), _next(said, "status") or "FINAL"
            if fault:
                raise SoapFault(fault, f"the traffic department says {fault}")
            askers = self._askers.setdefault(number, [])
            if plate not in askers:
                askers.append(plate)
            parties = self._parties(said, plate, asked["RequesterId"])
            damages = [_damage(d) for d in said.get("damages", ["ASPHALT", "LIGHT_POLE"])]
            version = said.get("version", 1)
        place = {
            "Governorate": "العاصمة",
            "Area": "عبدون",
            "Street": "شارع الملكة زين الشرف",
            "Lat": "31.9539",
            "Lon": "35.8801",
            **(said.get("location") or {}),
        }
        return {
            "SketchNo": number,
            "IssuedBy": "إدارة السير - عمان",
            "OccurredAt": said.get("occurredAt") or f"{asked['AccidentDate']}T09:30:00+03:00",
            "Location": place,
            "Party": parties,
            "PropertyDamage": damages,
            "Status": status,
            "Version": version,
            "DocumentRef": said.get("documentRef") or f"sketch/{number}/{version}",
        }

    def _parties(self, said: dict[str, Any], plate: Plate, requester: str) -> list[dict[str, Any]]:
        if said.get("parties") is not None:
            return [_party(p) for p in said["parties"]]
        percent = int(said.get("faultPercent", 100))
        parties = [
            _party(
                {
                    "plateCode": plate[0],
                    "plateNo": plate[1],
                    "faultPercent": percent,
                    "idNo": requester,
                }
            )
        ]
        if percent < 100:
            parties.append(
                _party({"plateCode": "30", "plateNo": "54321", "faultPercent": 100 - percent})
            )
        return parties

    def _release(self, asked: dict[str, Any]) -> dict[str, Any]:
        request, plate = asked["RequestId"], (asked["PlateCode"], asked["PlateNo"])
        hold = (asked["SketchNo"], *plate)
        with self._lock:
            self._requests[request] = self._requests.get(request, 0) + 1
            fault = self._release_faults.get(plate)
            code = (fault.pop(0) if len(fault) > 1 else fault[0]) if fault else None
            if code:
                raise SoapFault(code, f"the traffic department says {code}")
            if request in self._released:
                return self._released[request]
            state = self._holds.get(hold) or self._holds.get(("*", *plate), "HELD")
            if state != "HELD":
                raise SoapFault(
                    "NO_HOLD" if state == "NONE" else "ALREADY_RELEASED", f"the hold is {state}"
                )
            self._holds[hold] = "RELEASED"
            answer = {
                "ReleaseNo": f"R-{len(self._released) + 1:06d}",
                "ReleasedAt": self.hub.now() or asked["DecidedAt"],
            }
            self._released[request] = answer
            self.ledger.add(
                "act",
                "HoldReleased",
                request,
                {"sketchNo": hold[0], "plateCode": hold[1], "plateNo": hold[2], **answer},
            )
            return answer

    # What its people do.

    def sketch(self, fields: dict[str, Any]) -> None:
        known = {
            "sketchNo",
            "status",
            "version",
            "faultPercent",
            "damages",
            "parties",
            "fault",
            "location",
            "occurredAt",
            "documentRef",
        }
        if unknown := set(fields) - known:
            raise BadRequest(
                f"a sketch has {', '.join(sorted(known))}, not {', '.join(sorted(unknown))}"
            )
        _check_codes(fields.get("fault"))
        with self._lock:
            said = self._sketches.setdefault(needed(fields, "sketchNo"), {})
            said.update(
                {
                    name: list(value) if isinstance(value, list) else value
                    for name, value in fields.items()
                    if name != "sketchNo"
                }
            )

    def amend(self, fields: dict[str, Any]) -> dict[str, Any]:
        number = needed(fields, "sketchNo")
        with self._lock:
            said = self._sketches.setdefault(number, {})
            said.update(
                {n: v for n, v in fields.items() if n not in ("sketchNo", "notify", "version")}
            )
            said["version"] = int(fields.get("version") or said.get("version", 1) + 1)
            said["status"] = "AMENDED"
            plates = (
                [(p["plateCode"], p["plateNo"]) for p in said["parties"]]
                if said.get("parties")
                else list(self._askers.get(number, []))
            )
            version = said["version"]
        if fields.get("notify", True) and plates:
            self._notify(number, version, plates)
        return {"version": version, "parties": len(plates)}

    def notice(self, fields: dict[str, Any]) -> None:
        parties = fields.get("parties")
        if not isinstance(parties, list) or not parties:
            raise BadRequest("parties is a list of {plateCode, plateNo}")
        plates = [(needed(p, "plateCode"), needed(p, "plateNo")) for p in parties]
        self._notify(needed(fields, "sketchNo"), int(fields.get("version", 2)), plates)

    def hold(self, fields: dict[str, Any]) -> None:
        state = fields.get("state", "HELD")
        if state not in ("HELD", "RELEASED", "NONE"):
            raise BadRequest("state is one of HELD, RELEASED, NONE")
        plate = (needed(fields, "plateCode"), needed(fields, "plateNo"))
        with self._lock:
            self._holds[(str(fields.get("sketchNo") or "*"), *plate)] = state

    def release_fault(self, fields: dict[str, Any]) -> None:
        fault = fields.get("fault")
        _check_codes(fault)
        with self._lock:
            self._release_faults[needed(fields, "plateCode"), needed(fields, "plateNo")] = (
                list(fault) if isinstance(fault, list) else [fault]
            )

    # The notice to the hub: sent until it is answered.

    def _notify(self, number: str, version: int, plates: list[Plate]) -> None:
        content = {
            "SketchNo": number,
            "Version": version,
            "Party": [
                {"PlateCode": code, "PlateNo": no, "SketchNo": number, "Version": version}
                for code, no in plates
            ],
        }
        body = envelope(wire.element(self.namespace, "SketchAmended", content, self.prefix))
        fault = self.faults.take("SketchAmended", among=("duplicate",))
        for _ in range(2 if fault else 1):
            self.busy.add(1)
            threading.Thread(target=self._tell, args=(number, content, body), daemon=True).start()

    def _tell(self, number: str, content: dict[str, Any], body: bytes) -> None:
        headers = {
            "Content-Type": XML,
            "SOAPAction": f'"{self.namespace}/SketchAmended"',
            "Authorization": basic("traffic", self.secret("soap-traffic") or ""),
        }
        try:
            again = None
            while True:
                self.ledger.add("out", "SketchAmended", number, content, again=again)
                answer = self._exchange(body, headers)
                if answer is not None:
                    status, text = answer
                    self.ledger.add(
                        "in",
                        "SketchAmendedResponse",
                        number,
                        {"status": status},
                        raw=text.decode("utf-8", "replace"),
                    )
                    if status < 500 or b"soap:Client" in text or b":Client<" in text:
                        return
                again = True
                threading.Event().wait(RETRY_SECONDS)
        finally:
            self.busy.add(-1)

    def _exchange(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes] | None:
        try:
            return hub.request(self.hub.wait_for("http"), "POST", NOTICES, body, headers)
        except (OSError, http.client.HTTPException):
            return None


def _next(said: dict[str, Any], name: str) -> Any:
    """The value, or the next of a list; the last stays."""
    value = said.get(name)
    if isinstance(value, list):
        return value.pop(0) if len(value) > 1 else (value[0] if value else None)
    return value


def _check_codes(fault: Any) -> None:
    for code in fault if isinstance(fault, list) else [fault]:
        if code is not None and code not in FAULTS:
            raise BadRequest(f"fault is null or one of {', '.join(FAULTS)}")


def _party(said: dict[str, Any]) -> dict[str, Any]:
    code, number = str(said.get("plateCode", "")), str(said.get("plateNo", ""))
    names = said.get("names") or ["أحمد", "محمد", "علي", "الخطيب"]
    return {
        "Role": said.get("role", "DRIVER"),
        **{f"NameAr{i + 1}": name for i, name in enumerate(names)},
        "IdType": said.get("idType", "NATIONAL"),
        "IdNo": said.get("idNo", "9901234567"),
        "PlateCode": code,
        "PlateNo": number,
        "ChassisNo": said.get("chassisNo", f"CH{code}{number}"[:20]),
        "LicenceNo": said.get("licenceNo", f"LC{number}"[:20]),
        "FaultPercent": said.get("faultPercent", 0),
        "Insurer": said.get("insurer"),
        "PolicyNo": said.get("policyNo"),
    }


def _damage(said: Any) -> dict[str, str]:
    given = said if isinstance(said, dict) else {"type": said}
    kind = str(given.get("type", "ASPHALT"))
    return {
        "Owner": given.get("owner", MUNICIPALITY),
        "Type": kind,
        "DescriptionAr": given.get("descriptionAr")
        or DESCRIPTIONS.get(kind, "أضرار في ملك الأمانة"),
    }


if __name__ == "__main__":
    run(Traffic)
