"""A passive clause in the active voice: "a tube was placed by the team", "the team placed a tube".

Each clause is converted as a whole: subject and agent are exchanged, everything else stays with the verb.
"""

from collections.abc import Iterator

from asyncgen.quality.checks.vocabulary import word_set

Words = tuple[str, ...]

_BE = word_set("is are was were be been being")
_PRESENT = {"is", "are"}
_PAST = {"was", "were"}
_PERFECTS = {"has": ("has", "have"), "have": ("has", "have"), "had": ("had",)}
_MODAL = word_set("will would can could should must may")
_ENDS = {".", ";", ":"}
_LINKS = word_set("and but where which while ,")
_AGENTS = tuple(
    tuple(agent.split())
    for agent in """
        we
        they
        the team
        the surgical team
        the medical team
        the care team
        the staff
        the physician
        physicians
        the treating physician
        the doctor
        doctors
        the surgeon
        surgeons
        the clinician
        clinicians
        the provider
    """.strip().splitlines()
)
"""Those who act in a clinic, if the passive voice does not name them."""
_LONGEST_AGENT = 5  # words, of the agents above and those a note names
_LEAST_CLAUSE = 3  # words: subject, verb, participle
_PARTICLES = word_set("out off up down away back")
_OBJECTS = {"he": "him", "she": "her", "they": "them", "i": "me", "we": "us"}
_VERBS = tuple(
    line.split()
    for line in """
        give gave given
        take took taken
        begin began begun
        see saw seen
        draw drew drawn
        do did done
        choose chose chosen
        know knew known
        show showed shown
        write wrote written
        withdraw withdrew withdrawn
        break broke broken
        bite bit bitten
        find found found
        make made made
        hold held held
        keep kept kept
        leave left left
        bring brought brought
        tell told told
        send sent sent
        feel felt felt
        hear heard heard
        put put put
        cut cut cut
        set set set
        hit hit hit
        read read read
        lose lost lost
        feed fed fed
    """.strip().splitlines()
)
_BASES = {participle: base for base, _, participle in _VERBS}
_PASTS = {participle: past for _, past, participle in _VERBS}


def in_active_voice(words: Words) -> Iterator[Words]:
    """The passage once for each way to convert one of its passive clauses."""
    for begin, end in _clauses(words):
        clause = words[begin:end]
        for verb in range(2, len(clause)):
            group = _verb_group(clause, verb)
            if group is None or not group[0]:
                continue
            first, forms = group
            thing = _as_object(clause[:first])
            for agent, rest in _agents(clause[verb + 1 :]):
                for form in forms:
                    for behind in _behind_verb(thing, rest):
                        yield words[:begin] + agent + form + behind + words[end:]


def _clauses(words: Words) -> Iterator[tuple[int, int]]:
    """Possible beginnings and ends of clauses: at marks, or on either side of a conjunction."""
    cuts = {0, len(words)}
    for place, word in enumerate(words):
        if word in _ENDS or word in _LINKS:
            cuts |= {place, place + 1}
    places = sorted(cuts)
    for n, begin in enumerate(places):
        for end in places[n + 1 :]:
            if end - begin >= _LEAST_CLAUSE:
                yield begin, end
            if end < len(words) and words[end] in _ENDS:
                break


def _verb_group(clause: Words, verb: int) -> tuple[int, list[Words]] | None:
    """The start of a passive clause's verb, given its participle, and its active forms."""
    participle, be = clause[verb], clause[verb - 1]
    if be not in _BE or not (participle.endswith("ed") or participle in _BASES):
        return None
    before = clause[verb - 2]
    if be == "been" and before in _PERFECTS:
        return verb - 2, [(perfect, participle) for perfect in _PERFECTS[before]]
    if be == "be" and before in _MODAL:
        return verb - 2, [(before, base) for base in _bases(participle)]
    if be in _PAST:
        return verb - 1, [(_PASTS.get(participle, participle),)]
    if be in _PRESENT:
        return verb - 1, [(form,) for base in _bases(participle) for form in (base, _third(base))]
    return None


def _agents(rest: Words) -> Iterator[tuple[Words, Words]]:
    """The agent, and the rest after the verb."""
    if "by" not in rest:
        for agent in _AGENTS:
            yield agent, rest
        return
    place = rest.index("by")
    for end in range(place + 2, min(len(rest), place + 1 + _LONGEST_AGENT) + 1):
        yield rest[place + 1 : end], rest[:place] + rest[end:]


def _behind_verb(thing: Words, rest: Words) -> Iterator[Words]:
    """The former subject, and the rest, in each order."""
    yield thing + rest
    if rest:
        yield rest + thing
        if rest[0] in _PARTICLES:
            yield rest[:1] + thing + rest[1:]


def _as_object(subject: Words) -> Words:
    return (_OBJECTS.get(subject[0], subject[0]),) if len(subject) == 1 else subject


def _bases(participle: str) -> list[str]:
    """The possible base forms of a participle: by rule, one of them is right."""
    if participle in _BASES:
        return [_BASES[participle]]
    stem = participle.removesuffix("ed")
    doubled = [stem[:-1]] if stem[-1:] == stem[-2:-1] else []
    return [stem, stem + "e", *doubled, *([stem[:-1] + "y"] if stem.endswith("i") else [])]


def _third(base: str) -> str:
    if base.endswith(("s", "x", "ch", "sh", "o")):
        return base + "es"
    return base[:-1] + "ies" if base.endswith("y") and base[-2:-1] not in "aeiou" else base + "s"
