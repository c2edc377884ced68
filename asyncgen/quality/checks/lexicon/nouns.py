"""Things with two names: findings, diseases, parts of the body, tests, treatments; plurals are derived."""

NOUNS = """
kidney stone = renal calculus = renal stone = nephrolith
gallstone = biliary calculus
bruise = ecchymosis
bruise = contusion
hive = wheal
headache = cephalgia
nosebleed = epistaxis
fracture = broken bone
ulceration = ulcer
lymph node = lymph gland
lymph node = node
neck gland = cervical lymph node
neck node = cervical lymph node
cervical node = cervical lymph node
axillary node = axillary lymph node
inguinal node = inguinal lymph node
heart attack = myocardial infarction
stroke = cerebrovascular accident
tumor = neoplasm
fibroid = leiomyoma
uterine fibroid = uterine leiomyoma
mole = nevus
wart = verruca
boil = furuncle
blister = bulla
freckle = ephelis
stye = hordeolum
bunion = hallux valgus
hernia repair = herniorrhaphy
eardrum = tympanic membrane
voice box = larynx
windpipe = trachea
womb = uterus
belly = abdomen
stomach ache = stomachache
armpit = axilla
shoulder blade = scapula
collarbone = clavicle
breastbone = sternum
kneecap = patella
shinbone = tibia
shin bone = tibia
thigh bone = femur
heel bone = calcaneus
tailbone = coccyx
jawbone = mandible
lower jaw = mandible
upper jaw = maxilla
cheekbone = zygomatic bone
big toe = great toe = hallux
vocal cord = vocal fold
adenoid = pharyngeal tonsil
platelet = thrombocyte
platelet count = thrombocyte count
red blood cell = red cell = erythrocyte
white blood cell = white cell = leukocyte
red blood cell cast = red cell cast = erythrocyte cast
white blood cell cast = white cell cast = leukocyte cast
blood sugar = blood glucose
blood sugar level = blood glucose level
x-ray = radiograph = roentgenogram = xray = x-ray film = plain film
chest x-ray = chest radiograph = chest film
birthmark = nevus
physician = doctor
doctor = clinician
family doctor = family physician = general practitioner
surgeon = operating surgeon
operating room = operating theatre = operating theater
drug = medication = medicine
painkiller = analgesic = pain medication
blood thinner = anticoagulant
water pill = diuretic
antibiotic = antibiotic agent
antibody = immunoglobulin
vaccine = vaccination = immunization
vaccination = immunization
shot = injection
stitch = suture
operation = surgery = surgical procedure
blood transfusion = transfusion
kidney transplant = renal transplant
kidney transplantation = renal transplantation
liver transplant = hepatic transplant
allograft = graft
headache = cephalalgia
graft = transplant
kidney disease = renal disease
kidney failure = renal failure
kidney injury = renal injury
kidney biopsy = renal biopsy
liver disease = hepatic disease
liver failure = hepatic failure
liver biopsy = hepatic biopsy
liver metastasis = hepatic metastasis
lung disease = pulmonary disease
lung cancer = lung carcinoma = pulmonary carcinoma = carcinoma of the lung = cancer of the lung
breast cancer = breast carcinoma = carcinoma of the breast = cancer of the breast = mammary carcinoma
colon cancer = colon carcinoma = carcinoma of the colon = cancer of the colon = colonic carcinoma
pancreatic cancer = pancreatic carcinoma = carcinoma of the pancreas = cancer of the pancreas
prostate cancer = prostatic carcinoma = prostate carcinoma = cancer of the prostate = carcinoma of the prostate
ovarian cancer = ovarian carcinoma = carcinoma of the ovary = cancer of the ovary
gastric cancer = stomach cancer = gastric carcinoma = carcinoma of the stomach = cancer of the stomach
liver cancer = hepatic cancer
bladder cancer = carcinoma of the bladder = bladder carcinoma = cancer of the bladder
cervical cancer = cervical carcinoma = cancer of the cervix = carcinoma of the cervix
esophageal cancer = esophageal carcinoma = cancer of the esophagus = carcinoma of the esophagus
thyroid cancer = thyroid carcinoma = cancer of the thyroid = carcinoma of the thyroid
skin cancer = cancer of the skin
heart rate = pulse rate = pulse
heart rhythm = cardiac rhythm
heart murmur = cardiac murmur
heart disease = cardiac disease
heart failure = cardiac failure
heart valve = cardiac valve
cardiac arrest = cardiorespiratory arrest
breath sound = respiratory sound
bone scan = bone scintigraphy
spinal tap = lumbar puncture
blood test = blood work
lab test = laboratory test
lab value = laboratory value
lab finding = laboratory finding
laboratory study = laboratory test = lab study
urine test = urinalysis
stool test = stool examination
eye doctor = ophthalmologist
heart doctor = cardiologist
skin doctor = dermatologist
orthopedist = orthopedic surgeon
otolaryngologist = ent physician
urinary catheter = foley catheter = bladder catheter
breathing tube = endotracheal tube
feeding tube = gastrostomy tube
chest tube = thoracostomy tube
ankle jerk = achilles reflex = ankle reflex = achilles tendon reflex
knee jerk = patellar reflex = knee reflex = patellar tendon reflex
babinski sign = extensor plantar response
swelling = edema
leg swelling = leg edema
ankle swelling = ankle edema
bowel movement = defecation = stool
miscarriage = spontaneous abortion
premature birth = preterm birth
premature delivery = preterm delivery
newborn = neonate
newborn infant = newborn
baby = infant
child = kid
pregnancy = gestation
delivery = birth
c-section = cesarean section = cesarean delivery = cesarean
contraction = uterine contraction
menstrual period = menses
menstrual cycle = cycle
hot flash = hot flush
rash = skin eruption = exanthem
skin rash = skin eruption
itch = pruritus
crackle = rale
seizure = convulsion
fit = seizure
dizzy spell = episode of dizziness
fainting spell = syncopal episode = episode of syncope
fainting episode = syncopal episode
mouth ulcer = oral ulcer
oral sore = oral ulcer
cold sore = fever blister = herpes labialis
ear infection = otitis
middle ear infection = otitis media
throat infection = pharyngitis
lung infection = pulmonary infection
bladder infection = cystitis
kidney infection = pyelonephritis
skin infection = cutaneous infection
bloodstream infection = bacteremia
blood clot = thrombus
clot = thrombus
loose stool = watery stool
black stool = melenic stool = tarry stool
heart beat = heartbeat
cigarette smoker = smoker
person = individual
allergy = hypersensitivity
side effect = adverse effect = adverse reaction
relapse = recurrence
small blood vessel = telangiectasia
blood vessel = vessel
spinal cord compression = compression of the spinal cord
fluid collection = collection of fluid
pleural effusion = fluid in the pleural space
kidney function = renal function
liver function = hepatic function
liver enzyme = hepatic enzyme
thyroid hormone = thyroid hormone level
creatinine level = creatinine concentration
glucose level = glucose concentration
sodium level = sodium concentration
potassium level = potassium concentration
calcium level = calcium concentration
hemoglobin level = hemoglobin concentration
serum level = serum concentration
blood level = blood concentration
potassium = serum potassium
sodium = serum sodium
creatinine = serum creatinine
bicarbonate = serum bicarbonate
albumin = serum albumin
bilirubin = serum bilirubin
calcium = serum calcium
medication list = list of medications
check-up = checkup
follow-up visit = follow-up appointment = follow-up examination
visit = appointment
examination = exam = evaluation
examination = assessment
physical examination = physical exam = clinical examination
episode = attack
treatment = therapy
hyperbaric treatment = hyperbaric therapy
radiation = radiotherapy = radiation therapy = radiation treatment
chemo = chemotherapy
surgery = operation
surgical excision = excision
resection = surgical removal
removal = excision
biopsy = tissue sample
sample = specimen
blood sample = blood specimen
urine sample = urine specimen
stool sample = stool specimen
appendix removal = appendectomy
spleen removal = splenectomy = removal of the spleen
gallbladder removal = cholecystectomy = removal of the gallbladder
appendectomy = removal of the appendix = appendicectomy
hysterectomy = removal of the uterus
thyroidectomy = removal of the thyroid = removal of the thyroid gland
mastectomy = removal of the breast
prostatectomy = removal of the prostate
nephrectomy = removal of the kidney = kidney removal
tonsillectomy = removal of the tonsils
colectomy = colon resection = resection of the colon
sigmoidectomy = sigmoid resection = resection of the sigmoid colon = sigmoid colectomy
gastrectomy = resection of the stomach
lobectomy = removal of the lobe
parathyroidectomy = removal of the parathyroid
adrenalectomy = removal of the adrenal gland
orchiectomy = removal of the testis
oophorectomy = removal of the ovary
vitrectomy = removal of the vitreous
craniotomy = opening of the skull
tracheostomy = tracheotomy
joint replacement = arthroplasty
hip replacement = hip arthroplasty
knee replacement = knee arthroplasty
immune globulin = immunoglobulin
gamma globulin = immunoglobulin
mom = mother
dad = father
mum = mother
spouse = partner
grandma = grandmother
grandpa = grandfather
motor vehicle accident = car accident = motor vehicle crash
motor vehicle collision = car crash
illness = sickness
ailment = illness
disease = illness
condition = disorder
problem = issue
cause = reason
result = finding
level = concentration
operating theater = operating room
nursing home = long-term care facility
care home = nursing home
emergency department = emergency room
walk-in clinic = urgent care clinic
outpatient clinic = ambulatory clinic
nail clubbing = digital clubbing = clubbing of the fingers
scar = cicatrix
testicle = testis
ovarian cyst = cyst of the ovary
hemorrhoid = pile
gum = gingiva
eyelid = lid
finger = digit
vertebra = vertebral body
spine = vertebral column
backbone = spine
lower limb = lower extremity = leg
upper limb = upper extremity = arm
limb = extremity
spleen tip = tip of the spleen
liver edge = edge of the liver
"""
