"""The proof of identity: choose where the code goes, then send it."""

from __future__ import annotations

from sandbox.wire.call import Call
from sandbox.wire.message import Fields, Response
from sandbox.world.person import Person

_HINTS = {"email": "s*****o@s******.example", "phone_number": "+1 *** ***-**-09"}
# The app's numbers for where the code goes.
_CHOICES = {"0": "phone_number", "1": "email"}
_SENT_AT_ONCE = ("verify_email", "verify_phone")


async def show(call: Call) -> Response:
    """The first step: where the code may be sent."""
    person = _challenged(call)
    if person is None:
        return _unknown()
    step = person.challenge.step
    person.challenge.code_sent = step in _SENT_AT_ONCE
    if step in _SENT_AT_ONCE:
        person.codes_sent.append("email" if step == "verify_email" else "sms")
    hints = {way: _HINTS[way] for way in person.challenge.ways}
    return Response.ok(
        {
            "step_name": step,
            "step_data": {"choice": "1", **hints},
            "nonce_code": call.args[1],
            "user_id": person.pk,
        }
    )


async def take(call: Call) -> Response:
    """The choice of where the code goes, or the code."""
    person = _challenged(call)
    if person is None:
        return _unknown()
    if "choice" in call.form:
        return _send_code(person, str(call.form["choice"]))
    if not person.challenge.code_sent:
        return Response.fail(400, "Choose where to send the code first.")
    if str(call.form.get("security_code")) != person.security_code:
        return Response.fail(400, "Please check the code we sent you and try again.")
    person.met_challenge()
    headers: Fields = ()
    if person.challenge.logs_in:
        headers = (("ig-set-authorization", call.world.sessions.open(person).bearer),)
    return Response.ok({"action": "close"}, headers)


def _send_code(person: Person, choice: str) -> Response:
    if _CHOICES.get(choice) not in person.challenge.ways:
        return Response.fail(400, f"Select a valid choice. {choice} is not one of them.")
    person.challenge.code_sent = True
    way = _CHOICES[choice]
    person.codes_sent.append("email" if way == "email" else "sms")
    step = "verify_email" if way == "email" else "verify_phone"
    data = {"security_code": "None", "contact_point": _HINTS[way], "resend_delay": 60}
    return Response.ok({"step_name": step, "step_data": data})


def _challenged(call: Call) -> Person | None:
    person = call.world.find_person(pk=int(call.args[0]))
    path = f"/challenge/{call.args[0]}/{call.args[1]}/"
    if person is None or path != person.challenge.path:
        return None
    call.entry.account = person.username
    return person


def _unknown() -> Response:
    return Response.fail(404, "No such challenge")
