"""Words by meaning: classes with exclusive values, denials, opposite prefixes, words that say little."""

import re


def word_set(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


def _classes(text: str) -> tuple[tuple[str, dict[str, str]], ...]:
    """One class per line: its kind, then its values between bars; the first word of a value names it."""
    classes = []
    for line in text.strip().splitlines():
        kind, _, values = line.partition(":")
        groups = [group.split() for group in values.split("|")]
        classes.append((kind.strip(), {word: group[0] for group in groups for word in group}))
    return tuple(classes)


CLASSES = _classes("""
    laterality: left leftward | right rightward | bilateral bilaterally both | unilateral unilaterally
    laterality: ipsilateral | contralateral
    site: upper superior | lower inferior
    site: medial medially | lateral laterally
    site: anterior anteriorly ventral | posterior posteriorly dorsal
    site: proximal proximally | distal distally
    site: internal | external
    site: beside adjacent near | inside within | outside
    site: above | below beneath under | behind | front
    site: head | body | tail | neck
    site: upper | middle | lower
    site: anterior | middle | posterior
    site: apex apical | base basal
    site: central | peripheral
    site: subdural | epidural | subarachnoid | intracerebral
    site: intramural | submucosal | subserosal
    site: arm arms | leg legs
    site: hand hands | foot feet
    site: shoulder shoulders | hip hips | knee knees | ankle ankles | elbow elbows | wrist wrists
    opposite: increased increase increases increasing elevated elevation high higher raised rising greater \
        hypertension hyperlipidemia hypercholesterolemia hyperglycemia tachycardia \
        | decreased decrease decreases decreasing reduced reduction low diminished falling declining less fewer \
        hypotension hypoglycemia bradycardia
    opposite: more greater > \u2265 | less fewer < \u2264
    opposite: above over | below under
    opposite: improved improves improving improvement better | worsened worsens worsening worse deteriorated
    opposite: positive | negative
    opposite: normal unremarkable | abnormal
    opposite: present presence | absent absence
    opposite: intact preserved unimpaired | absent impaired lost damaged
    opposite: dilated widened | constricted narrowed pinpoint miotic | hypertrophied
    opposite: louder loudest | softer softest
    opposite: painful | painless
    opposite: regular | irregular
    opposite: symmetric symmetrical | asymmetric asymmetrical
    opposite: displaced | nondisplaced undisplaced
    opposite: productive wet | dry nonproductive
    opposite: moist | dry
    opposite: soft | firm hard rigid
    opposite: clear | cloudy turbid
    opposite: flexion flexed | extension extended
    opposite: hyperresonant tympanitic | dull | resonant
    opposite: inspiration inspiratory | expiration expiratory
    opposite: fell falls dropped drops decreased | rose rises climbed increased
    opposite: prolonged | shortened
    opposite: allowed permitted | forbidden prohibited avoided
    opposite: accepts accepted agrees agreed | declines declined refuses refused
    opposite: detectable | undetectable
    opposite: reactive | nonreactive
    opposite: finished completed | started begun
    opposite: direct conjugated | indirect unconjugated
    opposite: active | passive
    opposite: benign | malignant
    opposite: focal | diffuse | patchy | continuous
    opposite: primary | secondary | tertiary
    opposite: fast rapid rapidly | slow slowly
    opposite: morning | afternoon | evening | night
    opposite: earlier | later
    opposite: until | since
    opposite: most | least
    opposite: always | sometimes occasionally | never rarely seldom
    opposite: thin | thick
    opposite: palpable | impalpable nonpalpable
    opposite: motile | nonmotile immotile
    opposite: well | poorly badly
    opposite: before preceding | after following afterwards
    opposite: started initiated begun commenced starts begins began \
        | stopped discontinued ceased withheld held stops
    opposite: relieved alleviated relieves relieve eased eases ease relief \
        | aggravated exacerbated aggravates exacerbates exacerbate
    opposite: systolic | diastolic
    opposite: sudden suddenly abrupt abruptly | gradual gradually slowly
    severity: low-dose | high-dose
    severity: mild mildly slight slightly minimal | moderate moderately | severe severely profound marked markedly
    severity: acute acutely | subacute | chronic chronically longstanding
    severity: benign | malignant
    severity: stable | unstable
    severity: constant persistent continuous | intermittent occasional episodic
    certainty: suggests suggest suggestive suggesting suspicious \
        | confirms confirm confirmed confirming diagnostic proves prove \
        | excludes exclude excluded rules
    certainty: likely probable probably | unlikely improbable | proven definitely certainly certain guaranteed
    certainty: considered offered discussed suggested recommended planned advised \
        | started given performed done begun administered
    certainty: resolved disappeared | improved decreased
    certainty: suspected suspicion possible possibly probable probably likely presumed may might \
        working provisional presumptive tentative \
        | confirmed confirms definite definitive certain proven diagnosed diagnosis
    person: man male boy he him his himself gentleman men | woman female girl she her hers herself lady women
    person: mother mom mum | father dad | parents | brother | sister | siblings | son | daughter | uncle | aunt \
        | husband | wife | grandmother | grandfather | cousin | nephew | niece
    person: maternal | paternal
    route: oral orally po | intravenous intravenously iv | intramuscular intramuscularly im | topical topically \
        | subcutaneous subcutaneously | inhaled | rectal rectally \
        | intranasal intranasally | sublingual sublingually
""")
"""Kind and value by word. A word may be in several classes."""

DENIES = word_set("""
    no not n't never without none neither nor cannot denies denied deny denying negative negatives non nothing
    nobody
""")
DENIES_TOO = word_set("""
    absent absence lacks lacking lack unable fails failed free normal unremarkable afebrile unknown benign
    clear intact noncontributory nonsmoker nondrinker abstains refuses declines negative only unchanged
    healthy asymptomatic anicteric ruled excluded spared preserved uneventful impossible inability refrains
    abstinent missing avoids avoided forbidden contraindicated stopped nil resolved stable painless
""")
"""Words that may replace a denial: "no abnormalities", "normal"."""

DENYING_PREFIXES = ("un", "non", "in", "im", "ir", "il", "a", "dis", "anti")
OPPOSITE_PREFIXES = tuple(
    (one, other)
    for one, _, other in (
        pair.partition("/")
        for pair in word_set("""
            hyper/hypo tachy/brady macro/micro intra/extra pre/post ante/post supra/infra poly/oligo endo/exo
            homo/hetero ab/ad hemi/para leuko/thrombo leuko/erythro nephro/neuro
        """)
    )
)
DRUG = re.compile(
    r"\w{2,}(?:cillin|mycin|micin|floxacin|cycline|sporin|cef\w*|olol|pril|sartan|statin|conazole|prazole|tidine|"
    r"dipine|zepam|zolam|setron|triptan|gliptin|glitazone|gliflozin|formin|glutide|parin|xaban|gatran|grel|"
    r"mab|nib|vir|vudine|caine|dronate|terol|asone|olone|onide|lukast|thiazide|semide|tropium|oxetine|"
    r"pramine|triptyline|azepine|barbital|phylline|mustine|rubicin|platin|taxel|profen|oxicam|coxib|quine)"
)
"""Names of drugs, by their endings."""

FUNCTION = word_set("""
    a about above after again all also am an and any are as at be because been before being below between both
    but by can could did do does doing down due during each every few for from further had has have having he
    her here hers him his how i if in into is it its itself just may me might more most must my no nor not now
    of off on once only or other our out over own per same she should since so some such than that the their
    them then there these they this those through to too under until up upon very was we were what when where
    which while who whom why will with within without would you your s t currently additionally however
    reports reported states stated notes noted shows showed reveals revealed demonstrates demonstrated found
    finding findings seen patient patients physician doctor past
    medical significant prior previous known mm hg
""")
"""Words without medical content of their own."""

PLAIN = re.compile(
    r"(?:administ|advis|arrang|attempt|began|begin|cause|causal|commenc|complet|condition|confirm|consist|consider|"
    r"conduct|deem|determin|diagnos|disease|dose|due|evaluat|exam|find|follow|further|gave|given|history|identif|"
    r"immediate|indicat|initiat|made|manag|medic|monitor|need|obtain|occur|offer|order|organism|outpatient|"
    r"patholog|pathogen|perform|placed|plan|present|prescri|prior|procedure|provid|recei|recommend|refer|report|"
    r"request|requir|result|reveal|schedul|secondary|seen|sent|show|start|suggest|suspect|symptom|syndrome|taken|"
    r"test|therap|thought|treat|underw|undergo|use|using|was|work|carri|book|clinic|daily|most|likely|based|include|"
    r"reassur|resolv)\w*"
)
"""Words of any sentence about a plan or a diagnosis: a paraphrase may add them freely."""
