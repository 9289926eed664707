"""The event loop of `centre_simulation`: numbers in, numbers out, nothing drawn, nothing named.

One long function on purpose: it runs for every call of every simulated day, and calls, objects and
attributes in it would cost more than the work. Instants are whole milliseconds, so the same input
gives the same output to the bit; the source also compiles under `numba.njit` as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush, heapreplace

_BITS = 28  # an event is its instant, shifted by these, plus what happens to whom
FAR_MS = 1 << 34  # an instant after all others that still fits a machine word as an event


def events(  # noqa: C901, PLR0912, PLR0915 - see above
    at: Sequence[int],
    skill: Sequence[int],
    handle: Sequence[int],
    deadline: Sequence[int],
    level: Sequence[int],
    factor: Sequence[float],
    weight: Sequence[float],
    rank: Sequence[int],
    own_from: Sequence[int],
    own: Sequence[int],
    span_from: Sequence[int],
    starts: Sequence[int],
    ends: Sequence[int],
    lender: Sequence[int],
    borrower: Sequence[int],
    delay: Sequence[int],
    reserve: Sequence[int],
    lent_factor: Sequence[float],
    lent_weight: Sequence[float],
    weighted: bool,
) -> tuple[list[int], list[int], list[int]]:
    """Per call who took it (-1: nobody), when, and when the work after it was done.

    Calls, by arrival, and one more that comes last and waits for ever: `at`, `skill`, `handle`,
    `deadline`. Per skill `level`: its priority. At agent × skills + skill: `factor` of handle time,
    `weight` of a waiting millisecond (looked at if `weighted`, instead of `level`), `rank` among
    those to be asked. Of agent a: skills `own[own_from[a]:own_from[a + 1]]`; spans on duty from
    `starts` to `ends`, by `span_from`. Per lending pair: `lender`, `borrower`, `delay`, `reserve`;
    at agent × pairs + pair `lent_factor` and `lent_weight`.

    At one instant shifts end, then shifts start, calls end, lending delays run out, calls come.
    """
    calls, agents, skills, pairs = len(skill) - 1, len(own_from) - 1, len(level), len(lender)
    low, began, ended, waited = (1 << _BITS) - 1, agents, 2 * agents, 3 * agents
    taker, taken, done = [-1] * calls, [0] * calls, [0] * calls
    # A queue is a chain of calls; who has hung up leaves it when it is next looked at.
    follow, head, tail = [calls] * (calls + 1), [calls] * skills, [calls] * skills
    on_duty, busy, since = [False] * agents, [False] * agents, [0] * agents
    turn = 0  # counts who became idle, so that of two agents one has been so for longer
    span = [span_from[a] for a in range(agents)]
    own_of = [[own[i] for i in range(own_from[a], own_from[a + 1])] for a in range(agents)]
    idle_of = [list(range(0)) for _ in range(skills)]  # in the order of being asked
    lent_by = [[p for p in range(pairs) if lender[p] == k] for k in range(skills)]
    lent_to = [[p for p in range(pairs) if borrower[p] == k] for k in range(skills)]
    heap = [FAR_MS << _BITS]
    for a in range(agents):
        if span[a] < span_from[a + 1]:
            heappush(heap, (starts[span[a]] << _BITS) + began + a)

    for c in range(calls + 1):
        limit = (at[c] + 1) << _BITS
        while heap[0] < limit:
            event = heap[0]
            now, code = event >> _BITS, event & low
            if code >= waited:  # somebody may now be lent to the head of this call's queue
                heappop(heap)
                k = skill[code - waited]
                call = head[k]
                while deadline[call] < now:
                    call = follow[call]
                head[k] = call
                if call == calls:
                    continue
                a, pair = -1, -1
                for p in lent_to[k]:
                    idle = idle_of[lender[p]]
                    if len(idle) > reserve[p] and now - at[call] >= delay[p]:
                        b = idle[0]
                        if a < 0 or since[b] < since[a]:
                            a, pair = b, p
                if a >= 0:
                    for s in own_of[a]:
                        idle_of[s].remove(a)
                    head[k] = follow[call]
                    finish = now + int(handle[call] * lent_factor[a * pairs + pair])
                    taker[call], taken[call], done[call] = a, now, finish
                    busy[a] = True
                    heappush(heap, (finish << _BITS) + ended + a)
                continue
            if code >= ended:
                a = code - ended
                if not on_duty[a]:
                    heappop(heap)
                    busy[a] = False
                    continue
            elif code >= began:
                a = code - began
                on_duty[a] = True
                heapreplace(heap, (ends[span[a]] << _BITS) + a)
                if busy[a]:
                    continue
                heappush(heap, event)  # as after a call: one event on top, to be replaced
            else:
                a = code
                on_duty[a] = False
                span[a] += 1
                if span[a] < span_from[a + 1]:
                    heapreplace(heap, (starts[span[a]] << _BITS) + began + a)
                else:
                    heappop(heap)
                if not busy[a]:
                    for s in own_of[a]:
                        idle_of[s].remove(a)
                continue

            # Agent `a` is free: the best of the heads of the own queues, else of those lent to.
            found, best, pace = calls, 0.0, 1.0
            for k in own_of[a]:
                call = head[k]
                if call < calls:
                    if deadline[call] < now:
                        while deadline[call] < now:
                            call = follow[call]
                        head[k] = call
                        if call == calls:
                            continue
                    value = -weight[a * skills + k] * (now - at[call]) if weighted else level[k]
                    if found == calls or value < best or (value == best and call < found):
                        found, best, pace = call, value, factor[a * skills + k]
            if pairs and found == calls:
                for j in own_of[a]:
                    for p in lent_by[j]:
                        k = borrower[p]
                        call = head[k]
                        while deadline[call] < now:
                            call = follow[call]
                        head[k] = call
                        if call == calls or now - at[call] < delay[p]:
                            continue
                        if len(idle_of[j]) < reserve[p]:
                            continue
                        urgency = lent_weight[a * pairs + p] * (now - at[call])
                        value = -urgency if weighted else level[k]
                        if found == calls or value < best or (value == best and call < found):
                            found, best, pace = call, value, lent_factor[a * pairs + p]
            if found < calls:
                head[skill[found]] = follow[found]
                finish = now + int(handle[found] * pace)
                taker[found], taken[found], done[found] = a, now, finish
                busy[a] = True
                heapreplace(heap, (finish << _BITS) + ended + a)
            else:
                heappop(heap)
                busy[a] = False
                turn += 1
                since[a] = turn
                for s in own_of[a]:
                    idle = idle_of[s]
                    place, mine = len(idle), rank[a * skills + s]
                    while place and rank[idle[place - 1] * skills + s] > mine:
                        place -= 1
                    idle.insert(place, a)

        if c == calls:
            break
        k = skill[c]
        if idle_of[k]:
            a = idle_of[k][0]
            for s in own_of[a]:
                idle_of[s].remove(a)
            finish = at[c] + int(handle[c] * factor[a * skills + k])
            taker[c], taken[c], done[c] = a, at[c], finish
            busy[a] = True
            heappush(heap, (finish << _BITS) + ended + a)
        else:
            if head[k] == calls:
                head[k] = c
            else:
                follow[tail[k]] = c
            tail[k] = c
            for p in lent_to[k]:
                if at[c] + delay[p] <= deadline[c]:
                    heappush(heap, ((at[c] + delay[p]) << _BITS) + waited + c)
    return taker, taken, done
