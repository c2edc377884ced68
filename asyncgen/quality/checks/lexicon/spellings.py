"""Words with two spellings: American first."""

SPELLINGS = """
counselor counsellor
counseling counselling
counseled counselled
labeled labelled
traveled travelled
traveling travelling
shoveling shovelling
channeled channelled
canceled cancelled
signaling signalling
tunneling tunnelling
fulfill fulfil
disk disc
disks discs
gray grey
maneuver manoeuvre
maneuvers manoeuvres
center centre
centered centred
fiber fibre
fibers fibres
liter litre
liters litres
meter metre
meters metres
caliber calibre
goiter goitre
titer titre
titers titres
theater theatre
tire tyre
aluminum aluminium
sulfate sulphate
sulfur sulphur
sulfonamide sulphonamide
program programme
practice practise
license licence
check cheque
artifact artefact
judgment judgement
aging ageing
catheterization catheterisation
mold mould
moldy mouldy
plow plough
skeptical sceptical
analyze analyse
analyzed analysed
paralyzed paralysed
dialyzed dialysed
catalog catalogue
pediatric paediatric
pajamas pyjamas
stomachache stomach-ache
backache back-ache
toward towards
while whilst
among amongst
distention distension
distended distented
curettage curettement
orthopedic orthopaedic
leukocyte leucocyte
leukocytes leucocytes
leukocytosis leucocytosis
ischemic ischaemic
program programme
enrollment enrolment
hematemesis haematemesis
"""

MISSPELLINGS = """
necessary neccessary necesary neccesary
tomorrow tommorow tommorrow tomorow
because becuase becasue beacuse becouse
severe sevre severve seveer
unremarkable unremarkble unremarkabel unremarkeable
received recieved
receive recieve
receives recieves
receiving recieving
occurred occured
occurring occuring
occurrence occurence
separate seperate
definite definate
definitely definately
until untill
which wich
weight wieght
height hieght
their thier
beginning begining
believe beleive
diarrhea diarhea diarrea diarreah diarhhea
hemorrhage hemorrage hemmorhage hemorhage hemmorrhage
hemorrhoids hemorroids hemmorhoids
pruritus pruritis
asthma astma asthama
pneumonia pnuemonia pneumonai pnemonia
pharyngitis pharangitis pharyngitus
diabetes diabetis diabtes
hypertension hypertention hypertenstion hypertesion
abdomen abdomne abdoman abodmen
abdominal abdominel abdomnal abdomial
abscess abcess absess
surgery sugery surgrey
surgeon surgoen
patient pateint patinet paitent
patients pateints patinets
examination examiniation examinaton examinatoin examintion
medication medicaton medicaiton
medications medicatons medicaitons
medicine medecine medicin
symptoms symtoms symptons symptomes
symptom symtom sympton
temperature temprature temperture tempurature
pressure presure pressue
fatigue fatigeu fatique
muscle muscel
muscles muscels
tongue tounge
throat throut thoat
stomach stomache stomch
breathing breating breahting
vomiting vomitting vomitng
swelling sweling swellling
swollen swolen swollon
bleeding bleding bleeeding
headache headche headace
headaches headches headaces
shoulder sholder shouder
history histroy hisotry
family familiy famly
physician physican phyisican
physical phsyical physcial
laboratory labratory laboritory
tenderness tendernes tenderess
discharge dischrage discharg
difficulty dificulty difficutly
immediately immediatly immedietly imediately
appearance appearence apperance
appointment apointment appoinment
recommended recomended reccommended reccomended
recommend recomend reccommend
accompanied acompanied accompanyed
approximately aproximately approximatly
continuous continous
decreased decresed decreasd
increased incresed increasd
increasing incresing
intermittent intermitent intermittant
previous previos previuos
previously previosly
progressive progresive progressve
persistent persistant
referred refered
transferred transfered
treatment treatement treatmnet
swallowing swalowing
weakness weaknes weekness
without wihtout withuot
years yeras yaers
weeks wekes
months monhts motnhs
bilateral bilatral bilateraly
consistent consistant
consciousness conciousness consciousnes
conscious concious
anxious anxous
anesthesia anasthesia anethesia
antibiotic antibotic antibioitc
antibiotics antibotics antibioitcs
artery artey
auscultation ascultation ausculation
cancer canser
cardiac caridac
cholesterol cholestrol
colonoscopy colonscopy
catheter cathether
chronic cronic chornic
cough coguh couhg
disease diease desease diesase
dyspnea dypsnea dispnea
edema edma
emergency emergancy emergeny
esophagus esophogus
fever fevre feever
fracture fracure fratcure
gallbladder gallblader
infection infecton infetion
inflammation inflamation
insulin insuline
intravenous intraveneous intravenus
kidney kideny
kidneys kidenys
lesion leison
lesions leisons
nausea nasuea nausia
occasional occassional
occasionally occassionally ocasionally
ophthalmologist opthalmologist
pregnancy pregancy pregnacy
pregnant pregant
prescribed perscribed
prescription perscription
rheumatoid rhuematoid
sensation sensasion
seizure siezure seizrue
seizures siezures seizrues
significant signficant significnat
sputum sputem
stethoscope stethascope
tachycardia tachicardia
thyroid thryoid
ulcer ulser
ultrasound ultrasund
urinary urinery
vaccination vaccinaton vacination
vaginal viginal
ventricular venticular
vision visoin
yesterday yestreday yesteday
tuberculosis tubercolosis
syphilis syphillis
chlamydia clamydia
gonorrhea gonorhea gonnorhea
metastasis metastisis
carcinoma carcinona
lymphoma lympoma
murmur murmer
rhythm rythm rhythem
regular reguler
respiratory respitory
respirations resperations
oxygen oxgyen
saturation saturaton
evaluation evalution evaluaton
diagnosis diagnosys diagnois
diagnosed diagnosd
hospital hopsital hosptial
admitted admited
started strated
showed showd
shows shwos
reveals reveles revelas
normal noraml nomral
positive postive possitive
negative negitive negativ
elevated elevatd elavated
"""
