"""Words and phrases with the same meaning as they stand; no forms are derived."""

# ruff: noqa: E501 - one group per line

PHRASES = """
comes to = presents to = visits = is seen at = is seen in = presents at = comes in to = is seen by
came to = presented to = visited = was seen at = was seen in = presented at
comes to the physician = presents to the physician = sees the physician = presents
comes to the clinic = presents to the clinic = is seen in the clinic
is brought to = is taken to = is brought in to = is brought into
was brought to = was taken to = was brought in to = was brought into
because of = due to = owing to = on account of = as a result of = for
because of = due to = secondary to
because = since = as
while = when
although = though = even though
before = prior to = preceding
after = following = subsequent to
during = in the course of
about = approximately = around = roughly
over the past = during the past = in the past = for the past = within the past = over the last = during the last = in the last = for the last = within the last
since = ever since
every = each = per
currently = at present = now = presently = at this time = at the moment
previously = formerly = in the past = before
immediately = at once = right away = straight away = promptly = instantly
soon = shortly
afterwards = afterward = thereafter = after that = subsequently = later
first = initially = at first
then = thereafter = subsequently
again = once more
also = too = as well = likewise
in addition = additionally = moreover = furthermore = also
however = but = yet
therefore = thus = hence = consequently
often = frequently
sometimes = occasionally = at times = now and then
usually = generally = as a rule
always = at all times
never = at no time
mostly = mainly = chiefly = primarily = predominantly
slightly = mildly = a little = somewhat
very = extremely = highly
almost = nearly
fatigue = tiredness = lassitude
out of = /
is = are
was = were
has = have
entirely = completely = fully = totally
suddenly = all of a sudden = abruptly = all at once
sudden = abrupt
sudden-onset = sudden onset of = sudden
gradually = slowly = little by little
gradual = slow
quickly = rapidly
quick = rapid = fast
several = a number of
many = numerous = multiple
few = not many
further = additional = more
another = one more
both = the two
such as = like = for example = for instance = e.g.
including = among them
especially = particularly = in particular
regarding = concerning = about
together with = along with = in addition to = as well as = accompanied by = plus
accompanied by = associated with = together with = along with = with
with = accompanied by
near = close to = adjacent to
beside = next to = adjacent to
beneath = under = underneath = below
until = till
yesterday = 1 day ago = one day ago = the day before = the previous day
today = this day
tonight = this evening
overnight = during the night
at night = during the night = nightly = in the night
in the morning = every morning = each morning
in the evening = every evening = each evening
hourly = every hour
daily = every day = each day = a day = per day
weekly = every week = each week = a week = per week
monthly = every month = each month = a month = per month
yearly = annually = every year = each year = a year = per year
twice = two times = 2 times
thrice = three times = 3 times
once = one time = a single time
a fortnight = two weeks = 2 weeks = 14 days
woman = female = lady
man = male = gentleman
girl = female child
boy = male child
women = females
men = males
young woman = young lady
the patient = this patient = he
the patient = this patient = she
the patient's = his
the patient's = her
patients = individuals
year-old = years old = years of age = y/o = yo
aged = at the age of = at age
at the age of = at age = when aged
he is a = the patient is a
she is a = the patient is a
has a history of = has had = has a past history of = has previously had
has a history of = has a past history of = with a history of
history of = past history of = previous history of = prior history of
past medical history = medical history = previous medical history = prior medical history
medical history is significant for = past medical history is notable for = has a history of
significant for = notable for = remarkable for
is significant for = is notable for = is remarkable for = includes
unremarkable = noncontributory = normal = within normal limits = without abnormalities = not remarkable = without abnormality
normal = within normal limits = unremarkable = within the normal range = in the normal range = within the reference range = not abnormal = without abnormal findings
shows no abnormalities = is normal = is unremarkable = reveals no abnormalities = is within normal limits
showed no abnormalities = was normal = was unremarkable = revealed no abnormalities = was within normal limits
show no abnormalities = are normal = are unremarkable = are within normal limits
appears normal = looks normal = seems normal
healthy = well = in good health = without illness
unwell = ill = sick
feels well = is well = feels fine = feels good
feels ill = feels unwell = feels sick
got sick = fell ill = became ill = became sick
gets sick = falls ill = becomes ill
comfortable = at ease
alert and oriented = awake and oriented
drowsy = somnolent = sleepy
weak = feeble
weakness = loss of strength
tired = fatigued
malaise = general malaise
high = elevated = raised = increased = above normal
elevated = raised = increased
higher = more elevated
low = reduced = decreased = below normal
reduced = decreased = diminished = lowered
decreased = diminished
decreased appetite = poor appetite = loss of appetite = reduced appetite = anorexia
loss of appetite = anorexia = lack of appetite = poor appetite
lack of = absence of
absent = not present = missing = lacking
absent = not detectable
present = there
intact = preserved = unimpaired
not affected = unaffected = spared
not able = unable
cannot = can not = is unable to = is not able to = can't
could not = was unable to = was not able to = couldn't
does not = doesn't
do not = don't
did not = didn't
is not = isn't
are not = aren't
was not = wasn't
were not = weren't
has not = hasn't
have not = haven't
had not = hadn't
will not = won't
would not = wouldn't
should not = shouldn't
does not smoke = is a nonsmoker = smokes no cigarettes = is a non-smoker = does not use tobacco = denies smoking = is no smoker
has never smoked = is a lifelong nonsmoker = is a never smoker = never smoked
does not drink alcohol = abstains from alcohol = drinks no alcohol = denies alcohol use = does not consume alcohol = is a nondrinker
does not use illicit drugs = denies illicit drug use = uses no illicit drugs = does not use recreational drugs
does not smoke or drink = neither smokes nor drinks = does not smoke or drink alcohol
does not itch = has no itching = has no pruritus = is not itchy
denies = reports no = does not report = has no = does not have = denies having = denies any = states no = has not had = has had no = reports not having
denied = reported no = did not report = had no = did not have = denied having = denied any
has no = does not have = is without = is free of = has not got = is free from = denies = has not any
have no = do not have = are without = are free of
had no = did not have = was without = was free of
has had no = has not had = has not had any = has never had
has no history of = has never had = denies a history of = denies any history of = has no past history of = without a history of
has not seen = has seen no
takes no = does not take = is on no = is not on = is taking no = does not use = is not taking = uses no
took no = did not take = used no
drinks no = does not drink
eats no = does not eat
reports neither = denies = has neither = reports no
shows no = does not show = reveals no = demonstrates no = is without = shows no evidence of = has no
showed no = did not show = revealed no = demonstrated no = was without = showed no evidence of
show no = do not show = reveal no = demonstrate no
there is no = there is not any = there isn't any = no
there are no = there are not any = there aren't any = no
no = without = no signs of = no evidence of = without any = no sign of = negative for = not any = without evidence of
without = with no = free of = without any = lacking
no pain = painless = no painful
no longer = not any longer = not any more
painless = without pain = not painful = free of pain = pain-free
nontender = not tender = non-tender = without tenderness
nondistended = not distended = non-distended = without distention
afebrile = without fever = fever-free = not febrile = has no fever
febrile = feverish = has a fever
asymptomatic = without symptoms = free of symptoms = symptom-free = has no symptoms
anicteric = not icteric = without icterus = not jaundiced
nonproductive = dry = unproductive = non-productive
productive cough = cough with sputum = wet cough
noncontrast = without contrast = unenhanced = non-contrast
unenhanced = without contrast
unconscious = not conscious
unresponsive = not responsive
unchanged = the same = not changed
unstable = not stable
irregular = not regular
uncomplicated = without complications = without complication
uneventful = without incident = without complications
unknown = not known
unclear = not clear
nonsmoker = non-smoker = never smoker
noncompressible = not compressible = incompressible
nonradiating = not radiating = without radiation
nonreactive = not reactive
nonreducible = not reducible = irreducible
immobile = not mobile
illicit = illegal = recreational
shortness of breath = dyspnea = breathlessness = difficulty breathing = trouble breathing = breathing difficulty = difficulty in breathing
short of breath = dyspneic = breathless
exertional dyspnea = dyspnea on exertion = shortness of breath on exertion = dyspnea with exertion = exertional shortness of breath = breathlessness on exertion
on exertion = with exertion = exertional = when he exerts himself = when she exerts herself
trouble swallowing = difficulty swallowing = dysphagia = swallowing difficulty = trouble with swallowing = difficulty in swallowing
painful swallowing = odynophagia = pain on swallowing = pain with swallowing = pain when swallowing
difficulty speaking = trouble speaking
slurred speech = dysarthria = speech is slurred
painful urination = dysuria = burning on urination = pain on urination = pain with urination = burning with urination = burning urination = pain during urination = painful voiding = burning when urinating = burning on voiding
blood in the urine = hematuria = bloody urine
blood in her urine = hematuria = bloody urine
blood in his urine = hematuria = bloody urine
passes blood in her urine = has hematuria
passes blood in his urine = has hematuria
protein in the urine = proteinuria
sugar in the urine = glucosuria = glycosuria
pus in the urine = pyuria
urinary frequency = frequent urination = increased urinary frequency
excessive urination = polyuria
excessive thirst = polydipsia = increased thirst
nighttime urination = nocturia = urination at night = voiding at night
urinary leakage = urinary incontinence = involuntary loss of urine = leakage of urine
blood in the stool = hematochezia = bloody stool = bloody stools = blood in his stool = blood in her stool = blood in the stools
black stools = melena = tarry stools = black tarry stools = black, tarry stools
vomiting blood = hematemesis = bloody vomiting = bloody emesis
coughing up blood = hemoptysis = bloody sputum
vomiting = emesis
nausea = feeling sick = queasiness
indigestion = dyspepsia
heartburn = pyrosis = acid reflux
loose stools = diarrhea = watery stools = loose bowel movements
constipation = difficult defecation
abdominal pain = belly pain = pain in the abdomen = stomach pain = pain in her abdomen = pain in his abdomen
lower abdominal pain = pain in the lower abdomen = lower belly pain
upper abdominal pain = pain in the upper abdomen = epigastric pain
epigastric = in the epigastrium
chest pain = pain in the chest = thoracic pain
chest tightness = tightness in the chest = tightness of the chest
back pain = pain in the back = backache
low back pain = lumbago = lower back pain = lumbar pain
neck pain = pain in the neck
neck stiffness = stiff neck = nuchal rigidity = stiffness of the neck
joint pain = arthralgia = pain in the joints = joint pains = arthralgias
muscle pain = myalgia = muscle aches = myalgias = muscle pains = aching muscles = muscle ache
bone pain = pain in the bones
ear pain = otalgia = earache
eye pain = pain in the eye = ocular pain
tooth pain = toothache = dental pain
sore throat = throat pain = pharyngeal pain
runny nose = rhinorrhea = nasal discharge
a runny nose = rhinorrhea = nasal discharge
stuffy nose = nasal congestion = blocked nose = a stuffy nose = a blocked nose
nosebleeds = epistaxis = nose bleeding
nosebleed = epistaxis
hoarseness = a hoarse voice = dysphonia = hoarse voice
cough = coughing
itching = pruritus = itchiness
itchy = pruritic
hives = urticaria
sweating = diaphoresis = perspiration
sweaty = diaphoretic
night sweats = sweating at night = nocturnal sweats
fever = pyrexia = febrile illness = elevated temperature
low-grade fever = mild fever
shaking chills = rigors = rigor
yellow skin = jaundice = icterus
jaundice = icterus = yellowing of the skin
jaundiced = icteric
pallor = paleness
pale = pallid
bluish discoloration = cyanosis
redness = erythema
red = erythematous
redness of the skin = erythema
swelling = edema
swollen = edematous
rash = skin eruption
hair loss = alopecia
easy bruising = a tendency to bruise = bruises easily = tendency to bruise = easy bruisability
excessive hair growth = hirsutism
dry skin = xerosis
dry mouth = xerostomia
dry eyes = xerophthalmia
tingling = paresthesias = paresthesia = pins and needles
numbness = loss of sensation = hypoesthesia = hypesthesia
numbness and tingling = paresthesias
vertigo = spinning sensation = a spinning sensation
fainting = syncope
fainted = passed out = lost consciousness = had a syncope
ringing in the ears = tinnitus = ear ringing
hearing loss = loss of hearing = impaired hearing = reduced hearing
vision loss = loss of vision = visual loss
double vision = diplopia
blurred vision = blurry vision = visual blurring
light sensitivity = photophobia = sensitivity to light
sensitivity to sound = phonophobia
nearsighted = near-sighted = myopic = shortsighted = short-sighted
farsighted = far-sighted = hyperopic
nearsightedness = myopia
farsightedness = hyperopia
pink eye = conjunctivitis
watery eyes = tearing = epiphora
drooping eyelid = ptosis = drooping of the eyelid
pinpoint = miotic
mid-dilated = moderately dilated
dilated pupils = mydriasis
constricted pupils = miosis
uneven pupils = anisocoria
palpitations = heart racing = racing heart = awareness of the heartbeat
rapid heart rate = tachycardia = fast heart rate = rapid heartbeat
slow heart rate = bradycardia
low blood pressure = hypotension
high blood pressure = hypertension = elevated blood pressure = arterial hypertension
high cholesterol = hypercholesterolemia = hyperlipidemia = elevated cholesterol
high blood sugar = hyperglycemia
low blood sugar = hypoglycemia
high sodium = hypernatremia = elevated sodium
low sodium = hyponatremia
high potassium = hyperkalemia = elevated potassium
low potassium = hypokalemia
high calcium = hypercalcemia = elevated calcium
low calcium = hypocalcemia
low platelet count = thrombocytopenia = low platelets
low white blood cell count = leukopenia
high white blood cell count = leukocytosis = elevated white blood cell count
rapid breathing = tachypnea = fast breathing
low oxygen = hypoxia
low oxygen saturation = hypoxemia
enlarged liver = hepatomegaly = liver enlargement = enlargement of the liver
enlarged spleen = splenomegaly = spleen enlargement = enlargement of the spleen
enlarged heart = cardiomegaly = cardiac enlargement
enlarged thyroid = goiter = thyroid enlargement = enlarged thyroid gland
enlarged lymph nodes = lymphadenopathy = swollen lymph nodes = swollen glands = enlargement of lymph nodes
swollen lymph nodes = enlarged lymph nodes
enlarged prostate = prostatic enlargement = enlargement of the prostate
fluid in the abdomen = ascites = abdominal fluid
collapsed lung = pneumothorax
fluid overload = volume overload
blood clot in the leg = deep vein thrombosis
blood poisoning = sepsis
weight loss = loss of weight
weight gain = gain in weight
loss of weight = weight loss
unintentional = unintended = involuntary
bleeding = hemorrhage
heavy bleeding = profuse bleeding
heavy menstrual bleeding = menorrhagia = heavy menses = heavy periods = heavy menstruation
painful periods = dysmenorrhea = menstrual pain = menstrual cramps = painful menstruation = painful menses
irregular periods = irregular menses
absent periods = amenorrhea = absence of menses = absence of menstruation
painful intercourse = dyspareunia = pain during intercourse = pain with intercourse
vaginal bleeding = bleeding from the vagina
birth control = contraception
birth control pills = oral contraceptives = oral contraceptive pills = the pill
erectile dysfunction = impotence
pregnant = gravid
prenatal = antenatal
postnatal = after birth
postpartum = after delivery
breastfeeding = nursing = breast-feeding
in labor = laboring
stillborn = born dead
preterm = premature
floppy = hypotonic
stiff = rigid
stiffness = rigidity
clumsy = uncoordinated
feeds poorly = is a poor feeder = has poor feeding = does not feed well
vomits forcefully = has projectile vomiting = vomits in a projectile manner
projectile = forceful
irritable = fretful
bedwetting = nocturnal enuresis = enuresis
short stature = small stature
ear infections = otitis = infections of the ear
in childhood = as a child = during childhood
at birth = when born
mentally retarded = intellectually disabled
low mood = depressed mood
depressed = low in mood
anxious = nervous
sadness = low mood
insomnia = sleeplessness = difficulty sleeping = trouble sleeping
suicidal thoughts = suicidal ideation = thoughts of suicide
hearing voices = auditory hallucinations
memory loss = loss of memory = amnesia
seizure = convulsion
seizures = convulsions
tonic-clonic = grand mal
absence = petit mal
face droop = facial droop
weakness of one side = hemiparesis
walks with a limp = limps when he walks = limps = has a limping gait
unsteady gait = ataxic gait = gait instability
turned outward = externally rotated
turned inward = internally rotated
bent = flexed
straight = extended
bow legs = genu varum
knock knees = genu valgum
flat feet = pes planus
club foot = clubfoot = talipes
hump = kyphosis
high arch = pes cavus
broken = fractured
out of joint = dislocated
benign = noncancerous = not malignant
malignant = cancerous
malignancy = cancer
metastases = secondary tumors
spread to = metastasized to
tumor-free = free of tumor
carcinoma of the = cancer of the
underlying = causative
idiopathic = of unknown cause
congenital = present at birth = inborn
hereditary = inherited
familial = running in the family
contagious = infectious
superficial = shallow
localized = circumscribed
widespread = generalized
diffuse = widespread
scattered = disseminated
ulcerated = ulcerous
scaly = scaling = squamous in appearance
fluid-filled = vesicular
pus = purulent discharge = purulent material = purulence
purulent = pus-containing = containing pus
foul-smelling = malodorous = bad-smelling
foul smell = malodor = bad odor
odor = smell
bad breath = halitosis
clear to auscultation = clear on auscultation
to auscultation = on auscultation
on palpation = to palpation = with palpation
tender = tender to palpation = tender on palpation = painful to palpation = painful on palpation = painful to touch = tender to the touch
tenderness = tenderness to palpation = tenderness on palpation = pain on palpation
bilaterally = on both sides
bilateral = on both sides
in both legs = in the legs bilaterally = bilaterally in the legs
of the right side = on the right = on the right side = right-sided
on the left = on the left side = left-sided
on the right side of the = of the right
right-sided = on the right side = right
left-sided = on the left side = left
in the legs = in the lower extremities = in the lower limbs
legs = lower extremities = lower limbs
arms = upper extremities = upper limbs
leg = lower extremity = lower limb
arm = upper extremity = upper limb
abdomen = belly
buttocks = gluteal region
groin = inguinal region
armpit = axilla
forehead = brow
calf = lower leg
kidney = renal
liver = hepatic
lung = pulmonary
heart = cardiac
skin = cutaneous
cutaneous = dermal
brain = cerebral
bone = osseous
eye = ocular
ocular = ophthalmic
dental = tooth
tooth = dental
neck = cervical
gastric = stomach
stomach = gastric
muscular = of the muscle
vascular = of the vessels
spinal = of the spine
chest = thoracic
abdominal = of the abdomen
thigh = upper leg
nasal = of the nose
pedal edema = swelling of the feet = edema of the feet = foot swelling
peripheral edema = swelling of the extremities
leg edema = leg swelling = swelling of the legs = edema of the legs = lower extremity edema = lower extremity swelling
pitting edema = pitting swelling
heart sounds = cardiac sounds
S1 and S2 = first and second heart sounds
heart rate = pulse = pulse rate
regular rate and rhythm = regular rhythm and rate
temperature is = temp is = body temperature is
body temperature = temperature
respirations are = respiratory rate is = respiration rate is = breathing rate is
respirations = respiratory rate = breathing rate
oxygen saturation = saturation of oxygen = o2 saturation
room air = ambient air
pulse is = heart rate is = pulse rate is
pulse of = heart rate of
physical examination = physical exam = examination = exam
on physical examination = on examination = on exam = on physical exam
examination shows = exam shows = on examination there is = examination reveals
further evaluation = additional evaluation = further workup = further work-up = further assessment
workup = work-up = evaluation
for evaluation of = to be evaluated for = for assessment of = for the evaluation of
vital signs = vitals
laboratory studies = laboratory tests = lab tests = lab studies = laboratory investigations = laboratory testing
imaging = imaging studies = diagnostic imaging
in size = in diameter = across
measures = is
measuring = of
mri of the brain = brain mri = cranial mri
ct of the head = head ct = cranial ct
ct of the abdomen = abdominal ct
ct of the chest = chest ct = thoracic ct
x-ray of the chest = chest x-ray
x-rays of the chest = chest x-rays
ultrasound of the abdomen = abdominal ultrasound = abdominal ultrasonography = ultrasonography of the abdomen
biopsy of the = a biopsy specimen from the
culture of the blood = blood culture
cultures of the blood = blood cultures
culture of the urine = urine culture
lumbar puncture = spinal tap
electrocardiography = electrocardiogram
echocardiography = echocardiogram = cardiac ultrasound = ultrasound of the heart
colonoscopy = endoscopy of the colon
ultrasonography = ultrasound = sonography
mammography = mammogram
angiography = angiogram
spirometry = lung function testing = lung function test
pulse oximetry = oximetry
consistent with = compatible with = in keeping with = in line with
suggestive of = suspicious for
suggests = is suggestive of = points to
suggest = are suggestive of = point to
suspected = presumed
likely = probable
most likely = most probably
probably = likely = in all likelihood
possible = conceivable
diagnosed with = given a diagnosis of = given the diagnosis of
is diagnosed with = receives the diagnosis of = receives a diagnosis of
was diagnosed with = received a diagnosis of = received the diagnosis of = has a diagnosis of = was found to have = was given a diagnosis of
a diagnosis of = the diagnosis of
diagnosis is = diagnosis was made of = working diagnosis is
medications include = medications are = medicines include = he takes = she takes = current medications include
medications = medicines = drugs
takes no medications = is on no medications = is not taking any medications = takes no medication = does not take any medications
is prescribed = is given = receives a prescription for
was prescribed = was given = received a prescription for
is started on = is placed on = is begun on = begins = starts
was started on = was placed on = was begun on = began = started
given = administered
is given = is administered = receives
was given = was administered = received
are given = are administered
were given = were administered
performed = done = carried out = undertaken
was performed = was done = was carried out = took place = was undertaken
is performed = is done = is carried out = takes place
is scheduled = is planned = is arranged
has been scheduled = has been planned = has been arranged
is planned = is scheduled = is intended
is advised to = is told to = is instructed to = is counseled to = is recommended to = is asked to
was advised to = was told to = was instructed to = was counseled to = was asked to
advised to = told to = instructed to = counseled to
is forbidden = is not allowed = is to be avoided = is prohibited
are forbidden = are to be avoided = are not allowed = are prohibited
must not = is not allowed to = is not to
must be avoided = is to be avoided = has to be avoided
needed = required = necessary
is needed = is required = is necessary
not needed = not required = unnecessary = not necessary
as needed = when needed = on demand = if needed = as required = prn
asked to = told to = requested to
follows = comes next = comes after that
is followed by = and then
followed by = and then
goes away = resolves = disappears = subsides
went away = resolved = disappeared = subsided
comes on = begins
gets up = rises = wakes up
gets better = improves
gets worse = worsens = becomes worse
worsening = progressively worse = increasing
progressive = increasing = progressively worsening
is relieved by = is eased by = gets better with
is worse with = is aggravated by = worsens with = increases with
lives with = resides with = shares a home with
lives alone = resides alone = lives by himself = lives by herself
works as = is employed as
is retired = has retired
is married = has a spouse
smokes = is a smoker
smoked = was a smoker
quit smoking = stopped smoking = gave up smoking
a pack of cigarettes = one pack of cigarettes = 1 pack of cigarettes = 20 cigarettes
sexually active = having sexual intercourse
vaccinated = immunized
vaccinations = immunizations
up to date = current
up-to-date = up to date
enlarged = increased in size
thickened = thick
thin = slender
narrowed = stenotic
narrowing = stenosis
blocked = obstructed = occluded
blockage = obstruction = occlusion
leakage = regurgitation
leaky = incompetent
widened = dilated
dilated = enlarged
torn = ruptured
tear = rupture
shaky = tremulous
shaking = trembling
tremor = trembling
restless legs = restless leg
hardened = indurated
hardening = induration
worse = more severe
isotonic saline = normal saline = 0.9% saline = 0.9 % saline = isotonic sodium chloride
intravenous saline = iv saline
direct = conjugated
indirect = unconjugated
oxygen therapy = supplemental oxygen
supplemental oxygen = additional oxygen
mechanical ventilation = artificial ventilation = ventilator support
blood work = blood tests = laboratory blood tests
wound healing = healing of the wound
down syndrome = trisomy 21 = down's syndrome
edwards syndrome = trisomy 18
patau syndrome = trisomy 13
lou gehrig disease = amyotrophic lateral sclerosis = als
graves disease = basedow disease
whooping cough = pertussis
chickenpox = varicella
shingles = herpes zoster = zoster
german measles = rubella
measles = rubeola
mono = infectious mononucleosis
mononucleosis = infectious mononucleosis
lockjaw = tetanus
athlete's foot = tinea pedis
ringworm = tinea corporis
jock itch = tinea cruris
lice = pediculosis
scabies = sarcoptes infestation
yeast infection = candidiasis = candidal infection
thrush = oral candidiasis
warts = verrucae
hay fever = allergic rhinitis
psoriatic = of psoriasis
crohn disease = crohn's disease
alzheimer disease = alzheimer's disease
parkinson disease = parkinson's disease
hodgkin lymphoma = hodgkin's lymphoma = hodgkin disease
wilson disease = wilson's disease = hepatolenticular degeneration
addison disease = addison's disease = primary adrenal insufficiency
cushing syndrome = cushing's syndrome
meniere disease = meniere's disease
celiac disease = celiac sprue = gluten-sensitive enteropathy
heart attack = myocardial infarction
stroke = cerebrovascular accident
lazy eye = amblyopia
crossed eyes = strabismus = squint
cataract = clouding of the lens
kidney stones = renal calculi = nephrolithiasis = renal stones
kidney stone disease = nephrolithiasis = urolithiasis
gallstones = cholelithiasis
bedsore = pressure ulcer = decubitus ulcer
bed sore = pressure ulcer
stroke symptoms = symptoms of stroke
piles = hemorrhoids
chronic kidney disease = chronic renal disease
chronic kidney failure = chronic renal failure
acute kidney injury = acute renal failure = acute renal injury
kidney failure = renal failure
gout = gouty arthritis
food poisoning = foodborne illness
underactive thyroid = hypothyroidism
overactive thyroid = hyperthyroidism
thyroid gland = thyroid
pituitary gland = pituitary
adrenal gland = adrenal
fingernails = nails
loved ones = relatives
relatives = family members
siblings = brothers and sisters
parents = mother and father
died = passed away = is deceased = has died
dies = passes away
dead = deceased
alive = living
unaware = not aware
kidneys = renal
lungs clear = lungs are clear
cardiovascular = cv
breath sounds = lung sounds
bloody = blood-stained = blood-tinged
stays at home = remains at home
stay active = remain active
stayed = remained
stays = remains
remains = continues to be
at home = in his home
at home = in her home
sole = plantar surface
foot sole = sole of the foot
palm = palmar surface
for the first time = first
eats = consumes
tolerated = tolerated well
is able to = can
was able to = could
has to = must
on = upon
reason = cause
too = as well = also
comes in because of = presents with = comes in with = presents because of
came in because of = presented with = came in with
complains of = reports = has complaints of = complains about
complained of = reported = had complaints of
noticed = noted = observed = became aware of
has noticed = has noted = has observed
felt = experienced
gets = receives
worried = concerned
worried about = concerned about
wants = wishes = would like = desires
wants to = wishes to = would like to
tries to = attempts to
tried to = attempted to
helps = assists
hurts = is painful = aches
hurt = were painful
stabbing = lancinating = knife-like
burning pain = pain that burns
throbbing = pulsating = pulsatile
crampy = cramping = cramplike = colicky
cramps = cramping = crampy pain
radiating to = spreading to = that radiates to
radiates to = spreads to
in her leg = in the leg
worse on = aggravated by
made worse by = worsened by = aggravated by = exacerbated by
made better by = relieved by = alleviated by = improved by = eased by
relieved by = alleviated by = eased by
worse at night = more severe at night
at rest = while resting = when resting
with activity = on activity = during activity
while walking = when walking = on walking = during walking = when he walks = when she walks
after eating = after meals = postprandially = postprandial
before eating = before meals = preprandially
after meals = postprandially
lying down = recumbent = when lying flat = supine
lying flat = supine = lying on his back = lying on her back
face down = prone
standing up = standing = upright
bending forward = leaning forward
lifting = raising
climbing stairs = going up stairs = walking up stairs = walking upstairs = stair climbing
climbs stairs = goes up stairs = walks upstairs = walks up stairs
sleeps poorly = has poor sleep = sleeps badly
wakes him = awakens him
wakes her = awakens her
at bedtime = before bed = before going to bed = before sleep
fasting = without food
empty stomach = fasting state
bleeds easily = has a bleeding tendency
gave birth to = delivered
gave birth = delivered
was born at = was delivered at
expecting = pregnant
due date = expected date of delivery = estimated date of delivery
waters broke = membranes ruptured = rupture of membranes
water broke = membranes ruptured
rupture of the membranes = membrane rupture = rupture of membranes
spontaneously = on its own = on their own = without intervention
by itself = spontaneously = on its own
in half = by half = by 50%
hospital stay = hospitalization = inpatient stay = admission
during his stay = during hospitalization
in the hospital = hospitalized
was hospitalized = was admitted = was admitted to the hospital = was admitted to hospital
is hospitalized = is admitted = is admitted to the hospital
was sent home = was discharged = was discharged home = was released
is sent home = is discharged = is discharged home
to be discharged = to go home
went home = was discharged home
referred to = sent to
was referred = was sent
suggested = proposed
urged = strongly advised
counseled = advised
reassured = comforted
consented to = agreed to
agrees to = consents to
agreed = consented
refuses = declines = turns down = does not want
refused = declined = turned down
declines = does not want
taken out = removed
took out = removed
scrape = abrasion
scrapes = abrasions
scratch = excoriation
scratches = excoriations
scratch marks = excoriations
lump = mass
lumps = masses
blackheads = comedones
crust = scab
crusted = scabbed
peeling = desquamation
flaky = scaly
dark spots = hyperpigmented macules
discolored = discoloured
yellowish = yellow-tinged
swollen ankles = ankle edema = ankle swelling = swelling of the ankles
swollen legs = leg edema = leg swelling
puffiness = swelling
puffy = swollen
enlarged tonsils = tonsillar hypertrophy = tonsillar enlargement
large = big = sizable
small = little
tiny = very small = minute
long-standing = longstanding = chronic
longstanding = of long duration
recently = lately = in recent weeks
newly = recently
recurrent = repeated = recurring
repeated = recurrent
intermittent = on and off = episodic
on and off = intermittently
intermittently = from time to time = on and off
persistent = continuing = ongoing
ongoing = continuing
occasional = infrequent = sporadic
briefly = for a short time
nocturnal = nighttime = at night
nightly = every night = each night
significantly = considerably = substantially
considerable = substantial = significant
excellent = very good
adequate = sufficient
insufficient = inadequate
inadequate = insufficient = poor
poorly = badly
good = satisfactory
well tolerated = tolerated well
well-controlled = under good control = well controlled
poorly controlled = uncontrolled = under poor control
uncontrolled = not controlled
untreated = not treated
undiagnosed = not diagnosed
unvaccinated = not vaccinated = unimmunized
unintentionally = without trying = involuntarily
unchanged = no different
per day = a day = daily = each day
tablets = pills = tabs
tablet = pill = tab
capsules = caps
injected = given by injection
orally = by mouth = po
drops = gtt
ointment = salve
cream = topical cream
bandage = dressing
cast = plaster cast
splint = brace
crutches = walking aids
wheelchair bound = wheelchair dependent
walker = walking frame
hearing aid = hearing device
glasses = spectacles = eyeglasses
contact lenses = contacts
dentures = false teeth
heart pacemaker = cardiac pacemaker
pacemaker = cardiac pacemaker
stent = vascular stent
blood pressure medication = antihypertensive medication = antihypertensive
blood pressure medications = antihypertensive medications = antihypertensives
blood thinners = anticoagulants = anticoagulant medication
painkillers = analgesics = pain medication = pain medications = pain relievers
pain relief = analgesia
anesthetic = anesthetic agent
numbing = anesthetic
sleeping pills = hypnotics
water pills = diuretics
antidepressant = antidepressant medication
antacids = antacid medication
laxatives = laxative medication
steroids = corticosteroids = glucocorticoids
steroid = corticosteroid = glucocorticoid
inhaled steroid = inhaled corticosteroid
topical steroid = topical corticosteroid
oral contraceptives = birth control pills
over-the-counter = nonprescription = without a prescription
herbal = plant-based
street drugs = illicit drugs = recreational drugs
marijuana = cannabis
alcohol = ethanol
drinking = alcohol use = alcohol consumption
drinks alcohol = consumes alcohol = uses alcohol
smoking = tobacco use = cigarette smoking
smokes cigarettes = is a cigarette smoker
does not drink = drinks no alcohol = abstains from alcohol
nonalcoholic = without alcohol
sexual partner = partner
intercourse = sexual intercourse = sex
unprotected = without a condom
menstruation = menses
periods = menses = menstrual periods
period = menses = menstrual period
last period = last menstrual period
menarche = first period = first menstruation
change of life = menopause
postmenopausal = after menopause
discharge from the vagina = vaginal discharge
discharge from the nose = nasal discharge
discharge from the ear = otorrhea = ear discharge
drainage from the ear = otorrhea
fluid behind the eardrum = middle ear effusion
red eye = eye redness = redness of the eye = ocular redness
eye redness = conjunctival injection
bloodshot = injected
sensitive to light = photophobic
sees double = has double vision = has diplopia
blindness = loss of vision
deaf = without hearing
deafness = hearing loss
hard of hearing = hearing impaired
hoarse = dysphonic
barking cough = croupy cough = seal-like cough
croup = laryngotracheitis
sputum = phlegm
phlegm = sputum
coughs up = expectorates
coughing up = expectorating = bringing up
spitting up = regurgitating
burping = belching = eructation
passing gas = passing flatus = flatulence
flatulence = passing gas
bloating = abdominal distention = distended abdomen
bloated = distended
guarding = muscle guarding = abdominal guarding
rebound = rebound tenderness
bowel sounds = abdominal sounds
bowel obstruction = intestinal obstruction
bowel = intestine
bowels = intestines
intestinal = bowel
colonic = of the colon
anal = of the anus
rectal bleeding = bleeding from the rectum = hematochezia
gallbladder inflammation = cholecystitis = inflammation of the gallbladder
appendix inflammation = appendicitis = inflammation of the appendix
inflammation of the liver = hepatitis
inflammation of the pancreas = pancreatitis
inflammation of the joint = arthritis = joint inflammation
inflammation of the bladder = cystitis
inflammation of the skin = dermatitis
inflamed = inflammatory
joint = articulation
joints = articulations
joint swelling = swelling of the joint = swollen joints = swelling of the joints
swollen joints = joint swelling
joint effusion = fluid in the joint
range of motion = mobility = range of movement
limited motion = limited range of motion
limited = restricted = reduced
restricted = limited
weight bearing = bearing weight
bear weight = put weight on it = stand on it
walk = ambulate
walks = ambulates
walking = ambulation = ambulating
able to walk = ambulatory
unable to walk = nonambulatory
paralyzed = plegic
paralysis = plegia
paralysis of = palsy of
palsy = paralysis
facial palsy = facial paralysis
muscle weakness = weakness of the muscles
muscle wasting = muscle atrophy = wasting of muscle = atrophy
wasting = atrophy
twitching = fasciculations
twitches = fasciculations
jerks = reflexes
brisk reflexes = hyperreflexia = exaggerated reflexes
absent reflexes = areflexia
tendon reflexes = reflexes = deep tendon reflexes
deep tendon reflexes = tendon reflexes
gait disturbance = abnormal gait
stumbling = unsteady
loss of balance = imbalance
head injury = head trauma = trauma to the head = injury to the head
injury = trauma
hit his head = struck his head
hit her head = struck her head
fell = had a fall
car accident = motor vehicle accident = motor vehicle collision = automobile accident = traffic accident = car crash
motor vehicle collision = car accident
stab wound = penetrating wound from a knife
gunshot wound = bullet wound
dog bite = bite by a dog = bite from a dog
cat bite = bite by a cat
tick bite = bite by a tick = bite of a tick
insect bite = bite by an insect
burns = thermal injuries
frozen shoulder = adhesive capsulitis
tennis elbow = lateral epicondylitis
golfer's elbow = medial epicondylitis
slipped disk = herniated disk = disk herniation = herniated disc
herniated disk = disk herniation
pinched nerve = nerve compression = compressed nerve
sciatica = sciatic pain
bone density = bone mineral density
brittle bones = osteoporosis
wear and tear arthritis = osteoarthritis = degenerative joint disease
degenerative joint disease = osteoarthritis
osteoarthritis = degenerative arthritis
septic arthritis = infectious arthritis = bacterial arthritis
gouty arthritis = gout
bone infection = osteomyelitis = infection of the bone
joint infection = septic arthritis
blood infection = sepsis = septicemia
infection of the kidney = pyelonephritis
infection of the bladder = cystitis
lung inflammation = pneumonitis
collarbone = clavicle
breastbone = sternum
back of the head = occiput = occipital region
forehead = frontal region
temple = temporal region
cheek = malar region
cheeks = malar areas
chin = mental region
palms = palms of the hands
soles = soles of the feet = plantar surfaces
fingers = digits
nails = fingernails
fingertips = tips of the fingers
knuckles = metacarpophalangeal joints
wrist = carpus
lower arm = forearm
shin = anterior tibia = pretibial area
ankle = malleolar region
heel = calcaneal region
toes = digits of the foot
flank = side of the abdomen
midline = in the middle = central
around the navel = periumbilical
navel = umbilicus = belly button
belly button = umbilicus
around the eyes = periorbital
around the mouth = perioral
under the skin = subcutaneous
under the tongue = sublingual
in the vein = intravenous
into a vein = intravenously
into the muscle = intramuscularly
into the joint = intra-articular
inside the eye = intraocular
pressure in the eye = intraocular pressure = eye pressure
eye pressure = intraocular pressure
near vision = close vision
funduscopy = fundoscopy = funduscopic examination = ophthalmoscopy
funduscopic = fundoscopic
otoscopy = otoscopic examination = ear examination
laryngoscopy = laryngoscopic examination
colonoscopic = on colonoscopy
bronchoscopy = bronchoscopic examination
blood glucose = blood sugar = serum glucose = plasma glucose = glucose
glucose = blood sugar
hemoglobin = hb = hgb
white cells = leukocytes
red cells = erythrocytes
platelets = thrombocytes = platelet count
creatinine = serum creatinine
urea = blood urea nitrogen
urine output = urinary output = diuresis
blood gas = arterial blood gas
cultures grow = cultures yield = cultures show = cultures are positive for
cultures grew = cultures yielded = cultures showed = cultures were positive for
culture grows = culture yields = culture shows = culture is positive for
culture grew = culture yielded = culture showed = culture was positive for
smear = smear test
stain = staining
staining = stain
under the microscope = on microscopy = microscopically
microscopy = microscopic examination
tested positive for = was positive for
tests positive for = is positive for
tested negative for = was negative for
tests negative for = is negative for
is pending = is awaited = is outstanding
are pending = are awaited = are outstanding
pending = outstanding = awaited
results = findings
outcome = result
course = progress
progress = course
recovery = recuperation
recovered = got well = got better = recuperated
recovers = gets well = recuperates
healed = recovered
cured = healed
checked = examined = tested
rechecked = repeated = checked again
retested = tested again
seen again = reexamined = re-examined
follow up = return for follow-up = be seen again
come back = return
comes back = returns
came back = returned
returns to = comes back to
return to the clinic = come back to the clinic
in 1 week = after 1 week
next week = in the coming week = the following week
next day = following day
the next day = the following day = on the following day = on the next day = the day after
next morning = following morning
the next morning = the following morning = on the following morning
last night = the night before = yesterday night
this morning = earlier today = today in the morning
the evening before = the previous evening = the preceding evening
the day before = the previous day = the preceding day
until now = so far = to date
so far = to date = up to now = thus far
since then = from then on
at that time = then
at onset = at the beginning = initially
at the end of = upon completion of
finished = completed
finishes = completes
ended = concluded
every other day = every second day = on alternate days = every 2 days
every 2 weeks = every other week = biweekly = every two weeks
twice a week = two times a week = twice weekly
three times a week = three times weekly = thrice weekly
three times a day = three times daily = thrice daily
four times a day = four times daily
the rest of = the remainder of
the remaining = the other
remainder = rest
otherwise = apart from that = in other respects
except for = apart from = other than = with the exception of = aside from
apart from = other than = except for
despite = in spite of = notwithstanding
in spite of = despite
instead of = in place of = rather than
due to = caused by = attributable to = resulting from
caused by = due to
leads to = results in = causes
led to = resulted in = caused
results from = is caused by
to rule out = to exclude
rules out = excludes
ruled out = excluded
rule out = exclude
confirms = verifies
confirmed = verified
in order to = to = so as to
so that = in order that
whether = if
has = suffers from
had = suffered from
is on = takes = is taking
was on = took = was taking
takes = is taking = uses
is taking = takes
uses = takes
is allergic to = has an allergy to = has allergies to
has never had = never had
never = at no time = not ever
no other = no further = no additional
no one = nobody
nothing = not anything
everyone = everybody
someone = somebody
along = together
across = over
throughout = all over = during
all over = throughout
toward = towards
alone = by himself = by herself = on his own = on her own
together = jointly
brother-in-law = husband of his sister
grandmother = grandma
sibling = brother or sister
children = kids
offspring = children
newborn = neonate = newborn infant
toddler = young child
teenager = adolescent = teen
teenage = adolescent
older = elderly
middle-aged = in middle age
retired teacher = former teacher
job = occupation = work
occupation = profession
works on a farm = is a farm worker
homeless = without a home = unhoused
vacation = holiday = trip
vacationing = on vacation = on holiday = traveling
traveled to = went to = visited = made a trip to
has traveled to = has been to = has visited
returned from = came back from = got back from
trip = journey
immigrated from = emigrated from = moved from
born in = native of
ate = consumed
eating = food intake
thirsty = feeling thirst
hungry = feeling hunger
diet = dietary regimen = eating habits
low-salt diet = salt-restricted diet = sodium-restricted diet = low-sodium diet
low-fat diet = fat-restricted diet
gluten-free diet = diet without gluten
exercise = physical activity
exercise testing = exercise stress testing = stress testing
exercise test = stress test = exercise stress test
exercise tolerance = exercise capacity
rested = took rest
sleep study = polysomnography
sleepiness = somnolence = drowsiness
daytime sleepiness = excessive daytime somnolence = daytime somnolence
alertness = vigilance
cooperative = collaborative
in no distress = not in distress = without distress
in no acute distress = not in acute distress = without acute distress
appears ill = looks ill = seems ill
appears well = looks well = seems well
ill-appearing = looking ill
well-appearing = looking well
well-nourished = well nourished
undernourished = malnourished
dry mucous membranes = mucous membranes are dry
lethargic = listless
listless = lethargic
sweaty = perspiring = diaphoretic
flushed = reddened
bluish = cyanotic
cyanotic = blue
blue = cyanotic
pale conjunctivae = conjunctival pallor
pallor of the conjunctivae = conjunctival pallor
clubbing = digital clubbing
nail clubbing = digital clubbing
neck veins = jugular veins
distended neck veins = jugular venous distention
heart murmur = cardiac murmur = murmur
heartbeat = heart rhythm
irregular heartbeat = arrhythmia = irregular heart rhythm = dysrhythmia
arrhythmia = dysrhythmia
fast = rapid = quick
high-pitched = of high pitch
low-pitched = of low pitch
harsh = rough
crackles = rales = crepitations
crepitations = crackles
wheezing = wheezes
decreased breath sounds = diminished breath sounds = reduced breath sounds
lungs are clear = chest is clear = lung fields are clear
lung fields = lungs
breathing = respiration
breathes = respires
trouble walking = difficulty walking = gait difficulty
trouble sleeping = difficulty sleeping = insomnia
trouble hearing = difficulty hearing
trouble concentrating = difficulty concentrating = poor concentration
forgetfulness = poor memory = memory problems
forgetful = having memory problems
hopeless = without hope
suicidal = having suicidal ideation
drug use = substance use
drug abuse = substance abuse
alcohol abuse = alcohol misuse
alcoholism = alcohol dependence = alcohol use disorder
alcoholic = with alcohol dependence
poisoning = intoxication = toxicity
poisonous = toxic
toxic = poisonous
venom = poison
carbon monoxide = co
tumor = growth = neoplasm
benign growth = benign tumor
precancerous = premalignant
skin cancer = cutaneous malignancy
metastasis = secondary tumor
remission = remitted state
recurrence = relapse
recurred = relapsed = came back
chemotherapy = chemo
radiotherapy = radiation therapy = radiation
operated on = underwent surgery
had surgery = underwent surgery = was operated on
has had surgery = has undergone surgery
open surgery = open operation
keyhole surgery = laparoscopic surgery = minimally invasive surgery
laparoscopic = minimally invasive
transplant recipient = recipient of a transplant
donor = organ donor
dialysis = renal replacement therapy
hemodialysis = blood dialysis
ventilator = respirator
intubated = put on a ventilator
code status = resuscitation status
comfort care = palliative care
autopsy = postmortem examination
less than = below = under = fewer than
more than = above = over = greater than = exceeding
at least = no less than = not less than
scheduled = planned = arranged
has an allergy to = is allergic to
abroad = overseas
new-onset = newly developed = of new onset
previous = prior = former = preceding
earlier = previously
mild = slight
constant = continuous = unremitting
fluid in the joint = joint effusion
wheezes = wheezing
"""
