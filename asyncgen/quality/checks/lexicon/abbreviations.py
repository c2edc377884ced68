"""Abbreviations and their meanings; one with several meanings has several lines."""

# ruff: noqa: E501 - one group per line

ABBREVIATIONS = """
a1c = hba1c = hemoglobin a1c = glycated hemoglobin = glycosylated hemoglobin
aaa = abdominal aortic aneurysm
abg = arterial blood gas = arterial blood gas analysis
abi = ankle-brachial index = ankle-brachial pressure index
ace inhibitor = angiotensin-converting enzyme inhibitor = acei
ace inhibitors = angiotensin-converting enzyme inhibitors
acl = anterior cruciate ligament
acs = acute coronary syndrome
acth = adrenocorticotropic hormone = corticotropin
ad = alzheimer disease = alzheimer's disease
adhd = attention deficit hyperactivity disorder = attention-deficit/hyperactivity disorder
adl = activities of daily living = adls
af = afib = atrial fibrillation
afp = alpha-fetoprotein
aids = acquired immunodeficiency syndrome
aki = acute kidney injury
alp = alk phos = alkaline phosphatase
alt = alanine aminotransferase = alanine transaminase
ama = against medical advice
aml = acute myeloid leukemia = acute myelogenous leukemia
all? = acute lymphoblastic leukemia = acute lymphocytic leukemia
ana = antinuclear antibody
ana = antinuclear antibodies
anc = absolute neutrophil count
aom = acute otitis media
aptt = ptt = activated partial thromboplastin time = partial thromboplastin time
arb = angiotensin receptor blocker = angiotensin ii receptor blocker
ards = acute respiratory distress syndrome
asd = atrial septal defect
ast = aspartate aminotransferase = aspartate transaminase
av = atrioventricular
bcc = basal cell carcinoma
bmi = body mass index
bmp = basic metabolic panel
bnp = b-type natriuretic peptide = brain natriuretic peptide
bp = blood pressure
bph = benign prostatic hyperplasia
bun = blood urea nitrogen
bka = below-knee amputation
aka = above-knee amputation
ca? = calcium
cabg = coronary artery bypass graft = coronary artery bypass grafting = coronary bypass surgery
cad = coronary artery disease
cap? = community-acquired pneumonia
cbc = complete blood count = full blood count = fbc
cbd = common bile duct
cbt = cognitive behavioral therapy = cognitive-behavioral therapy
cea = carcinoembryonic antigen
chf = congestive heart failure
hf = heart failure
ck = creatine kinase
ckd = chronic kidney disease = chronic renal disease
cll = chronic lymphocytic leukemia
cml = chronic myeloid leukemia = chronic myelogenous leukemia
cmp = comprehensive metabolic panel
cmv = cytomegalovirus
cn = cranial nerve
cns = central nervous system
copd = chronic obstructive pulmonary disease
covid-19 = coronavirus disease 2019
cpap = continuous positive airway pressure
cpk = creatine phosphokinase = ck = creatine kinase
cpr = cardiopulmonary resuscitation
crp = c-reactive protein
csf = cerebrospinal fluid = spinal fluid
ct = computed tomography = ct scan = computed tomography scan = cat scan
ct scan = computed tomography = computed tomographic scan
ct scans = computed tomography scans
cta = ct angiography = computed tomography angiography = ct angiogram
ctpa = ct pulmonary angiography = computed tomography pulmonary angiography
cva? = cerebrovascular accident = stroke
cva? = costovertebral angle
cvp = central venous pressure
cxr = chest x-ray = chest radiograph = chest radiography = chest film = x-ray of the chest = radiograph of the chest = chest xray
d&c = dilation and curettage
dbp = diastolic blood pressure
sbp? = systolic blood pressure
sbp? = spontaneous bacterial peritonitis
dexa = dual-energy x-ray absorptiometry = dxa
dic = disseminated intravascular coagulation
dka = diabetic ketoacidosis
dm = diabetes mellitus = diabetes
t1dm = type 1 diabetes mellitus = type 1 diabetes = dm1 = type i diabetes mellitus = type 1 dm
t2dm = type 2 diabetes mellitus = type 2 diabetes = dm2 = type ii diabetes mellitus = type 2 dm
dnr = do not resuscitate = not to be resuscitated
doe = dyspnea on exertion = exertional dyspnea = shortness of breath on exertion = shortness of breath with exertion = dyspnea with exertion = exertional shortness of breath
dre = digital rectal examination = digital rectal exam = rectal examination
dtr = deep tendon reflex
dtrs = deep tendon reflexes
dvt = deep vein thrombosis = deep venous thrombosis
ebv = epstein-barr virus
ecg = ekg = electrocardiogram
ecgs = ekgs = electrocardiograms
ecg = electrocardiography = ekg
echo = echocardiogram
echo = echocardiography
tte = transthoracic echocardiogram = transthoracic echocardiography
tee = transesophageal echocardiogram = transesophageal echocardiography
ed = er? = emergency department = emergency room = emergency ward = a&e
eeg = electroencephalogram
eeg = electroencephalography
ef = ejection fraction
lvef = left ventricular ejection fraction
egd = esophagogastroduodenoscopy = upper endoscopy = upper gastrointestinal endoscopy = gastroscopy
egfr = estimated glomerular filtration rate
gfr = glomerular filtration rate
elisa = enzyme-linked immunosorbent assay
emg = electromyography = electromyogram
ems = emergency medical services
ent = ear, nose, and throat = otolaryngology
epo = erythropoietin
er = estrogen receptor
pr? = progesterone receptor
ercp = endoscopic retrograde cholangiopancreatography
esr = erythrocyte sedimentation rate = sedimentation rate = sed rate
esrd = end-stage renal disease
eswl = extracorporeal shock wave lithotripsy
etoh = alcohol
fev1 = forced expiratory volume in 1 second = forced expiratory volume in one second
fvc = forced vital capacity
ffp = fresh frozen plasma
fhr = fetal heart rate
fna = fine-needle aspiration = fine needle aspiration
fob = fecal occult blood
fobt = fecal occult blood test
fsh = follicle-stimulating hormone
lh = luteinizing hormone
ft4 = free t4 = free thyroxine
g6pd = glucose-6-phosphate dehydrogenase
gbs? = guillain-barre syndrome
gbs? = group b streptococcus
gca = giant cell arteritis = temporal arteritis
gcs = glasgow coma scale = glasgow coma score = glasgow coma scale score
gerd = gastroesophageal reflux disease = acid reflux disease = reflux disease
ggt = gamma-glutamyl transferase = gamma-glutamyltransferase
gh = growth hormone
gi = gastrointestinal
gn = glomerulonephritis
gu = genitourinary
hav = hepatitis a virus
hbv = hepatitis b virus
hcv = hepatitis c virus
hbv infection = hepatitis b = hepatitis b infection = hepatitis b virus infection
hcv infection = hepatitis c = hepatitis c infection = hepatitis c virus infection
hbsag = hepatitis b surface antigen
hcc = hepatocellular carcinoma
hcg = human chorionic gonadotropin
beta-hcg = beta human chorionic gonadotropin
hct = hematocrit
hdl = high-density lipoprotein
ldl = low-density lipoprotein
heent = head, eyes, ears, nose, and throat
hgb = hb = hemoglobin
hit = heparin-induced thrombocytopenia
hiv = human immunodeficiency virus
hpv = human papillomavirus
hr = heart rate = pulse rate = pulse
hrs = hepatorenal syndrome
hrt = hormone replacement therapy
hsv = herpes simplex virus
htn = hypertension = high blood pressure = arterial hypertension
hx = history
h/o = history of
i&d = incision and drainage
ibd = inflammatory bowel disease
ibs = irritable bowel syndrome
icd = implantable cardioverter-defibrillator = implantable cardioverter defibrillator
icp = intracranial pressure
icu = intensive care unit
nicu = neonatal intensive care unit
picu = pediatric intensive care unit
iga = immunoglobulin a
igg = immunoglobulin g
igm = immunoglobulin m
ige = immunoglobulin e
im = intramuscular
im = intramuscularly
inr = international normalized ratio
iop = intraocular pressure
itp = immune thrombocytopenic purpura = idiopathic thrombocytopenic purpura = immune thrombocytopenia
ttp = thrombotic thrombocytopenic purpura
hus = hemolytic uremic syndrome = hemolytic-uremic syndrome
iud = intrauterine device
iv = intravenous
iv = intravenously
iv = by vein
ivc = inferior vena cava
svc = superior vena cava
ivf = in vitro fertilization
ivf = intravenous fluids = iv fluids
ivig = intravenous immunoglobulin = intravenous immune globulin
ivdu = intravenous drug use
jvd = jugular venous distention = jugular vein distention
jvp = jugular venous pressure
kub = kidneys, ureters, and bladder
la? = left atrium
lad = left anterior descending = left anterior descending artery
lbbb = left bundle branch block
rbbb = right bundle branch block
ldh = lactate dehydrogenase
lfts = liver function tests
lft = liver function test
llq = left lower quadrant
rlq = right lower quadrant
luq = left upper quadrant
ruq = right upper quadrant
lmp = last menstrual period
lmwh = low-molecular-weight heparin = low molecular weight heparin
loc = loss of consciousness
lp = lumbar puncture = spinal tap
lv = left ventricle
lv = left ventricular
rv = right ventricle
rv = right ventricular
lvh = left ventricular hypertrophy
map? = mean arterial pressure
mcl = medial collateral ligament
mcv = mean corpuscular volume
mdd = major depressive disorder
mg? = myasthenia gravis
mgus = monoclonal gammopathy of undetermined significance
mi = myocardial infarction = heart attack
mmr = measles, mumps, and rubella = measles-mumps-rubella
mr = mitral regurgitation
mra = magnetic resonance angiography
mrcp = magnetic resonance cholangiopancreatography
mri = magnetic resonance imaging = mri scan = magnetic resonance imaging scan
mrsa = methicillin-resistant staphylococcus aureus
mssa = methicillin-sensitive staphylococcus aureus = methicillin-susceptible staphylococcus aureus
ms? = multiple sclerosis
ms? = mitral stenosis
mva = motor vehicle accident
mvc = motor vehicle collision
mvp = mitral valve prolapse
n/v = nausea and vomiting
nafld = nonalcoholic fatty liver disease
ng tube = nasogastric tube
ngt = nasogastric tube = ng tube
nkda = no known drug allergies
npo = nothing by mouth = nil by mouth
nsaid = nonsteroidal anti-inflammatory drug
nsaids = nonsteroidal anti-inflammatory drugs
nsclc = non-small cell lung cancer
nstemi = non-st-elevation myocardial infarction = non-st-segment elevation myocardial infarction
stemi = st-elevation myocardial infarction = st-segment elevation myocardial infarction
nyha = new york heart association
oa = osteoarthritis
ra? = rheumatoid arthritis
ra? = right atrium
ocd = obsessive-compulsive disorder
ocp = oral contraceptive pill
ocps = oral contraceptive pills
oct = optical coherence tomography
op? = operation
or? = operating room
ors = oral rehydration solution
osa = obstructive sleep apnea
pad = peripheral artery disease = peripheral arterial disease
pap = papanicolaou
pap smear = pap test = papanicolaou smear = papanicolaou test
pcl = posterior cruciate ligament
pci = percutaneous coronary intervention
pcos = polycystic ovary syndrome = polycystic ovarian syndrome
pcp? = primary care physician = primary care provider
pcp? = pneumocystis pneumonia = pneumocystis jirovecii pneumonia
pcr = polymerase chain reaction
pda = patent ductus arteriosus
pe? = pulmonary embolism
pe? = physical examination = physical exam
peep = positive end-expiratory pressure
pefr = peak expiratory flow rate
pet = positron emission tomography
pfts = pulmonary function tests = pulmonary function testing
pid = pelvic inflammatory disease
pmh = past medical history = pmhx
fh = family history = fhx
sh = social history
hpi = history of present illness
cc = chief complaint
ros = review of systems
pmr = polymyalgia rheumatica
pnd = paroxysmal nocturnal dyspnea
ppd = purified protein derivative
ppi = proton pump inhibitor
ppis = proton pump inhibitors
prbc = packed red blood cells = prbcs
prom = premature rupture of membranes
pprom = preterm premature rupture of membranes
psa = prostate-specific antigen = prostate specific antigen
pt? = prothrombin time
pt? = physical therapy = physiotherapy
ptsd = posttraumatic stress disorder = post-traumatic stress disorder
pth = parathyroid hormone
pud = peptic ulcer disease
pv = polycythemia vera
pvc = premature ventricular contraction = premature ventricular complex
pvcs = premature ventricular contractions = premature ventricular complexes
rbc = red blood cell = red cell = erythrocyte
rbcs = red blood cells = red cells = erythrocytes
wbc = white blood cell count = white cell count = leukocyte count = white count = wbc count
wbc = white blood cell = white cell = leukocyte
wbcs = white blood cells = white cells = leukocytes
rf = rheumatoid factor
rr = respiratory rate = respirations
rsv = respiratory syncytial virus
sah = subarachnoid hemorrhage
scc = squamous cell carcinoma
sle = systemic lupus erythematosus = lupus
siadh = syndrome of inappropriate antidiuretic hormone = syndrome of inappropriate antidiuretic hormone secretion
snri = serotonin-norepinephrine reuptake inhibitor
sob = shortness of breath = dyspnea = breathlessness
ssri = selective serotonin reuptake inhibitor
ssris = selective serotonin reuptake inhibitors
std = sexually transmitted disease
sti = sexually transmitted infection
svt = supraventricular tachycardia
vt = ventricular tachycardia
vf = ventricular fibrillation
tb = tuberculosis
tca = tricyclic antidepressant
tft = thyroid function test
tfts = thyroid function tests
tia = transient ischemic attack
tibc = total iron-binding capacity = total iron binding capacity
tlc = total lung capacity
tmp-smx = tmp/smx = trimethoprim-sulfamethoxazole = trimethoprim/sulfamethoxazole = co-trimoxazole = cotrimoxazole
tnf = tumor necrosis factor
tpa = tissue plasminogen activator = alteplase
tpn = total parenteral nutrition
tsh = thyroid-stimulating hormone = thyroid stimulating hormone = thyrotropin
ua = urinalysis
uri = upper respiratory infection = upper respiratory tract infection
us = ultrasound = ultrasonography = sonography = ultrasound scan = ultrasound examination
ultrasound scans = ultrasounds
usg = ultrasonogram = sonogram = ultrasound
uti = urinary tract infection
utis = urinary tract infections
uv = ultraviolet
vdrl = venereal disease research laboratory
vsd = ventricular septal defect
vte = venous thromboembolism
vwd = von willebrand disease
vzv = varicella-zoster virus = varicella zoster virus
wnl = within normal limits = normal
wt = weight
ht = height
y/o = year old = years old = yo
yom = year-old man = year-old male
yof = year-old woman = year-old female
hctz = hydrochlorothiazide
asa = aspirin = acetylsalicylic acid
mtx = methotrexate
intravenous fluids = iv fluids
prn = as needed = when needed = as required
stat = immediately = at once
po = by mouth = orally = per os
po = oral
sl = sublingually
sl = sublingual
subq = sc = sq = subcutaneously
subq = sc = sq = subcutaneous
pr? = rectally = per rectum
ac = before meals
pc = after meals
hs = qhs = at bedtime
am = in the morning = every morning
f/u = follow-up
c/o = complains of = complaining of = complaining about
s/p = status post
w/o = without
w/ = with
b/l = bilateral
b/l = bilaterally
dx = diagnosis
tx = treatment
rx = prescription
sx = symptoms
fx = fracture
abd = abdomen
abx = antibiotics
temp = temperature
resp = respiratory
rehab = rehabilitation
meds = medications
vitals = vital signs
labs = laboratory studies = laboratory tests = lab tests = lab studies = laboratory values = laboratory results = lab results
exam = examination
physical exam = physical examination = px
neuro = neurologic = neurological
psych = psychiatric
spo2 = o2 saturation = oxygen saturation = o2 sat = sao2 = sats
o2 = oxygen
na = sodium
cr = creatinine
mg? = magnesium
e. coli = escherichia coli
s. aureus = staphylococcus aureus
s. pneumoniae = streptococcus pneumoniae = pneumococcus
s. pyogenes = streptococcus pyogenes = group a streptococcus
c. difficile = clostridioides difficile = clostridium difficile = c. diff
h. pylori = helicobacter pylori
h. influenzae = haemophilus influenzae
k. pneumoniae = klebsiella pneumoniae
p. aeruginosa = pseudomonas aeruginosa
n. gonorrhoeae = neisseria gonorrhoeae = gonococcus
n. meningitidis = neisseria meningitidis = meningococcus
m. tuberculosis = mycobacterium tuberculosis
p. jirovecii = pneumocystis jirovecii
c. jejuni = campylobacter jejuni
p. vivax = plasmodium vivax
p. falciparum = plasmodium falciparum
p. ovale = plasmodium ovale
p. malariae = plasmodium malariae
l. monocytogenes = listeria monocytogenes
b. burgdorferi = borrelia burgdorferi
t. pallidum = treponema pallidum
t. vaginalis = trichomonas vaginalis
c. trachomatis = chlamydia trachomatis
g. lamblia = giardia lamblia
t. gondii = toxoplasma gondii
c. albicans = candida albicans
c. neoformans = cryptococcus neoformans
a. fumigatus = aspergillus fumigatus
m. pneumoniae = mycoplasma pneumoniae
l. pneumophila = legionella pneumophila
b. pertussis = bordetella pertussis
b. anthracis = bacillus anthracis
c. botulinum = clostridium botulinum
c. tetani = clostridium tetani
c. perfringens = clostridium perfringens
e. histolytica = entamoeba histolytica
s. typhi = salmonella typhi
v. cholerae = vibrio cholerae
y. pestis = yersinia pestis
p. multocida = pasteurella multocida
b. henselae = bartonella henselae
"""
"""An abbreviation with a question mark may replace the words, but not be written out: it has other meanings too.
"""
