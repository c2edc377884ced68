"""What is proven to say the same, and what is left open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.note_words import split_words
from asyncgen.quality.checks.permissions import EVERYTHING, Permission, permitted
from asyncgen.quality.checks.proof import unproven

BEFORE = "A 54-year-old man with diabetes comes to the physician because of chest pain. "
BEHIND = " He has no fever or chills. He takes metformin 500 mg twice daily."


def is_proven(was: str, became: str, permissions: frozenset[Permission] = EVERYTHING) -> bool:
    """Whether a sentence in the middle of a note is proven to say the same."""
    change = Change(split_words(BEFORE + was + BEHIND), split_words(BEFORE + became + BEHIND))
    return not unproven(change, permissions)


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("An ECG was normal.", "An electrocardiogram (ECG) was normal."),
        ("Growth hormone (GH) is high.", "Growth hormone is elevated."),
        ("He has kidney stones.", "He has renal calculi."),
        ("There is no haematuria.", "There is no blood in the urine."),
        ("The tumour is 9 mm wide.", "The tumor is 0.9 cm wide."),
        ("He coughed for two and a half hours.", "He coughed for 150 minutes."),
        ("It was neccessary.", "It was required."),
        ("The aorta is dilateed, he says.", "The aorta is dilated, he says."),
        ("He denies cough or rash.", "He reports neither cough nor rash."),
        ("No rash is seen.", "There is no rash."),
        ("CT of the head shows no bleeding.", "No bleeding is seen on CT of the head."),
        ("For 3 days, he has had nausea.", "He has had nausea for 3 days."),
        ("He has headache and nausea.", "He has nausea and headache."),
        ("IgA, IgG, and IgM are low.", "IgM, IgA, and IgG are low."),
        ("A tube was placed by the surgical team.", "The surgical team placed a tube."),
        ("Sutures will be taken out on day 12.", "We will take out the sutures on day 12."),
        ("He was given insulin. He improved.", "He was given insulin, and he improved."),
        ("Metformin was continued.", "Metformin was continued for diabetes."),
        ("Stage II disease was found.", "Stage 2 disease was found."),
        ("A man, 45 years old, fell.", "A 45-year-old man fell."),
        ("A G2P1 woman was seen.", "A woman, gravida 2, para 1, was seen."),
        ("A gravida 2, para 1 woman was seen.", "A G2P1 woman was seen."),
        ("He has severly limited vision.", "He has severely limited vision."),
    ],
)
def test_what_is_accounted_for_is_proven(was: str, became: str) -> None:
    """Synonyms, abbreviations, conversions, spelling, order, voice, denials, and what stands elsewhere."""
    assert is_proven(was, became)


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("He has pain in the left arm and leg.", "He has pain in the leg and left arm."),
        ("Sodium and potassium are 140 and 4.2.", "Potassium and sodium are 140 and 4.2."),
        ("He has no fever and cough.", "He has cough and no fever."),
        ("He has fever or chills.", "He has fever and no chills."),
        ("Hepatitis A was ruled out.", "Hepatitis was ruled out."),
        ("A G2P1 woman was seen.", "A woman, gravida 1, para 2, was seen."),
        ("MS was diagnosed.", "Mitral stenosis was diagnosed."),
        ("He has dysphasia.", "He has dysphagia."),
        ("A patent ductus was found.", "A patient ductus was found."),
        ("He takes few pills.", "He takes a few pills."),
        ("Symptoms began 4 weeks ago.", "Symptoms began a month ago."),
        ("He got aspirin and then heparin.", "He got heparin and then aspirin."),
        ("His mother had a stroke.", "His father had a stroke."),
        ("Biopsy may show cancer.", "Biopsy shows cancer."),
        ("He was treated with prednisone.", "He was treated with prednisolone."),
        ("He takes lisinopril.", "He takes lisinopril for cough."),
        ("He takes lisinopril.", "He takes lisinopril for fever."),
        ("CT of the chest is normal.", "MRI of the chest is normal."),
        ("Labs: Na 140, K 4.", "Labs: Na 4, K 140."),
        (
            "It is louder when standing and softer when squatting.",
            "It is softer when standing and louder when squatting.",
        ),
        ("The wife told the patient.", "The patient told the wife."),
        ("After lunch, he vomited and took aspirin.", "He vomited and took aspirin after lunch."),
        ("He will be given insulin.", "He was given insulin."),
        ("He has chronic cough.", "He has cough."),
        ("No abnormality is seen in the left kidney.", "No abnormality is seen in the kidney."),
        ("Temperature is 38 C.", "Temperature is 38 F."),
        ("He denies chest pain but has dyspnea.", "He denies dyspnea but has chest pain."),
        ("She denies chills.", "He denies chills."),
        ("She has no rash.", "He denies rash."),
        ("No rash is seen.", "She has no rash."),
    ],
)
def test_what_no_rule_knows_is_open(was: str, became: str) -> None:
    """One word swapped, added, dropped or moved out of its scope."""
    assert not is_proven(was, became)


def test_what_the_prompt_file_does_not_allow_is_not_proven() -> None:
    """An added indication, another order, a typing error."""
    names = ["synonyms", "unit_conversion"]
    assert not is_proven("Metformin was continued.", "Metformin was continued for diabetes.", permitted(names))
    assert not is_proven("He has headache and nausea.", "He has nausea and headache.", permitted(names))
    assert not is_proven("It was neccessary.", "It was necessary.", permitted(names))
    assert is_proven("He has kidney stones.", "He has renal calculi.", permitted(names))


@pytest.mark.parametrize(
    ("allowed", "permissions"),
    [
        (None, EVERYTHING),
        ([], set()),
        (["added_indication"], {Permission.INDICATION}),
        ("Word order, or a typing error.", {Permission.ORDER, Permission.TYPING_ERROR}),
        ({"added_indication": True, "word_order": False}, {Permission.INDICATION}),
        ([{"kind": "Add the indication of a drug"}], {Permission.INDICATION}),
        ({"n": 3}, set()),
    ],
)
def test_permissions_are_read_in_any_form(allowed: object, permissions: set[Permission]) -> None:
    """Names, sentences, objects; a file without a list allows everything."""
    assert permitted(allowed) == permissions


@given(text=st.text())
def test_a_text_is_proven_against_itself(text: str) -> None:
    """Whatever it is."""
    words = split_words(text)
    assert unproven(Change(words, words)) == ()


@given(one=st.text(), other=st.text())
def test_passages_are_the_whole_change(one: str, other: str) -> None:
    """What is outside of them is the same; the proof ends without an error for any texts."""
    change = Change(split_words(one), split_words(other))
    unproven(change)
    assert sum(len(place.hunks) for place in change.passages) == len(change.hunks)
    for place in change.passages:
        assert place.became in other
        assert other[place.offset :].startswith(place.became)
