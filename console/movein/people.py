"""Move people with their balances: a chunk of people, their wallets' opening journal and the note of their origin in one transaction."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts import arrivals
from accounts.arrivals import Arrival
from billing import openings
from console.movein import records
from console.movein.records import Person
from console.movein.world import World, chunks

KIND = "people"
LONGEST_NAME = 60


class CannotMove(Exception):
    """The move would be wrong as a whole; nothing was changed. The message says what to do."""


def move(world: World) -> None:
    """Move everybody who has not come yet. Raises CannotMove before the first change when the stock does not cover the sum."""
    found = list(_read(world))
    _refuse_other_database(world, found)
    people = [person for person in found if person.id not in world.known]
    _refuse_uncovered(world, people)
    taken: set[str] = set()
    for chunk in chunks(people):
        _move_chunk(world, chunk, taken)
    world.report.count(KIND, "known", len(world.known))


def _read(world: World) -> Iterator[Person]:
    for row in world.source.rows("users"):
        person = records.person(row)
        if person is None:
            world.report.count(KIND, "left")
        else:
            yield person


def _refuse_other_database(world: World, found: list[Person]) -> None:
    """A label stands for one database: who has come under it must be there under the same names."""
    names = {person.id: person.username for person in found}
    others = sum(names.get(number, name) != name for number, name in world.known.items())
    if others > len(world.known) // 2:
        told = f"{others} of {len(world.known)} names differ"
        raise CannotMove(f"the label {world.label} was used for another database ({told}): give --label")


def _refuse_uncovered(world: World, people: list[Person]) -> None:
    total = sum(max(0, _balance(world, person)) for person in people)
    short = openings.missing(tenant=world.tenant, micros=total)
    if short:
        raise CannotMove(
            f"balances of {total:,} µ$ come in, and the stock of {world.tenant.slug} lacks {short:,} µ$ of that: buy quota first"
        )


def _balance(world: World, person: Person) -> int:
    return person.balance_micros if world.with_staff_balances or not person.is_staff else 0


def _move_chunk(world: World, people: list[Person], taken: set[str]) -> None:
    emails, usernames = _emails(world, people, taken), _usernames(world, people, taken)
    balances = {person.id: _balance(world, person) for person in people}
    for person in people:
        _tell(world, person, balances[person.id])
    world.report.count(KIND, "moved", len(people))
    world.report.sums["in the source, µ$"] = world.report.sums.get("in the source, µ$", 0) + sum(balances.values())
    if world.is_rehearsal:
        world.members.update({person.id: 0 for person in people})
        return
    coming = [_arrival(person, emails.get(person.id), usernames[person.id]) for person in people]
    with transaction.atomic():
        made = arrivals.add_people(tenant=world.tenant, source=world.label, arrivals=coming)
        openings.open_balances(
            tenant=world.tenant,
            balances=[(made[number], micros) for number, micros in balances.items() if micros],
            key=f"{world.reference}:{people[0].id}",
            reference=world.reference,
        )
    world.members.update(made)


def _arrival(person: Person, email: str | None, username: str) -> Arrival:
    return Arrival(
        foreign_id=person.id,
        foreign_name=person.username,
        username=username,
        email=email,
        name=person.name,
        password=f"bcrypt${person.password}" if person.password else "",
        group=person.group,
        is_active=person.is_active,
    )


def _emails(world: World, people: list[Person], taken: set[str]) -> dict[int, str]:
    """Return who keeps which address: the first of several, none that is none."""
    found: dict[int, str] = {}
    for person in people:
        if not person.email:
            continue
        try:
            validate_email(person.email)
        except ValidationError:
            world.report.say(KIND, person.id, f"{person.email} is no address: signs in by username")
            continue
        if f"e:{person.email}" in taken:
            world.report.say(KIND, person.id, f"{person.email} belongs to somebody before: signs in by username")
            continue
        taken.add(f"e:{person.email}")
        found[person.id] = person.email
    for address in arrivals.people_by_email(found.values()):
        number = next(number for number, email in found.items() if email == address)
        world.report.say(KIND, number, f"{address} is known here: joined to that person, whose password stays")
    return found


def _usernames(world: World, people: list[Person], taken: set[str]) -> dict[int, str]:
    """Return the names to sign in by. One that is in use, or looks like an address, is changed, and the operator told."""
    wanted = {person.id: person.username[:LONGEST_NAME].replace("@", "_") or f"user-{person.id}" for person in people}
    there = arrivals.usernames_taken(tenant=world.tenant, names=wanted.values())
    for person in people:
        name = wanted[person.id]
        if name in there or f"n:{name}" in taken:
            name = f"{name[: LONGEST_NAME - 20]}-{person.id}"
        if name != person.username:
            world.report.say(KIND, person.id, f"the username {person.username} becomes {name}")
        taken.add(f"n:{name}")
        wanted[person.id] = name
    return wanted


def _tell(world: World, person: Person, moved: int) -> None:
    if person.is_staff:
        world.report.say(
            KIND, person.id, f"{person.username} was staff there and is a customer here: invite them where they shall be staff"
        )
    if moved != person.balance_micros:
        world.report.say(KIND, person.id, f"{person.username}'s balance of {person.balance_micros:,} µ$ stays behind (staff)")
    if moved < 0:
        world.report.say(KIND, person.id, f"{person.username} owes {-moved:,} µ$, paid from what comes in next")
