"""Drugs by their generic names, each with its other names; every line is another drug."""

DRUGS = """
acetaminophen = paracetamol = tylenol
albuterol = salbutamol = ventolin
epinephrine = adrenaline
norepinephrine = noradrenaline
furosemide = frusemide = lasix
aspirin = acetylsalicylic acid
ibuprofen = advil = motrin
naproxen = aleve
ketorolac = toradol
diclofenac = voltaren
indomethacin = indometacin
celecoxib = celebrex
meperidine = pethidine = demerol
hydromorphone = dilaudid
oxycodone = oxycontin
hydrocodone
morphine
fentanyl
tramadol = ultram
codeine
methadone
buprenorphine
naloxone = narcan
naltrexone
lidocaine = lignocaine
bupivacaine
glyburide = glibenclamide
glipizide
glimepiride
metformin = glucophage
sitagliptin = januvia
empagliflozin = jardiance
dapagliflozin
liraglutide
semaglutide = ozempic
pioglitazone
insulin
insulin glargine = lantus
insulin lispro = humalog
insulin aspart
levothyroxine = thyroxine = synthroid
liothyronine
methimazole = thiamazole
propylthiouracil = ptu
hydrochlorothiazide
chlorthalidone = chlortalidone
indapamide
torsemide = torasemide
bumetanide
spironolactone = aldactone
eplerenone
triamterene
amiloride
acetazolamide = diamox
mannitol
lisinopril
enalapril
captopril
ramipril
benazepril
losartan
valsartan
candesartan
irbesartan
olmesartan
telmisartan
sacubitril-valsartan = entresto
amlodipine = norvasc
nifedipine
felodipine
nicardipine
diltiazem
verapamil
metoprolol
atenolol
propranolol
carvedilol
bisoprolol
labetalol
nadolol
esmolol
sotalol
timolol
clonidine
hydralazine
minoxidil
methyldopa
prazosin
doxazosin
terazosin
tamsulosin = flomax
finasteride
dutasteride
nitroglycerin = glyceryl trinitrate
isosorbide dinitrate
isosorbide mononitrate
digoxin
amiodarone
flecainide
procainamide
quinidine
adenosine
dofetilide
ivabradine
warfarin = coumadin
heparin
enoxaparin = lovenox
dalteparin
fondaparinux
apixaban = eliquis
rivaroxaban = xarelto
dabigatran
edoxaban
argatroban
bivalirudin
clopidogrel = plavix
prasugrel
ticagrelor
dipyridamole
cilostazol
pentoxifylline
alteplase
tenecteplase
streptokinase
tranexamic acid
desmopressin = ddavp
vasopressin
vitamin k = phytonadione
atorvastatin = lipitor
rosuvastatin = crestor
simvastatin = zocor
pravastatin
lovastatin
ezetimibe
fenofibrate
gemfibrozil
niacin = nicotinic acid
cholestyramine = colestyramine
omeprazole = prilosec
esomeprazole
lansoprazole
pantoprazole = protonix
rabeprazole
famotidine = pepcid
ranitidine = zantac
cimetidine
sucralfate
misoprostol
bismuth subsalicylate
metoclopramide = reglan
ondansetron = zofran
promethazine
prochlorperazine
loperamide = imodium
lactulose
bisacodyl
senna
docusate
polyethylene glycol
mesalamine = mesalazine
sulfasalazine
infliximab = remicade
adalimumab = humira
etanercept
golimumab
certolizumab
ustekinumab
vedolizumab
rituximab
tocilizumab
abatacept
tofacitinib
azathioprine
mercaptopurine
mycophenolate
mycophenolate mofetil
cyclosporine = ciclosporin
tacrolimus
sirolimus
methotrexate
leflunomide
hydroxychloroquine = plaquenil
cyclophosphamide
prednisone
prednisolone
methylprednisolone
dexamethasone
hydrocortisone = cortisol
betamethasone
triamcinolone
fludrocortisone
budesonide
fluticasone
beclomethasone
mometasone
clobetasol
montelukast
zafirlukast
theophylline
ipratropium
tiotropium
salmeterol
formoterol
levalbuterol
terbutaline
omalizumab
cromolyn
diphenhydramine = benadryl
cetirizine
loratadine
fexofenadine
hydroxyzine
chlorpheniramine = chlorphenamine
pseudoephedrine
oxymetazoline
guaifenesin
dextromethorphan
amoxicillin = amoxycillin
amoxicillin-clavulanate = augmentin = amoxicillin/clavulanate = co-amoxiclav = amoxicillin-clavulanic acid
ampicillin
ampicillin-sulbactam
piperacillin-tazobactam = zosyn
penicillin
penicillin g
penicillin v
nafcillin
oxacillin
dicloxacillin
cephalexin = cefalexin
cefazolin
cefuroxime
cefoxitin
ceftriaxone
cefotaxime
ceftazidime
cefepime
cefixime
cefdinir
imipenem
meropenem
ertapenem
aztreonam
vancomycin
linezolid
daptomycin
azithromycin = zithromax
clarithromycin
erythromycin
clindamycin
doxycycline
minocycline
tetracycline
tigecycline
ciprofloxacin = cipro
levofloxacin
moxifloxacin
ofloxacin
gentamicin
tobramycin
amikacin
streptomycin
neomycin
metronidazole = flagyl
tinidazole
nitrofurantoin
fosfomycin
trimethoprim-sulfamethoxazole = bactrim
trimethoprim
sulfadiazine
dapsone
rifampin = rifampicin
rifabutin
rifaximin
isoniazid
ethambutol
pyrazinamide
fidaxomicin
mupirocin
bacitracin
chloramphenicol
fluconazole
itraconazole
voriconazole
ketoconazole
posaconazole
clotrimazole
miconazole
terbinafine
griseofulvin
nystatin
amphotericin b
caspofungin
micafungin
flucytosine
acyclovir = aciclovir
valacyclovir = valaciclovir
famciclovir
ganciclovir
valganciclovir
foscarnet
oseltamivir = tamiflu
zanamivir
ribavirin
sofosbuvir
entecavir
tenofovir
lamivudine
zidovudine
abacavir
efavirenz
raltegravir
dolutegravir
ritonavir
interferon
palivizumab
chloroquine
primaquine
mefloquine
quinine
atovaquone
atovaquone-proguanil
artesunate
artemether-lumefantrine
ivermectin
albendazole
mebendazole
praziquantel
pyrantel
permethrin
nitazoxanide
sertraline = zoloft
fluoxetine = prozac
paroxetine
citalopram
escitalopram
venlafaxine
duloxetine
bupropion
mirtazapine
trazodone
amitriptyline
nortriptyline
imipramine
clomipramine
phenelzine
selegiline
lithium
valproate = valproic acid
lamotrigine
carbamazepine
oxcarbazepine
phenytoin = dilantin
fosphenytoin
levetiracetam = keppra
topiramate
gabapentin
pregabalin
ethosuximide
phenobarbital = phenobarbitone
zonisamide
lacosamide
haloperidol = haldol
risperidone
olanzapine
quetiapine
aripiprazole
ziprasidone
clozapine
chlorpromazine
fluphenazine
diazepam = valium
lorazepam = ativan
alprazolam = xanax
clonazepam = klonopin
midazolam
chlordiazepoxide
temazepam
zolpidem
buspirone
flumazenil
methylphenidate = ritalin
amphetamine
atomoxetine
modafinil
levodopa
levodopa-carbidopa = carbidopa-levodopa
pramipexole
ropinirole
bromocriptine
cabergoline
amantadine
benztropine = benzatropine
trihexyphenidyl
donepezil
rivastigmine
galantamine
memantine
riluzole
tetrabenazine
baclofen
cyclobenzaprine
tizanidine
dantrolene
pyridostigmine
neostigmine
physostigmine
edrophonium
atropine
glycopyrrolate = glycopyrronium
scopolamine = hyoscine
oxybutynin
tolterodine
bethanechol
sumatriptan
ergotamine
dihydroergotamine
allopurinol
febuxostat
colchicine
probenecid
pegloticase
alendronate
risedronate
zoledronic acid = zoledronate
denosumab
teriparatide
raloxifene
calcitonin
calcitriol
cholecalciferol
ergocalciferol
calcium gluconate
calcium carbonate
magnesium sulfate
potassium chloride
sodium bicarbonate
ferrous sulfate
folic acid = folate
leucovorin = folinic acid
cyanocobalamin = vitamin b12
thiamine = vitamin b1
pyridoxine = vitamin b6
vitamin d
vitamin c = ascorbic acid
vitamin a = retinol
erythropoietin
filgrastim
estradiol
conjugated estrogens
progesterone
medroxyprogesterone
levonorgestrel
norethindrone = norethisterone
testosterone
clomiphene = clomifene
letrozole
anastrozole
tamoxifen
leuprolide = leuprorelin
oxytocin
mifepristone
methylergonovine = methylergometrine
carboprost
dinoprostone
octreotide
somatostatin
glucagon
dopamine
dobutamine
phenylephrine
milrinone
nitroprusside
ephedrine
propofol
ketamine
etomidate
thiopental
succinylcholine = suxamethonium
rocuronium
vecuronium
sugammadex
sildenafil = viagra
tadalafil
bosentan
treprostinil
epoprostenol
isotretinoin = accutane
tretinoin
adapalene
benzoyl peroxide
imiquimod
podophyllin
salicylic acid
latanoprost
pilocarpine
brimonidine
dorzolamide
cisplatin
carboplatin
oxaliplatin
doxorubicin
bleomycin
vincristine
vinblastine
paclitaxel
docetaxel
etoposide
fluorouracil = 5-fluorouracil
capecitabine
gemcitabine
irinotecan
hydroxyurea = hydroxycarbamide
imatinib
trastuzumab
bevacizumab
nivolumab
pembrolizumab
ipilimumab
bortezomib
lenalidomide
thalidomide
acetylcysteine = n-acetylcysteine
activated charcoal
deferoxamine
dimercaprol
edetate
succimer
penicillamine
fomepizole
ethanol
hydroxocobalamin
methylene blue
pralidoxime
digoxin immune fab
protamine
idarucizumab
varenicline
nicotine
disulfiram
acamprosate
caffeine
surfactant
indocyanine green
pancrelipase
ursodiol = ursodeoxycholic acid
cosyntropin
metyrapone
romiplostim
eltrombopag
eculizumab
natalizumab
ocrelizumab
glatiramer
fingolimod
dimethyl fumarate
aminocaproic acid
magnesium hydroxide
nicotinamide
propantheline
dicyclomine = dicycloverine
simethicone = simeticone
methocarbamol
"""
